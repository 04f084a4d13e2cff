/** JSON Schemas of the records, made of their TypeScript types: a doc comment there is a description here. */
import { createGenerator } from 'ts-json-schema-generator'
import type { Json } from '../src/text/json.js'

type JsonObject = { [key: string]: Json }

const RECORDS = {
  'mount.json': 'Mount',
  'branch-table.json': 'BranchTable',
  'vma.json': 'Vma',
  'raw-vma.json': 'RawVma',
}

/** Each schema, by the name of its file. @param repository where the sources are */
export function recordSchemas(repository: string): [file: string, schema: Json][] {
  const generator = createGenerator({
    path: `${repository}/src/index.ts`,
    tsconfig: `${repository}/tsconfig.json`,
    // tsc has done that.
    skipTypeCheck: true,
    topRef: false,
    sortProps: false,
    additionalProperties: true,
  })
  return Object.entries(RECORDS).map(([file, type]) => {
    const made = JSON.parse(JSON.stringify(generator.createSchema(type))) as JsonObject
    const { $schema: _, definitions, description = '', ...record } = asWritten(made) as JsonObject
    const $schema = 'https://json-schema.org/draft/2020-12/schema'
    return [
      file,
      { $schema, title: type, description, ...record, $defs: { ...asObject(definitions), ByteString } },
    ]
  })
}

/** In a record that is written, a byte string is a text. */
const ByteString = {
  type: 'string',
  description:
    'A text. What of it is no UTF-8 is U+FFFD, and its exact bytes then stand in the field of the same name with _b64 at its end.',
}

/** The schema of a type as that of the JSON which is written of it. */
function asWritten(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(asWritten)
  if (typeof schema !== 'object' || schema === null) return schema
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => {
      if (keyword === '$ref') return [keyword, String(value).replace('#/definitions/', '#/$defs/')]
      if (keyword === 'type') return [keyword, Array.isArray(value) ? value.map(whole) : whole(value)]
      if (keyword === 'properties' || keyword === 'definitions') return [keyword, withTwins(asObject(value))]
      return [keyword, asWritten(value)]
    }),
  )
}

/** Every number of a record counts something. */
function whole(type: Json): Json {
  return type === 'number' ? 'integer' : type
}

/** Beside each byte string, the field that holds its exact bytes. */
function withTwins(properties: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, schema]) => {
      const entry: [string, Json] = [name, asWritten(schema)]
      const twin = twinOf(schema, `The exact bytes of ${name}, where they are no UTF-8.`)
      return twin === null ? [entry] : [entry, [`${name}_b64`, twin]]
    }),
  )
}

function twinOf(schema: Json, description: string): Json {
  const { anyOf = [schema], items = null } = asObject(schema)
  if (isByteString(items))
    return { type: 'array', items: { type: ['string', 'null'], contentEncoding: 'base64' }, description }
  const isOne = Array.isArray(anyOf) && anyOf.some(isByteString)
  return isOne ? { type: 'string', contentEncoding: 'base64', description } : null
}

function isByteString(schema: Json): boolean {
  return asObject(schema).$ref === '#/definitions/ByteString'
}

function asObject(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}
