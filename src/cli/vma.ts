/** What the command line of `aufs-vma` asks for. */
import { resolve } from 'node:path'
import { type BranchTable, tableRecordFilter } from '../branches.js'
import { bytesOf } from '../bytes.js'
import { NotFollowedError } from '../entries.js'
import { InputError } from '../errors.js'
import type { Fixer } from '../fix.js'
import { converter } from '../lines.js'
import type { RawVma } from '../map-files.js'
import { ForbiddenError, GoneError, listPids } from '../process.js'
import { isStale } from '../state.js'
import type { ViewOptions } from '../view.js'
import type { Vma } from '../vma.js'
import { UsageError } from './arguments.js'
import { type Run, writeError } from './command.js'
import { isTerminal } from './io.js'

type Report = Run<unknown>['report']

interface Wish {
  pid: string[] | undefined
  all: boolean
  stale: boolean
  raw: boolean
  branches: string | undefined
  root: string | undefined
  stat: boolean | undefined
  'overlay-base': string | undefined
  procfs: string
  sysfs: string
}

/** The processes asked for; null where entries come from standard input or files. @throws UsageError for what cannot be meant */
export function wantedPids({ pid, all, root, procfs, stale, raw }: Wish, files: string[]): number[] | null {
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

/** How the processes are to be looked at. */
export function viewOptions(
  { procfs, sysfs, stat, branches, root, ...wish }: Wish,
  read: Run<unknown>['read'],
): ViewOptions {
  const base = wish['overlay-base']
  return {
    procfs,
    sysfs,
    ...(stat !== undefined && { stat }),
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
  read(file, (lines) => converter(tableRecordFilter(), keep, lines))
  return tables
}

/**
 * The records of processes, one process after the other, and null after each process; each that cannot be read is a message. With `all`, those that have
 * ended are none, and those that may not be read are one together.
 */
export function* processRecords(
  fixer: Fixer,
  pids: readonly number[],
  { raw, all, stale }: Choice,
  report: Report,
): Generator<object | null> {
  const progress = new Progress(all ? pids.length : 0)
  let forbidden = 0
  const told = new Set<string>()
  for (const pid of pids) {
    progress.step()
    let stop = false
    const warn = (error: InputError) => {
      // One message is enough for a whole machine.
      if (all && error instanceof NotFollowedError && told.has(error.message)) return
      told.add(error.message)
      progress.clear()
      stop ||= report(`pid ${pid}`, error) === 'stop'
    }
    try {
      const records = raw ? fixer.raw(pid, warn) : fixer.ofProcess(pid, warn)
      for (const record of stale ? staleOf(records) : records) {
        if (stop) return
        yield record
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      if (all && error instanceof ForbiddenError) forbidden += 1
      else if (!(all && error instanceof GoneError)) warn(error)
    }
    if (stop) return
    yield null
  }
  progress.clear()
  if (forbidden > 0)
    report('--all', new InputError(`${forbidden} of ${pids.length} processes may not be read by this user`))
}

function* staleOf(records: Iterable<RawVma | Vma>): Generator<Vma> {
  for (const record of records) if ('state' in record && isStale(record)) yield record
}

interface Choice {
  raw: boolean
  all: boolean
  stale: boolean
}

/** How far it is, on standard error where that is a terminal and standard output is none. */
class Progress {
  readonly #total: number
  #done = 0
  #shown = 0

  constructor(total: number) {
    this.#total = total > 0 && isTerminal(2) && !isTerminal(1) ? total : 0
  }

  step(): void {
    this.#done += 1
    if (this.#total === 0 || Date.now() - this.#shown < 100) return
    this.#shown = Date.now()
    writeError(`\r${this.#done}/${this.#total} processes`)
  }

  clear(): void {
    if (this.#shown > 0) writeError('\r\x1b[K')
  }
}
