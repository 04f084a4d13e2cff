/** The streams of the library: split2 cuts lines, through2 carries what becomes of them. */
import { Duplex, pipeline, type Transform } from 'node:stream'
import split2 from 'split2'
import { objectTransform, transform } from 'through2'
import type { ByteString } from '../text/byte-string.js'
import { toText } from '../text/json.js'
import { type Filter, type LineOptions, MAX_LINE } from './filter.js'
import { FilterRunner } from './filter-runner.js'
import { lineTransform, NEWLINE } from './line-transform.js'

/** A stream from bytes to the records of a filter: text with `_b64` twins, ready for JSON. */
export function recordStream<T>(filter: Filter<T>, options: LineOptions = {}): Duplex {
  const maxLine = options.maxLine ?? MAX_LINE
  const clipped = clip(maxLine)
  clipped.setEncoding('latin1')
  const records = objectTransform(async function* (source: AsyncIterable<ByteString>) {
    let found: T[] = []
    const guarded = new FilterRunner(filter, (record) => found.push(toText(record)), { ...options, maxLine })
    for await (const line of source) {
      guarded.line(line)
      yield* found
      found = []
    }
    guarded.end()
    yield* found
  })
  return chain(clipped, split2('\n', { decodeStrings: false }), records)
}

/** {@link lineTransform} as a stream from bytes to bytes. */
export function chunkStream<T>(
  filter: Filter<T>,
  format: (record: T) => ByteString,
  options: LineOptions = {},
): Duplex {
  const lines = lineTransform(filter, format, options)
  const chunks = transform({ objectMode: true }, async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) for (const text of lines.chunk(chunk)) yield* encoded(text)
    yield* encoded(lines.end())
  })
  return chain(clip(options.maxLine ?? MAX_LINE), chunks)
}

function* encoded(text: ByteString): Generator<Buffer> {
  if (text !== '') yield Buffer.from(text, 'latin1')
}

/** What a stream of lines is written: bytes, text, or the records of a stream before it. */
type Given = Uint8Array | string | object

function bytesOfGiven(given: Given): Buffer {
  if (given instanceof Uint8Array) return Buffer.from(given.buffer, given.byteOffset, given.byteLength)
  return Buffer.from(typeof given === 'string' ? given : `${JSON.stringify(given)}\n`)
}

/**
 * Lets bytes through, but of a line that is longer than `max` only the first `max` + 1: memory is bounded, and who
 * comes next can tell.
 */
function clip(max: number): Transform {
  return transform({ writableObjectMode: true }, async function* (source: AsyncIterable<Given>) {
    let length = 0
    for await (const given of source) {
      const chunk = bytesOfGiven(given)
      if (length + chunk.length <= max) {
        const newline = chunk.lastIndexOf(NEWLINE)
        length = newline === -1 ? length + chunk.length : chunk.length - newline - 1
        yield chunk
        continue
      }
      for (let start = 0; start < chunk.length; ) {
        const newline = chunk.indexOf(NEWLINE, start)
        const end = newline === -1 ? chunk.length : newline
        const room = Math.min(end - start, max + 1 - length)
        if (room > 0) yield chunk.subarray(start, start + room)
        if (newline !== -1) yield chunk.subarray(newline, newline + 1)
        length = newline === -1 ? length + room : 0
        start = end + 1
      }
    }
  })
}

/** A stream from records to records. */
export function objectStream<In, Out>(work: (source: AsyncIterable<In>) => AsyncIterable<Out>): Duplex {
  return objectTransform(work)
}

/** Several streams as one: written to at the first, read from the last, an error of any is its own. */
function chain(first: Transform, ...others: Transform[]): Duplex {
  const last = others.at(-1) ?? first
  // The callback is told of what the Duplex around both ends tells its own reader.
  pipeline([first, ...others], () => {})
  return Duplex.from({ writable: first, readable: last })
}
