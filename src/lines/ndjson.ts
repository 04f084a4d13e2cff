/** NDJSON for programs that use the library: the package ndjson, with the errors and limits of the other streams. */
import { parse } from 'ndjson'
import { transform } from 'through2'
import { InputError } from '../errors.js'
import { isUtf8Text } from '../text/byte-string.js'
import type { Json } from '../text/json.js'
import type { Filter, LineOptions } from './filter.js'
import { lineMaker } from './given.js'
import type { Chunk, RecordStream } from './record-stream.js'
import { lineStream } from './streams.js'

/**
 * A stream from NDJSON bytes to the records in them, as `JSON.parse` gives them: nothing is known of their fields. (The other
 * streams read NDJSON themselves, and check what they need.) Empty lines are passed over.
 *
 * Errors are {@link InputError}s: a line that is no JSON, no UTF-8, or too long, and the line `null`, as a stream of
 * objects ends with null. By default the first error ends the stream.
 *
 * @example for await (const record of createReadStream('mounts.ndjson').pipe(fromNdjson())) console.log(isMount(record))
 */
export function fromNdjson(options?: LineOptions): RecordStream<Chunk, Json> {
  return lineStream(ndjsonFilter(), (record) => record, options)
}

/**
 * A stream from records to NDJSON bytes: what `JSON.stringify` makes of each, and a newline.
 *
 * A record that contains itself has the text `[Circular ~]` there. A record that JSON cannot hold (with a bigint) ends
 * the stream with a `TypeError`.
 *
 * @example createReadStream('/proc/self/mountinfo').pipe(parseMounts()).pipe(toNdjson()).pipe(process.stdout)
 */
export function toNdjson(): RecordStream<object, Buffer> {
  return transform({ writableObjectMode: true }, async function* (records: AsyncIterable<object>) {
    const toLine = lineMaker()
    for await (const record of records) yield toLine(record)
  })
}

function ndjsonFilter(): Filter<Json> {
  const rows = parse()
  let isJson = true
  rows.on('error', () => {
    isJson = false
  })
  return {
    line({ text }, emit) {
      if (!isUtf8Text(text)) throw new InputError('no UTF-8', text)
      // ndjson would take it for the end of its stream.
      if (/^\s*null\s*$/.test(text)) throw new InputError('null is no record', text)
      isJson = true
      // ndjson's transform is synchronous, so the record is there at once, or its error.
      rows.write(Buffer.from(`${text}\n`, 'latin1'))
      const record: Json = rows.read()
      if (!isJson) throw new InputError('no JSON', text)
      if (record !== null) emit(record)
    },
  }
}
