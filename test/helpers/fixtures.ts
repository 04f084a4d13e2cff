/** What the tests of several rooms share. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { ExecutionContext } from 'ava'
import fc from 'fast-check'
import { InputError } from '../../src/errors.js'
import type { Asking } from '../../src/files/asking.js'
import type { Filter } from '../../src/lines/filter.js'
import type { ByteString } from '../../src/text/byte-string.js'

/** The bytes that a text of this source file has in UTF-8. */
export function utf8(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** A folder for one test, gone when the test has ended. */
export function tempFolder(t: ExecutionContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'aufs-filters-')))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Every filesystem may be asked. */
export const askAll: Asking = { mayAsk: () => true, mayPass: () => true }

/** Ends a test that this machine cannot run. */
export function skip(t: ExecutionContext, why: string): void {
  t.log(`skipped: ${why}`)
  t.pass()
}

/** Writes files, by their paths below a folder; null makes a folder of that name. The contents are byte strings. */
export function writeTree(folder: string, files: Record<string, ByteString | null>): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path)
    mkdirSync(content === null ? file : dirname(file), { recursive: true })
    if (content !== null) writeFileSync(file, content, 'latin1')
  }
}

/** How many descriptors are open on what lies below a folder: other tests, of the same process, have theirs. */
export function openBelow(folder: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder)
    } catch {
      return false
    }
  }).length
}

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

const ODD = [...' \t\n\r\\#,=:+-/()0134', '\x01', '\x1b', '\x7f', '\x80', '\xc3', '\xa9', '\xff']

/** Any byte but NUL, those that some format escapes or cuts at more often than others. */
const pathByte = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...ODD) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) },
)

/** Any bytes that a name may hold. */
export const pathBytes = fc.string({ unit: pathByte, maxLength: 30 })

/** Any bytes at all. */
export const anyBytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array).toString('latin1'))
