/** The picture on a terminal. */
import pc from 'picocolors'
import type { BranchTable } from '../../unions/branch-table.js'
import { greatest } from '../amounts.js'
import { branchText, pathText, processText, unionText } from '../labels.js'
import { arranged, type Choice } from '../order.js'
import type { MappedProcess, Picture } from '../picture.js'
import { shorten, widthOf } from './columns.js'
import { GAP, type Layout, labelLayout, labelOf, layoutOf, type Row, rowOf } from './layout.js'
import { type Colors, drawLabel, drawRow } from './rows.js'
import { drawSummary, foldedText } from './summary.js'

/** How it is drawn. */
export interface Drawing extends Choice {
  /** Columns. */
  width: number
  color: boolean
}

/** A row has no room for less. */
const NARROWEST = 32

/**
 * Draws what there is of all, then each process with its branches, then each union with its own; with nothing to draw, nothing.
 *
 * @example draw(pictureOf(records), { width: 80, color: false, sort: 'stale', stale: false, unions: false, all: false })
 */
export function draw({ processes, unions }: Picture, drawing: Drawing): string {
  const width = Math.max(NARROWEST, drawing.width)
  const colors = pc.createColors(drawing.color)
  const { drawn, folded } = arranged(processes, drawing)
  const blocks = [
    ...drawSummary(processes, drawing, width, colors),
    ...drawProcesses(drawn, width, colors),
    ...(folded.length === 0 ? [] : [[colors.dim(shorten(foldedText(folded), width))]]),
    ...unions.map((union) => drawUnion(union, width, colors)),
  ]
  return blocks.map((lines) => lines.map((line) => `${line}\n`).join('')).join('\n')
}

/** All of one scale, in the same columns. */
function drawProcesses(processes: readonly MappedProcess[], width: number, colors: Colors): string[][] {
  const whole = greatest(processes.map(({ bytes }) => bytes))
  const drawn = processes.map((process) => ({
    process,
    rows: process.supplies.map((supply) => rowOf(supply, whole)),
  }))
  const layout = layoutOf(
    drawn.flatMap(({ rows }) => rows),
    width,
  )
  return drawn.map(({ process, rows }) => drawProcess(process, rows, layout, width, colors))
}

function drawProcess(
  process: MappedProcess,
  rows: readonly Row[],
  layout: Layout,
  width: number,
  colors: Colors,
): string[] {
  const { name, about, total } = processText(process)
  return [
    ...heading([name, about, total], layout.end, width, colors),
    ...rows.flatMap((row) => drawRow(row, layout, width, colors)),
  ]
}

function drawUnion(union: BranchTable, width: number, colors: Colors): string[] {
  const rows = union.branches.map((branch) => ({ ...labelOf(branch), name: branchText(branch) }))
  const layout = labelLayout(rows)
  return [
    ...heading([pathText(union.mount_point), unionText(union), ''], width, width, colors),
    ...rows.map((row) => drawLabel(row, layout, colors.dim, colors) + shorten(row.name, width - layout.end)),
  ]
}

/** A name, what it is, and how much, flush with the end of the rows; what has no room stands below. */
function heading(
  [name, about, total]: [string, string, string],
  end: number,
  width: number,
  { bold, dim }: Colors,
): string[] {
  const [start, needed] = [widthOf(name) + GAP.length + widthOf(about), GAP.length + widthOf(total)]
  const below = (text: string) => (text === '' ? [] : [GAP + dim(shorten(text, width - GAP.length))])
  if (start > width) return [bold(shorten(name, width)), ...below(about), ...below(total)]
  const line = `${bold(name)}${GAP}${dim(about)}`
  if (start + needed > width) return [line.trimEnd(), ...below(total)]
  const space = ' '.repeat(Math.max(0, Math.min(end, width) - start - needed))
  return [`${line}${space}${GAP}${total}`.trimEnd()]
}
