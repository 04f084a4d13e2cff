/** Reads the words of the command line, by the parser of yargs. What it finds wrong is told in words of our own. */
import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import distance from 'damerau-levenshtein'
import { Parser } from 'yargs/helpers'
import { bytesOf } from '../text/byte-string.js'
import { quote } from '../text/printable.js'
import {
  type AnyUsage,
  type Args,
  common,
  namesOf,
  type Option,
  type Options,
  tree,
  type Usage,
  type ValueName,
} from './usage.js'

/** Wrong usage. It becomes a message, a line that points to `--help`, and exit status 2. */
export class UsageError extends Error {}

/** The words of a command line that are no options. */
export interface Operands {
  /** The FILEs. */
  files: string[]
  /** Of a command that runs another: what is to be done with it; else empty. */
  action: string
  /** The words of that other command. */
  command: string[]
}

/** A command line, read. */
export interface Parsed<O extends Options> extends Operands {
  options: Args<O>
}

/**
 * Reads the command line: the words after the command.
 *
 * @returns `'help'` or `'version'` where that is asked for
 * @throws UsageError
 */
export function parseArguments<O extends Options>(
  usage: Usage<O>,
  words: string[],
): Parsed<O> | 'help' | 'version' {
  const options = { ...tree, ...usage.options, ...common }
  const names = byNames(options)
  const { argv, error } = Parser.detailed(spelledOut(words, names), {
    ...grammar(options, names),
    configuration: {
      'parse-positional-numbers': false,
      'dot-notation': false,
      'camel-case-expansion': false,
      'strip-aliased': true,
      'populate--': usage.actions !== undefined,
    },
  })
  const { _: operands, '--': command = [], ...given } = argv
  if (given.help === true) return 'help'
  if (given.version === true) return 'version'
  // The text ends in the option's name: `Not enough arguments following: pid`.
  if (error !== null) throw misusedOption(error.message.replace(/^.*: /s, ''), names)
  for (const [name, value] of Object.entries(given)) {
    const called = [value].flat().includes(false) ? `--no-${name}` : dashed(name)
    if (!names.has(called)) throw unknownOption(called, [...names.keys()])
  }
  const values = Object.entries<Option>(options).map(([name, option]) => [
    name,
    optionValue(name, option, [given[name] ?? []].flat()),
  ])
  return {
    options: Object.fromEntries(values) as Args<O>,
    ...operandsOf(usage, operands.map(String), command.map(String)),
  }
}

/** Options by all that they are called, with dashes. */
type Names = ReadonlyMap<string, Option & { name: string }>

function byNames(options: Options): Names {
  return new Map(
    Object.entries(options).flatMap(([name, option]) =>
      namesOf(name, option).map((called) => [called, { name, ...option }]),
    ),
  )
}

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`
}

/** The options as yargs' parser takes them. */
function grammar(options: Options, names: Names): Parser.Options {
  const all = Object.keys(options)
  return {
    boolean: all.filter((name) => options[name]?.value === undefined),
    string: all.filter((name) => options[name]?.value !== undefined),
    alias: Object.fromEntries(all.map((name) => [name, options[name]?.letter ?? []])),
    // How many words follow.
    narg: Object.fromEntries(
      [...names].map(([called, { value }]) => [called.replace(/^--?/, ''), value === undefined ? 0 : 1]),
    ),
  }
}

/** The words of the command line. Node decodes them as UTF-8. @throws UsageError for a word that is no UTF-8: its bytes are lost */
export function givenWords(): string[] {
  const args = process.argv.slice(2)
  const isLossy = args.some((arg) => arg.includes('\ufffd')) && !isUtf8(readFileSync('/proc/self/cmdline'))
  if (isLossy) throw new UsageError('a word of the command line is no UTF-8')
  return args
}

/** Writes `-p1,7` as `--pid=1,7`: of what stands together with a letter, yargs' parser takes only a number for its value, and `--p` for `-p`. */
function spelledOut(words: string[], names: Names): string[] {
  const end = words.includes('--') ? words.indexOf('--') : words.length
  const options = words.slice(0, end).map((word) => {
    if (/^--.(=|$)/s.test(word)) throw unknownOption(word.slice(0, 3), [])
    if (/^-[^-]./s.test(word) && names.has(`-${word}`)) throw unknownOption(word, [`-${word}`])
    const [, letter = '', value = ''] = /^(-[^-])([^=].*)$/s.exec(word) ?? []
    const option = names.get(letter)
    return option?.value === undefined ? word : `--${option.name}=${value}`
  })
  return [...options, ...words.slice(end)]
}

/** Of several values the last counts, unless the option is a list. @throws UsageError where it may not have such a value */
function optionValue(
  name: string,
  { value: kind, isList, hasNo, ...option }: Option,
  given: unknown[],
): unknown {
  if (kind === undefined) return given.at(-1) ?? (hasNo ? undefined : false)
  if (given.includes('')) throw new UsageError(`--${name} needs ${whatIs(kind)}`)
  if (isList) return given.length === 0 ? undefined : given
  const last = given.at(-1) ?? option.default
  if (last === undefined) return undefined
  const text = String(last)
  if (!isOf(kind, text)) throw new UsageError(`--${name} takes ${whatIs(kind)}, not ${quote(bytesOf(text))}`)
  return kind === 'N' ? Number(text) : text
}

type Kind = NonNullable<Option['value']>

function isOf(kind: Kind, text: string): boolean {
  if (typeof kind !== 'string') return kind.includes(text)
  return kind !== 'N' || (/^[1-9]\d*$/.test(text) && Number.isSafeInteger(Number(text)))
}

const WHAT: { [Name in ValueName]: string } = {
  DIR: 'a folder',
  FILE: 'a file',
  ID: 'an id',
  N: 'a whole number, 1 or more',
  PID: 'a process number',
  TYPE: 'a type of filesystem',
}

function whatIs(kind: Kind): string {
  // One of several words: `auto, always or never`.
  return typeof kind === 'string' ? WHAT[kind] : kind.join(', ').replace(/, (?=[^,]*$)/, ' or ')
}

/** An option without its value, or with one that it does not take. @param name without dashes; it may be a letter */
function misusedOption(name: string, names: Names): UsageError {
  const called = dashed(name)
  const kind = names.get(called)?.value
  return new UsageError(`${called} ${kind === undefined ? 'takes no value' : `needs ${whatIs(kind)}`}`)
}

function unknownOption(called: string, names: string[]): UsageError {
  const near = nearest(called, names)
  const what = /^[!-~]{1,40}$/.test(called) ? called : quote(bytesOf(called))
  return new UsageError(`unknown option ${what}${near === null ? '' : `: did you mean ${near}?`}`)
}

/** Longer words are no slips. */
const LONGEST = 40

/** The name that was most likely meant: one that begins so, or differs by a slip or two of the fingers; null if there is none. */
function nearest(called: string, names: string[]): string | null {
  if (called.length > LONGEST) return null
  const [found] = names
    .filter((name) => name.startsWith('--'))
    .map((name) => ({ name, steps: name.startsWith(called) ? 0 : distance(called, name).steps }))
    .filter(({ name, steps }) => steps <= Math.floor((name.length - 1) / 3))
    .sort((a, b) => a.steps - b.steps)
  return found?.name ?? null
}

/** Tells the action of a command that runs another from its FILEs. @throws UsageError if a word is missing */
function operandsOf({ actions }: AnyUsage, words: string[], command: string[]): Operands {
  if (actions === undefined) return { files: words, action: '', command }
  const [action = '', ...files] = words
  if (!actions.includes(action)) throw new UsageError(`the first word is ${actions.join(' or ')}`)
  if (command.length === 0) throw new UsageError('the command that is to be run is missing, after --')
  return { files, action, command }
}
