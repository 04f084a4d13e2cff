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
  procfs: {
    type: 'string',
    default: '/proc',
    requiresArg: true,
    describe: 'Where /proc is: a captured tree works as a live one',
  },
  sysfs: { type: 'string', default: '/sys', requiresArg: true, describe: 'Where /sys is' },
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
} as const satisfies Record<string, Options>

/** Of several, the last counts. */
function positive(given: unknown): number {
  const value = Array.isArray(given) ? given.at(-1) : given
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1)
    throw new Error('--max-line takes a whole number of bytes, 1 or more')
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
  about:
    'Mountinfo lines in, one mount record a line out (NDJSON). Reads standard input where there is no FILE, or for -.',
  hint: 'try: aufs-mounts < /proc/self/mountinfo',
  options: {},
  epilogue: epilogue([
    ['aufs-mounts /proc/1/mountinfo', 'every mount of the host'],
    [
      `aufs-mounts < /proc/1/mountinfo | jq -c 'select(.fs_type == "aufs")' | aufs-branches`,
      'only the AUFS mounts, and their branches',
    ],
  ]),
} satisfies Usage<Record<string, Options>>

export const aufsBranches = {
  name: 'aufs-branches',
  synopsis: 'Usage: aufs-branches [OPTION]... [FILE]...',
  about:
    'Mountinfo lines or mount records in, the branch table of each union mount out (NDJSON). Other mounts are passed over.',
  hint: 'try: aufs-branches < /proc/self/mountinfo',
  options: {
    type: { choices: ['aufs', 'overlay'], requiresArg: true, describe: 'Only unions of this type' },
    format: {
      choices: ['ndjson', 'log'],
      default: 'ndjson',
      requiresArg: true,
      describe: "Tables, or CRIU's log lines: /sys/fs/aufs/si_X/brN : PATH",
    },
    'overlay-base': {
      type: 'string',
      requiresArg: true,
      describe: 'The folder of overlay layers whose paths are relative',
    },
  },
  epilogue: epilogue([
    ['cat /proc/1/mountinfo | aufs-branches', 'every union in the namespace of process 1'],
    ["aufs-branches /proc/1/mountinfo | jq -r '.branches[].path'", 'the folders that they are made of'],
    ['aufs-branches --format log /proc/1/mountinfo >> dump.log', 'what scripts read before `criu restore`'],
  ]),
} as const satisfies Usage<Record<string, Options>>

export const aufsVma = {
  name: 'aufs-vma',
  synopsis: 'Usage: aufs-vma [OPTION]... --pid N[,N]... | --all\n       aufs-vma [OPTION]... [FILE]...',
  about:
    'The mapped files of processes, with the paths, ids and branches that the kernel gets wrong put right (NDJSON). ' +
    'Without --pid or --all it reads map_files entries: raw records, or lines that end in START-END -> TARGET.',
  hint: 'try: aufs-vma --pid $$',
  options: {
    pid: { type: 'string', array: true, requiresArg: true, describe: 'Processes: 1,7 or repeated' },
    all: { type: 'boolean', default: false, describe: 'Every process' },
    branches: {
      type: 'string',
      requiresArg: true,
      describe: 'The unions, as tables of aufs-branches or aufs-log (NDJSON); default: those of the process',
    },
    root: {
      type: 'string',
      requiresArg: true,
      describe: "Where the process's files are found; default: PROCFS/PID/root",
    },
    stat: {
      type: 'boolean',
      describe:
        'Follow entries and look files up; --no-stat touches none, as is the default where --procfs is no procfs',
    },
    stale: {
      type: 'boolean',
      default: false,
      describe: 'Only what is not current any more: what to restart',
    },
    raw: { type: 'boolean', default: false, describe: 'What the kernel says alone, to be fixed elsewhere' },
    'overlay-base': {
      type: 'string',
      requiresArg: true,
      describe: 'The folder of overlay layers whose paths are relative',
    },
  },
  epilogue: epilogue([
    ["aufs-vma --pid 1 | jq 'select(.fixed)'", 'what the kernel gets wrong'],
    [
      `aufs-vma --pid "$(docker inspect -f '{{.State.Pid}}' web)" | jq -c '[.path, .branch.path, .state]'`,
      'which layer supplies what',
    ],
    [
      'ls -l /proc/4711/map_files | aufs-vma --branches tables.ndjson --root /mnt/ID',
      'entries that somebody else has read',
    ],
  ]),
} as const satisfies Usage<Record<string, Options>>

export const aufsLog = {
  name: 'aufs-log',
  synopsis: 'Usage: aufs-log [OPTION]... [FILE]...',
  about:
    'CRIU log lines in, the branch table of each union that CRIU logged out (NDJSON). All other lines are passed over.',
  hint: 'try: aufs-log dump.log',
  options: {},
  epilogue: epilogue([
    ['aufs-log dump.log', 'the unions of the process that was dumped'],
    ["aufs-log dump.log | jq -r '.branches[].path'", 'the folders that they are made of'],
    [
      'aufs-log dump.log | aufs-remount --root /mnt/restore',
      'the commands that mount them again; | sh runs them',
    ],
  ]),
} as const satisfies Usage<Record<string, Options>>

export const aufsRemount = {
  name: 'aufs-remount',
  synopsis: 'Usage: aufs-remount [OPTION]... [FILE]...',
  about: `Branch tables in (NDJSON), shell commands that mount the unions again out: for sh, which they end at the first that fails.
With --root, the first union goes to DIR, and one that was mounted in a folder of it to that folder below DIR.`,
  hint: 'try: aufs-branches /proc/self/mountinfo | aufs-remount',
  options: {
    root: {
      type: 'string',
      requiresArg: true,
      describe: 'Where to mount; without it at the own mount point of each, which then must be there',
    },
  },
  epilogue: epilogue([
    ['aufs-log dump.log | aufs-remount --root /mnt/restore', 'read what would be run'],
    [
      'aufs-log dump.log | aufs-remount --root /mnt/restore | sh',
      'the union, mounted again before `criu restore`',
    ],
  ]),
} as const satisfies Usage<Record<string, Options>>
