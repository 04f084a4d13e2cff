/** Reads records back from NDJSON. Anything may have written them, so their fields are checked. */

import { InputError } from '../errors.js'
import { type ByteString, isUtf8Text } from '../text/byte-string.js'
import { type Json, parse } from '../text/json.js'

/** Gives a field back as it is, or with null for what may be null and is missing. @throws Fault where it is something else */
export type Reader<T> = (field: unknown) => T

/** How each field of a record is read. */
export type Fields<T> = { readonly [K in keyof T]: Reader<T[K]> }

/** What is wrong with a field, and which field it is: `branches[1].path`. */
class Fault extends Error {
  readonly what: string
  path: string

  constructor(what: string, path = '') {
    super(what)
    this.what = what
    this.path = path
  }

  /** The same fault, seen from the record or list that holds the field. */
  within(name: string): Fault {
    const separator = this.path === '' || this.path.startsWith('[') ? '' : '.'
    return new Fault(this.what, `${name}${separator}${this.path}`)
  }
}

/**
 * Parses one NDJSON line.
 *
 * @param name the name of the record, for the message
 * @throws InputError if the line is no JSON, or is another record
 */
export function parseRecord<T>(line: ByteString, name: string, read: Reader<T>): T {
  const value = parseJson(line)
  try {
    return read(value)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    throw new InputError(error.path === '' ? `no ${name}` : `no ${name}: "${error.path}" ${error.what}`, line)
  }
}

/** Whether a value is a whole record, with every field there. */
export function isWhole<T>(value: unknown, read: Reader<T>): value is T {
  try {
    return read(value) === value
  } catch (error) {
    if (error instanceof Fault) return false
    throw error
  }
}

/** Whether a line is a record in JSON, and no line of text. */
export function isRecord(line: ByteString): boolean {
  return /^[ \t]*\{/.test(line)
}

function parseJson(line: ByteString): Json {
  try {
    return parse(line)
  } catch {
    throw new InputError(isUtf8Text(line) ? 'no JSON' : 'no UTF-8', line)
  }
}

/** A record with these fields as its own, and any others. */
export function record<T extends object>(fields: Fields<T>): Reader<T> {
  const readers = Object.entries<Reader<unknown>>(fields)
  return (value) => {
    if (!isObject(value)) throw new Fault('is no object')
    let whole = value
    for (const [key, read] of readers) {
      const field = Object.hasOwn(value, key) ? value[key] : undefined
      const known = readField(read, field, key)
      if (known !== field) whole = { ...whole, [key]: known }
    }
    return whole as T
  }
}

function readField(read: Reader<unknown>, field: unknown, key: string): unknown {
  try {
    return read(field)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    throw field === undefined ? new Fault('is missing', key) : error.within(key)
  }
}

function isObject(value: unknown): value is { [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A field that may be null, and missing too. */
export function orNull<T>(read: Reader<T>): Reader<T | null> {
  return (field) => (field === null || field === undefined ? null : read(field))
}

/** A field that may be missing, and then stays so. */
export function optional<T>(read: Reader<T>): Reader<T | undefined> {
  return (field) => (field === undefined ? undefined : read(field))
}

/** One of two kinds of record. The first is told by a field that the other does not have. */
export function either<A, B>(field: keyof A & string, read: Reader<A>, readOther: Reader<B>): Reader<A | B> {
  return (value) => (isObject(value) && Object.hasOwn(value, field) ? read(value) : readOther(value))
}

export function list<T>(read: Reader<T>): Reader<T[]> {
  return (field) => {
    if (!Array.isArray(field)) throw new Fault('is no list')
    const items = field.map((item, i) => readField(read, item ?? null, `[${i}]`) as T)
    return items.some((item, i) => item !== field[i]) ? items : field
  }
}

/** A field of one kind. @param what what any other field is: `is no text` */
export function only<T>(is: (field: unknown) => field is T, what: string): Reader<T> {
  return (field) => {
    if (!is(field)) throw new Fault(what)
    return field
  }
}

/** Whether a value is a text that can be a path: the kernel takes no NUL. */
export const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0')

export const isCount = (value: unknown): value is number => Number.isSafeInteger(value)

export const text = only(isText, 'is no text')
export const texts = list(text)
export const count = only(isCount, 'is no whole number')
export const flag = only((value): value is boolean => typeof value === 'boolean', 'is no boolean')

/**
 * Adds to a record the unknown fields of the record that it was made of. They stand after its own fields.
 *
 * @param consumed the known fields of `source`, which end here
 */
export function withOthers<T extends object>(record: T, source: object, consumed?: ReadonlySet<string>): T {
  // Exact bytes of nothing would be those of a field that the record has.
  const isKnown = (key: string) =>
    Object.hasOwn(record, key) || Object.hasOwn(record, key.replace(/_b64$/, ''))
  const others = Object.entries(source).filter(([key]) => !isKnown(key) && !consumed?.has(key))
  return others.length === 0 ? record : { ...record, ...Object.fromEntries(others) }
}
