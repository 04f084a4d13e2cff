/**
 * The layers of an overlay mount, from its options (overlayfs.rst, `ovl_parse_param_lowerdir()` and
 * `ovl_show_options()` in fs/overlayfs/params.c).
 *
 * `lowerdir=` has two levels of escapes: octal by mountinfo, decoded before, then overlayfs's own backslash
 * before `:` and `\` (and `,`, which mount(2) would cut at). `::` begins data-only layers. Each `lowerdir+=` and
 * `datadir+=` (Linux 6.5 and later) is one path without a second level.
 */

import { InputError } from '../../errors.js'
import type { ByteString } from '../../text/byte-string.js'
import type { Branch } from '../branch-table.js'

/** The layers of an overlay mount, the upper folder first. */
export interface OverlayLayers {
  /** Topmost first. */
  branches: Branch[]
  /** Null where there is none: without an upper folder. */
  workdir: ByteString | null
}

/** A path that the kernel tells as it was given: relative to a folder that nobody tells. */
const RELATIVE = 'relative'
const DATA = 'data'

const PATH_OPTIONS = ['lowerdir=', 'lowerdir+=', 'datadir+=', 'upperdir=', 'workdir=']

/**
 * @param superOptions split at each comma and decoded, as {@link Mount.super_options}
 * @param base the folder of relative paths, where it is known
 * @throws InputError where no layer is named
 * @example overlayLayers(['rw', 'lowerdir=/a\\:b:/c', 'upperdir=/u', 'workdir=/w']).branches.map((b) => b.path) // ['/u', '/a:b', '/c']
 */
export function overlayLayers(
  superOptions: readonly ByteString[],
  base: ByteString | null = null,
): OverlayLayers {
  const options = joinPaths(superOptions)
  const upper = lastOf(options, 'upperdir=')
  const workdir = lastOf(options, 'workdir=')
  const lower = options.flatMap(lowerLayers)
  if (lower.length === 0) throw new InputError('an overlay without lowerdir=', superOptions.join(','))
  const layers = upper === null ? lower : [{ path: upper, perm: 'rw', attributes: [] }, ...lower]
  const locate = locator(upper, base)
  return {
    branches: layers.map(({ path, perm, attributes }, index) => {
      const located = locate(path)
      const told = located.startsWith('/') ? attributes : [...attributes, RELATIVE]
      return { index, id: null, path: located, perm, attributes: told }
    }),
    workdir: workdir === null ? null : locate(workdir),
  }
}

/** Old kernels show a comma in a path raw: what begins no option, or follows a backslash, belongs to the path before it. */
function joinPaths(superOptions: readonly ByteString[]): ByteString[] {
  const options: ByteString[][] = []
  for (const option of superOptions) {
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
  return option === undefined ? null : unescapeBackslashes(option.slice(name.length))
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
  let isData = false
  for (const [piece] of text.matchAll(/(?:\\.|[^:\\]|\\$)+|:(?=:)/gs)) {
    if (piece === ':') isData = true
    else layers.push(isData ? layer(unescapeBackslashes(piece), DATA) : layer(unescapeBackslashes(piece)))
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
 * `BASE/l/SHORT`, and `BASE/7/fs` beside `BASE/6/fs`.
 */
function locator(upper: ByteString | null, base: ByteString | null): (path: ByteString) => ByteString {
  const [, folder, name] = /^(\/.*)\/[^/]+\/([^/]+)$/s.exec(upper ?? '') ?? []
  return (path) => {
    if (path.startsWith('/')) return path
    if (base !== null) return `${base.replace(/\/+$/, '')}/${path}`
    const fits =
      path.split('/').length === 2 &&
      (path.endsWith(`/${name}`) || (path.startsWith('l/') && name === 'diff'))
    return folder !== undefined && fits ? `${folder}/${path}` : path
  }
}
