import { stringify } from 'ndjson'

/** What a stream of lines may be given: bytes, text, or the records of the stream before it. */
export type Given = Uint8Array | string | object

/** A function that makes bytes of what a stream is given: of text its UTF-8, of records NDJSON. */
export function bytesMaker(): (given: Given) => Buffer {
  const toLine = lineMaker()
  return (given) => {
    if (given instanceof Uint8Array) return Buffer.from(given.buffer, given.byteOffset, given.byteLength)
    return Buffer.from(typeof given === 'string' ? given : toLine(given))
  }
}

/** A function that makes NDJSON lines of records. */
export function lineMaker(): (record: object) => string {
  const lines = stringify()
  return (record) => {
    lines.write(record)
    // ndjson's transform is synchronous, so the line is there at once.
    return lines.read()
  }
}
