/** The text of `--help`. */
import { type AnyUsage, exitStatusOf, type ShownOption, shownOptions, valueText } from './usage.js'

/** Text is not wider than this however wide the window is: a longer line is hard to read. */
const WIDEST = 100

/** Names of options that are longer have their text on the next line. */
const LONGEST_NAMES = 24

/** A window that is narrower has no room for names and texts side by side. */
const NARROW = 50

/** The text of `--help`, for a window of so many columns. */
export function helpOf(usage: AnyUsage, columns: number): string {
  const width = Math.min(columns, WIDEST)
  const { name, synopsis, about, examples } = usage
  const forms = synopsis.map((form, i) => {
    const head = `${i === 0 ? 'Usage:' : '      '} ${name} `
    return head + wrapped(form, head.length, width).trimStart()
  })
  const shown = examples.map(([command, does]) => `  ${command}\n${wrapped(does, 6, width)}`)
  const statuses = exitStatusOf(usage).map(([status, means]) => item(`${status}`, means, 5, width))
  return [
    forms.join('\n'),
    about
      .split('\n')
      .map((paragraph) => wrapped(paragraph, 0, width))
      .join('\n'),
    `Options:\n${optionList(shownOptions(usage), width)}`,
    `Examples:\n${shown.join('\n')}`,
    `Exit status:\n${statuses.join('\n')}`,
    `The manual: man ${name}`,
  ].join('\n\n')
}

function optionList(options: readonly ShownOption[], width: number): string {
  const names = options.map((option) => {
    const indent = option.letter === undefined ? '    ' : ''
    return `${indent}${option.names.join(', ')} ${valueText(option)}`.trimEnd()
  })
  const longest = Math.max(...names.map(({ length }) => length))
  const indent = width < NARROW ? 8 : Math.min(longest, LONGEST_NAMES) + 4
  return options
    .map(({ describe, default: given }, i) =>
      item(names[i] ?? '', given === undefined ? describe : `${describe} (default: ${given})`, indent, width),
    )
    .join('\n')
}

/** A name with its text beside it, or below where it is too long. */
function item(name: string, text: string, indent: number, width: number): string {
  const below = wrapped(text, indent, width)
  const head = `  ${name}`
  return head.length + 2 <= indent ? head.padEnd(indent) + below.trimStart() : `${head}\n${below}`
}

/** Breaks a text between words into lines that begin with so many spaces. A word that is too long stands alone. */
function wrapped(text: string, indent: number, width: number): string {
  const room = Math.max(width - indent, 1)
  const lines = text.match(new RegExp(`\\S(?:.{0,${room - 1}}(?!\\S)|\\S*)`, 'g')) ?? []
  return lines.map((line) => ' '.repeat(indent) + line.trimEnd()).join('\n')
}
