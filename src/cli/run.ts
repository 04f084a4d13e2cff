/** What all commands share: their files, their errors and their exit status. */
import { closeSync, openSync } from 'node:fs'
import type { Options } from 'yargs'
import { hasCode, InputError, systemReason } from '../errors.js'
import type { LineOptions } from '../lines/filter.js'
import { BLOCK, type LineTransform } from '../lines/line-transform.js'
import { type ByteString, bytesOf } from '../text/byte-string.js'
import { ndjsonLine } from '../text/json.js'
import { printable, quote } from '../text/printable.js'
import { type Args, parseArguments, UsageError } from './arguments.js'
import { isTerminal, readChunks, writeAll } from './io.js'
import type { Usage } from './usage.js'

/** Makes the transform of one FILE. */
type TransformOf = (lines: Required<LineOptions>) => LineTransform

/** What a command works with. */
export interface Run<O> {
  options: O
  /** The FILE operands. */
  files: string[]
  /** Writes a message, and sets the exit status to 1. Returns `'stop'` under `--strict`. */
  report(source: string, error: InputError): 'stop' | undefined
  /** Writes what is no error: the exit status stays. */
  note(text: string): void
  /** Sends every FILE, or standard input, to standard output, each through a transform of its own. */
  each(transformOf: TransformOf): void
  /** Sends one file through a transform to standard output. */
  read(file: string, transformOf: TransformOf): void
  /** Sends records to standard output, many in one write. At each null, all that came before is written. */
  send(records: Iterable<object | null>): void
  /** Writes bytes to standard output. */
  print(text: ByteString): void
}

/** A command: its usage, and what it does. */
export interface Command<O extends Record<string, Options>> {
  usage: Usage<O>
  pipeline(run: Run<Args<O>>): void
}

/** Parses the command line and runs the command. Everything that goes wrong becomes a message and an exit status. */
export function run<O extends Record<string, Options>>({ usage, pipeline }: Command<O>): void {
  try {
    const { options, shared, operands, shown } = parseArguments(usage)
    if (shown !== '') {
      write(bytesOf(`${shown}\n`))
      process.exit(0)
    }
    let stopped = false
    const report = (source: string, error: InputError) => {
      const place = error.line === null ? source : `${source}:${error.line}`
      say(`${usage.name}: ${place}: ${error.message}`)
      process.exitCode = 1
      stopped = shared.strict
      return stopped ? 'stop' : undefined
    }
    const read = (file: string, transformOf: TransformOf) => {
      const source = sourceName(file)
      const lines = transformOf({
        maxLine: shared['max-line'],
        onError: (error) => report(source, error),
      })
      try {
        for (const chunk of contents(file, usage, lines.scans)) {
          for (const text of lines.write(chunk)) write(text)
          if (stopped) return
        }
        write(lines.flush())
      } catch (error) {
        if (!(error instanceof ReadError)) throw error
        lines.abandonLine()
        write(lines.flush())
        report(source, new InputError(systemReason(error.cause)))
      }
    }
    const each = (transformOf: TransformOf) => {
      for (const file of operands.length === 0 ? ['-'] : operands) if (!stopped) read(file, transformOf)
    }
    const note = (text: string) => say(`${usage.name}: ${text}`)
    pipeline({ options, files: operands, report, note, each, read, send, print: write })
  } catch (error) {
    if (error instanceof UsageError) fail(usage.name, error.message, 2)
    if (error instanceof WriteError) {
      // A reader that has gone (`| head -1`) is no fault.
      if (hasCode(error.cause, 'EPIPE')) process.exit(0)
      fail(usage.name, `standard output: ${systemReason(error.cause)}`, 1)
    }
    fail(usage.name, systemReason(error), 1)
  }
}

/** A FILE cannot be read. The cause is the system's error. */
class ReadError extends Error {}

/** Standard output cannot be written. The cause is the system's error. */
class WriteError extends Error {}

/** Whether the hint for a terminal has been written: standard input may be read twice, and one hint is enough. */
let hinted = false

/** The bytes of a FILE. @throws ReadError */
function* contents(file: string, usage: { name: string; hint: string }, scans: boolean): Generator<Buffer> {
  const fd = file === '-' ? 0 : attempt(ReadError, () => openSync(file, 'r'))
  if (fd === 0 && !hinted && isTerminal(0)) say(`${usage.name}: reading from the terminal; ${usage.hint}`)
  hinted ||= fd === 0
  const chunks = readChunks(fd, scans)
  try {
    for (;;) {
      const { value, done } = attempt(ReadError, () => chunks.next())
      if (done) return
      yield value
    }
  } finally {
    if (fd !== 0) closeSync(fd)
  }
}

/** @throws WriteError */
function write(text: ByteString): void {
  attempt(WriteError, () => writeAll(1, text))
}

function attempt<T>(Failure: new (message: string, options: ErrorOptions) => Error, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw new Failure('', { cause })
  }
}

function send(records: Iterable<object | null>): void {
  let text = ''
  for (const record of records) {
    if (record !== null) text += ndjsonLine(record)
    if (record !== null && text.length < BLOCK) continue
    write(text)
    text = ''
  }
  write(text)
}

/** The name of a file, as it is written in a message. */
function sourceName(file: string): string {
  if (file === '-') return 'stdin'
  return /^[\x21-\x7e]+$/.test(file) ? file : quote(bytesOf(file), 200)
}

/** Writes a message, on one line. */
function say(line: string): void {
  writeError(`${printable(line)}\n`)
}

/** Writes to standard error. If that fails, the exit status still shows that something is wrong. */
export function writeError(text: string): void {
  try {
    writeAll(2, bytesOf(text))
  } catch {}
}

function fail(name: string, message: string, status: 1 | 2): never {
  say(`${name}: ${message}`)
  if (status === 2) say(`Try: ${name} --help`)
  process.exit(status)
}
