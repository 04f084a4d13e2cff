/** Texts in columns of a terminal. */
import stringWidth from 'string-width'

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
