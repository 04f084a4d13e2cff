/** What each command says of itself: the one source of `--help`, the man pages and the completions of shells. */
import { MAX_LINE } from '../lines/filter.js'

/** What the value of an option is called. */
export type ValueName = 'DIR' | 'FILE' | 'ID' | 'N' | 'PID' | 'TYPE'

/** An option of a command. */
export interface Option {
  describe: string
  /** The letter that stands for it: `p` for `-p`. */
  letter?: string
  /** What its value is, or the words of which it is one. A flag has none. */
  value?: ValueName | readonly string[]
  /** The value where none is given. */
  default?: string
  /** Whether it may be repeated, and all its values count. */
  isList?: boolean
  /** Of a flag: whether it may be said no to, which is not the same as to leave it out. */
  hasNo?: boolean
}

/** The options of a command, by their names without dashes. */
export type Options = Record<string, Option>

/** What an option is to the command. */
type ValueOf<O extends Option> = O extends { value: infer V }
  ? O extends { isList: true }
    ? string[] | undefined
    : Single<V> | (O extends { default: string } ? never : undefined)
  : O extends { hasNo: true }
    ? boolean | undefined
    : boolean

type Single<V> = V extends readonly (infer Word)[] ? Word : V extends 'N' ? number : string

/** The values of options. */
export type Values<O extends Options> = { [Name in keyof O]: ValueOf<O[Name]> }

/** The values of the options that all commands have, and of those of one command with them. */
export type Common = Values<typeof common & typeof tree>
export type Args<O extends Options> = Values<O> & Common

/** The texts and the options of a command. */
export interface Usage<O extends Options> {
  name: string
  /** The forms of its command line, without its name. */
  synopsis: readonly string[]
  about: string
  /** Of a command that runs another, whose words stand after `--`: what the first operand may be. */
  actions?: readonly string[]
  /** What to try instead, if standard input is a terminal. */
  hint: string
  options: O
  examples: readonly (readonly [command: string, does: string])[]
  /** The files that it reads by itself, or is made for. */
  files: readonly (readonly [path: string, is: string])[]
  /** Its own exit statuses. */
  exitStatus?: readonly ExitStatus[]
}

/** An exit status, and what it means. */
export type ExitStatus = readonly [status: number, means: string]

/** The usage of some command. */
export type AnyUsage = Usage<Options>

/** Where the machine's own trees are. Each command takes both, so that the same words do for all of a pipe; those that read them say so. */
export const tree = {
  procfs: {
    value: 'DIR',
    default: '/proc',
    describe: 'Where /proc is: a captured tree works as a live one',
  },
  sysfs: { value: 'DIR', default: '/sys', describe: 'Where /sys is' },
} as const satisfies Options

/** The options of every command. */
export const common = {
  strict: { describe: 'Stop at the first line or entry that cannot be used' },
  'max-line': {
    value: 'N',
    default: String(MAX_LINE),
    describe: 'Longest line, in bytes; a longer one is a message',
  },
  help: { letter: 'h', describe: 'Show this help' },
  version: { describe: 'Show the version' },
} as const satisfies Options

/** What the exit status of every command means. */
const exitStatus: readonly ExitStatus[] = [
  [0, 'all well, also when there was nothing to write, or the reader has gone'],
  [1, 'something could not be read, used or written; each has its message'],
  [2, 'wrong usage'],
]

/** What the exit statuses of a command mean. */
export function exitStatusOf({ exitStatus: own = [] }: Pick<AnyUsage, 'exitStatus'>): readonly ExitStatus[] {
  return [...exitStatus, ...own]
}

/** An option as people see it. */
export interface ShownOption extends Option {
  /** All that it is called, with dashes. */
  names: string[]
}

/** All options that a command shows. */
export function shownOptions({ options }: Pick<AnyUsage, 'options'>): ShownOption[] {
  return Object.entries<Option>({ ...options, ...common }).map(([name, option]) => ({
    ...option,
    names: namesOf(name, option),
  }))
}

/** All that an option is called, with dashes. */
export function namesOf(name: string, { letter, hasNo }: Option): string[] {
  return [...(letter === undefined ? [] : [`-${letter}`]), `--${name}`, ...(hasNo ? [`--no-${name}`] : [])]
}

/** The value of an option as it is written after its name; empty for a flag. */
export function valueText({ value }: Option): string {
  return typeof value === 'string' ? value : (value ?? []).join('|')
}

export const MOUNTINFO = ['/proc/PID/mountinfo', 'The mounts that a process sees.'] as const

export const SUPERBLOCK = [
  '/sys/fs/aufs/si_X/br*, brid*, xi_path',
  'The branches of an AUFS superblock, their ids, and its inode table.',
] as const
