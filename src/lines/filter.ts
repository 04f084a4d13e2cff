/** Filters: what is done with lines, apart from any stream. */
import type { InputError, OnError } from '../errors.js'
import type { ByteString } from '../text/byte-string.js'
import type { Scan } from './scan.js'

/** The byte that ends a line. */
export const NEWLINE = 10

/** How long a line may be by default, in bytes: 8 MiB. */
export const MAX_LINE = 8 * 1024 * 1024

/** One line without its newline, and its number from 1. */
export interface Line {
  text: ByteString
  number: number
}

/** Takes a record on. */
export type Emit<T> = (record: T) => void

/**
 * What becomes of lines.
 *
 * Each method may throw {@link InputError} for what it cannot use. The filter is then given the next line. Where a record
 * has a fault and can be emitted all the same, the filter calls `warn`.
 */
export interface Filter<T> {
  /** Takes a line. Empty lines never come here. */
  line(line: Line, emit: Emit<T>, warn: Emit<InputError>): void
  /**
   * Finds the next line that the filter needs, from `start`, where a line begins, to `end`.
   *
   * @returns where that line begins, or `end`. The lines before it give nothing: they are counted and skipped.
   */
  next?(scan: Scan, start: number, end: number): number
  /** Called instead of `line` where a line is too long. */
  tooLong?(emit: Emit<T>, warn: Emit<InputError>): void
  /** Called when the input has ended. */
  end?(emit: Emit<T>, warn: Emit<InputError>): void
}

/** The options of every stream of lines. */
export interface LineOptions {
  /** How long a line may be, in bytes. A longer one is an error, and the rest goes on. Default: 8 MiB. */
  maxLine?: number
  /** Called for each line that cannot be used; the stream goes on. Default: the first error ends the stream. */
  onError?: OnError
}
