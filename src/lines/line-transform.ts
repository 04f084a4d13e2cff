/**
 * Bytes to lines, and lines to what a filter makes of them.
 *
 * A {@link Filter} takes one line at a time and knows no stream. Two things run one. `recordStream` (streams.ts) gives one
 * record at a time, for the library. A {@link lineTransform} turns chunks of bytes into blocks of text, for the commands,
 * which must be as fast as what feeds them.
 */
import type { ByteString } from '../text/byte-string.js'
import { type Filter, type LineOptions, MAX_LINE, NEWLINE } from './filter.js'
import { FilterRunner } from './filter-runner.js'
import { type Scan, scanOf } from './scan.js'

/** Makes text of bytes, a chunk at a time. */
export interface LineTransform {
  /** Whether WebAssembly can find the lines that matter (scan.ts). Chunks must then be read into `scanRoom()`. */
  scans: boolean
  /** What the lines that end in a chunk give, a block at a time. The chunk may be overwritten once all blocks are taken. */
  write(chunk: Buffer): Iterable<ByteString>
  /** Forgets a line that has begun: the input broke off in it. */
  abandonLine(): void
  /** What the end of the input gives. */
  flush(): ByteString
}

/** How much text leaves at once. Larger blocks are no faster, and all of a block has to be held. */
export const BLOCK = 65_536

/** Runs a filter without a stream. What `format` makes of the records of many lines leaves as one text. */
export function lineTransform<T>(
  filter: Filter<T>,
  format: (record: T) => ByteString,
  options: LineOptions = {},
): LineTransform {
  const maxLine = options.maxLine ?? MAX_LINE
  let text = ''
  const runner = new FilterRunner(
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
  /** The line that has begun, as far as it has come. */
  let begun = ''
  /** Takes the end of that line. Returns where the next line begins; 0 if the line goes on in the next chunk. */
  const takeBegun = (chunk: Buffer) => {
    const newline = chunk.indexOf(NEWLINE)
    // Of a line that is too long, no more is kept than shows that it is.
    if (begun.length <= maxLine) begun += chunk.toString('latin1', 0, newline === -1 ? chunk.length : newline)
    if (newline !== -1) runner.line(begun)
    return newline + 1
  }
  /** Where the next line begins that the filter needs; `end` if there is none. The lines before it are counted. */
  const nextNeeded = (scan: Scan | null, start: number, end: number) => {
    if (scan === null || filter.next === undefined || runner.needsAll) return start
    const next = filter.next(scan, start, end)
    if (next > start) runner.pass(scan.countLines(start, next))
    return next
  }
  return {
    scans: filter.next !== undefined,
    *write(chunk) {
      let start = takeBegun(chunk)
      if (start === 0) return
      const end = chunk.lastIndexOf(NEWLINE) + 1
      // A chunk that may hold a line that is too long is not scanned: no such line may be skipped.
      const scan = chunk.length <= maxLine ? scanOf(chunk) : null
      while (start < end) {
        start = nextNeeded(scan, start, end)
        if (start === end) break
        const newline = chunk.indexOf(NEWLINE, start)
        // Each line is a string of its own. A slice of a longer one would keep all of that in memory (V8) for as long as
        // a path of the line is remembered.
        runner.line(chunk.toString('latin1', start, newline))
        start = newline + 1
        if (text.length >= BLOCK) yield take()
      }
      begun = chunk.toString('latin1', end)
      yield take()
    },
    abandonLine() {
      begun = ''
    },
    flush() {
      if (begun !== '') runner.line(begun)
      runner.end()
      return take()
    },
  }
}
