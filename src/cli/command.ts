/** What all commands share: their words, their files, their errors and their exit status. */
import { createReadStream, createWriteStream, fstatSync } from 'node:fs'
import { type Duplex, pipeline, Readable, type Writable } from 'node:stream'
import { pipeline as finished } from 'node:stream/promises'
import { isatty } from 'node:tty'
import yargs, { type InferredOptionTypes, type Options } from 'yargs'
import packageJson from '../../package.json' with { type: 'json' }
import { ndjsonLine, quote } from '../bytes.js'
import { errorCode, hasCode, InputError, systemReason } from '../errors.js'
import type { LineOptions } from '../lines.js'
import { common, type Usage } from './usage.js'

/** Wrong usage: a message, a line that points to `--help`, and exit status 2. */
export class UsageError extends Error {}

/** What a command is given to run. */
export interface Run<O> {
  options: O
  /** The FILE operands. */
  files: string[]
  /** Says what is wrong, and that the exit status is 1; `'stop'` under `--strict`. */
  report(source: string, error: InputError): unknown
  /** Sends every FILE, or standard input, through a stream of its own to standard output. */
  each(stage: (lines: Required<LineOptions>) => Duplex | Duplex[]): Promise<void>
  /** Sends records to standard output. */
  send(records: Iterable<object>): Promise<void>
}

type Common = InferredOptionTypes<typeof common>
type Args<O extends Record<string, Options>> = InferredOptionTypes<O> & Common

/** Parses the command line, runs the command, and turns all that can happen into messages and an exit status. */
export async function command<O extends Record<string, Options>>(
  usage: Usage<O>,
  main: (run: Run<Args<O>>) => Promise<void>,
): Promise<void> {
  const output = standardOutput((error) => fail(usage.name, `standard output: ${systemReason(error)}`, 1))
  try {
    const { options, shared, operands } = parseArguments(usage)
    const files = operands.length === 0 ? ['-'] : operands
    let stopped = false
    const report = (source: string, error: InputError): unknown => {
      const place = error.line === null ? source : `${source}:${error.line}`
      process.stderr.write(`${usage.name}: ${place}: ${error.message}\n`)
      process.exitCode = 1
      stopped = shared.strict
      return stopped ? 'stop' : undefined
    }
    const each = (stage: (lines: Required<LineOptions>) => Duplex | Duplex[]) => sendAll(converted(stage))
    async function* converted(stage: (lines: Required<LineOptions>) => Duplex | Duplex[]) {
      for (const file of files) {
        if (stopped) return
        const source = sourceName(file)
        const stages = stage({ maxLine: shared['max-line'], onError: (error) => report(source, error) })
        try {
          yield* through(untilStopped(open(file, usage)), [stages].flat())
        } catch (error) {
          if (errorCode(error) === null) throw error
          report(source, new InputError(systemReason(error)))
        }
      }
    }
    async function* untilStopped(chunks: Readable) {
      for await (const chunk of chunks) {
        yield chunk
        if (stopped) return
      }
    }
    const sendAll = (chunks: AsyncIterable<Buffer> | Iterable<Buffer>) =>
      finished(Readable.from(chunks), output, { end: false })
    await main({ options, files: operands, report, each, send: (records) => sendAll(chunks(records)) })
  } catch (error) {
    if (error instanceof UsageError) fail(usage.name, `${error.message}\nTry: ${usage.name} --help`, 2)
    fail(usage.name, systemReason(error), 1)
  }
}

/** What comes out of the last stage, which fails with any of those before. */
function through(source: AsyncIterable<Buffer>, stages: Duplex[]): AsyncIterable<Buffer> {
  const input = Readable.from(source, { objectMode: false })
  pipeline([input, ...stages], () => {})
  return stages.at(-1) ?? input
}

/** Many records a write; each record of a slow reading soon all the same, as its reader asks for more. */
function* chunks(records: Iterable<object>): Generator<Buffer> {
  let text = ''
  for (const record of records) {
    text += ndjsonLine(record)
    if (text.length < CHUNK) continue
    yield Buffer.from(text, 'latin1')
    text = ''
  }
  if (text !== '') yield Buffer.from(text, 'latin1')
}

const CHUNK = 65_536

/** Reads the command line; `--help` and `--version` end here. */
function parseArguments<O extends Record<string, Options>>(
  usage: Usage<O>,
): { options: Args<O>; shared: Common; operands: string[] } {
  const options = { ...usage.options, ...common }
  const parser = yargs(process.argv.slice(2))
    .scriptName(usage.name)
    .usage(`${usage.synopsis}\n\n${usage.about}`)
    .options(options)
    .strictOptions()
    .parserConfiguration({
      'parse-positional-numbers': false,
      'greedy-arrays': false,
    })
    .version(packageJson.version)
    .help()
    .alias({ h: 'help' })
    .epilogue(usage.epilogue)
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .exitProcess(false)
    .fail((message, error) => {
      throw new UsageError(message ?? error?.message)
    })
  const { _: operands, help, version, ...given } = parser.parseSync()
  // With exitProcess(false), yargs has printed by now; nothing else is to be done.
  if (help === true || version === true) process.exit(0)
  const last = lastOfEach(given, options)
  return { options: last as Args<O>, shared: last as Common, operands: operands.map(String) }
}

/** Of an option that is given more than once the last counts, but where it is a list. */
function lastOfEach(
  given: { [name: string]: unknown },
  options: Record<string, Options>,
): { [name: string]: unknown } {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      Array.isArray(value) && !options[name]?.array ? value.at(-1) : value,
    ]),
  )
}

function open(file: string, usage: { name: string; hint: string }): Readable {
  if (file !== '-') return createReadStream(file)
  if (isatty(0)) process.stderr.write(`${usage.name}: reading from the terminal; ${usage.hint}\n`)
  return process.stdin
}

/** A name of a file as it may stand in a message. */
function sourceName(file: string): string {
  if (file === '-') return 'stdin'
  return /^[\x21-\x7e]+$/.test(file) ? file : quote(Buffer.from(file).toString('latin1'), 200)
}

/**
 * Standard output. A reader that has gone (`| head -1`) ends the process, quietly and well.
 *
 * Node's own stream for a file ignores that write(2) may write less than it was given, as on a disk that is nearly full;
 * a WriteStream writes on until all is written or an error says why not.
 */
function standardOutput(failed: (error: Error) => void): Writable {
  const { isFile, isCharacterDevice } = kindOf(1)
  const output =
    isFile || (isCharacterDevice && !isatty(1))
      ? createWriteStream('', { fd: 1, autoClose: false })
      : process.stdout
  output.on('error', (error) => {
    if (hasCode(error, 'EPIPE')) process.exit(0)
    failed(error)
  })
  return output
}

function kindOf(fd: number): { isFile: boolean; isCharacterDevice: boolean } {
  try {
    const stat = fstatSync(fd)
    return { isFile: stat.isFile(), isCharacterDevice: stat.isCharacterDevice() }
  } catch {
    return { isFile: true, isCharacterDevice: false }
  }
}

function fail(name: string, message: string, status: 1 | 2): never {
  process.stderr.write(`${name}: ${message}\n`)
  process.exit(status)
}
