/**
 * The layers of an overlay mount, from its options (overlayfs.rst, `ovl_parse_param_lowerdir()` and
 * `ovl_show_options()` in fs/overlayfs/params.c).
 *
 * `lowerdir=` has two levels of escapes: octal by mountinfo, decoded before, then overlayfs's own backslash
 * before `:` and `\` (and `,`, which mount(2) would cut at). `::` begins data-only layers. Each `lowerdir+=` and
 * `datadir+=` (Linux 6.5 and later) is one path without a second level.
 */

import { InputError } from '../../errors.js'
import { joinQuoted } from '../../proc/mounts/mount-options.js'
import type { ByteString } from '../../text/byte-string.js'
import { type Branch, DATA, DETACHED, isData, RELATIVE } from '../branch-table.js'

/** The layers of an overlay mount, the upper folder first. */
export interface OverlayLayers {
  /** Topmost first. */
  branches: Branch[]
  /** Null where there is none: without an upper folder. */
  workdir: ByteString | null
}

const PATH_OPTIONS = ['lowerdir=', 'lowerdir+=', 'datadir+=', 'upperdir=', 'workdir=']

/** What is known of an overlay mount besides its options. */
export interface OverlayHints {
  /** The folder of relative paths. */
  base?: ByteString | null
  /** Where it is mounted from, by its own words: `composefs` mounts an image as a layer, and detaches it. */
  source?: ByteString
  /** Whether a folder is there. Default: nothing is known of any. */
  isThere?: (path: ByteString) => boolean
}

/**
 * @param superOptions split at each comma and decoded, as {@link Mount.super_options}
 * @throws InputError where no layer is named
 * @example
 * overlayLayers(toBytes(['rw', 'lowerdir=/a\\:b:/c', 'upperdir=/u', 'workdir=/w'])).branches.map((b) => b.path)
 * // ['/u', '/a:b', '/c']
 */
export function overlayLayers(
  superOptions: readonly ByteString[],
  { base = null, source = '', isThere = () => false }: OverlayHints = {},
): OverlayLayers {
  const options = joinPaths(superOptions)
  const upper = lastOf(options, 'upperdir=')
  const workdir = lastOf(options, 'workdir=')
  const lower = options.flatMap(lowerLayers)
  if (lower.length === 0) throw new InputError('an overlay without lowerdir=', superOptions.join(','))
  const meant = (text: ByteString) => meantFolder(text, isThere)
  const layers = upper === null ? lower : [{ path: meant(upper), perm: 'rw', attributes: [] }, ...lower]
  const locate = locator(layers, base)
  return {
    branches: layers.map((each, index) => {
      const path = locate(each.path)
      const marks = [
        ...(path.startsWith('/') ? [] : [RELATIVE]),
        ...(layers.length > 1 && isDetached(each, source) ? [DETACHED] : []),
      ]
      return { index, id: null, path, perm: each.perm, attributes: [...each.attributes, ...marks] }
    }),
    workdir: workdir === null ? null : locate(meant(workdir)),
  }
}

/** The options that tell no folder. */
export function ownOptions(superOptions: readonly ByteString[]): ByteString[] {
  return joinPaths(superOptions).filter((option) => !PATH_OPTIONS.some((name) => option.startsWith(name)))
}

/**
 * A layer given by file descriptor is told from the root of its mount, of a detached one `/` (`d_path()`). Beside other layers
 * that is not the reader's root, and neither is composefs's image what was mounted where it names it.
 */
function isDetached(layer: ParsedLayer, source: ByteString): boolean {
  const { path, perm } = layer
  const isImage = /^composefs(:|$)/.test(source) && perm === 'ro' && !isData(layer)
  return path === '/' || isImage || /^\/(proc\/[a-z\d-]+|dev)\/fd\/\d+$/.test(path)
}

/**
 * Given by file descriptor, an upper folder's backslashes are its own; given by name they escape. Where a text can mean
 * both, it is the folder that is there.
 */
function meantFolder(text: ByteString, isThere: (path: ByteString) => boolean): ByteString {
  const unescaped = unescapeBackslashes(text)
  return unescaped !== text && !isThere(unescaped) && isThere(text) ? text : unescaped
}

/** Old kernels show a comma in a path raw: what begins no option, or follows a backslash, belongs to the path before it. */
function joinPaths(superOptions: readonly ByteString[]): ByteString[] {
  const options: ByteString[][] = []
  for (const option of joinQuoted(superOptions)) {
    const before = options.at(-1)
    const first = before?.[0] ?? ''
    const isPath = PATH_OPTIONS.some((name) => first.startsWith(name))
    const isEscaped = !/^\w+\+=/.test(first) && /(?<!\\)(\\\\)*\\$/.test(before?.at(-1) ?? '')
    if (isPath && (isEscaped || !/^[a-z_]+\+?(=|$)/.test(option))) before?.push(option)
    else options.push([option])
  }
  return options.map((pieces) => pieces.join(','))
}

function lastOf(options: ByteString[], name: string): ByteString | null {
  const option = options.findLast((each) => each.startsWith(name))
  return option === undefined ? null : option.slice(name.length)
}

type ParsedLayer = Pick<Branch, 'perm' | 'attributes'> & { path: ByteString }

function lowerLayers(option: ByteString): ParsedLayer[] {
  if (option.startsWith('lowerdir+=')) return [layer(option.slice('lowerdir+='.length))]
  if (option.startsWith('datadir+=')) return [layer(option.slice('datadir+='.length), DATA)]
  if (option.startsWith('lowerdir=')) return splitLowerdir(option.slice('lowerdir='.length))
  return []
}

function layer(path: ByteString, ...attributes: string[]): ParsedLayer {
  return { path, perm: 'ro', attributes }
}

/** Cuts at each `:` that no backslash escapes; an empty piece is the `::` that begins the data-only layers. */
function splitLowerdir(text: ByteString): ParsedLayer[] {
  const layers: ParsedLayer[] = []
  let areData = false
  for (const [piece] of text.matchAll(/(?:\\.|[^:\\]|\\$)+|:(?=:)/gs)) {
    if (piece === ':') areData = true
    else layers.push(areData ? layer(unescapeBackslashes(piece), DATA) : layer(unescapeBackslashes(piece)))
  }
  return layers
}

/** A backslash at the very end escapes nothing, and the kernel drops it (`ovl_unescape()`). */
function unescapeBackslashes(text: ByteString): ByteString {
  return text.replace(/\\(.|$)/gs, '$1')
}

/**
 * Docker, Podman and containerd enter a folder and mount with paths relative to it (an option text is one page at most);
 * the kernel shows them as given. An absolute upper folder tells the folder in their layouts: `BASE/ID/diff` beside
 * `BASE/l/SHORT`, and `BASE/7/fs` beside `BASE/6/fs`; so does an absolute `BASE/l/SHORT` beside a relative one.
 */
function locator(layers: readonly ParsedLayer[], base: ByteString | null): (path: ByteString) => ByteString {
  const [, folder, parent, name] = /^(\/.*)\/([^/]+)\/([^/]+)$/s.exec(layers[0]?.path ?? '') ?? []
  return (path) => {
    if (path.startsWith('/')) return path
    if (base !== null) return `${base.replace(/\/+$/, '')}/${path}`
    const isShort = path.startsWith('l/') && (name === 'diff' || parent === 'l')
    const fits = path.split('/').length === 2 && (path.endsWith(`/${name}`) || isShort)
    return folder !== undefined && fits ? `${folder}/${path}` : path
  }
}
