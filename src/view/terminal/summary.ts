/** What stands above and below the processes of a whole host: what there is of all. */
import { processesText } from '../amounts.js'
import { headline } from '../labels.js'
import { type Choice, countOf } from '../order.js'
import { overviewOf } from '../overview.js'
import type { MappedProcess } from '../picture.js'
import { shorten } from './columns.js'
import { layoutOf, shareRow } from './layout.js'
import { type Colors, drawRow } from './rows.js'

/** So many images or layers are listed, but for those with stale files, which all are. */
const LISTED = 10

/** How many processes are stale, and how many files of each image or layer; of one process nothing. */
export function drawSummary(
  processes: readonly MappedProcess[],
  { all }: Choice,
  width: number,
  colors: Colors,
): string[][] {
  if (processes.length < 2) return []
  const shares = overviewOf(processes, 'image')
  const whole = shares.reduce((most, { files }) => Math.max(most, files), 0)
  const rows = shares.map((each) => shareRow(each, whole))
  const listed = rows.filter(({ stale }, i) => all || i < LISTED || stale !== '')
  const layout = layoutOf(listed, width)
  const more = rows.length - listed.length
  return [
    [colors.bold(shorten(headline(processes), width))],
    [
      colors.bold('By image or layer'),
      ...listed.flatMap((row) => drawRow(row, layout, width, colors)),
      ...(more === 0 ? [] : [colors.dim(shorten(`  ${more} more without stale files (--all)`, width))]),
    ],
  ]
}

/** @example foldedText(folded) // '12 processes of no union and without stale files (--all)' */
export function foldedText(folded: readonly MappedProcess[]): string {
  return `${processesText(countOf(folded))} of no union, without stale files (--all)`
}
