/** Records read back from NDJSON: whatever wrote them, only what has the right fields is let in. */

import { InputError } from '../errors.js'
import { type ByteString, isUtf8Text } from '../text/byte-string.js'
import { type Json, parse } from '../text/json.js'

/**
 * Reads one NDJSON line.
 *
 * @param name what it should be, for the message
 * @param is whether it is one
 * @throws InputError where it is no JSON, or something else
 */
export function parseRecord<T>(line: ByteString, name: string, is: (value: unknown) => value is T): T {
  const value = parseJson(line)
  if (!is(value)) throw new InputError(`no ${name}`, line)
  return value
}

/** Whether a line is a record, and no text. */
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

/** Whether a value is an object whose own fields all pass their checks. */
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
 * A record with what somebody added to the one that it was made of, after its own fields.
 *
 * @param consumed the fields of that one which are known, and end here
 */
export function withOthers<T extends object>(record: T, source: object, consumed?: ReadonlySet<string>): T {
  const others = Object.entries(source).filter(([key]) => !Object.hasOwn(record, key) && !consumed?.has(key))
  return others.length === 0 ? record : { ...record, ...Object.fromEntries(others) }
}

/** Text that may be a path: the kernel takes no NUL. */
export const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0')
export const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText)
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value)
export const orNull = (check: (value: unknown) => boolean) => (value: unknown) =>
  value === null || check(value)
