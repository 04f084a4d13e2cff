/**
 * Byte strings.
 *
 * A path may hold any byte but NUL, so paths are not decoded as UTF-8 on their way. Inside, each character of a string is one
 * byte (Node's `latin1`). Text is made only where a record is written (json.ts).
 */
import { isUtf8 } from 'node:buffer'

/**
 * A string of bytes. Each character is U+0000 to U+00FF and stands for that byte. A text cannot be given for it: `bytesOf` and
 * `toBytes` make bytes of it.
 */
export type ByteString = (Strictness extends { any: true } ? Partial<Bytes> : Bytes) & string

/** What tells bytes from text. It is known to the compiler alone. */
interface Bytes {
  readonly [encoding]: 'bytes'
  /** What is cut out of bytes is bytes. */
  slice(start?: number, end?: number): ByteString
  split(separator: string | RegExp, limit?: number): ByteString[]
}

declare const encoding: unique symbol

// biome-ignore lint/suspicious/noEmptyInterface: inside.d.ts fills it.
export interface Strictness {}

/** Whether a type of strings is one of bytes. */
export type IsBytes<T extends string> = typeof encoding extends keyof T ? true : false

export const NOT_ASCII = /[^\0-\x7f]/

/**
 * The bytes of a text or of a Buffer, one character each.
 *
 * @example bytesOf('é') // '\xc3\xa9'
 * @example bytesOf(readFileSync('/proc/self/mountinfo')).split('\n')
 */
export function bytesOf(text: string | Uint8Array): ByteString {
  if (typeof text !== 'string') return Buffer.from(text).toString('latin1')
  return NOT_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text
}

/**
 * The text of some bytes. What is no UTF-8 becomes U+FFFD.
 *
 * @example textOf(bytesOf(Buffer.of(0xc3, 0xa9))) // 'é'
 */
export function textOf(bytes: ByteString): string {
  return NOT_ASCII.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes
}

/** A copy to be remembered. A slice of a longer string would keep all of that string in memory (V8). */
export function copyOf(bytes: ByteString): ByteString {
  return Buffer.from(bytes, 'latin1').toString('latin1')
}

/** Whether bytes are valid UTF-8. */
export function isUtf8Text(bytes: ByteString): boolean {
  return !NOT_ASCII.test(bytes) || isUtf8(Buffer.from(bytes, 'latin1'))
}
