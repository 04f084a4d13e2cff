/**
 * Byte strings, and how they become text and back.
 *
 * A path may hold any byte but NUL, so none is decoded as UTF-8 on its way: inside, a string is a
 * byte string, each of whose characters is one byte (what Node calls `latin1`). Only where a record
 * is written does it become text, and where bytes are no UTF-8 they stand beside it in base64.
 */
import { isUtf8 } from 'node:buffer'

/** A string of bytes: every character is U+0000 to U+00FF and stands for that byte. */
export type ByteString = string

/** What JSON can hold. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

const NOT_ASCII = /[^\0-\x7f]/

/** What a line of JSON has where its strings may not be the bytes that they stand for: more than ASCII, escaped too, or exact twins. */
const HAS_BYTES = /[^\0-\x7f]|\\u|_b64"/

/** The suffix of the field that holds the exact bytes of its neighbour, in base64. */
const B64 = '_b64'

/**
 * The bytes of a text, one character each.
 *
 * @example bytesOf('é') // '\xc3\xa9'
 */
export function bytesOf(text: string): ByteString {
  return NOT_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text
}

/**
 * The text of some bytes, U+FFFD for what is no UTF-8.
 *
 * @example textOf('\xc3\xa9') // 'é'
 */
export function textOf(bytes: ByteString): string {
  return NOT_ASCII.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes
}

/** Bytes by themselves, to be remembered: what was cut out of a longer string keeps all of that in memory (V8). */
export function copyOf(bytes: ByteString): ByteString {
  return Buffer.from(bytes, 'latin1').toString('latin1')
}

/** Whether bytes are text in UTF-8. */
export function isUtf8Text(bytes: ByteString): boolean {
  return !NOT_ASCII.test(bytes) || isUtf8(Buffer.from(bytes, 'latin1'))
}

/**
 * Decodes the escapes of `seq_path()` and `mangle_path()`: a backslash and three octal digits is a byte.
 * Anything else after a backslash stays, as the kernel never writes it; so does `\000`, as no name holds a NUL.
 *
 * @example decodeOctal('/sp\\040ace') // '/sp ace'
 */
export function decodeOctal(escaped: ByteString): ByteString {
  if (!escaped.includes('\\')) return escaped
  return escaped.replace(/\\(?!000)([0-3][0-7]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}

/**
 * Encodes as aufs does in br<N> and xi_path, and CRIU so logs it: bytes 0x01 to 0x20, backslash and 0x7f
 * (aufs's `au_esc_chars` in sysaufs.c, the same set in every version).
 *
 * @example encodeOctal('/sp ace') // '/sp\\040ace'
 */
export function encodeOctal(bytes: ByteString): ByteString {
  return bytes.replace(/[\x01-\x20\\\x7f]/g, octal)
}

function octal(byte: string): string {
  return `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`
}

/** A text in which no character does anything to a terminal: control characters and those that turn the direction of writing are escaped as JSON does. */
export function printable(text: string): string {
  return text.replace(
    /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * Makes a byte string safe to show in a message: the text of it, in quotes, with control characters (C0, C1,
 * and those that turn the direction of writing) escaped as JSON does, cut after `length` characters.
 *
 * @example quote('a\x1b[31m') // '"a\\u001b[31m"'
 */
export function quote(bytes: ByteString, length = 60): string {
  const text = textOf(bytes.slice(0, 4 * length))
  const start = Array.from(text.slice(0, 2 * length))
    .slice(0, length)
    .join('')
  const shown = printable(JSON.stringify(start))
  return start.length < text.length || bytes.length > 4 * length ? `${shown}…` : shown
}

/**
 * One NDJSON line of a record of byte strings, without its newline. A field that is no UTF-8 is followed by one of its
 * name + `_b64` with its bytes (of an array: an array of the same length, null for what needs none).
 *
 * @example stringify({ path: '\xff' }) // '{"path":"\ufffd","path_b64":"/w=="}'
 */
export function stringify(record: object): string {
  const line = JSON.stringify(record)
  return NOT_ASCII.test(line) ? stringifyText(record) : line
}

function stringifyText(record: object): string {
  return JSON.stringify(toText(record as Json))
}

/**
 * Reads one NDJSON line, given as a byte string, into a record of byte strings; `_b64` fields win and are gone.
 *
 * @throws SyntaxError where it is no JSON
 * @example parse('{"path":"\\ufffd","path_b64":"/w=="}') // { path: '\xff' }
 */
export function parse(line: ByteString): Json {
  const value = JSON.parse(textOf(line)) as Json
  return HAS_BYTES.test(line) ? toBytes(value) : value
}

/**
 * A record of byte strings as one of text, ready for JSON (see {@link stringify}).
 *
 * @example toText({ path: '\xc3\xa9', root: '\xff' }) // { path: 'é', root: '\ufffd', root_b64: '/w==' }
 */
export function toText<T>(value: T): T
export function toText(value: Json): Json {
  if (typeof value === 'string') return textOf(value)
  if (Array.isArray(value)) return value.map((each) => toText(each))
  if (value === null || typeof value !== 'object') return value
  return fromEntries(Object.entries(value).flatMap(([key, field]) => textEntries(key, field)))
}

function textEntries(key: string, field: Json): [string, Json][] {
  const exact = exactBytes(field)
  const entry: [string, Json] = [key, toText(field)]
  return exact === null ? [entry] : [entry, [key + B64, exact]]
}

function exactBytes(field: Json): Json {
  if (typeof field === 'string') return base64(field)
  if (!Array.isArray(field)) return null
  const all = field.map(exactBytes)
  return all.some((each) => each !== null) ? all : null
}

function base64(bytes: ByteString): string | null {
  return isUtf8Text(bytes) ? null : Buffer.from(bytes, 'latin1').toString('base64')
}

/**
 * A record of text, as JSON has it, as one of byte strings (see {@link parse}).
 *
 * @example toBytes({ path: 'é', root: '\ufffd', root_b64: '/w==' }) // { path: '\xc3\xa9', root: '\xff' }
 */
export function toBytes<T>(value: T): T
export function toBytes(value: Json): Json {
  if (typeof value === 'string') return bytesOf(value)
  if (Array.isArray(value)) return value.map((each) => toBytes(each))
  if (value === null || typeof value !== 'object') return value
  return fromEntries(
    Object.keys(value)
      .filter((key) => !isExactTwin(value, key))
      .map((key) => [key, restore(toBytes(value[key] ?? null), value[key + B64])]),
  )
}

function isExactTwin(record: { [key: string]: Json }, key: string): boolean {
  if (!key.endsWith(B64)) return false
  const name = key.slice(0, -B64.length)
  const field = Object.hasOwn(record, name) ? record[name] : null
  return typeof field === 'string'
    ? typeof record[key] === 'string'
    : Array.isArray(field) && Array.isArray(record[key])
}

function restore(field: Json, exact: Json | undefined): Json {
  if (typeof field === 'string' && typeof exact === 'string') return unbase64(exact)
  if (!Array.isArray(field) || !Array.isArray(exact)) return field
  return field.map((each, i) => restore(each, exact[i]))
}

function unbase64(text: string): ByteString {
  return Buffer.from(text, 'base64').toString('latin1')
}

/** Own properties only: a key `__proto__` from a hostile record stays a key. */
function fromEntries(entries: [string, Json][]): { [key: string]: Json } {
  return Object.fromEntries(entries)
}

/** {@link stringify} with its newline, as the bytes that are written. */
export function ndjsonLine(record: object): ByteString {
  const line = JSON.stringify(record)
  return NOT_ASCII.test(line) ? bytesOf(`${stringifyText(record)}\n`) : `${line}\n`
}
