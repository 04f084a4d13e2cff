import { NEWLINE } from './filter.js'

/** Cuts long lines, so that memory is bounded whatever comes. */
export class LineClipper {
  readonly #max: number
  /** How long the line is that has begun, at most `max` + 1. */
  #length = 0

  constructor(max: number) {
    this.#max = max
  }

  /** What is left of a chunk. Of a line longer than `max`, its first `max` + 1 bytes remain: that it is too long shows. */
  write(chunk: Buffer): Iterable<Buffer> {
    if (this.#length + chunk.length > this.#max) return this.#clipped(chunk)
    const newline = chunk.lastIndexOf(NEWLINE)
    this.#length = newline === -1 ? this.#length + chunk.length : chunk.length - newline - 1
    return [chunk]
  }

  *#clipped(chunk: Buffer): Generator<Buffer> {
    for (let start = 0; start < chunk.length; ) {
      const newline = chunk.indexOf(NEWLINE, start)
      const end = newline === -1 ? chunk.length : newline
      const kept = Math.min(end - start, this.#max + 1 - this.#length)
      if (kept > 0) yield chunk.subarray(start, start + kept)
      if (newline !== -1) yield chunk.subarray(newline, newline + 1)
      this.#length = newline === -1 ? this.#length + kept : 0
      start = end + 1
    }
  }
}
