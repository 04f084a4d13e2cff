/** Records of byte strings as NDJSON: text with `_b64` twins for what is no UTF-8. */
import { type ByteString, bytesOf, isUtf8Text, NOT_ASCII, textOf } from './byte-string.js'
import type { InBytes, Text } from './text-types.js'

/** What JSON can hold. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** What a line of JSON has if its strings may differ from their bytes: other than ASCII, also escaped, or `_b64` twins. */
const HAS_BYTES = /[^\0-\x7f]|\\u|_b64"/

/** The suffix of the field that holds the exact bytes of the field before it, in base64. */
const B64 = '_b64'

/**
 * Writes a record of byte strings as one NDJSON line, without its newline.
 *
 * After a field that is no UTF-8 comes a field of its name + `_b64`, with its bytes in base64. After an array it is an array
 * of the same length, with null for each item that is UTF-8.
 *
 * @example stringify({ path: '\xff' }) // '{"path":"\ufffd","path_b64":"/w=="}'
 */
export function stringify(record: object): string {
  const line = JSON.stringify(record)
  return NOT_ASCII.test(line) ? stringifyText(record) : line
}

function stringifyText(record: object): string {
  return JSON.stringify(jsonToText(record as Json))
}

/**
 * Reads one NDJSON line, given as a byte string, into a record of byte strings. A `_b64` field replaces the field that it
 * belongs to.
 *
 * @throws SyntaxError if the line is no JSON, or no UTF-8
 * @example parse(bytesOf('{"path":"\\ufffd","path_b64":"/w=="}')) // { path: '\xff' }
 */
export function parse(line: ByteString): Json {
  if (!HAS_BYTES.test(line)) return JSON.parse(line)
  if (!isUtf8Text(line)) throw new SyntaxError('no UTF-8')
  return jsonToBytes(JSON.parse(textOf(line)))
}

/**
 * Turns a record of byte strings into a record of text, with `_b64` fields, ready for JSON (see {@link stringify}).
 *
 * @example toText({ path: '\xc3\xa9', root: '\xff' }) // { path: 'é', root: '\ufffd', root_b64: '/w==' }
 */
export function toText<T>(value: T): Text<T>

export function toText(value: Json): Json {
  return jsonToText(value)
}

function jsonToText(value: Json): Json {
  if (typeof value === 'string') return textOf(value)
  if (Array.isArray(value)) return value.map(jsonToText)
  if (value === null || typeof value !== 'object') return value
  return fromEntries(Object.entries(value).flatMap(([key, field]) => textEntries(key, field)))
}

function textEntries(key: string, field: Json): [string, Json][] {
  const exact = exactBytes(field)
  const entry: [string, Json] = [key, jsonToText(field)]
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
 * Turns a record of text, as JSON has it, into a record of byte strings (see {@link parse}).
 *
 * @example toBytes({ path: 'é', root: '\ufffd', root_b64: '/w==' }) // { path: '\xc3\xa9', root: '\xff' }
 */
export function toBytes<T>(value: T): InBytes<T>

export function toBytes(value: Json): Json {
  return jsonToBytes(value)
}

function jsonToBytes(value: Json): Json {
  if (typeof value === 'string') return bytesOf(value)
  if (Array.isArray(value)) return value.map(jsonToBytes)
  if (value === null || typeof value !== 'object') return value
  return fromEntries(
    Object.keys(value)
      .filter((key) => !isExactTwin(value, key))
      .map((key) => [key, restore(jsonToBytes(value[key] ?? null), value[key + B64])]),
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

/** Makes own properties only: a key `__proto__` of a hostile record stays a key. */
function fromEntries(entries: [string, Json][]): { [key: string]: Json } {
  return Object.fromEntries(entries)
}

/** The bytes of {@link stringify}, with a newline. */
export function ndjsonLine(record: object): ByteString {
  const line = JSON.stringify(record)
  return NOT_ASCII.test(line) ? bytesOf(`${stringifyText(record)}\n`) : `${line}\n`
}
