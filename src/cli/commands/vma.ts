/** Processes, or entries of map_files, to VMA records. */
import { lineTransform } from '../../lines/line-transform.js'
import { entryFilter, type RawVma } from '../../proc/map-files.js'
import { PINNED } from '../../proc/real-files.js'
import { ndjsonLine } from '../../text/json.js'
import { VmaFixer, vmaFilter } from '../../vma/fixer.js'
import { unfixed } from '../../vma/record.js'
import { namingOtherKinds } from '../other-kinds.js'
import { processRecords } from '../processes.js'
import type { Run } from '../run.js'
import { Selection, selected, selecting } from '../selection.js'
import { type AnyUsage, type Args, MOUNTINFO, SUPERBLOCK, tree } from '../usage.js'
import { checkFolders, viewOptions, wantedPids } from '../vma-options.js'

/** What it reads. */
const KINDS = ['entries of map_files', 'VMA records', 'raw VMA records'] as const

/** The exit status of `--exit-code` where a record was written. */
const FOUND = 3

async function pipeline(run: Run<Args<typeof usage.options>>): Promise<void> {
  const { options, files, report, each, send, note } = run
  const pids = wantedPids(options, files)
  checkFolders(options, pids)
  const context = viewOptions(options, run.readOption)
  // Processes that were not named one by one may end meanwhile.
  const isMany = options.all || options.container !== undefined
  if (pids?.length === 0) note(`${options.procfs}: no process is there`)
  // Of processes that are read here, all entries of one are held anyway.
  const selection = new Selection(options, pids === null ? undefined : Number.POSITIVE_INFINITY)
  if (pids === null) {
    const format = (record: RawVma) => ndjsonLine(options.raw ? unfixed(record) : record)
    each((lines) => {
      const filter = namingOtherKinds<RawVma>(options.raw ? entryFilter() : vmaFilter(context), ...KINDS)
      return lineTransform(selecting(filter, selection), format, lines)
    })
  } else {
    const records = processRecords(new VmaFixer(context), pids, { ...options, all: isMany }, report)
    await send(selected(records, selection))
  }
  for (const text of selection.notes()) note(text)
  if (options['exit-code'] && selection.chosen > 0) run.exitStatus(FOUND)
}

const usage = {
  name: 'aufs-vma',
  synopsis: ['[OPTION]... --pid PID[,PID]... | --all | --container ID', '[OPTION]... [FILE]...'],
  about:
    'The mapped files of processes, with the paths, ids and branches that the kernel gets wrong put right (NDJSON). ' +
    'Without --pid or --all it reads map_files entries: raw records, or lines that end in START-END -> TARGET.',
  hint: 'try: aufs-vma --pid $$',
  options: {
    pid: {
      letter: 'p',
      value: 'PID',
      isList: true,
      describe: 'These processes: 1,7 or repeated',
    },
    all: { letter: 'a', describe: 'Every process' },
    container: {
      value: 'ID',
      describe:
        'Every process of this container, or the entries that are of it; the beginning of its id is enough',
    },
    branches: {
      value: 'FILE',
      describe: 'The unions, as tables of aufs-branches or aufs-log (NDJSON); default: those of the process',
    },
    root: {
      value: 'DIR',
      describe: "Where the process's files are found; default: PROCFS/PID/root",
    },
    stat: {
      hasNo: true,
      describe:
        'Follow entries and look files up; --no-stat touches none, as is the default where --procfs is no procfs',
    },
    ask: {
      value: 'TYPE',
      isList: true,
      describe:
        'Ask filesystems of these types too, although their server may never answer: fuse.sshfs,nfs4 or repeated; ' +
        'default: none of FUSE, NFS and the like, so that nothing hangs',
    },
    bpf: {
      value: 'FILE',
      describe: `The BPF iterator that tells which files are really mapped; default: ${PINNED}, where it is pinned`,
    },
    stale: {
      describe:
        'Only files that are known not to be current any more; no memory, and no file that never had a name (O_TMPFILE)',
    },
    code: {
      describe: 'Only files of which the process maps code; written when its last entry has come',
    },
    'exit-code': {
      describe: `Exit status ${FOUND} where a record was written, and nothing was wrong`,
    },
    compare: {
      describe:
        'Compare what is not current with the files, byte by byte, and tell same_bytes; --stale leaves out what is the same',
    },
    raw: { describe: 'What the kernel says alone, to be fixed elsewhere' },
    'overlay-base': {
      value: 'DIR',
      describe: 'The folder of overlay layers whose paths are relative',
    },
    ...tree,
  },
  examples: [
    ["aufs-vma --pid 1 | jq 'select(.fixed)'", 'what the kernel gets wrong'],
    [
      `aufs-vma --pid "$(docker inspect -f '{{.State.Pid}}' web)" | jq -c '[.path, .branch.path, .state]'`,
      'which layer supplies what',
    ],
    [`aufs-vma --container "$(docker inspect -f '{{.Id}}' web)" --stale`, 'of all processes of a container'],
    [
      "aufs-vma --all --stale --code | jq -r '[.unit, .container, .comm, .path, .state] | @tsv' | sort -u",
      'what to restart',
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
    [PINNED, 'The BPF iterator, where root has pinned it (bpf/pin.sh).'],
    ['/proc/PID/root', 'The root of a process, below which its files are looked up.'],
    ['/proc/PID/cgroup', 'Its container and its unit.'],
    SUPERBLOCK,
  ],
  exitStatus: [[FOUND, 'a record was written, with --exit-code']],
} as const satisfies AnyUsage

export const vma = { usage, pipeline }
