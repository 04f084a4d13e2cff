import { getSystemErrorMap } from 'node:util'
import type { ByteString } from './text/byte-string.js'
import { quote } from './text/printable.js'

/**
 * A line, entry or file that cannot be used. What a parser throws, and what a stream gives to its `onError`.
 *
 * @example new InputError('too few fields (5)', bytesOf('29 21 0:17 / /')).message // 'too few fields (5): "29 21 0:17 / /"'
 */
export class InputError extends Error {
  override name = 'InputError'
  /** What is wrong, without the text that is at fault. */
  readonly reason: string
  /** The text at fault, as bytes; null where there is none to show. */
  readonly text: ByteString | null
  /** The number of the line in its input, from 1; null where it is of no line. */
  line: number | null = null

  constructor(reason: string, text: ByteString | null = null) {
    super(text === null ? reason : `${reason}: ${quote(text)}`)
    this.reason = reason
    this.text = text
  }
}

/**
 * What a stream does with what it cannot use: called for each, and the stream goes on. Where it says `'stop'` nothing more is
 * given, and what is left of the input is read to its end and passed over.
 */
export type OnError = (error: InputError) => unknown

/** The default of every stream: the first error ends it. */
export function throwIt(error: InputError): never {
  throw error
}

/** The code of a system error (`ENOENT`), or null where it is something else. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

/** Whether a system error has one of these codes. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  const code = errorCode(error)
  return code !== null && codes.includes(code)
}

/** A capability of capabilities(7). */
export type Capability = `CAP_${'CHECKPOINT_RESTORE' | 'DAC_OVERRIDE' | 'DAC_READ_SEARCH' | 'SYS_PTRACE'}`

/** What a system error means and, where a privilege cures it, which one and how to get it. */
export function reasonAndCure(error: unknown, capability: Capability): string {
  const reason = systemReason(error)
  return hasCode(error, 'EACCES', 'EPERM') ? `${reason}; ${howToGet(capability)}` : reason
}

/** What to do for a capability. In a container root may lack it, too, and sudo is of no use. */
export function howToGet(capability: Capability): string {
  return process.geteuid?.() === 0 ? `it takes ${capability}` : `try sudo (${capability})`
}

/** What a system error means, in the system's words. */
export function systemReason(error: unknown): string {
  const known =
    error instanceof Error && 'errno' in error ? getSystemErrorMap().get(Number(error.errno)) : undefined
  if (known !== undefined) return `${known[1]} (${known[0]})`
  return error instanceof Error ? error.message : String(error)
}
