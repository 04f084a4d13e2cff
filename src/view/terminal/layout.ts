/** The rows of the picture on a terminal, and the columns that they get. */
import type { Branch } from '../../unions/branch-table.js'
import { filesText, processesText, sizeText } from '../amounts.js'
import { permText, staleText, stateText, supplierText } from '../labels.js'
import type { Share } from '../overview.js'
import type { Supply } from '../picture.js'
import { widthOf } from './columns.js'

/** Between columns, and before a row. */
export const GAP = '  '

/** With fewer columns a branch takes two lines. */
const WIDE = 64

/** The bar's part of the room that it shares with the names. */
const BAR_PART = 0.4
const NARROWEST_BAR = 8
const WIDEST_BAR = 40

/** An index or a permission is never wider, but in a record that somebody made up. */
const WIDEST_LABEL = 10

/** A branch in words. */
export interface Label {
  index: string
  perm: string
}

/** What a branch, a layer or an image supplies, in words. */
export interface Row extends Label {
  name: string
  kind: 'branch' | 'unknown branch' | 'no union'
  /** What the last two columns of numbers say: files and bytes, or processes and files. */
  first: string
  second: string
  stale: string
  /** Of a whole bar, from 0 to 1, and how much of that is stale. */
  share: number
  staleShare: number
}

/** The columns of a label, and where they end. */
export interface LabelLayout {
  index: number
  perm: number
  end: number
}

/** The columns of a row. */
export interface Layout {
  isWide: boolean
  label: LabelLayout
  name: number
  first: number
  second: number
  bar: number
  /** Where the rows end. */
  end: number
}

/** A branch in words. */
export function labelOf(branch: Branch): Label {
  return { index: String(branch.index), perm: permText(branch) }
}

/** What a branch supplies; a whole bar is so many bytes. */
export function rowOf(supply: Supply, whole: bigint): Row {
  const { branch, isOfUnion, stale, bytes } = supply
  const staleBytes = stale.reduce((sum, each) => sum + each.bytes, 0n)
  return {
    ...(branch === null ? { index: isOfUnion ? '?' : '', perm: '' } : labelOf(branch)),
    name: supplierText(supply),
    kind: kindOf(supply),
    first: filesText(supply),
    second: sizeText(bytes),
    stale: staleText(stale),
    share: share(Number(bytes), Number(whole)),
    staleShare: share(Number(staleBytes), Number(whole)),
  }
}

/** What an image or a layer supplies to all processes; a whole bar is so many files. */
export function shareRow(each: Share, whole: number): Row {
  const { name, processes, files, stale, states } = each
  return {
    ...{ index: '', perm: '', name },
    kind: kindOf(each),
    first: processesText(processes),
    second: filesText({ files }),
    stale: states
      .filter(({ isStale }) => isStale)
      .map((tally) => `${tally.files} ${stateText(tally.state, true)}`)
      .join(', '),
    share: share(files, whole),
    staleShare: share(stale, whole),
  }
}

function kindOf({ branch, isOfUnion }: Pick<Supply, 'branch' | 'isOfUnion'>): Row['kind'] {
  if (branch !== null) return 'branch'
  return isOfUnion ? 'unknown branch' : 'no union'
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}

/** The columns of labels below each other. */
export function labelLayout(labels: readonly Label[]): LabelLayout {
  const index = Math.min(WIDEST_LABEL, widest(labels.map((label) => label.index)))
  const perm = Math.min(WIDEST_LABEL, widest(labels.map((label) => label.perm)))
  // Where all files are of no union, there is neither.
  const end = index + perm === 0 ? GAP.length : GAP.length + index + 1 + perm + GAP.length
  return { index, perm, end }
}

/** The columns of rows below each other, in so many: names get what they need, as far as a bar is left. */
export function layoutOf(rows: readonly Row[], width: number): Layout {
  const label = labelLayout(rows)
  const first = widest(rows.map((row) => row.first))
  const second = widest(rows.map((row) => row.second))
  const numbers = first + GAP.length + second + GAP.length
  if (width < WIDE) {
    const bar = Math.min(WIDEST_BAR, width - 2 * GAP.length - numbers)
    return { isWide: false, label, name: width - label.end, first, second, bar, end: width }
  }
  const room = width - label.end - GAP.length - numbers
  const kept = Math.min(WIDEST_BAR, Math.max(NARROWEST_BAR, Math.round(room * BAR_PART)))
  const name = Math.min(widest(rows.map((row) => row.name)), room - kept)
  const bar = Math.min(WIDEST_BAR, room - name)
  return { isWide: true, label, name, first, second, bar, end: width - room + name + bar }
}

/** The columns that the widest takes. */
function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, widthOf(text)), 0)
}
