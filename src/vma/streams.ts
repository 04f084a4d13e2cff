/** Entries of map_files to VMA records: what `aufs-vma` does. */
import { Readable } from 'node:stream'
import { howToGet, InputError, type OnError, throwIt } from '../errors.js'
import type { Emit, LineOptions } from '../lines/filter.js'
import type { RecordReadable, RecordStream } from '../lines/record-stream.js'
import { objectStream } from '../lines/streams.js'
import type { RawVma } from '../proc/map-files.js'
import { NotFollowedError } from '../proc/open-entries.js'
import { ForbiddenError, GoneError, listPids } from '../proc/process.js'
import { toBytes, toText } from '../text/json.js'
import type { Text } from '../text/text-types.js'
import type { ContextOptions } from './context-reader.js'
import { VmaFixer } from './fixer.js'
import type { Vma } from './record.js'

/** Which processes are read, and how: {@link LineOptions.onError}, told of the process as well. */
export interface PidOptions extends Text<Pick<ContextOptions, 'procfs' | 'sysfs' | 'stat' | 'ask' | 'bpf'>> {
  /** Processes, in the order in which they are read. Default: all. Those that end meanwhile are then passed over. */
  pids?: Iterable<number>
  /**
   * Called for what cannot be read of a process; the others are. Default: the first error ends the stream, but for what this
   * user lacks a capability for. Of that the records say null, and a process warning is emitted once (`process.emitWarning`);
   * so it is with the processes that may not be read at all, where `pids` names none.
   */
  onError?: (error: InputError, pid: number) => unknown
}

/** How processes are read and their entries fixed. */
export interface VmaOptions extends PidOptions, Text<Omit<ContextOptions, keyof PidOptions>> {
  /** Compares what is not current with the files, byte by byte, and tells `same_bytes`. */
  compare?: boolean
}

/**
 * The {@link Vma} records of processes: what `aufs-vma --pid` writes.
 *
 * @example for await (const { path, branch, state } of vmas({ pids: [1] })) console.log(path, branch?.path, state)
 */
export function vmas({ compare, ...options }: VmaOptions = {}): RecordReadable<Text<Vma>> {
  const fixer = fixerOf(options)
  return ofProcesses(options, fixer, (pid, warn) => fixer.ofProcess(pid, warn, compare))
}

/**
 * A stream of the {@link RawVma} records of processes.
 *
 * @example readMapFiles({ pids: [1] }).pipe(fixVmas()).on('data', (vma) => vma.path)
 */
export function readMapFiles(options: PidOptions = {}): RecordReadable<Text<RawVma>> {
  const fixer = fixerOf(options)
  return ofProcesses(options, fixer, (pid, warn) => fixer.raw(pid, warn))
}

/**
 * A stream from {@link RawVma} records to {@link Vma} records, by the given tables or by the mountinfo of each one's process.
 *
 * @example readMapFiles({ pids: [1] }).pipe(fixVmas({ tables, root: '/var/lib/docker/aufs/mnt/ID' }))
 */
export function fixVmas({
  onError = warnOrThrow,
  ...options
}: Text<ContextOptions> & Pick<LineOptions, 'onError'> = {}): RecordStream<Text<RawVma>, Text<Vma>> {
  const fixer = fixerOf(options)
  return objectStream(async function* (source) {
    let stopped = false
    try {
      for await (const entry of source) {
        if (stopped) continue
        const read = collect((warn) => [fixer.entry(toBytes(entry), warn)], onError)
        yield* read.records.map((vma) => toText(vma))
        stopped = read.stopped
      }
    } finally {
      fixer.close()
    }
  })
}

function fixerOf({ tables, root, overlayBase, ask, ...options }: Text<ContextOptions>): VmaFixer {
  return new VmaFixer({
    ...options,
    tables: toBytes(tables ?? null),
    root: toBytes(root ?? null),
    overlayBase: toBytes(overlayBase ?? null),
    ask: toBytes(ask ?? []),
  })
}

/** What `read` gives of each process. */
function ofProcesses<T>(
  { pids, procfs, onError }: PidOptions,
  fixer: VmaFixer,
  read: (pid: number, warn: Emit<InputError>) => Iterable<T>,
): RecordReadable<Text<T>> {
  const takeFault = (error: InputError, pid: number) => {
    if (pids === undefined && error instanceof GoneError) return null
    if (onError !== undefined) return onError(error, pid)
    return pids === undefined && error instanceof ForbiddenError ? leftOut() : warnOrThrow(error)
  }
  const records = function* () {
    try {
      for (const pid of pids ?? listPids(procfs)) {
        const { records, stopped } = collect(
          (warn) => read(pid, warn),
          (error) => takeFault(error, pid),
        )
        for (const record of records) yield toText(record)
        if (stopped) return
      }
    } finally {
      fixer.close()
    }
  }
  return Readable.from(records()) as RecordReadable<Text<T>>
}

const warned = new Set<string>()

/** Emits a process warning, the first time that it is to be told. */
function warnOnce(message: string): void {
  if (!warned.has(message)) process.emitWarning(message, 'PrivilegeWarning')
  warned.add(message)
}

/** One warning is enough for a whole machine. */
const leftOut = () =>
  warnOnce(`processes that this user may not read are left out; ${howToGet('CAP_SYS_PTRACE')}`)

/** What the records say null of is worth a warning: of all processes of an ordinary user there is such. */
function warnOrThrow(error: InputError): void {
  if (error instanceof NotFollowedError) warnOnce(error.message)
  else throwIt(error)
}

/** What a reading gives: nothing where it fails, which `onError` is told, as of what is wrong otherwise. */
function collect<T>(
  read: (warn: Emit<InputError>) => Iterable<T>,
  onError: OnError,
): { records: T[]; stopped: boolean } {
  let stopped = false
  const tell = (error: InputError) => {
    stopped ||= onError(error) === 'stop'
  }
  try {
    return { records: [...read(tell)], stopped }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    tell(error)
    return { records: [], stopped }
  }
}
