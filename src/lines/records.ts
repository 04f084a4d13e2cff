/** Reads records back from NDJSON. Anything may have written them, so their fields are checked. */

import { InputError } from '../errors.js'
import { type ByteString, isUtf8Text } from '../text/byte-string.js'
import { type Json, parse } from '../text/json.js'

/**
 * Parses one NDJSON line.
 *
 * @param name the name of the record, for the message
 * @param is checks the fields
 * @throws InputError if the line is no JSON, or is another record
 */
export function parseRecord<T>(line: ByteString, name: string, is: (value: unknown) => value is T): T {
  const value = parseJson(line)
  if (!is(value)) throw new InputError(`no ${name}`, line)
  return value
}

/** Whether a line is a record in JSON, and no line of text. */
export function isRecord(line: ByteString): boolean {
  return /^[ \t]*\{/.test(line)
}

function parseJson(line: ByteString): Json {
  if (!isUtf8Text(line)) throw new InputError('no UTF-8', line)
  try {
    return parse(line)
  } catch {
    throw new InputError('no JSON', line)
  }
}

/** Whether a value is an object that has all these fields itself, and each passes its check. */
export function hasFields<T>(
  value: unknown,
  checks: { [K in keyof T]: (field: unknown) => boolean },
): value is T {
  if (typeof value !== 'object' || value === null) return false
  const record: { [key: string]: unknown } = { ...value }
  return Object.entries<(field: unknown) => boolean>(checks).every(
    ([key, check]) => Object.hasOwn(record, key) && check(record[key]),
  )
}

/**
 * Adds to a record the unknown fields of the record that it was made of. They stand after its own fields.
 *
 * @param consumed the known fields of `source`, which end here
 */
export function withOthers<T extends object>(record: T, source: object, consumed?: ReadonlySet<string>): T {
  const others = Object.entries(source).filter(([key]) => !Object.hasOwn(record, key) && !consumed?.has(key))
  return others.length === 0 ? record : { ...record, ...Object.fromEntries(others) }
}

/** Whether a value is a text that can be a path: the kernel takes no NUL. */
export const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0')
export const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText)
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value)
export const orNull = (check: (value: unknown) => boolean) => (value: unknown) =>
  value === null || check(value)
