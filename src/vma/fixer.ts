/** Reads processes and fixes their entries; what processes of one namespace share is fixed once. */
import { BoundedMap } from '../bounded-map.js'
import { InputError } from '../errors.js'
import type { Emit, Filter } from '../lines/filter.js'
import { parseCgroups } from '../proc/cgroup.js'
import { entryFilter, type MapFilesEntry, type RawVma } from '../proc/map-files.js'
import { isSharedWritable } from '../proc/maps.js'
import { Process } from '../proc/process.js'
import { readEntries } from '../proc/read-map-files.js'
import { join } from '../text/paths.js'
import { namesNoBranch, showsLeak } from './claim.js'
import { compared } from './compare/compare-records.js'
import type { ProcessContext } from './context.js'
import { type ContextOptions, ContextReader } from './context-reader.js'
import { fixVma } from './fix-vma.js'
import type { SharedContext } from './namespaces.js'
import { unfixed, type Vma } from './record.js'

/** Processes that are remembered, of entries that somebody else has read. */
const OWNERS_KEPT = 100

/** How long what was seen of them is taken for true, in seconds: such an input may never end. */
const SEEN_FOR = 1

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

  readonly #warned = new WeakSet<ProcessContext>()
  // `performance` takes longer to load than most processes to read.
  #seenAt = process.uptime()

  constructor(options?: ContextOptions) {
    this.#reader = new ContextReader(options)
  }

  /** The entries of a process, as the kernel has them. @throws InputError where it has ended or may not be read */
  raw(pid: number, warn: Emit<InputError>): RawVma[] {
    const process = new Process(pid, this.#reader.procfs)
    const mounts = process.mounts(warn)
    const follow = this.#reader.follow(process, mounts)
    try {
      const reading = { ...this.#reader.reading, follow, kernels: new Map() }
      return readEntries(process, mounts, reading, warn).map(unfixed)
    } finally {
      follow?.close()
    }
  }

  /**
   * The entries of a process, fixed, as they are asked for.
   *
   * @param compare whether what is not current is compared with the files, byte by byte
   * @throws InputError where it has ended or may not be read
   */
  *ofProcess(pid: number, warn: Emit<InputError>, compare = false): Generator<Vma> {
    const process = new Process(pid, this.#reader.procfs)
    const { context, namespace, follow } = this.#reader.ofProcess(process, warn)
    try {
      const { listed, kernels } = namespace
      const entries = readEntries(process, listed, { ...this.#reader.reading, follow, kernels }, warn)
      if (!namespace.leaky && entries.some((entry) => showsLeak(entry, context))) {
        namespace.leaky = true
        namespace.fixed = new WeakMap()
        namespace.compared = new WeakMap()
      }
      const known = { ...context, leaky: namespace.leaky }
      const fixed = this.#fixed(entries, known, namespace, warn)
      yield* compare ? compared([...fixed], known, process, namespace.compared, warn) : fixed
      // What was looked up of a process that has ended meanwhile was not its own any more.
      process.checkAlive()
    } finally {
      context.lookup?.close()
    }
  }

  *#fixed(
    entries: readonly MapFilesEntry[],
    context: ProcessContext,
    { fixed }: SharedContext,
    warn: Emit<InputError>,
  ): Generator<Vma> {
    for (const entry of entries) yield this.#checked(this.#fix(entry, context, fixed), context, warn)
  }

  #fix(entry: MapFilesEntry, context: ProcessContext, fixed: SharedContext['fixed']): Vma {
    // How a file is mapped may tell which copy of it is.
    if (isSharedWritable(entry.perms)) return fixVma(entry, context)
    const known = fixed.get(entry.kernel)
    if (known !== undefined) return forAnotherMapping(known, entry, context)
    const vma = fixVma(entry, context)
    fixed.set(entry.kernel, vma)
    return vma
  }

  /** A record, with one warning for each process whose links name none of the branches. */
  #checked(vma: Vma, context: ProcessContext, warn: Emit<InputError>): Vma {
    if (!this.#warned.has(context) && namesNoBranch(vma, context)) {
      this.#warned.add(context)
      warn(
        new InputError(
          'a link names no branch of its union: the branches were read in another mount namespace',
          vma.link,
        ),
      )
    }
    return vma
  }

  /** Fixes an entry that somebody else has read, by the mounts of its process where that is known. */
  entry(entry: MapFilesEntry, warn: Emit<InputError>): Vma {
    const now = process.uptime()
    if (now - this.#seenAt > SEEN_FOR) {
      this.close()
      this.#seenAt = now
    }
    const { context, names } = this.#ownerOf(entry.pid, warn)
    const chroot = this.#reader.chrootOf(entry)
    const vma = fixVma({ ...names, ...entry }, chroot === null ? context : { ...context, chroot })
    return this.#checked(vma, context, warn)
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
        ? this.#processOwner(new Process(pid, this.#reader.procfs), warn)
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
