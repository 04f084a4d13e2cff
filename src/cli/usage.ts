/** What each command says of itself: the one source of `--help`, the man pages and the completions of shells. */
import type { Options } from 'yargs'
import { MAX_LINE } from '../lines/filter.js'

/** An option as yargs takes it. */
export interface Option extends Options {
  /** What kind of value it takes, if that is a text. */
  value?: 'DIR' | 'FILE' | 'ID' | 'PID' | 'TYPE'
}

/** The texts and the options of a command. */
export interface Usage<O extends Record<string, Option>> {
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
export type AnyUsage = Usage<Record<string, Option>>

/** The options of every command. */
export const common = {
  procfs: {
    type: 'string',
    value: 'DIR',
    default: '/proc',
    requiresArg: true,
    describe: 'Where /proc is: a captured tree works as a live one',
  },
  sysfs: { type: 'string', value: 'DIR', default: '/sys', requiresArg: true, describe: 'Where /sys is' },
  strict: {
    type: 'boolean',
    default: false,
    describe: 'Stop at the first line or entry that cannot be used',
  },
  'max-line': {
    type: 'number',
    default: MAX_LINE,
    requiresArg: true,
    describe: 'Longest line, in bytes; a longer one is a message',
    coerce: positive,
  },
} as const satisfies Record<string, Option>

/** Takes the last of several values. @throws an error if that is no positive whole number */
function positive(given: unknown): number {
  const value = Array.isArray(given) ? given.at(-1) : given
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1)
    throw new Error('--max-line takes a whole number of bytes, 1 or more')
  return value
}

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

export const MOUNTINFO = ['/proc/PID/mountinfo', 'The mounts that a process sees.'] as const

export const SUPERBLOCK = [
  '/sys/fs/aufs/si_X/br*, brid*, xi_path',
  'The branches of an AUFS superblock, their ids, and its inode table.',
] as const
