/** The rows of the picture on a terminal, and the columns that they get. */
import type { Branch } from '../unions/branch-table.js'
import { filesText, permText, sizeText, staleText, supplierText, widthOf } from './labels.js'
import type { Supply } from './picture.js'

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

/** What a branch supplies, in words. */
export interface Row extends Label {
  name: string
  hasBranch: boolean
  files: string
  size: string
  stale: string
  /** Of what the process maps, from 0 to 1, and how much that is stale. */
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
  files: number
  size: number
  bar: number
  /** Where the rows end. */
  end: number
}

/** A branch in words; of no union, none. */
export function labelOf(branch: Branch | null): Label {
  return branch === null ? { index: '', perm: '' } : { index: String(branch.index), perm: permText(branch) }
}

/** What a branch supplies, of so many bytes that the process maps. */
export function rowOf(supply: Supply, total: bigint): Row {
  const { branch, stale, bytes } = supply
  const staleBytes = stale.reduce((sum, each) => sum + each.bytes, 0n)
  return {
    ...labelOf(branch),
    name: supplierText(supply),
    hasBranch: branch !== null,
    files: filesText(supply),
    size: sizeText(bytes),
    stale: staleText(stale),
    share: share(bytes, total),
    staleShare: share(staleBytes, total),
  }
}

function share(bytes: bigint, total: bigint): number {
  return total === 0n ? 0 : Number(bytes) / Number(total)
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
  const files = widest(rows.map((row) => row.files))
  const size = widest(rows.map((row) => row.size))
  const numbers = files + GAP.length + size + GAP.length
  if (width < WIDE) {
    const bar = Math.min(WIDEST_BAR, width - 2 * GAP.length - numbers)
    return { isWide: false, label, name: width - label.end, files, size, bar, end: width }
  }
  const room = width - label.end - GAP.length - numbers
  const kept = Math.min(WIDEST_BAR, Math.max(NARROWEST_BAR, Math.round(room * BAR_PART)))
  const name = Math.min(widest(rows.map((row) => row.name)), room - kept)
  const bar = Math.min(WIDEST_BAR, room - name)
  return { isWide: true, label, name, files, size, bar, end: width - room + name + bar }
}

/** The columns that the widest takes. */
export function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, widthOf(text)), 0)
}
