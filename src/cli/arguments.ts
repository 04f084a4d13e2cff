/** Reads the words of the command line, by yargs. */
import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import yargs, { type InferredOptionTypes, type Options } from 'yargs'
import packageJson from '../../package.json' with { type: 'json' }
import { epilogue, heading } from './help.js'
import { isTerminal } from './io.js'
import { type AnyUsage, common, type Usage } from './usage.js'

/** Wrong usage. It becomes a message, a line that points to `--help`, and exit status 2. */
export class UsageError extends Error {}

/** The values of the options that all commands have, and of those of one command with them. */
export type Common = InferredOptionTypes<typeof common>
export type Args<O extends Record<string, Options>> = InferredOptionTypes<O> & Common

/** The words of a command line that are no options. */
export interface Operands {
  /** The FILEs. */
  files: string[]
  /** Of a command that runs another: what is to be done with it; else empty. */
  action: string
  /** The words of that other command. */
  command: string[]
}

/** The greatest width of `--help`. */
const WIDEST = 100

/**
 * Parses the command line.
 *
 * @returns also `shown`, the text of `--help` or `--version`; empty if neither is asked for
 * @throws UsageError
 */
export function parseArguments<O extends Record<string, Options>>(
  usage: Usage<O>,
): { options: Args<O>; shared: Common; operands: Operands; shown: string } {
  const options = { ...usage.options, ...common }
  const parser = yargs()
    .scriptName(usage.name)
    .usage(heading(usage))
    .options(options)
    .strictOptions()
    .parserConfiguration({
      'parse-positional-numbers': false,
      'greedy-arrays': false,
      'dot-notation': false,
      'boolean-negation': false,
      'populate--': usage.actions !== undefined,
    })
    .version(packageJson.version)
    .help()
    .alias({ h: 'help' })
    .epilogue(epilogue(usage))
    .wrap(isTerminal(1) ? Math.min(WIDEST, process.stdout.getWindowSize()[0]) : WIDEST)
    .fail((message, error) => {
      throw new UsageError(String(message ?? error).replace(/\s*\n\s*/g, ' '))
    })
  let shown = ''
  const parsed = parser.parseSync(spelledOut(givenWords(), options), {}, (_error, _args, output) => {
    shown = output
  })
  const { _: words, '--': command, ...given } = parsed
  const operands = shown === '' ? operandsOf(usage, words.map(String), command) : NONE
  const last = lastOfEach(given, options)
  return { options: last as Args<O>, shared: last as Common, operands, shown }
}

const NONE: Operands = { files: [], action: '', command: [] }

/** Tells the action of a command that runs another from its FILEs. @throws UsageError if a word is missing */
function operandsOf({ actions }: AnyUsage, words: string[], after: unknown): Operands {
  if (actions === undefined) return { ...NONE, files: words }
  const [action = '', ...files] = words
  const command = Array.isArray(after) ? after.map(String) : []
  if (!actions.includes(action)) throw new UsageError(`the first word is ${actions.join(' or ')}`)
  if (command.length === 0) throw new UsageError('the command that is to be run is missing, after --')
  return { files, action, command }
}

/** The words of the command line. Node decodes them as UTF-8. @throws UsageError for a word that is no UTF-8: its bytes are lost */
function givenWords(): string[] {
  const args = process.argv.slice(2)
  const isLossy = args.some((arg) => arg.includes('\ufffd')) && !isUtf8(readFileSync('/proc/self/cmdline'))
  if (isLossy) throw new UsageError('a word of the command line is no UTF-8')
  return args
}

/**
 * Writes each flag with its value, `--strict=true`: of `--strict false`, yargs would take `false` for the value.
 *
 * @throws UsageError if a flag has a value
 */
function spelledOut(args: string[], options: Record<string, Options>): string[] {
  const end = args.includes('--') ? args.indexOf('--') : args.length
  const flags = args.slice(0, end).map((arg) => {
    const [, no, name = '', value] = /^--(no-)?([^=]+)(=.*)?$/s.exec(arg) ?? []
    if (options[name]?.type !== 'boolean') return arg
    if (value !== undefined) throw new UsageError(`--${name} takes no value`)
    return `--${name}=${no === undefined}`
  })
  return [...flags, ...args.slice(end)]
}

/** Takes the last value of an option that is given more than once, unless it is a list. */
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
