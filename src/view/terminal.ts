/** The picture on a terminal. */
import pc from 'picocolors'
import type { BranchTable } from '../unions/branch-table.js'
import {
  amountText,
  branchText,
  pad,
  padLeft,
  pathText,
  processText,
  shorten,
  unionText,
  widthOf,
} from './labels.js'
import {
  GAP,
  type Label,
  type LabelLayout,
  type Layout,
  labelLayout,
  labelOf,
  layoutOf,
  type Row,
  rowOf,
  widest,
} from './layout.js'
import type { MappedProcess, Picture } from './picture.js'

/** How it is drawn. */
export interface Drawing {
  /** Columns. */
  width: number
  color: boolean
}

type Colors = ReturnType<typeof pc.createColors>

/** A row has no room for less. */
const NARROWEST = 32

/**
 * Draws each process with its branches, and each union with its own; with nothing to draw, nothing.
 *
 * @example draw(pictureOf(records), { width: 80, color: false })
 */
export function draw({ processes, unions }: Picture, { width, color }: Drawing): string {
  const columns = Math.max(NARROWEST, width)
  const colors = pc.createColors(color)
  const blocks = [
    ...processes.map((process) => drawProcess(process, columns, colors)),
    ...unions.map((union) => drawUnion(union, columns, colors)),
  ]
  return blocks.map((lines) => lines.map((line) => `${line}\n`).join('')).join('\n')
}

function drawProcess(process: MappedProcess, width: number, colors: Colors): string[] {
  const { name, about } = processText(process)
  const rows = process.supplies.map((supply) => rowOf(supply, process.total.bytes))
  const layout = layoutOf(rows, width)
  return [
    ...heading([name, about, amountText(process.total)], layout.end, width, colors),
    ...rows.flatMap((row) => drawRow(row, layout, width, colors)),
  ]
}

function drawUnion(union: BranchTable, width: number, colors: Colors): string[] {
  const rows = union.branches.map((branch) => ({ ...labelOf(branch), name: branchText(branch) }))
  const layout = labelLayout(rows)
  const end = layout.end + widest(rows.map(({ name }) => name))
  return [
    ...heading([pathText(union.mount_point), unionText(union), ''], end, width, colors),
    ...rows.map((row) => drawLabel(row, layout, colors) + shorten(row.name, width - layout.end)),
  ]
}

/** A name, what it is, and how much, flush with the end of the rows; below each other where they have no room. */
function heading(
  [name, about, total]: [string, string, string],
  end: number,
  width: number,
  { bold, dim }: Colors,
): string[] {
  const needed = widthOf(name) + widthOf(about) + widthOf(total) + 2 * GAP.length
  if (needed > width) {
    const below = [about, total].filter((line) => line !== '')
    return [bold(shorten(name, width)), ...below.map((line) => GAP + dim(shorten(line, width - GAP.length)))]
  }
  const space = ' '.repeat(Math.max(0, Math.min(end, width) - needed))
  return [`${bold(name)}${GAP}${dim(about)}${space}${GAP}${total}`.trimEnd()]
}

function drawRow(row: Row, layout: Layout, width: number, colors: Colors): string[] {
  const label = drawLabel(row, layout.label, colors)
  const name = shorten(row.name, layout.name)
  const drawnName = row.hasBranch ? name : colors.dim(name)
  const numbers = `${padLeft(row.files, layout.files)}${GAP}${padLeft(row.size, layout.size)}${GAP}${bar(row, layout.bar, colors)}`
  const indent = layout.isWide ? layout.label.end : 2 * GAP.length
  const stale = ' '.repeat(indent) + colors.red(shorten(`${STALE} ${row.stale}`, width - indent))
  return [
    ...(layout.isWide
      ? [`${label}${drawnName}${' '.repeat(layout.name - widthOf(name))}${GAP}${numbers}`]
      : [`${label}${drawnName}`, `${' '.repeat(indent)}${numbers}`]),
    ...(row.stale === '' ? [] : [stale]),
  ].map((line) => line.trimEnd())
}

/** What is writable stands out. */
function drawLabel({ index, perm }: Label, layout: LabelLayout, { dim, green }: Colors): string {
  if (layout.end === GAP.length) return GAP
  const color = /^rw\b/.test(perm) ? green : dim
  return `${GAP}${color(`${padLeft(index, layout.index)} ${pad(perm, layout.perm)}`)}${GAP}`
}

/** What is stale, in a bar and before its number. */
const STALE = '▒'
const FULL = '█'
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** The part of what the process maps, its stale part last; what is there at all is seen. */
function bar({ share, staleShare, hasBranch }: Row, width: number, { cyan, red, dim }: Colors): string {
  const color = hasBranch ? cyan : dim
  if (share === 0) return ''
  if (staleShare === 0) return color(cells(share * width))
  // Whole cells: a part of one before the stale ones would look like a gap.
  const all = Math.max(1, Math.round(share * width))
  const most = share === staleShare ? all : Math.max(1, all - 1)
  const stale = Math.min(most, Math.max(1, Math.round(staleShare * width)))
  return color(FULL.repeat(all - stale)) + red(STALE.repeat(stale))
}

/** So many cells, the last of them in part. */
function cells(length: number): string {
  const eighths = Math.max(1, Math.round(length * EIGHTHS.length))
  return FULL.repeat(Math.floor(eighths / EIGHTHS.length)) + (EIGHTHS[eighths % EIGHTHS.length] ?? '')
}
