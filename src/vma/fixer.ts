/** Reads processes and fixes their entries; what processes of one namespace share is fixed once. */
import { BoundedMap } from '../bounded-map.js'
import { InputError } from '../errors.js'
import type { Emit, Filter } from '../lines/filter.js'
import { entryFilter, type RawVma } from '../proc/map-files.js'
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
import type { Vma } from './record.js'

/** Processes whose mounts are remembered, of entries that somebody else has read. */
const CONTEXTS_KEPT = 100

/** How long what was seen of them is taken for true, in milliseconds: such an input may never end. */
const SEEN_FOR = 1000

/** Reads and fixes the entries of processes. */
export class VmaFixer {
  readonly #reader: ContextReader
  readonly #contexts = new BoundedMap<number | null, ProcessContext>(CONTEXTS_KEPT, (context) =>
    context.lookup?.close(),
  )

  readonly #warned = new WeakSet<ProcessContext>()
  #seenAt = performance.now()

  constructor(options?: ContextOptions) {
    this.#reader = new ContextReader(options)
  }

  /** The entries of a process, as the kernel has them. @throws InputError where it has ended or may not be read */
  raw(pid: number, warn: Emit<InputError>): RawVma[] {
    const process = new Process(this.#reader.procfs, pid)
    const mounts = process.mounts(warn)
    const follow = this.#reader.follow(process, mounts)
    try {
      return readEntries(
        process,
        mounts,
        { follow, linksTell: this.#reader.linksTell, kernels: new Map() },
        warn,
      )
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
    const process = new Process(this.#reader.procfs, pid)
    const { context, namespace, follow } = this.#reader.ofProcess(process, warn)
    try {
      const { listed, kernels } = namespace
      const { linksTell } = this.#reader
      const entries = readEntries(process, listed, { follow, linksTell, kernels }, warn)
      if (!namespace.leaky && entries.some((entry) => showsLeak(entry, context))) {
        namespace.leaky = true
        namespace.fixed.clear()
      }
      const known = { ...context, leaky: namespace.leaky }
      const fixed = this.#fixed(entries, known, namespace, warn)
      yield* compare ? compared([...fixed], known, process, warn) : fixed
      // What was looked up of a process that has ended meanwhile was not its own any more.
      process.checkAlive()
    } finally {
      context.lookup?.close()
    }
  }

  *#fixed(
    entries: readonly RawVma[],
    context: ProcessContext,
    { fixed }: SharedContext,
    warn: Emit<InputError>,
  ): Generator<Vma> {
    for (const entry of entries) yield this.#checked(this.#fix(entry, context, fixed), context, warn)
  }

  #fix(entry: RawVma, context: ProcessContext, fixed: SharedContext['fixed']): Vma {
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
  entry(entry: RawVma, warn: Emit<InputError>): Vma {
    const now = performance.now()
    if (now - this.#seenAt > SEEN_FOR) {
      this.close()
      this.#seenAt = now
    }
    const context = this.#contextOf(entry.pid, warn)
    const chroot = this.#reader.chrootOf(entry)
    return this.#checked(fixVma(entry, chroot === null ? context : { ...context, chroot }), context, warn)
  }

  /** Gives back what is held open, and forgets what was seen; it may be used again. */
  close(): void {
    for (const { lookup } of this.#contexts.values()) lookup?.close()
    this.#contexts.clear()
    this.#reader.close()
  }

  #contextOf(pid: number | null, warn: Emit<InputError>): ProcessContext {
    const known = this.#contexts.get(pid)
    if (known !== undefined) return known
    const isLocal = pid !== null && !this.#reader.isGiven
    const context = isLocal
      ? this.#reader.ofProcess(new Process(this.#reader.procfs, pid), warn).context
      : this.#reader.ofEntry(pid)
    this.#contexts.set(pid, context)
    return context
  }
}

/** Another mapping of a file that is known, maybe in another process of the same namespaces. */
function forAnotherMapping(
  known: Vma,
  { pid, comm, container, start, end, perms, offset }: RawVma,
  { root }: ProcessContext,
): Vma {
  const fpath = known.fpath === null || root === null ? null : join(root, known.path)
  return { ...known, pid, comm, container, start, end, perms, offset, fpath }
}

/** The filter from map_files entries, in text or raw records, to VMA records. */
export function vmaFilter(options?: ContextOptions): Filter<Vma> {
  const fixer = new VmaFixer(options)
  const entries = entryFilter()
  return {
    line: (line, emit, warn) => entries.line(line, (entry) => emit(fixer.entry(entry, warn)), warn),
    end(emit, warn) {
      entries.end?.((entry) => emit(fixer.entry(entry, warn)), warn)
      fixer.close()
    },
  }
}
