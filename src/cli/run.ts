/** What all commands share: their files, their errors and their exit status. */
import { closeSync, openSync } from 'node:fs'
import packageJson from '../../package.json' with { type: 'json' }
import { hasCode, InputError, reasonAndCure, systemReason } from '../errors.js'
import type { LineOptions } from '../lines/filter.js'
import { BLOCK, type LineTransform } from '../lines/line-transform.js'
import { type ByteString, bytesOf } from '../text/byte-string.js'
import { ndjsonLine } from '../text/json.js'
import { quote } from '../text/printable.js'
import { givenWords, type Operands, parseArguments, UsageError } from './arguments.js'
import { helpOf } from './help.js'
import { columns, isTerminal, neededFor, readChunks, say, writeAll } from './io.js'
import type { Args, Options, Usage } from './usage.js'

/** Makes the transform of one FILE; `note` says something of it. */
type TransformOf = (lines: Required<LineOptions>, note: (text: string) => void) => LineTransform

/** What a command works with. */
export interface Run<O> extends Operands {
  options: O
  /** Writes a message, and sets the exit status to 1. Returns `'stop'` under `--strict`. */
  report(source: string, error: InputError): 'stop' | undefined
  /** Says what the user will want to know, though nothing is wrong. */
  note(text: string): void
  /** Sets the exit status, unless something is wrong. */
  exitStatus(status: number): void
  /** Sends every FILE, or standard input, each through a transform of its own to standard output. */
  each(transformOf: TransformOf): void
  /** Reads the FILE of an option through a transform. @throws InputError where it cannot be read, which ends the command */
  readOption(file: string, transformOf: TransformOf): void
  /** Sends records to standard output, many in one write. At each null, all that came before is written, and signals are let in. */
  send(records: Iterable<object | null>): Promise<void>
  /** Writes bytes to standard output. */
  print(text: ByteString): void
}

/** A command: its usage, and what it does. */
export interface Command<O extends Options> {
  usage: Usage<O>
  pipeline(run: Run<Args<O>>): void | Promise<void>
}

/** Parses the command line and runs the command. Everything that goes wrong becomes a message and an exit status. */
export function run<O extends Options>({ usage, pipeline }: Command<O>): void {
  try {
    const parsed = parseArguments(usage, givenWords())
    if (typeof parsed === 'string') {
      const shown = parsed === 'help' ? helpOf(usage, columns()) : packageJson.version
      write(bytesOf(`${shown}\n`))
      process.exit(0)
    }
    const { options, ...operands } = parsed
    let stopped = false
    const report = (source: string, error: InputError) => {
      const place = error.line === null ? source : `${source}:${error.line}`
      say(`${usage.name}: ${place}: ${error.message}`)
      process.exitCode = 1
      stopped = options.strict
      return stopped ? 'stop' : undefined
    }
    const note = (text: string) => say(`${usage.name}: ${text}`)
    const exitStatus = (status: number) => {
      process.exitCode ??= status
    }
    /** @throws InputError where it cannot be read */
    const read = (file: string, transformOf: TransformOf) => {
      const source = sourceName(file)
      const lines = transformOf(
        { maxLine: options['max-line'], onError: (error) => report(source, error) },
        (text) => note(`${source}: ${text}`),
      )
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
        throw new InputError(reasonAndCure(error.cause, neededFor(file)))
      }
    }
    const readOption = (file: string, transformOf: TransformOf) => {
      try {
        read(file, transformOf)
      } catch (error) {
        throw error instanceof InputError ? new InputError(`${sourceName(file)}: ${error.reason}`) : error
      }
    }
    const each = (transformOf: TransformOf) => {
      for (const file of operands.files.length === 0 ? ['-'] : operands.files) {
        if (stopped) return
        try {
          read(file, transformOf)
        } catch (error) {
          if (!(error instanceof InputError)) throw error
          report(sourceName(file), error)
        }
      }
    }
    const done = pipeline({
      options,
      ...operands,
      report,
      note,
      exitStatus,
      each,
      readOption,
      send,
      print: write,
    })
    done?.catch((error) => end(usage.name, error))
  } catch (error) {
    end(usage.name, error)
  }
}

/** Ends the command by what ended its pipeline. */
function end(name: string, error: unknown): never {
  if (error instanceof UsageError) fail(name, error.message, 2)
  if (error instanceof WriteError) {
    // A reader that has gone (`| head -1`) is no fault.
    if (hasCode(error.cause, 'EPIPE')) process.exit(0)
    fail(name, `standard output: ${systemReason(error.cause)}`, 1)
  }
  fail(name, systemReason(error), 1)
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

async function send(records: Iterable<object | null>): Promise<void> {
  let text = ''
  for (const record of records) {
    if (record !== null) text += ndjsonLine(record)
    if (record !== null && text.length < BLOCK) continue
    write(text)
    text = ''
    // Node hands a signal over between two turns of its loop.
    if (record === null && process.listenerCount('SIGINT') > 0) await new Promise(setImmediate)
  }
  write(text)
}

/** The name of a file, as it is written in a message. */
function sourceName(file: string): string {
  if (file === '-') return 'stdin'
  return /^[\x21-\x7e]+$/.test(file) ? file : quote(bytesOf(file), 200)
}

function fail(name: string, message: string, status: 1 | 2): never {
  say(`${name}: ${message}`)
  if (status === 2) say(`Try: ${name} --help`)
  process.exit(status)
}
