/** Filters and parsers without a stream around them. */
import type { ExecutionContext } from 'ava'
import { InputError } from '../../src/errors.js'
import type { Filter } from '../../src/lines/filter.js'
import type { ByteString } from '../../src/text/byte-string.js'

/** What a filter makes of lines, told one by one as the streams tell it, without what streams do besides. */
export function tell<T>(filter: Filter<T>, lines: ByteString[]): { records: T[]; errors: InputError[] } {
  const records: T[] = []
  const errors: InputError[] = []
  const emit = (record: T) => records.push(record)
  const warn = (error: InputError) => errors.push(error)
  const guard = (work: () => void) => {
    try {
      work()
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      errors.push(error)
    }
  }
  lines.forEach((text, i) => {
    if (text !== '') guard(() => filter.line({ text, number: i + 1 }, emit, warn))
  })
  guard(() => filter.end?.(emit, warn))
  return { records, errors }
}

/** What a function throws, which must be an InputError. */
export function inputError(t: ExecutionContext, work: () => unknown): InputError {
  const error = t.throws(work)
  if (!(error instanceof InputError)) throw new Error(`no InputError: ${error}`, { cause: error })
  return error
}
