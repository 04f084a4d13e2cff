/** The tables that the bench prints, in Markdown: on the terminal, and in docs/speed.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Cell } from './row.js'

/** A table: where it stands in the document, and what its columns are. */
export interface Table {
  name: string
  columns: readonly [work: string, against: string, ...figures: string[]]
}

/** A line of a table, as it is written. */
export function lineOf(work: string, against: string, cells: readonly Cell[]): string {
  const figures = cells.map(({ text, isOver = false }) => (isOver ? `**${text}**` : text))
  return `| ${[work, against, ...figures].map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`
}

/** The head of a table. */
export function headOf({ columns: [work, against, ...figures] }: Table): string {
  return `${lineOf(
    work,
    against,
    figures.map((text) => ({ text })),
  )}\n|${' --- |'.repeat(figures.length + 2)}`
}

/**
 * Puts the lines of a table in the place of those that a document has for the same work. Other lines stay as they are, and
 * new ones come last.
 *
 * @param document which has the table between `<!-- NAME -->` and `<!-- /NAME -->`
 */
export function withLines(document: string, table: Table, lines: readonly string[]): string {
  const [begin, end] = [`<!-- ${table.name} -->\n`, `\n<!-- /${table.name} -->`]
  const [before, rest] = splitAt(document, begin)
  const [old, after] = splitAt(rest, end)
  const heading = headOf(table)
  const kept = new Map(
    old
      .split('\n')
      .slice(2)
      .map((line) => [keyOf(line), line]),
  )
  for (const line of lines) kept.set(keyOf(line), line)
  return `${before}${begin}${[heading, ...kept.values()].join('\n')}${end}${after}`
}

/** What a line is about: its first two cells. */
function keyOf(line: string): string {
  return line.split(/(?<!\\)\|/, 3).join('|')
}

function splitAt(text: string, mark: string): [before: string, after: string] {
  const at = text.indexOf(mark)
  if (at === -1) throw new Error(`no ${mark.trim()}`)
  return [text.slice(0, at), text.slice(at + mark.length)]
}

/** {@link withLines} in a file. */
export function saveLines(file: string, table: Table, lines: readonly string[]): void {
  if (lines.length > 0) writeFileSync(file, withLines(readFileSync(file, 'utf8'), table, lines))
}
