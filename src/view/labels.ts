/** Texts for people: safe to show whatever bytes a container named its files by, and as wide as they say. */
import { type ByteString, textOf } from '../text/byte-string.js'
import { printable } from '../text/printable.js'
import type { Branch, BranchTable, LayerImage } from '../unions/branch-table.js'
import { type State, staleness } from '../vma/record.js'
import { amountText, processesText } from './amounts.js'
import { countOf } from './order.js'
import type { MappedProcess, Stale, Supply } from './picture.js'

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

/** @example staleText([{ state: 'copied_up', files: 2, bytes: 8192n }]) // '2 copied up' */
export function staleText(stale: readonly Stale[]): string {
  return stale.map(({ files, state }) => `${files} ${stateText(state, true)}`).join(', ')
}

/** A state in words. What is stale without one is so by its bytes. */
export function stateText(state: State | null, isStale: boolean): string {
  if (state === null) return isStale ? 'with other bytes' : 'state not known'
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
  const { layer, chain, container } = image
  if (container !== null) return `container ${shortId(container)}, its own layer`
  const digest = layer ?? chain
  if (digest === null) return pathText(path)
  const id = shortId(digest.replace(/^sha256:/, ''))
  const name = imageText(image)
  return name === null ? `layer ${id} of no image` : `${name}, layer ${id}`
}

/**
 * The first image of a layer, called as Docker calls it.
 *
 * @example imageText({ names: ['docker.io/library/nginx:1.27', 'web:2'] }) // 'nginx:1.27 and 1 more'
 */
export function imageText({ names }: Pick<LayerImage, 'names'>): string | null {
  const [first, ...others] = names
  if (first === undefined) return null
  const name = shown(first.replace(/^docker\.io\/(library\/)?/, ''))
  return others.length === 0 ? name : `${name} and ${others.length} more`
}

function shortId(id: ByteString): string {
  return shown(id.slice(0, SHORT_ID))
}

/** Where files come from: a branch, or why there is none. */
export function supplierText({ branch, isOfUnion }: Pick<Supply, 'branch' | 'isOfUnion'>): string {
  if (branch !== null) return branchText(branch)
  return isOfUnion ? 'files of a branch not known' : 'files of no union'
}

/**
 * What a process is called, which it is, where it runs, and how much it maps.
 *
 * @example processText(process) // { name: '8 × nginx', about: 'pids 7 …  container 1f1f1f1f1f1f', total: '2 files, 8.0 KiB each' }
 */
export function processText(process: ProcessWords): { name: string; about: string; total: string } {
  const { comm, pids, isEach } = process
  const [pid, ...others] = pids
  const number = others.length === 0 ? `pid ${pid}` : `pids ${pid} …`
  const place = placeText(process)
  const name = comm === null ? 'entries of an unknown process' : shown(comm)
  const total = amountText(process)
  return {
    name: others.length === 0 ? name : `${pids.length} × ${name}`,
    about: [...(pid === undefined ? [] : [number]), ...(place === null ? [] : [place])].join('  '),
    total: others.length === 0 ? total : isEach ? `${total} each` : `${total} at most`,
  }
}

type ProcessWords = Pick<MappedProcess, 'comm' | 'pids' | 'container' | 'unit' | 'files' | 'bytes' | 'isEach'>

/** Where a process runs; null where nothing tells. */
export function placeText({ container, unit }: Pick<MappedProcess, 'container' | 'unit'>): string | null {
  if (container !== null) return `container ${shortId(container)}`
  return unit && shown(unit)
}

/** @example headline(processes) // '3 of 312 processes map stale files' */
export function headline(processes: readonly MappedProcess[]): string {
  const stale = countOf(processes.filter((each) => each.stale > 0))
  const all = processesText(countOf(processes))
  if (stale > 0) return `${stale} of ${all} map stale files`
  const areKnown = processes.every(({ supplies }) =>
    supplies.every(({ vmas }) => vmas.every((vma) => staleness(vma) !== null)),
  )
  return areKnown ? `None of ${all} maps stale files` : `None of ${all} is known to map stale files`
}

/** @example unionText(table) // 'aufs  si 18bf05b21c975f3c  mount 29' */
export function unionText({ fs_type, si, mount_id }: BranchTable): string {
  return [
    fs_type,
    ...(si === null ? [] : [`si ${shown(si)}`]),
    ...(mount_id === null ? [] : [`mount ${mount_id}`]),
  ].join('  ')
}
