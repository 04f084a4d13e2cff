/** Copies that were made on Windows, or by mail: a carriage return ends every line, before its newline. */
import type { Line } from './filter.js'

const RETURN = '\r'

/**
 * Takes the carriage return from the end of lines, where that is how lines end. A path may end in one as well (mountinfo does
 * not escape it), so the first two lines decide: the first waits for the second where it ends so.
 */
export class LineEndings {
  #hasReturns: boolean | null = null
  #first: Line | null = null

  /** Whether it is known how lines end. */
  get isKnown(): boolean {
    return this.#hasReturns !== null
  }

  /**
   * The lines that can be taken when the next one has come.
   *
   * @param isTooLong its end may be cut off: it does not tell how lines end, and stays as it is
   */
  next(line: Line, isTooLong: boolean): Line[] {
    const endsSo = !isTooLong && line.text.endsWith(RETURN)
    if (this.#hasReturns !== null) return [this.#hasReturns && endsSo ? withoutReturn(line) : line]
    const first = this.#first
    if (first === null && endsSo) {
      this.#first = line
      return []
    }
    this.#first = null
    this.#hasReturns = endsSo
    const lines = first === null ? [line] : [first, line]
    return endsSo ? lines.map(withoutReturn) : lines
  }

  /** What has waited, at the end: of one line alone, it is every line. */
  end(): Line[] {
    const lines = this.#first === null ? [] : [withoutReturn(this.#first)]
    this.#first = null
    return lines
  }
}

function withoutReturn({ text, number }: Line): Line {
  return { text: text.slice(0, -RETURN.length), number }
}
