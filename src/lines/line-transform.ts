/**
 * Bytes to lines, and lines to what a filter makes of them.
 *
 * A {@link Filter} is told line by line and knows no stream. Two things run one: `recordStream` gives a record at a time
 * (the library, streams.ts), a {@link lineTransform} turns chunks of bytes into blocks of text (the commands, which must be
 * as fast as what feeds them).
 */
import type { ByteString } from '../text/byte-string.js'
import { type Filter, type LineOptions, MAX_LINE } from './filter.js'
import { FilterRunner } from './filter-runner.js'
import { scanOf } from './scan.js'

/** Makes text of bytes, a chunk at a time. */
export interface LineTransform {
  /** Whether it looks lines through by WebAssembly (scan.ts), for which chunks have to be read into `scanRoom()`. */
  scans: boolean
  /** What the lines that end in a chunk give, a block at a time. The chunk may be overwritten when all of it is taken. */
  chunk(bytes: Buffer): Iterable<ByteString>
  /** Forgets a line that has begun: the input broke off in it. */
  cut(): void
  /** What the end of the input gives. */
  end(): ByteString
}

/** How much text leaves at once: more is no faster, and all of it has to be held. */
export const BLOCK = 65_536

/** Runs a filter without a stream: what `format` makes of the records of many lines leaves as one text. */
export function lineTransform<T>(
  filter: Filter<T>,
  format: (record: T) => ByteString,
  options: LineOptions = {},
): LineTransform {
  const maxLine = options.maxLine ?? MAX_LINE
  let text = ''
  const guarded = new FilterRunner(
    filter,
    (record) => {
      text += format(record)
    },
    { ...options, maxLine },
  )
  const take = () => {
    const taken = text
    text = ''
    return taken
  }
  let rest = ''
  return {
    scans: filter.next !== undefined,
    *chunk(bytes) {
      const first = bytes.indexOf(NEWLINE)
      // Of a line that is too long no more is kept than tells so.
      if (rest.length <= maxLine) rest += bytes.toString('latin1', 0, first === -1 ? bytes.length : first)
      if (first === -1) return
      guarded.line(rest)
      const end = bytes.lastIndexOf(NEWLINE) + 1
      // A line that is too long is told, and so a chunk that may hold one is not looked through.
      const scan = bytes.length <= maxLine ? scanOf(bytes) : null
      for (let start = first + 1; start < end; ) {
        if (scan !== null && filter.next !== undefined) {
          const next = filter.next(scan, start, end)
          if (next > start) guarded.pass(scan.countLines(start, next))
          if (next === end) break
          start = next
        }
        const newline = bytes.indexOf(NEWLINE, start)
        // A text of its own: a part of a larger one would keep all of it for as long as a path of it is remembered.
        guarded.line(bytes.toString('latin1', start, newline))
        start = newline + 1
        if (text.length >= BLOCK) yield take()
      }
      rest = bytes.toString('latin1', end)
      yield take()
    },
    cut() {
      rest = ''
    },
    end() {
      guarded.line(rest)
      guarded.end()
      return take()
    },
  }
}

/** What ends a line. */
export const NEWLINE = 10
