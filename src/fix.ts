/** Entries of map_files to VMA records: what `aufs-vma` does. */
import { type Duplex, Readable } from 'node:stream'
import { toBytes, toText } from './bytes.js'
import { readEntries } from './entries.js'
import { InputError, type OnError, throwIt } from './errors.js'
import type { Emit, Filter, LineOptions } from './lines.js'
import { entryFilter, type Kernel, type RawVma } from './map-files.js'
import type { Mount } from './mounts.js'
import { join } from './paths.js'
import { Process } from './process.js'
import { Recent } from './recent.js'
import { objectStream } from './streams.js'
import { type Namespace, showsLeak, Viewer, type ViewOptions } from './view.js'
import { fixVma, type View, type Vma } from './vma.js'

/** Processes whose mounts are remembered, of entries that somebody else has read. */
const VIEWS_KEPT = 100

/** How long what was seen of them is taken for true, in milliseconds: such an input may never end. */
const SEEN_FOR = 1000

/** Reads and fixes the entries of processes. */
export class Fixer {
  readonly #viewer: Viewer
  readonly #views = new Recent<number | null, View>(VIEWS_KEPT, (view) => view.looks?.close())

  #seenAt = performance.now()

  constructor(options?: ViewOptions) {
    this.#viewer = new Viewer(options)
  }

  /** The entries of a process, as the kernel has them. @throws InputError where it has ended or may not be read */
  raw(pid: number, warn: Emit<InputError>): RawVma[] {
    const process = new Process(this.#viewer.procfs, pid)
    return this.#entries(process, process.mounts(warn), new Map(), warn)
  }

  /** The entries of a process, fixed, as they are asked for. @throws InputError where it has ended or may not be read */
  *ofProcess(pid: number, warn: Emit<InputError>): Generator<Vma> {
    const process = new Process(this.#viewer.procfs, pid)
    const { view, namespace } = this.#viewer.ofProcess(process, warn)
    try {
      const entries = this.#entries(process, namespace.listed, namespace.kernels, warn)
      if (!namespace.leaky && entries.some((entry) => showsLeak(entry, view))) {
        namespace.leaky = true
        namespace.fixed.clear()
      }
      const known = { ...view, leaky: namespace.leaky }
      for (const entry of entries) yield this.#fix(entry, known, namespace.fixed)
      // What was looked up of a process that has ended meanwhile was not its own any more.
      process.checkAlive()
    } finally {
      view.looks?.close()
    }
  }

  #fix(entry: RawVma, view: View, fixed: Namespace['fixed']): Vma {
    const known = fixed.get(entry.kernel)
    if (known !== undefined) return likewise(known, entry, view)
    const vma = fixVma(entry, view)
    fixed.set(entry.kernel, vma)
    return vma
  }

  #entries(
    process: Process,
    mounts: readonly Mount[],
    kernels: Map<string, Kernel>,
    warn: Emit<InputError>,
  ): RawVma[] {
    const { stat: follow, linksTell } = this.#viewer
    return readEntries(process, mounts, { follow, linksTell, kernels }, warn)
  }

  /** Fixes an entry that somebody else has read, by the mounts of its process where that is known. */
  entry(entry: RawVma, warn: Emit<InputError>): Vma {
    const now = performance.now()
    if (now - this.#seenAt > SEEN_FOR) {
      this.close()
      this.#seenAt = now
    }
    return fixVma(entry, this.#viewOf(entry.pid, warn))
  }

  /** Gives back what is held open, and forgets what was seen; it may be used again. */
  close(): void {
    for (const { looks } of this.#views.values()) looks?.close()
    this.#views.clear()
    this.#viewer.close()
  }

  #viewOf(pid: number | null, warn: Emit<InputError>): View {
    const known = this.#views.get(pid)
    if (known !== undefined) return known
    const isLocal = pid !== null && !this.#viewer.isGiven
    const view = isLocal
      ? this.#viewer.ofProcess(new Process(this.#viewer.procfs, pid), warn).view
      : this.#viewer.ofEntry(pid)
    this.#views.set(pid, view)
    return view
  }
}

/** Another mapping of a file that is known, maybe in another process of the same namespaces. */
function likewise(
  known: Vma,
  { pid, comm, container, start, end, perms, offset }: RawVma,
  { root }: View,
): Vma {
  const fpath = known.fpath === null || root === null ? null : join(root, known.path)
  return { ...known, pid, comm, container, start, end, perms, offset, fpath }
}

/** The filter from map_files entries, in text or raw records, to VMA records. */
export function vmaFilter(options?: ViewOptions): Filter<Vma> {
  const fixer = new Fixer(options)
  const entries = entryFilter()
  return {
    line: (line, emit, warn) => entries.line(line, (entry) => emit(fixer.entry(entry, warn)), warn),
    end(emit, warn) {
      entries.end?.((entry) => emit(fixer.entry(entry, warn)), warn)
      fixer.close()
    },
  }
}

/** What reading processes takes: {@link LineOptions.onError}, told of the process as well. */
export interface PidOptions extends Pick<ViewOptions, 'procfs' | 'sysfs' | 'stat'> {
  /** Processes, in the order in which they are read. */
  pids: Iterable<number>
  /** Called for what cannot be read of a process; the others are. Default: the first error ends the stream. */
  onError?: (error: InputError, pid: number) => unknown
}

/**
 * A stream of the {@link RawVma} records of processes.
 *
 * @example readMapFiles({ pids: [1] }).pipe(fixVmas()).on('data', (vma) => vma.path)
 */
export function readMapFiles({ pids, onError = throwIt, ...options }: PidOptions): Readable {
  const fixer = new Fixer(options)
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
}: ViewOptions & Pick<LineOptions, 'onError'> = {}): Duplex {
  const { tables, root, overlayBase } = options
  const fixer = new Fixer({
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
