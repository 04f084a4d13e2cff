/** Processes, or entries of map_files, to VMA records. */
import { resolve } from 'node:path'
import { isProcfs } from '../../files/ids.js'
import { lineTransform } from '../../lines/line-transform.js'
import { entryFilter } from '../../proc/map-files.js'
import { listPids } from '../../proc/process.js'
import { bytesOf } from '../../text/byte-string.js'
import { ndjsonLine } from '../../text/json.js'
import type { BranchTable } from '../../unions/branch-table.js'
import { tableRecordFilter } from '../../unions/tables.js'
import type { ContextOptions } from '../../vma/context-reader.js'
import { VmaFixer, vmaFilter } from '../../vma/fixer.js'
import { isStale, unfixed, type Vma } from '../../vma/record.js'
import type { Args } from '../arguments.js'
import { UsageError } from '../arguments.js'
import { processRecords } from '../processes.js'
import type { Run } from '../run.js'
import { type AnyUsage, MOUNTINFO, SUPERBLOCK } from '../usage.js'

function pipeline({ options, files, report, each, read, send }: Run<Args<typeof usage.options>>): void {
  const pids = wantedPids(options, files)
  if (options.compare) checkCompare(options, pids !== null)
  const context = viewOptions(options, read)
  const format = (vma: Vma) => (options.stale && !isStale(vma) ? '' : ndjsonLine(vma))
  if (pids !== null) send(processRecords(new VmaFixer(context), pids, options, report))
  else if (options.raw)
    each((lines) => lineTransform(entryFilter(), (entry) => ndjsonLine(unfixed(entry)), lines))
  else each((lines) => lineTransform(vmaFilter(context), format, lines))
}

const usage = {
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
    ask: {
      type: 'string',
      value: 'TYPE',
      array: true,
      requiresArg: true,
      describe:
        'Ask filesystems of these types too, although their server may never answer: fuse.sshfs,nfs4 or repeated; ' +
        'default: none of FUSE, NFS and the like, so that nothing hangs',
    },
    stale: {
      type: 'boolean',
      default: false,
      describe: 'Only what is not current any more: what to restart',
    },
    compare: {
      type: 'boolean',
      default: false,
      describe:
        'Compare what is not current with the files, byte by byte, and tell same_bytes; --stale leaves out what is the same',
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
    ['aufs-vma --all --stale --compare', 'what to restart: not what was replaced by the same bytes'],
    [
      'ls -l /proc/4711/map_files | aufs-vma --branches tables.ndjson --root /mnt/ID',
      'entries that somebody else has read',
    ],
  ],
  files: [
    ['/proc/PID/map_files', 'The files that a process maps.'],
    ['/proc/PID/maps', 'Their names and permissions.'],
    MOUNTINFO,
    [
      '/proc/PID/mem',
      'With --compare: what a process has in memory, and which of it is still the file (pagemap).',
    ],
    ['/proc/PID/root', 'The root of a process, below which its files are looked up.'],
    SUPERBLOCK,
  ],
} as const satisfies AnyUsage

export const vma = { usage, pipeline }

interface VmaArguments {
  pid: string[] | undefined
  all: boolean
  stale: boolean
  compare: boolean
  raw: boolean
  branches: string | undefined
  root: string | undefined
  stat: boolean | undefined
  ask: string[] | undefined
  'overlay-base': string | undefined
  procfs: string
  sysfs: string
}

/** The processes asked for; null if entries come from standard input or files. @throws UsageError for options that contradict each other */
export function wantedPids(
  { pid, all, root, procfs, stale, raw }: VmaArguments,
  files: string[],
): number[] | null {
  const tokens = pid?.flatMap((list) => list.split(','))
  const bad = tokens?.find((token) => !/^[1-9]\d{0,9}$/.test(token))
  if (bad !== undefined) throw new UsageError(`--pid takes process numbers, not "${bad}"`)
  if (all && tokens !== undefined) throw new UsageError('--all goes without --pid')
  if ((all || tokens !== undefined) && files.length > 0) throw new UsageError('--pid and --all read no FILE')
  if (root !== undefined && (all || (tokens?.length ?? 0) > 1))
    throw new UsageError('--root goes with one --pid only')
  if (stale && raw) throw new UsageError('--raw tells no state, so it goes without --stale')
  if (tokens === undefined) return all ? listPids(procfs) : null
  return [...new Set(tokens.map(Number))]
}

/** @throws UsageError where nothing can be compared */
function checkCompare({ raw, stat, procfs }: VmaArguments, hasProcesses: boolean): void {
  if (!hasProcesses) throw new UsageError('--compare reads memory, so it goes with --pid or --all')
  if (raw) throw new UsageError('--raw tells nothing of the files, so it goes without --compare')
  if (stat === false || !isProcfs(procfs))
    throw new UsageError(
      '--compare reads running processes and their files: no captured tree, nor with --no-stat',
    )
}

/** The options of the command line, as the reader of processes takes them. */
export function viewOptions(
  { procfs, sysfs, stat, ask, branches, root, ...wish }: VmaArguments,
  read: Run<unknown>['read'],
): ContextOptions {
  const base = wish['overlay-base']
  return {
    procfs,
    sysfs,
    ...(stat !== undefined && { stat }),
    ...(ask !== undefined && { ask: ask.flatMap((list) => bytesOf(list).split(',')) }),
    ...(branches !== undefined && { tables: readTables(branches, read) }),
    ...(root !== undefined && { root: bytesOf(root).replace(/(?<=.)\/+$/, '') }),
    ...(base !== undefined && { overlayBase: bytesOf(resolve(base)) }),
  }
}

function readTables(file: string, read: Run<unknown>['read']): BranchTable[] {
  const tables: BranchTable[] = []
  const keep = (table: BranchTable) => {
    tables.push(table)
    return ''
  }
  read(file, (lines) => lineTransform(tableRecordFilter(), keep, lines))
  return tables
}
