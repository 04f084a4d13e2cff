/**
 * Bytes to lines, and lines to what a filter makes of them.
 *
 * A {@link Filter} is told line by line and knows no stream. Two things run one: `recordStream` gives a record at a time
 * (the library, streams.ts), a {@link converter} turns each chunk of bytes into one text (the commands, which must be as
 * fast as what feeds them).
 */
import type { ByteString } from './bytes.js'
import { InputError, type OnError, throwIt } from './errors.js'

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
   * A place in the next line of a block, from the one that begins at `start`, that has to be told; the lines before it are
   * sure to give nothing, and are only counted. -1 where there is none.
   */
  next?(block: ByteString, start: number): number
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
  /** What the lines that end in a chunk give. The chunk may be overwritten afterwards. */
  chunk(bytes: Buffer): ByteString
  /** What the end of the input gives. */
  end(): ByteString
}

/** Runs a filter without a stream: all that `format` makes of the records of a chunk leaves as one text. */
export function converter<T>(
  filter: Filter<T>,
  format: (record: T) => ByteString,
  options: LineOptions = {},
): Converter {
  const maxLine = options.maxLine ?? MAX_LINE
  let text = ''
  const told = new Guarded(
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
    chunk(bytes) {
      const block = bytes.toString('latin1')
      const first = block.indexOf('\n')
      // Of a line that is too long no more is kept than tells so.
      if (rest.length <= maxLine) rest += first === -1 ? block : block.slice(0, first)
      if (first === -1) return ''
      told.line(rest)
      const last = block.lastIndexOf('\n') + 1
      told.lines(block, first + 1, last)
      rest = block.slice(last)
      return take()
    },
    end() {
      told.line(rest)
      told.end()
      return take()
    },
  }
}

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

  /** Tells the filter of a line, but for one that it passes over. */
  line(text: ByteString): void {
    this.lines(`${text}\n`, 0, text.length + 1)
  }

  #line(text: ByteString): void {
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

  /** Tells the filter of the lines of a block, each with its newline, but for those that it passes over. */
  lines(block: ByteString, start: number, end: number): void {
    const { next } = this.#filter
    while (start < end) {
      let newline = block.indexOf('\n', start)
      if (next !== undefined) {
        const wanted = next(block, start)
        let passed = 0
        while (newline !== -1 && (wanted === -1 || newline < wanted) && newline - start <= this.#maxLine) {
          passed += 1
          start = newline + 1
          newline = block.indexOf('\n', start)
        }
        this.#number += passed
        if (start >= end) return
      }
      this.#line(block.slice(start, newline))
      start = newline + 1
    }
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
