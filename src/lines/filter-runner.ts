/** Runs a filter on lines that it can use, and counts them all. */
import { InputError, type OnError, throwIt } from '../errors.js'
import type { ByteString } from '../text/byte-string.js'
import { type Emit, type Filter, type Line, type LineOptions, MAX_LINE } from './filter.js'
import { LineEndings } from './line-endings.js'

/** Gives a filter the lines that it can use. What it throws or warns of goes to `onError`, with the number of the line. */
export class FilterRunner<T> {
  readonly #filter: Filter<T>
  readonly #emit: Emit<T>
  readonly #maxLine: number
  readonly #onError: OnError
  readonly #endings = new LineEndings()
  #number = 0
  /** The line that the filter is at. */
  #current = 0
  #stopped = false

  constructor(filter: Filter<T>, emit: Emit<T>, { maxLine = MAX_LINE, onError = throwIt }: LineOptions) {
    this.#filter = filter
    this.#emit = emit
    this.#maxLine = maxLine
    this.#onError = onError
  }

  /** Whether every line must be taken, as it is not known yet how lines end. */
  get needsAll(): boolean {
    return !this.#endings.isKnown
  }

  /** Takes the next line. */
  line(text: ByteString): void {
    this.#number += 1
    const line = { text, number: this.#number }
    for (const next of this.#endings.next(line, text.length > this.#maxLine)) this.#take(next)
  }

  #take({ text, number }: Line): void {
    if (text === '' || this.#stopped) return
    this.#current = number
    try {
      if (text.length > this.#maxLine) {
        this.#filter.tooLong?.(this.#emit, this.#warn)
        throw new InputError(`longer than ${this.#maxLine} bytes`, text)
      }
      this.#filter.line({ text, number }, this.#emit, this.#warn)
    } catch (error) {
      this.#caught(error, number)
    }
  }

  /** Counts lines that the filter does not need. */
  pass(count: number): void {
    this.#number += count
  }

  /** Ends the input. */
  end(): void {
    for (const line of this.#endings.end()) this.#take(line)
    if (this.#stopped) return
    try {
      this.#filter.end?.(this.#emit, (error) => this.#report(error, null))
    } catch (error) {
      this.#caught(error, null)
    }
  }

  readonly #warn = (error: InputError): void => this.#report(error, this.#current)

  #caught(error: unknown, line: number | null): void {
    if (error instanceof InputError) this.#report(error, line)
    // A record that is nested deeper than the stack.
    else if (error instanceof RangeError && error.message.includes('call stack'))
      this.#report(new InputError('nested too deeply'), line)
    else throw error
  }

  #report(error: InputError, line: number | null): void {
    error.line ??= line
    if (!this.#stopped) this.#stopped = this.#onError(error) === 'stop'
  }
}
