/** The streams of the library: split2 cuts lines, through2 carries what becomes of them. */
import { createReadStream } from 'node:fs'
import { Duplex, pipeline, type Transform } from 'node:stream'
import split2 from 'split2'
import { objectTransform, transform } from 'through2'
import type { ByteString } from '../text/byte-string.js'
import { toText } from '../text/json.js'
import type { Text } from '../text/text-types.js'
import { type Filter, type LineOptions, MAX_LINE } from './filter.js'
import { FilterRunner } from './filter-runner.js'
import { bytesMaker, type Given } from './given.js'
import { LineClipper } from './line-clipper.js'
import { lineTransform } from './line-transform.js'
import type { Chunk, RecordReadable, RecordStream } from './record-stream.js'

/** A stream from bytes to the records of a filter: text with `_b64` twins, ready for JSON. */
export function recordStream<In, T>(filter: Filter<T>, options?: LineOptions): RecordStream<In, Text<T>> {
  return lineStream(filter, (record) => toText(record), options)
}

/** A stream from bytes to what `convert` makes of the records of a filter. */
export function lineStream<In, T, Out>(
  filter: Filter<T>,
  convert: (record: T) => Out,
  options: LineOptions = {},
): RecordStream<In, Out> {
  const maxLine = options.maxLine ?? MAX_LINE
  const clipped = clip(maxLine)
  clipped.setEncoding('latin1')
  const records = objectTransform(async function* (source: AsyncIterable<ByteString>) {
    let found: Out[] = []
    const runner = new FilterRunner(filter, (record) => found.push(convert(record)), { ...options, maxLine })
    for await (const line of source) {
      runner.line(line)
      yield* found
      found = []
    }
    runner.end()
    yield* found
  })
  return chain(clipped, split2('\n', { decodeStrings: false }), records)
}

/** {@link lineTransform} as a stream from bytes to bytes. */
export function chunkStream<In, T>(
  filter: Filter<T>,
  format: (record: T) => ByteString,
  options: LineOptions = {},
): RecordStream<In, Buffer> {
  const lines = lineTransform(filter, format, options)
  const chunks = transform({ objectMode: true }, async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) for (const text of lines.write(chunk)) yield* encoded(text)
    yield* encoded(lines.flush())
  })
  return chain(clip(options.maxLine ?? MAX_LINE), chunks)
}

function* encoded(text: ByteString): Generator<Buffer> {
  if (text !== '') yield Buffer.from(text, 'latin1')
}

/** What every stream of lines begins with: bytes of what it is given, with no line much longer than `max`. */
function clip(max: number): Transform {
  return transform({ writableObjectMode: true }, async function* (source: AsyncIterable<Given>) {
    const toBytes = bytesMaker()
    const clipper = new LineClipper(max)
    for await (const given of source) yield* clipper.write(toBytes(given))
  })
}

/** What a file gives through a stream from bytes. An error of the file is the stream's. */
export function readThrough<Out>(file: string, stream: RecordStream<Chunk, Out>): RecordReadable<Out> {
  // The stream itself reports each error to its reader.
  pipeline(createReadStream(file), stream, () => {})
  return stream
}

/** A stream from records to records. */
export function objectStream<In, Out>(
  work: (source: AsyncIterable<In>) => AsyncIterable<Out>,
): RecordStream<In, Out> {
  return objectTransform(work) as RecordStream<In, Out>
}

/** Makes one stream of several: it writes to the first and reads from the last. An error of any is its own. */
function chain<In, Out>(first: Transform, ...others: Transform[]): RecordStream<In, Out> {
  const last = others.at(-1) ?? first
  // The Duplex itself reports each error to its reader.
  pipeline([first, ...others], () => {})
  return Duplex.from({ writable: first, readable: last }) as RecordStream<In, Out>
}
