/** Text from containers, made safe to show. */
import { type ByteString, textOf } from './byte-string.js'

/** Escapes what can act on a terminal: control characters and those that turn the direction of writing, as JSON does it. */
export function printable(text: string): string {
  return text.replace(
    /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * Makes a byte string safe to show in a message. It becomes text in quotes, cut after `length` characters. Control characters
 * (C0, C1, and those that turn the direction of writing) are escaped as JSON does it.
 *
 * @example quote(bytesOf('a\x1b[31m')) // '"a\\u001b[31m"'
 */
export function quote(bytes: ByteString, length = 60): string {
  const text = textOf(bytes.slice(0, 4 * length))
  const start = Array.from(text.slice(0, 2 * length))
    .slice(0, length)
    .join('')
  const shown = printable(JSON.stringify(start))
  return start.length < text.length || bytes.length > 4 * length ? `${shown}…` : shown
}
