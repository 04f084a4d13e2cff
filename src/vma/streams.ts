/** Entries of map_files to VMA records: what `aufs-vma` does. */
import { type Duplex, Readable } from 'node:stream'
import { InputError, type OnError, throwIt } from '../errors.js'
import type { Emit, LineOptions } from '../lines/filter.js'
import { objectStream } from '../lines/streams.js'
import type { RawVma } from '../proc/map-files.js'
import { NotFollowedError } from '../proc/open-entries.js'
import { toBytes, toText } from '../text/json.js'
import type { ContextOptions } from './context-reader.js'
import { VmaFixer } from './fixer.js'

/** What reading processes takes: {@link LineOptions.onError}, told of the process as well. */
export interface PidOptions extends Pick<ContextOptions, 'procfs' | 'sysfs' | 'stat' | 'ask' | 'bpf'> {
  /** Processes, in the order in which they are read. */
  pids: Iterable<number>
  /**
   * Called for what cannot be read of a process; the others are. Default: the first error ends the stream. Entries that this
   * user may not follow are no such error: their records come without `dev`, `ino` and `mnt_id` in `kernel`.
   */
  onError?: (error: InputError, pid: number) => unknown
}

/**
 * A stream of the {@link RawVma} records of processes.
 *
 * @example readMapFiles({ pids: [1] }).pipe(fixVmas()).on('data', (vma) => vma.path)
 */
export function readMapFiles({ pids, onError = throwUnlessNotFollowed, ...options }: PidOptions): Readable {
  const fixer = new VmaFixer(options)
  return Readable.from(
    (function* () {
      for (const pid of pids) {
        const { records, stopped } = collect(
          (warn) => fixer.raw(pid, warn),
          (error) => onError(error, pid),
        )
        yield* records.map((entry) => toText(entry))
        if (stopped) return
      }
    })(),
  )
}

/**
 * A stream from {@link RawVma} records to {@link Vma} records, by the given tables or by the mountinfo of each one's process.
 *
 * @example readMapFiles({ pids: [1] }).pipe(fixVmas({ tables, root: '/var/lib/docker/aufs/mnt/ID' }))
 */
export function fixVmas({
  onError = throwIt,
  ...options
}: ContextOptions & Pick<LineOptions, 'onError'> = {}): Duplex {
  const { tables, root, overlayBase } = options
  const fixer = new VmaFixer({
    ...options,
    tables: toBytes(tables ?? null),
    root: toBytes(root ?? null),
    overlayBase: toBytes(overlayBase ?? null),
  })
  return objectStream(async function* (source: AsyncIterable<RawVma>) {
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

/** Every process of an ordinary user has entries that it may not follow, and what maps and their links say is worth having. */
function throwUnlessNotFollowed(error: InputError): void {
  if (!(error instanceof NotFollowedError)) throwIt(error)
}

/** What a reading gives: nothing where it fails, which `onError` is told, as of what is wrong otherwise. */
function collect<T>(
  read: (warn: Emit<InputError>) => T[],
  onError: OnError,
): { records: T[]; stopped: boolean } {
  let stopped = false
  const tell = (error: InputError) => {
    stopped ||= onError(error) === 'stop'
  }
  try {
    return { records: read(tell), stopped }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    tell(error)
    return { records: [], stopped }
  }
}
