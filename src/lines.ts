/**
 * Bytes to lines, and lines to what a filter makes of them.
 *
 * A {@link Filter} is told line by line and knows no stream. Two things run one: `recordStream` gives a record at a time
 * (the library, streams.ts), a {@link converter} turns chunks of bytes into blocks of text (the commands, which must be
 * as fast as what feeds them).
 */
import type { ByteString } from './bytes.js'
import { InputError, type OnError, throwIt } from './errors.js'
import { type Scan, scanOf } from './scan.js'

/** How long a line may be, in bytes, where nobody says otherwise: 8 MiB. */
export const MAX_LINE = 8 * 1024 * 1024

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
  /**
   * Where the first line begins, of those from `start` to `end`, that has to be told; `end` where none has. The lines
   * before it are sure to give nothing, and are only counted.
   */
  next?(scan: Scan, start: number, end: number): number
  /** Told of a line that is too long to be told. */
  tooLong?(emit: Emit<T>, warn: Emit<InputError>): void
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

/** Makes text of bytes, a chunk at a time. */
export interface Converter {
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
export function converter<T>(
  filter: Filter<T>,
  format: (record: T) => ByteString,
  options: LineOptions = {},
): Converter {
  const maxLine = options.maxLine ?? MAX_LINE
  let text = ''
  const guarded = new Guarded(
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

/** A filter that is told only what it can use: what it throws goes to `onError`, with the number of the line. */
export class Guarded<T> {
  readonly #filter: Filter<T>
  readonly #emit: Emit<T>
  readonly #maxLine: number
  readonly #onError: OnError
  #number = 0
  #stopped = false

  constructor(filter: Filter<T>, emit: Emit<T>, { maxLine = MAX_LINE, onError = throwIt }: LineOptions) {
    this.#filter = filter
    this.#emit = emit
    this.#maxLine = maxLine
    this.#onError = onError
  }

  /** Tells the filter of a line. */
  line(text: ByteString): void {
    this.#number += 1
    if (text === '' || this.#stopped) return
    try {
      if (text.length > this.#maxLine) {
        this.#filter.tooLong?.(this.#emit, this.#warn)
        throw new InputError(`longer than ${this.#maxLine} bytes`, text)
      }
      this.#filter.line({ text, number: this.#number }, this.#emit, this.#warn)
    } catch (error) {
      this.#caught(error, this.#number)
    }
  }

  /** Counts lines that the filter is not told. */
  pass(count: number): void {
    this.#number += count
  }

  end(): void {
    if (this.#stopped) return
    try {
      this.#filter.end?.(this.#emit, (error) => this.#tell(error, null))
    } catch (error) {
      this.#caught(error, null)
    }
  }

  readonly #warn = (error: InputError): void => this.#tell(error, this.#number)

  #caught(error: unknown, line: number | null): void {
    if (error instanceof InputError) this.#tell(error, line)
    // A record that is nested deeper than the stack.
    else if (error instanceof RangeError && error.message.includes('call stack'))
      this.#tell(new InputError('nested too deeply'), line)
    else throw error
  }

  #tell(error: InputError, line: number | null): void {
    error.line ??= line
    if (!this.#stopped) this.#stopped = this.#onError(error) === 'stop'
  }
}
