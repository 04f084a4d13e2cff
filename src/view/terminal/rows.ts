/** A row of the picture: label, name, numbers, and a bar. */
import type pc from 'picocolors'
import { pad, padLeft, shorten, widthOf } from './columns.js'
import { GAP, type Label, type LabelLayout, type Layout, type Row } from './layout.js'

export type Colors = ReturnType<typeof pc.createColors>

/** The lines of a row: the last one says what is stale. */
export function drawRow(row: Row, layout: Layout, width: number, colors: Colors): string[] {
  const tint = TINTS[row.kind](colors)
  const label = drawLabel(row, layout.label, row.kind === 'branch' ? colors.dim : tint.name, colors)
  const name = shorten(row.name, layout.name)
  const numbers = `${padLeft(row.first, layout.first)}${GAP}${padLeft(row.second, layout.second)}${GAP}`
  const drawnBar = bar(row, layout.bar, tint.bar, colors.red)
  const indent = layout.isWide ? layout.label.end : 2 * GAP.length
  const stale = ' '.repeat(indent) + colors.red(shorten(`${STALE} ${row.stale}`, width - indent))
  return [
    ...(layout.isWide
      ? [`${label}${tint.name(name)}${' '.repeat(layout.name - widthOf(name))}${GAP}${numbers}${drawnBar}`]
      : [`${label}${tint.name(name)}`, `${' '.repeat(indent)}${numbers}${drawnBar}`]),
    ...(row.stale === '' ? [] : [stale]),
  ].map((line) => line.trimEnd())
}

type Paint = (text: string) => string

const plain: Paint = (text) => text

/** What has no branch is pale; a branch that is not known stands out. */
const TINTS: Record<Row['kind'], (colors: Colors) => { name: Paint; bar: Paint }> = {
  branch: ({ cyan }) => ({ name: plain, bar: cyan }),
  'unknown branch': ({ yellow }) => ({ name: yellow, bar: yellow }),
  'no union': ({ dim }) => ({ name: dim, bar: dim }),
}

/** What is writable stands out. */
export function drawLabel(
  { index, perm }: Label,
  layout: LabelLayout,
  paint: Paint,
  { green }: Colors,
): string {
  if (layout.end === GAP.length) return GAP
  const color = /^rw\b/.test(perm) ? green : paint
  return `${GAP}${color(`${padLeft(index, layout.index)} ${pad(perm, layout.perm)}`)}${GAP}`
}

/** What is stale, in a bar and before its number. */
const STALE = '▒'
const FULL = '█'
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** The part of a whole bar, its stale part last; what is there at all is seen. */
function bar({ share, staleShare }: Row, width: number, paint: Paint, red: Paint): string {
  if (share === 0) return ''
  if (staleShare === 0) return paint(cells(share * width))
  // Whole cells: a part of one before the stale ones would look like a gap.
  const all = Math.max(1, Math.round(share * width))
  const most = share === staleShare ? all : Math.max(1, all - 1)
  const stale = Math.min(most, Math.max(1, Math.round(staleShare * width)))
  return paint(FULL.repeat(all - stale)) + red(STALE.repeat(stale))
}

/** So many cells, the last of them in part. */
function cells(length: number): string {
  const eighths = Math.max(1, Math.round(length * EIGHTHS.length))
  return FULL.repeat(Math.floor(eighths / EIGHTHS.length)) + (EIGHTHS[eighths % EIGHTHS.length] ?? '')
}
