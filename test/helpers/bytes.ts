/** Byte strings: those of a source file's text, and any at all. */
import fc from 'fast-check'
import type { ByteString } from '../../src/text/byte-string.js'

/** The bytes that a text of this source file has in UTF-8. */
export function utf8(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1')
}

const ODD = [...' \t\n\r\\#,=:+-/()0134', '\x01', '\x1b', '\x7f', '\x80', '\xc3', '\xa9', '\xff']

/** Any byte but NUL, those that some format escapes or cuts at more often than others. */
const pathByte = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...ODD) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) },
)

/** Any bytes that a name may hold. */
export const pathBytes = fc.string({ unit: pathByte, maxLength: 30 })

/** Any bytes at all. */
export const anyBytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array).toString('latin1'))
