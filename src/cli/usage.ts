/** What each command says of itself: the one source of `--help`. */
import type { Options } from 'yargs'
import { MAX_LINE } from '../lines.js'

/** The words and the options of a command. */
export interface Usage<O extends Record<string, Options>> {
  name: string
  synopsis: string
  about: string
  /** What to try, where standard input is a terminal. */
  hint: string
  options: O
  epilogue: string
}

/** The options of every command. */
export const common = {
  procfs: { type: 'string', default: '/proc', requiresArg: true, describe: 'Where /proc is: a captured tree works as a live one' },
  sysfs: { type: 'string', default: '/sys', requiresArg: true, describe: 'Where /sys is' },
  strict: { type: 'boolean', default: false, describe: 'Stop at the first line or entry that cannot be used' },
  'max-line': { type: 'number', default: MAX_LINE, requiresArg: true, describe: 'Longest line, in bytes; a longer one is a message', coerce: positive },
} as const satisfies Record<string, Options>

function positive(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) throw new Error('--max-line takes a whole number of bytes, 1 or more')
  return value
}

function epilogue(examples: [command: string, does: string][]): string {
  const lines = examples.map(([command, does]) => `  ${command}\n      ${does}`)
  return `Examples:\n${lines.join('\n')}\n\n${EXIT_STATUS}`
}

const EXIT_STATUS = `Exit status:
  0  all well, also when there was nothing to write, or the reader has gone
  1  something could not be read, used or written; each has its message
  2  wrong usage`

export const aufsMounts = {
  name: 'aufs-mounts',
  synopsis: 'Usage: aufs-mounts [OPTION]... [FILE]...',
  about: 'Mountinfo lines in, one mount record a line out (NDJSON). Reads standard input where there is no FILE, or for -.',
  hint: 'try: aufs-mounts < /proc/self/mountinfo',
  options: {},
  epilogue: epilogue([
    ['aufs-mounts /proc/1/mountinfo', 'every mount of the host'],
    [`aufs-mounts < /proc/1/mountinfo | jq -c 'select(.fs_type == "aufs")' | aufs-branches`, 'only the AUFS mounts, and their branches'],
  ]),
} satisfies Usage<Record<string, Options>>

export const aufsBranches = {
  name: 'aufs-branches',
  synopsis: 'Usage: aufs-branches [OPTION]... [FILE]...',
  about: 'Mountinfo lines or mount records in, the branch table of each union mount out (NDJSON). Other mounts are passed over.',
  hint: 'try: aufs-branches < /proc/self/mountinfo',
  options: {
    type: { choices: ['aufs', 'overlay'], requiresArg: true, describe: 'Only unions of this type' },
    format: { choices: ['ndjson', 'log'], default: 'ndjson', requiresArg: true, describe: "Tables, or CRIU's log lines: /sys/fs/aufs/si_X/brN : PATH" },
    'overlay-base': { type: 'string', requiresArg: true, describe: 'The folder of overlay layers whose paths are relative' },
  },
  epilogue: epilogue([
    ['cat /proc/1/mountinfo | aufs-branches', 'every union in the namespace of process 1'],
    ["aufs-branches /proc/1/mountinfo | jq -r '.branches[].path'", 'the folders that they are made of'],
    ['aufs-branches --format log /proc/1/mountinfo >> dump.log', 'what scripts read before `criu restore`'],
  ]),
} as const satisfies Usage<Record<string, Options>>
