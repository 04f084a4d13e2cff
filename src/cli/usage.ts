/** What each command says of itself: the one source of `--help`, the man pages and the completions of shells. */
import type { Options } from 'yargs'
import { MAX_LINE } from '../lines.js'

/** An option as yargs takes it. */
export interface Option extends Options {
  /** What its value is, where that is a text. */
  value?: 'DIR' | 'FILE' | 'PID'
}

/** The words and the options of a command. */
export interface Usage<O extends Record<string, Option>> {
  name: string
  /** The forms of its command line, without its name. */
  synopsis: readonly string[]
  about: string
  /** What to try, where standard input is a terminal. */
  hint: string
  options: O
  examples: readonly (readonly [command: string, does: string])[]
  /** Files that it reads unasked, or is made for. */
  files: readonly (readonly [path: string, is: string])[]
}

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

/** Of several, the last counts. */
function positive(given: unknown): number {
  const value = Array.isArray(given) ? given.at(-1) : given
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1)
    throw new Error('--max-line takes a whole number of bytes, 1 or more')
  return value
}

/** What the exit status of every command means. */
export const exitStatus = [
  [0, 'all well, also when there was nothing to write, or the reader has gone'],
  [1, 'something could not be read, used or written; each has its message'],
  [2, 'wrong usage'],
] as const

const MOUNTINFO = ['/proc/PID/mountinfo', 'The mounts that a process sees.'] as const
const SUPERBLOCK = [
  '/sys/fs/aufs/si_X/br*, brid*, xi_path',
  'The branches of an AUFS superblock, their ids, and its inode table.',
] as const

export const aufsMounts = {
  name: 'aufs-mounts',
  synopsis: ['[OPTION]... [FILE]...'],
  about:
    'Mountinfo lines in, one mount record a line out (NDJSON). Reads standard input where there is no FILE, or for -.',
  hint: 'try: aufs-mounts < /proc/self/mountinfo',
  options: {},
  examples: [
    ['aufs-mounts /proc/1/mountinfo', 'every mount of the host'],
    [
      `aufs-mounts < /proc/1/mountinfo | jq -c 'select(.fs_type == "aufs")' | aufs-branches`,
      'only the AUFS mounts, and their branches',
    ],
  ],
  files: [MOUNTINFO],
} satisfies AnyUsage

export const aufsBranches = {
  name: 'aufs-branches',
  synopsis: ['[OPTION]... [FILE]...'],
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
      value: 'DIR',
      requiresArg: true,
      describe: 'The folder of overlay layers whose paths are relative',
    },
  },
  examples: [
    ['cat /proc/1/mountinfo | aufs-branches', 'every union in the namespace of process 1'],
    ["aufs-branches /proc/1/mountinfo | jq -r '.branches[].path'", 'the folders that they are made of'],
    ['aufs-branches --format log /proc/1/mountinfo >> dump.log', 'what scripts read before `criu restore`'],
  ],
  files: [MOUNTINFO, SUPERBLOCK],
} as const satisfies AnyUsage

export const aufsVma = {
  name: 'aufs-vma',
  synopsis: ['[OPTION]... --pid N[,N]... | --all', '[OPTION]... [FILE]...'],
  about:
    'The mapped files of processes, with the paths, ids and branches that the kernel gets wrong put right (NDJSON). ' +
    'Without --pid or --all it reads map_files entries: raw records, or lines that end in START-END -> TARGET.',
  hint: 'try: aufs-vma --pid $$',
  options: {
    pid: {
      type: 'string',
      value: 'PID',
      array: true,
      requiresArg: true,
      describe: 'Processes: 1,7 or repeated',
    },
    all: { type: 'boolean', default: false, describe: 'Every process' },
    branches: {
      type: 'string',
      value: 'FILE',
      requiresArg: true,
      describe: 'The unions, as tables of aufs-branches or aufs-log (NDJSON); default: those of the process',
    },
    root: {
      type: 'string',
      value: 'DIR',
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
      value: 'DIR',
      requiresArg: true,
      describe: 'The folder of overlay layers whose paths are relative',
    },
  },
  examples: [
    ["aufs-vma --pid 1 | jq 'select(.fixed)'", 'what the kernel gets wrong'],
    [
      `aufs-vma --pid "$(docker inspect -f '{{.State.Pid}}' web)" | jq -c '[.path, .branch.path, .state]'`,
      'which layer supplies what',
    ],
    [
      'ls -l /proc/4711/map_files | aufs-vma --branches tables.ndjson --root /mnt/ID',
      'entries that somebody else has read',
    ],
  ],
  files: [
    ['/proc/PID/map_files', 'The files that a process maps.'],
    ['/proc/PID/maps', 'Their names and permissions.'],
    MOUNTINFO,
    ['/proc/PID/root', 'The root of a process, below which its files are looked up.'],
    SUPERBLOCK,
  ],
} as const satisfies AnyUsage

export const aufsLog = {
  name: 'aufs-log',
  synopsis: ['[OPTION]... [FILE]...'],
  about:
    'CRIU log lines in, the branch table of each union that CRIU logged out (NDJSON). All other lines are passed over.',
  hint: 'try: aufs-log dump.log',
  options: {},
  examples: [
    ['aufs-log dump.log', 'the unions of the process that was dumped'],
    ["aufs-log dump.log | jq -r '.branches[].path'", 'the folders that they are made of'],
    [
      'aufs-log dump.log | aufs-remount --root /mnt/restore',
      'the commands that mount them again; | sh runs them',
    ],
  ],
  files: [['dump.log', 'What CRIU logs while it dumps, in the folder of its images.']],
} as const satisfies AnyUsage

export const aufsRemount = {
  name: 'aufs-remount',
  synopsis: ['[OPTION]... [FILE]...'],
  about: `Branch tables in (NDJSON), shell commands that mount the unions again out: for sh, which they end at the first that fails.
With --root, the first union goes to DIR, and one that was mounted in a folder of it to that folder below DIR.`,
  hint: 'try: aufs-branches /proc/self/mountinfo | aufs-remount',
  options: {
    root: {
      type: 'string',
      value: 'DIR',
      requiresArg: true,
      describe: 'Where to mount; without it at the own mount point of each, which then must be there',
    },
  },
  examples: [
    ['aufs-log dump.log | aufs-remount --root /mnt/restore', 'read what would be run'],
    [
      'aufs-log dump.log | aufs-remount --root /mnt/restore | sh',
      'the union, mounted again before `criu restore`',
    ],
  ],
  files: [],
} as const satisfies AnyUsage

export const aufsView = {
  name: 'aufs-view',
  synopsis: ['[OPTION]... [FILE]...'],
  about:
    'VMA records or branch tables in (NDJSON), a picture for people out: how much each branch supplies to each process, and ' +
    'what of it is stale. It is as wide as the terminal, or as COLUMNS says.',
  hint: 'try: aufs-vma --pid $$ | aufs-view',
  options: {
    html: {
      type: 'string',
      value: 'FILE',
      requiresArg: true,
      describe: 'Write a page for a browser to this file instead (- for standard output)',
    },
    color: {
      choices: ['auto', 'always', 'never'],
      default: 'auto',
      requiresArg: true,
      describe: 'Colours; auto: on a terminal, where NO_COLOR is not set',
    },
  },
  examples: [
    ['aufs-vma --all | aufs-view | less', 'every process, by branch'],
    ['aufs-vma --all --stale | aufs-view', 'only what runs replaced or deleted files'],
    ['aufs-branches /proc/1/mountinfo | aufs-view', 'the unions and their branches'],
    ['aufs-vma --pid 1 | aufs-view --html picture.html', 'the address space as a page'],
  ],
  files: [],
} as const satisfies AnyUsage
