/** Errors of the system that no test can bring about. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/**
 * Does something while a function of node:fs fails.
 *
 * @param code of the error
 * @param isMeant whether a call is one that fails, by its arguments
 */
export function whileFailing<T>(
  name: 'openSync' | 'fstatSync',
  code: string,
  isMeant: (...args: unknown[]) => boolean,
  work: () => T,
): T {
  const original = fs[name]
  const failing = (...args: unknown[]): unknown => {
    if (isMeant(...args)) throw Object.assign(new Error(code), { code })
    return Reflect.apply(original, fs, args)
  }
  Object.assign(fs, { [name]: failing })
  syncBuiltinESMExports()
  try {
    return work()
  } finally {
    Object.assign(fs, { [name]: original })
    syncBuiltinESMExports()
  }
}
