/**
 * Bytes to lines, and lines to what a filter makes of them.
 *
 * A {@link Filter} is told line by line and knows no stream. Two streams run one: {@link recordStream} gives a
 * record at a time (the library), {@link chunkStream} turns each chunk of bytes into one chunk of text (the
 * commands that must be as fast as what feeds them).
 */
import { Duplex, pipeline, type Transform } from 'node:stream'
import split2 from 'split2'
import { objectTransform, transform } from 'through2'
import { type ByteString, toText } from './bytes.js'
import { InputError, type OnError, throwIt } from './errors.js'

/** How long a line may be, in bytes, where nobody says otherwise: 8 MiB. */
export const MAX_LINE = 8 * 1024 * 1024

const NEWLINE = 10

/** One line without its newline, and its number from 1. */
export interface Line {
  text: ByteString
  number: number
}

/** Takes a record on. */
export type Emit<T> = (record: T) => void

/**
 * What becomes of lines. May throw {@link InputError} for one that it cannot use, and is then told the next; what is wrong
 * with a record that it can give all the same, it warns of.
 */
export interface Filter<T> {
  /** Told of each line that is not empty. */
  line(line: Line, emit: Emit<T>, warn: Emit<InputError>): void
  /** Told when the input has ended. */
  end?(emit: Emit<T>, warn: Emit<InputError>): void
}

/** What every stream of lines takes. */
export interface LineOptions {
  /** How long a line may be, in bytes; a longer one is an error of its own and the rest goes on. Default 8 MiB. */
  maxLine?: number
  /** Called for each line that cannot be used; the stream goes on. Default: the first ends the stream. */
  onError?: OnError
}

/** A stream from bytes to the records of a filter: text with `_b64` twins, ready for JSON. */
export function recordStream<T>(filter: Filter<T>, options: LineOptions = {}): Duplex {
  const maxLine = options.maxLine ?? MAX_LINE
  let number = 0
  const toLine = (text: ByteString): Line => {
    number += 1
    return { text, number }
  }
  const clipped = clip(maxLine)
  clipped.setEncoding('latin1')
  const records = objectTransform(async function* (source: AsyncIterable<Line>) {
    let found: T[] = []
    const told = guarded(filter, (record) => found.push(toText(record)), { ...options, maxLine })
    for await (const line of source) {
      told.line(line)
      yield* found
      found = []
    }
    told.end()
    yield* found
  })
  return chain(clipped, split2('\n', toLine, { decodeStrings: false }), records)
}

/** A stream from bytes to bytes: all that `format` makes of the records of a chunk leaves as one chunk. */
export function chunkStream<T>(
  filter: Filter<T>,
  format: (record: T) => ByteString,
  options: LineOptions = {},
): Duplex {
  const maxLine = options.maxLine ?? MAX_LINE
  const chunks = transform({ objectMode: true }, async function* (source: AsyncIterable<Buffer>) {
    let text = ''
    const told = guarded(filter, (record) => (text += format(record)), { ...options, maxLine })
    let number = 0
    let rest = ''
    for await (const chunk of source) {
      const block = rest + chunk.toString('latin1')
      let start = 0
      for (let end = block.indexOf('\n'); end !== -1; end = block.indexOf('\n', start)) {
        number += 1
        told.line({ text: block.slice(start, end), number })
        start = end + 1
      }
      rest = block.slice(start)
      if (text !== '') yield Buffer.from(text, 'latin1')
      text = ''
    }
    told.line({ text: rest, number: number + 1 })
    told.end()
    if (text !== '') yield Buffer.from(text, 'latin1')
  })
  return chain(clip(maxLine), chunks)
}

/**
 * Lets bytes through, but of a line that is longer than `max` only the first `max` + 1: memory is bounded, and who
 * comes next can tell.
 */
function clip(max: number): Transform {
  return transform({ writableObjectMode: true }, async function* (source: AsyncIterable<Buffer>) {
    let length = 0
    for await (const chunk of source) {
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

/** A filter that is told only what it can use: what it throws goes to `onError`, with the number of the line. */
function guarded<T>(
  filter: Filter<T>,
  emit: Emit<T>,
  { maxLine, onError = throwIt }: LineOptions & { maxLine: number },
) {
  let stopped = false
  const guard = (number: number | null, work: (warn: Emit<InputError>) => void) => {
    const warn = (error: InputError) => {
      error.line ??= number
      if (!stopped) stopped = onError(error) === 'stop'
    }
    try {
      if (!stopped) work(warn)
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      warn(error)
    }
  }
  return {
    line(line: Line): void {
      if (line.text === '') return
      guard(line.number, (warn) => {
        if (line.text.length > maxLine) throw new InputError(`longer than ${maxLine} bytes`, line.text)
        filter.line(line, emit, warn)
      })
    },
    end(): void {
      guard(null, (warn) => filter.end?.(emit, warn))
    },
  }
}

/** Several streams as one: written to at the first, read from the last, an error of any is its own. */
function chain(first: Transform, ...others: Transform[]): Duplex {
  const last = others.at(-1) ?? first
  // The callback is told of what the Duplex around both ends tells its own reader.
  pipeline([first, ...others], () => {})
  return Duplex.from({ writable: first, readable: last })
}
