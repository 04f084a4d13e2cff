/** Reads processes and fixes their entries; what processes of one namespace share is fixed once. */
import { BoundedMap } from '../bounded-map.js'
import type { InputError } from '../errors.js'
import type { Emit, Filter } from '../lines/filter.js'
import { parseCgroups } from '../proc/cgroup.js'
import { entryFilter, type Kernel, type MapFilesEntry, type RawVma } from '../proc/map-files.js'
import type { Mount } from '../proc/mountinfo.js'
import { Process } from '../proc/process.js'
import { readEntries } from '../proc/read-map-files.js'
import { join } from '../text/paths.js'
import { showsLeak } from './claim.js'
import type { ProcessContext } from './context.js'
import { type ContextOptions, ContextReader, type SharedContext } from './context-reader.js'
import { fixVma } from './fix-vma.js'
import { unfixed, type Vma } from './record.js'

/** Processes that are remembered, of entries that somebody else has read. */
const OWNERS_KEPT = 100

/** How long what was seen of them is taken for true, in milliseconds: such an input may never end. */
const SEEN_FOR = 1000

/** Whose an entry is that somebody else has read. */
interface Owner {
  context: ProcessContext
  /** What such an entry does not say, and the process still does; null where it cannot be asked. */
  names: Pick<MapFilesEntry, 'unit' | 'cgroup'> | null
}

/** Reads and fixes the entries of processes. */
export class VmaFixer {
  readonly #reader: ContextReader
  readonly #owners = new BoundedMap<number | null, Owner>(OWNERS_KEPT, ({ context }) =>
    context.lookup?.close(),
  )

  #seenAt = performance.now()

  constructor(options?: ContextOptions) {
    this.#reader = new ContextReader(options)
  }

  /** The entries of a process, as the kernel has them. @throws InputError where it has ended or may not be read */
  raw(pid: number, warn: Emit<InputError>): RawVma[] {
    const process = new Process(this.#reader.procfs, pid)
    return this.#entries(process, process.mounts(warn), new Map(), warn).map(unfixed)
  }

  /** The entries of a process, fixed, as they are asked for. @throws InputError where it has ended or may not be read */
  *ofProcess(pid: number, warn: Emit<InputError>): Generator<Vma> {
    const process = new Process(this.#reader.procfs, pid)
    const { context, namespace } = this.#reader.ofProcess(process, warn)
    try {
      const entries = this.#entries(process, namespace.listed, namespace.kernels, warn)
      if (!namespace.leaky && entries.some((entry) => showsLeak(entry, context))) {
        namespace.leaky = true
        namespace.fixed.clear()
      }
      const known = { ...context, leaky: namespace.leaky }
      for (const entry of entries) yield this.#fix(entry, known, namespace.fixed)
      // What was looked up of a process that has ended meanwhile was not its own any more.
      process.checkAlive()
    } finally {
      context.lookup?.close()
    }
  }

  #fix(entry: MapFilesEntry, context: ProcessContext, fixed: SharedContext['fixed']): Vma {
    const known = fixed.get(entry.kernel)
    if (known !== undefined) return forAnotherMapping(known, entry, context)
    const vma = fixVma(entry, context)
    fixed.set(entry.kernel, vma)
    return vma
  }

  #entries(
    process: Process,
    mounts: readonly Mount[],
    kernels: Map<string, Kernel>,
    warn: Emit<InputError>,
  ): MapFilesEntry[] {
    const { stat: follow, linksTell } = this.#reader
    return readEntries(process, mounts, { follow, linksTell, kernels }, warn)
  }

  /** Fixes an entry that somebody else has read, by the mounts of its process where that is known. */
  entry(entry: MapFilesEntry, warn: Emit<InputError>): Vma {
    const now = performance.now()
    if (now - this.#seenAt > SEEN_FOR) {
      this.close()
      this.#seenAt = now
    }
    const { context, names } = this.#ownerOf(entry.pid, warn)
    return fixVma(names === null ? entry : { ...names, ...entry }, context)
  }

  /** Gives back what is held open, and forgets what was seen; it may be used again. */
  close(): void {
    for (const { context } of this.#owners.values()) context.lookup?.close()
    this.#owners.clear()
    this.#reader.close()
  }

  #ownerOf(pid: number | null, warn: Emit<InputError>): Owner {
    const known = this.#owners.get(pid)
    if (known !== undefined) return known
    const owner =
      pid !== null && !this.#reader.isGiven
        ? this.#processOwner(new Process(this.#reader.procfs, pid), warn)
        : { context: this.#reader.ofEntry(pid), names: null }
    this.#owners.set(pid, owner)
    return owner
  }

  #processOwner(process: Process, warn: Emit<InputError>): Owner {
    const { context } = this.#reader.ofProcess(process, warn)
    const { unit, cgroup } = parseCgroups(process.text('cgroup') ?? '')
    return { context, names: { unit, cgroup } }
  }
}

/** Another mapping of a file that is known, maybe in another process of the same namespaces. */
function forAnotherMapping(
  known: Vma,
  { pid, comm, container, unit = null, cgroup = null, start, end, perms, offset }: MapFilesEntry,
  { root }: ProcessContext,
): Vma {
  const fpath = known.fpath === null || root === null ? null : join(root, known.path)
  return { ...known, pid, comm, container, unit, cgroup, start, end, perms, offset, fpath }
}

/** The filter from map_files entries, in text or raw records, to VMA records. */
export function vmaFilter(options?: ContextOptions): Filter<Vma> {
  const fixer = new VmaFixer(options)
  const entries = entryFilter()
  return {
    line: (line, emit, warn) => entries.line(line, (entry) => emit(fixer.entry(entry, warn)), warn),
    tooLong: (emit, warn) => entries.tooLong?.((entry) => emit(fixer.entry(entry, warn)), warn),
    end(emit, warn) {
      entries.end?.((entry) => emit(fixer.entry(entry, warn)), warn)
      fixer.close()
    },
  }
}
