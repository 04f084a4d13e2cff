/** Our commands beside others that do the same work. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { aufsTree, inputs, mappedFiles } from './inputs.js'
import type { Clock } from './measure.js'
import { type CPrograms, emptyScript, isInstalled, ours, start } from './tools.js'

/** A command, and whether what it printed is right: the time of one that is wrong does not count. */
export interface Side {
  command: string
  isRight(output: string): boolean
}

/** A line of the table: the same work by both. */
export interface Comparison {
  work: string
  against: string
  /** How many times as long as the other we may take. */
  target: number
  ours: Side
  peer: Side
  clock: Clock
  /** Runs that are timed as one, where one is too short. */
  loops: number
  /** Programs without which there is no comparison. */
  needs: readonly string[]
}

/** Where the inputs are written, and their sizes: 1 for those of the table. */
export interface Setting {
  folder: string
  programs: CPrograms
  /** A number of lines, entries or the like, in the size of this run. */
  scaled(size: number): number
}

/** All comparisons; what one needs is there until the next is asked for. */
export async function* comparisons(setting: Setting): AsyncGenerator<Comparison> {
  yield* starts(setting)
  yield* mounts(setting)
  yield* branches(setting)
  yield log(setting)
  yield* processes(setting)
}

function count(lines: number) {
  return (output: string) => output.split('\n').length - 1 === lines
}

const wall = { clock: 'wall', loops: 1 } as const

async function* starts({ folder, scaled }: Setting): AsyncGenerator<Comparison> {
  const peer = { command: emptyScript(folder), isRight: count(0) }
  const start = { against: 'node, empty script', peer, clock: 'cpu', loops: scaled(20), needs: [] } as const
  const file = inputs.containers(folder, 20)
  yield {
    ...start,
    work: 'start: aufs-branches, 20 lines, CPU',
    target: 1.4,
    ours: { command: `${ours('aufs-branches')} --type overlay < ${file}`, isRight: count(2) },
  }
  const shell = spawn('sh', ['-c', 'echo; read line'], { stdio: ['pipe', 'pipe', 'ignore'] })
  await once(shell.stdout, 'data')
  yield {
    ...start,
    work: 'start: aufs-vma --pid of a shell, CPU',
    target: 1.5,
    ours: {
      command: `${ours('aufs-vma')} --pid ${shell.pid}`,
      isRight: (output) => output.split('\n').length > 3,
    },
  }
  shell.stdin.end()
  await once(shell, 'close')
}

function* mounts({ folder, scaled }: Setting): Generator<Comparison> {
  const lines = scaled(100_000)
  const containers = inputs.containers(folder, lines)
  yield {
    ...wall,
    work: `aufs-mounts, ${lines} lines`,
    against: 'findmnt -l -J -F FILE',
    target: 1,
    ours: { command: `${ours('aufs-mounts')} < ${containers}`, isRight: count(lines) },
    peer: {
      command: `findmnt -l -J -F ${containers}`,
      isRight: (output) => JSON.parse(output).filesystems.length === lines,
    },
    needs: ['findmnt'],
  }
  const overlays = inputs.overlays(folder, lines)
  yield {
    ...wall,
    work: `aufs-mounts, ${lines} lines, all overlay`,
    against: 'jc --proc-pid-mountinfo',
    target: 0.25,
    ours: { command: `${ours('aufs-mounts')} < ${overlays}`, isRight: count(lines) },
    peer: {
      command: `jc --proc-pid-mountinfo < ${overlays}`,
      isRight: (output) => JSON.parse(output).length === lines,
    },
    needs: ['jc'],
  }
}

function* branches({ folder, programs, scaled }: Setting): Generator<Comparison> {
  const lines = scaled(1_000_000)
  const noUnions = inputs.noUnions(folder, lines)
  yield {
    ...wall,
    work: `aufs-branches, ${lines} lines, no union`,
    against: "mawk '/ - (aufs|overlay) /'",
    target: 1,
    ours: { command: `${ours('aufs-branches')} < ${noUnions}`, isRight: count(0) },
    peer: { command: `mawk '/ - (aufs|overlay) /' ${noUnions}`, isRight: count(0) },
    needs: ['mawk'],
  }
  const [unions, each] = [scaled(2000), 40]
  const { sysfs, mountinfo } = aufsTree(folder, unions, each)
  yield {
    ...wall,
    work: `aufs-branches, ${unions} AUFS mounts of ${each} branches`,
    against: 'C: open, read, print the same files',
    target: 3,
    ours: { command: `${ours('aufs-branches')} --sysfs ${sysfs} < ${mountinfo}`, isRight: count(unions) },
    peer: { command: `${programs.path('read-branches')} ${sysfs}`, isRight: count(2 * unions * each) },
    needs: [programs.path('read-branches')],
  }
  const containers = inputs.overlayContainers(folder, scaled(100_000))
  const tables = { isRight: count(scaled(100_000) / 5) }
  yield {
    ...wall,
    work: `aufs-mounts | aufs-branches, ${scaled(100_000)} lines`,
    against: 'aufs-branches alone',
    target: 2.5,
    ours: { ...tables, command: `${ours('aufs-mounts')} < ${containers} | ${ours('aufs-branches')}` },
    peer: { ...tables, command: `${ours('aufs-branches')} < ${containers}` },
    needs: [],
  }
}

function log({ folder, scaled }: Setting): Comparison {
  const lines = scaled(2_800_000)
  const file = inputs.log(folder, lines, lines / 100)
  return {
    ...wall,
    work: `aufs-log, ${lines} lines, 100 tables`,
    against: "mawk '/aufs.si_/'",
    target: 0.7,
    ours: { command: `${ours('aufs-log')} < ${file}`, isRight: count(100) },
    peer: { command: `mawk '/aufs.si_/' ${file}`, isRight: count(800) },
    needs: ['mawk'],
  }
}

async function* processes(setting: Setting): AsyncGenerator<Comparison> {
  if (!isInstalled('cc')) return
  yield* mappings(setting, 15_000, 1.8)
  yield* mappings(setting, 60_000, 0.8)
  const { folder, programs, scaled } = setting
  const [processes, mapped, files] = [scaled(300), 200, 60]
  const running = await start(programs.path('mapper'), mappedFiles(folder, files), files, mapped, processes)
  const pids = new Set(running.pids)
  const ofThese = (pid: RegExp) => (output: string) =>
    output.split('\n').filter((line) => pids.has(Number(pid.exec(line)?.[1]))).length >= processes * mapped
  yield {
    ...wall,
    work: `aufs-vma --all, ${processes} processes of ${mapped} mappings of ${files} files`,
    against: "C: CRIU's calls for each",
    target: 1,
    ours: { command: `${ours('aufs-vma')} --all`, isRight: ofThese(/^\{"pid":(\d+),/) },
    peer: { command: `(cd /proc && ${programs.path('criu-calls')} [0-9]*)`, isRight: ofThese(/^(\d+) /) },
    needs: [],
  }
  await running.stop()
}

async function* mappings({ folder, programs, scaled }: Setting, size: number, target: number) {
  const [mapped, files] = [scaled(size), scaled(3000)]
  const running = await start(programs.path('mapper'), mappedFiles(folder, files), files, mapped)
  const [pid] = running.pids
  // Those of the program and its library come in addition.
  const isRight = (output: string) => output.split('\n').length > mapped
  yield {
    ...wall,
    work: `aufs-vma --pid, ${mapped} mappings of ${files} files`,
    against: "C: CRIU's calls for each",
    target,
    ours: { command: `${ours('aufs-vma')} --pid ${pid}`, isRight },
    peer: { command: `${programs.path('criu-calls')} ${pid}`, isRight },
    needs: [],
  }
  await running.stop()
}
