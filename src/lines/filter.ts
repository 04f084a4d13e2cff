/** Filters: what is done with lines, apart from any stream. */
import type { InputError, OnError } from '../errors.js'
import type { ByteString } from '../text/byte-string.js'
import type { Scan } from './scan.js'

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
