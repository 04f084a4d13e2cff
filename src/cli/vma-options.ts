/** What the command line of `aufs-vma` asks for: which processes, and how they are read. */
import { accessSync, closeSync, constants, existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { InputError, reasonAndCure } from '../errors.js'
import { NotAskedError } from '../files/asking.js'
import { isProcfs } from '../files/ids.js'
import { walkTo } from '../files/walk.js'
import { lineTransform } from '../lines/line-transform.js'
import { listPids } from '../proc/process.js'
import { type ByteString, bytesOf } from '../text/byte-string.js'
import { AskableMounts } from '../unions/askable-mounts.js'
import type { BranchTable } from '../unions/branch-table.js'
import { Tables, tableRecordFilter } from '../unions/tables.js'
import type { ContextOptions } from '../vma/context-reader.js'
import { UsageError } from './arguments.js'
import { pidsOfContainer } from './containers.js'
import { namingOtherKinds } from './other-kinds.js'
import type { Run } from './run.js'

interface VmaArguments {
  pid: string[] | undefined
  all: boolean
  container: string | undefined
  stale: boolean
  compare: boolean
  raw: boolean
  branches: string | undefined
  root: string | undefined
  stat: boolean | undefined
  ask: string[] | undefined
  bpf: string | undefined
  'overlay-base': string | undefined
  procfs: string
  sysfs: string
}

/** The processes asked for; null if entries come from standard input or files. @throws UsageError for options that contradict each other */
export function wantedPids(options: VmaArguments, files: string[]): number[] | null {
  const { pid, all, container, procfs } = options
  const tokens = pid?.flatMap((list) => list.split(','))
  const wrong = contradictions(options, tokens, files).find(([isWrong]) => isWrong)
  if (wrong !== undefined) throw new UsageError(wrong[1])
  if (tokens !== undefined) return [...new Set(tokens.map(Number))]
  if (isReadWhole(container, files)) return pidsOfContainer(container, procfs)
  return all ? listPids(procfs) : null
}

/** Whether all processes of a container are read. With FILEs it is their entries that are chosen. */
function isReadWhole(container: string | undefined, files: string[]): container is string {
  return container !== undefined && files.length === 0
}

function contradictions(
  { all, container, root, stale, raw, ...others }: VmaArguments,
  tokens: string[] | undefined,
  files: string[],
): [isWrong: boolean, message: string][] {
  const bad = tokens?.find((token) => !/^[1-9]\d{0,9}$/.test(token))
  const isContainer = container === undefined || /^[0-9a-f]{1,64}$/.test(container)
  const [number] = files.filter((file) => /^[1-9]\d*$/.test(file) && !existsSync(file))
  const isMany = all || isReadWhole(container, files)
  const isOne = !isMany && (tokens?.length ?? 0) <= 1
  const isReadHere = isMany || tokens !== undefined
  return [
    [bad === '0', '--pid 0 is no process: docker inspect tells it of a container that is not running'],
    [number !== undefined, `there is no FILE ${number}: did you mean --pid ${number}?`],
    [bad !== undefined, `--pid takes process numbers, not "${bad}"`],
    [!isContainer, `--container takes the id of one, or how it begins, not "${container}"`],
    [all && tokens !== undefined, '--all goes without --pid'],
    [container !== undefined && tokens !== undefined, '--container goes without --pid'],
    [(all || tokens !== undefined) && files.length > 0, '--pid and --all read no FILE'],
    [root !== undefined && !isOne, '--root goes with one --pid only'],
    ...notComparable({ raw, ...others }, isReadHere),
    [stale && raw, '--raw tells no state, so it goes without --stale'],
  ]
}

function notComparable(
  { compare, raw, stat, procfs }: Pick<VmaArguments, 'compare' | 'raw' | 'stat' | 'procfs'>,
  isReadHere: boolean,
): [isWrong: boolean, message: string][] {
  if (!compare) return []
  const isLive = stat !== false && isProcfs(procfs)
  return [
    [!isReadHere, '--compare reads memory, so it goes with --pid, --all or --container'],
    [raw, '--raw tells nothing of the files, so it goes without --compare'],
    [!isLive, '--compare reads running processes and their files: no captured tree, nor with --no-stat'],
  ]
}

/** The options of the command line, as the reader of processes takes them. */
export function viewOptions(
  { procfs, sysfs, stat, ask, bpf, branches, root, ...wish }: VmaArguments,
  readOption: Run<unknown>['readOption'],
): ContextOptions {
  const base = wish['overlay-base']
  return {
    procfs,
    sysfs,
    ...(stat !== undefined && { stat }),
    ...(ask !== undefined && { ask: types(ask) }),
    ...(bpf !== undefined && { bpf: readable(bpf) }),
    ...(branches !== undefined && { tables: readTables(branches, readOption) }),
    ...(root !== undefined && { root: bytesOf(root).replace(/(?<=.)\/+$/, '') }),
    ...(base !== undefined && { overlayBase: bytesOf(resolve(base)) }),
  }
}

/** Checks the folders that are read on the way to everything else. @throws InputError if there is none, or it may not be entered */
export function checkFolders(args: VmaArguments, pids: readonly number[] | null): void {
  const { procfs, root, stat } = args
  readable(procfs)
  // What a captured tree or an entry says of a root is not looked up.
  if (root !== undefined && stat !== false && pids !== null && isProcfs(procfs)) checkRoot(root, args)
}

/** Checks a root, unless its filesystem may not answer. */
function checkRoot(root: string, { sysfs, ask }: VmaArguments): void {
  const mounts = new AskableMounts('/proc', new Tables({ sysfs }), types(ask))
  try {
    const { fd } = walkTo(bytesOf(resolve(root)), mounts.ofReader)
    try {
      accessSync(`/proc/self/fd/${fd}`, constants.X_OK)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    if (!(error instanceof NotAskedError)) throw unreadable(root, error)
  } finally {
    mounts.close()
  }
}

/** @throws InputError if a file or folder that was asked for may not be read */
function readable(file: string): string {
  try {
    accessSync(file, constants.R_OK)
    return file
  } catch (error) {
    throw unreadable(file, error)
  }
}

function unreadable(file: string, error: unknown): InputError {
  return new InputError(`${file}: ${reasonAndCure(error, 'CAP_DAC_READ_SEARCH')}`)
}

/** @param ask lists of types, as the option has them */
function types(ask: readonly string[] = []): ByteString[] {
  return ask.flatMap((list) => bytesOf(list).split(','))
}

function readTables(file: string, readOption: Run<unknown>['readOption']): BranchTable[] {
  const tables: BranchTable[] = []
  const keep = (table: BranchTable) => {
    tables.push(table)
    return ''
  }
  readOption(file, (lines) =>
    lineTransform(namingOtherKinds(tableRecordFilter(), 'branch tables'), keep, lines),
  )
  return tables
}
