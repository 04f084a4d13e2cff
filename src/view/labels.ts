/** Texts for people: safe to show whatever bytes a container named its files by, and as wide as they say. */
import prettyBytes from 'pretty-bytes'
import stringWidth from 'string-width'
import { type ByteString, textOf } from '../text/byte-string.js'
import { printable } from '../text/printable.js'
import type { Branch, BranchTable } from '../unions/branch-table.js'
import type { Amount, MappedProcess, Stale, Supply } from './picture.js'

/**
 * What a terminal or a browser does not show as a character of its own, or each in another width: format characters, those
 * that join or vary others (emoji, flags), and what no font has.
 */
const UNSEEN =
  /[\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Emoji_Modifier}\p{Regional_Indicator}]/gu

/** Longer names are none of the kernel's, and would take long to measure. */
const LONGEST = 5000

/**
 * Bytes as text in which nothing moves the cursor, turns the direction of writing or hides.
 *
 * @example shown('a\x1b[31m') // 'a\\u001b[31m'
 */
export function shown(bytes: ByteString): string {
  const text = textOf(bytes.length > LONGEST ? `${bytes.slice(0, LONGEST)}${ELLIPSIS}` : bytes)
  return printable(text).replace(UNSEEN, (unseen) =>
    Array.from(
      { length: unseen.length },
      (_, i) => `\\u${unseen.charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}

const ELLIPSIS: ByteString = '\xe2\x80\xa6'

/** The columns that a text takes on a terminal. */
export const widthOf = stringWidth

const graphemes = new Intl.Segmenter('en')

/**
 * A text in so many columns: what is too wide is shortened in its middle, since paths differ at their ends.
 *
 * @example shorten('/var/lib/docker/aufs/diff/cae662', 16) // '/var/lib…/cae662'
 */
export function shorten(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  if (width < 1) return ''
  const parts = Array.from(graphemes.segment(text), ({ segment }) => segment)
  const start = within(parts, Math.ceil((width - 1) / 2))
  const end = within(parts.toReversed(), Math.floor((width - 1) / 2)).reverse()
  return [...start, '…', ...end].join('')
}

/** As many as have room. */
function within(parts: readonly string[], width: number): string[] {
  const fitting: string[] = []
  let room = width
  for (const part of parts) {
    room -= widthOf(part)
    if (room < 0) break
    fitting.push(part)
  }
  return fitting
}

/** {@link shorten}, and spaces up to so many columns. */
export function pad(text: string, width: number): string {
  const fitting = shorten(text, width)
  return fitting + ' '.repeat(Math.max(0, width - widthOf(fitting)))
}

/** {@link pad}, flush right. */
export function padLeft(text: string, width: number): string {
  const fitting = shorten(text, width)
  return ' '.repeat(Math.max(0, width - widthOf(fitting))) + fitting
}

/** @example sizeText(1536n) // '1.5 KiB' */
export function sizeText(bytes: bigint): string {
  const digits = bytes < 1024n ? 0 : 1
  return prettyBytes(bytes, {
    binary: true,
    locale: 'en',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}

/** @example filesText({ files: 1 }) // '1 file' */
export function filesText({ files }: Pick<Amount, 'files'>): string {
  return files === 1 ? '1 file' : `${files} files`
}

/** @example amountText({ files: 2, bytes: 8192n }) // '2 files, 8.0 KiB' */
export function amountText(amount: Amount): string {
  return `${filesText(amount)}, ${sizeText(amount.bytes)}`
}

/** @example staleText([{ state: 'copied_up', files: 2, bytes: 8192n }]) // '2 copied up' */
export function staleText(stale: readonly Stale[]): string {
  return stale.map(({ files, state }) => `${files} ${stateText(state)}`).join(', ')
}

/** A state in words. */
export function stateText(state: Stale['state']): string {
  return state.replace('_', ' ')
}

/** @example permText({ perm: 'ro', attributes: ['wh'] }) // 'ro+wh' */
export function permText({ perm, attributes }: Pick<Branch, 'perm' | 'attributes'>): string {
  return [perm ?? '?', ...attributes].map(shown).join('+')
}

/** A path that may not be known. */
export function pathText(path: ByteString | null): string {
  return path === null ? '(not known)' : shown(path)
}

/** As many digits of a digest or an id as are shown: Docker shows as many. */
const SHORT_ID = 12

/**
 * A branch by its image, where the record has one, else by its path. Of several images it is the first.
 *
 * @example branchText({ path: '/l/a', image }) // 'nginx:1.27 and 2 more, layer 275b56952a67'
 */
export function branchText({ path, image }: Pick<Branch, 'path' | 'image'>): string {
  if (image == null) return pathText(path)
  const { names, layer, chain, container } = image
  if (container !== null) return `container ${shown(container.slice(0, SHORT_ID))}, its own layer`
  const digest = layer ?? chain
  if (digest === null) return pathText(path)
  const others = names.length > 1 ? ` and ${names.length - 1} more` : ''
  const id = shown(digest.replace(/^sha256:/, '').slice(0, SHORT_ID))
  return names[0] === undefined ? `layer ${id} of no image` : `${shown(names[0])}${others}, layer ${id}`
}

/** Where files come from: a branch, or why there is none. */
export function supplierText({ branch, isOfUnion }: Pick<Supply, 'branch' | 'isOfUnion'>): string {
  if (branch !== null) return branchText(branch)
  return isOfUnion ? 'files of a branch not known' : 'files of no union'
}

/** @example processText({ pid: 7, comm: 'nginx', container: null }) // { name: 'nginx', about: 'pid 7' } */
export function processText({ pid, comm, container }: Pick<MappedProcess, 'pid' | 'comm' | 'container'>): {
  name: string
  about: string
} {
  const about = [
    ...(pid === null ? [] : [`pid ${pid}`]),
    ...(container === null ? [] : [`container ${shown(container.slice(0, SHORT_ID))}`]),
  ]
  return { name: comm === null ? 'entries of an unknown process' : shown(comm), about: about.join('  ') }
}

/** @example unionText(table) // 'aufs  si 18bf05b21c975f3c  mount 29' */
export function unionText({ fs_type, si, mount_id }: BranchTable): string {
  return [
    fs_type,
    ...(si === null ? [] : [`si ${shown(si)}`]),
    ...(mount_id === null ? [] : [`mount ${mount_id}`]),
  ].join('  ')
}
