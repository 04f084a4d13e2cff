/** Whether an input is a log of CRIU's at all. */
import type { Filter } from '../lines/filter.js'

/** The time that CRIU writes before a line, `(00.014075)` (print_ts() in criu/log.c), or what it writes of unions. */
const LOGGED = /\(\d{2,}\.\d{6}\)|\/sys\/fs\/aufs\/si_| s_dev /

/**
 * The same filter, for one input.
 *
 * @param onOther called at the end of an input that has lines, and none of CRIU's
 */
export function checkLog<T>(filter: Filter<T>, onOther: () => void): Filter<T> {
  let isEmpty = true
  let isLog = false
  return {
    ...filter,
    line(line, emit, warn) {
      isEmpty = false
      isLog ||= LOGGED.test(line.text)
      filter.line(line, emit, warn)
    },
    // Until there was a line of CRIU's, none is passed over. In its log that is the first.
    next: (scan, start, end) => (isLog ? (filter.next?.(scan, start, end) ?? start) : start),
    end(emit, warn) {
      filter.end?.(emit, warn)
      if (!isEmpty && !isLog) onOther()
    },
  }
}
