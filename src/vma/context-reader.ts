/** What is known of a process, gathered for the fixing of its VMAs. */
import { existsSync } from 'node:fs'
import type { InputError } from '../errors.js'
import type { Asking } from '../files/asking.js'
import { isProcfs } from '../files/ids.js'
import type { Emit } from '../lines/filter.js'
import type { RawVma } from '../proc/map-files.js'
import type { Mount } from '../proc/mounts/mountinfo.js'
import type { Follow } from '../proc/open-entries.js'
import type { Process } from '../proc/process.js'
import type { Reading } from '../proc/read-map-files.js'
import { PINNED, RealFiles } from '../proc/real-files.js'
import { type ByteString, bytesOf } from '../text/byte-string.js'
import { isBelow } from '../text/paths.js'
import { AskableMounts } from '../unions/askable-mounts.js'
import type { BranchTable } from '../unions/branch-table.js'
import { seenBelow } from '../unions/mount-paths.js'
import { type TableOptions, Tables } from '../unions/tables.js'
import type { FileLookup, ProcessContext } from './context.js'
import { LayerStacks, liveLookup, type Machine } from './lookup/live-lookup.js'
import { Namespaces, type SharedContext } from './namespaces.js'

/** How processes are looked at. To a stream strings are text, to a class byte strings. */
export interface ContextOptions extends TableOptions {
  /** Where /proc is. Default `/proc`. */
  procfs?: string
  /** The unions; default: those that the process's own mountinfo lists. */
  tables?: readonly BranchTable[] | null
  /** The folder below which files are found; default `PROCFS/PID/root`. Tables below it are taken as seen from it. */
  root?: ByteString | null
  /**
   * Whether entries are followed and files looked up. Default: where `procfs` is a procfs; the links of a captured tree
   * would lead to this machine's files.
   */
  stat?: boolean
  /** Where the BPF iterator is pinned that tells which files are really mapped. Default: where `bpf/pin.sh` pins it. */
  bpf?: string
  /** Filesystem types, as mountinfo has them, that are asked although their server may not answer (`fuse.sshfs`). */
  ask?: readonly ByteString[]
}

/**
 * Looks at processes; superblocks are read once.
 *
 * @example const { context } = new ContextReader().ofProcess(new Process(1), console.warn) // for fixVma(entry, context)
 */
export class ContextReader {
  /** Where /proc is. */
  readonly procfs: string
  /** Whether entries are followed and files looked up. */
  readonly stat: boolean
  /** How entries are read. Links may say other than maps where AUFS makes them; a captured tree has nothing but what was captured. */
  readonly reading: Pick<Reading, 'linksTell' | 'realFiles'>
  readonly #root: ByteString | null
  readonly #given: readonly BranchTable[] | null
  readonly #tables: Tables
  readonly #isLive: boolean
  readonly #askable: AskableMounts
  readonly #stacks: LayerStacks
  readonly #namespaces: Namespaces
  readonly #machine: Machine
  #readerContext: ProcessContext | null = null

  constructor(options: ContextOptions = {}) {
    const { procfs = '/proc', sysfs = '/sys' } = options
    this.procfs = procfs.replace(/(?<=.)\/+$/, '')
    this.#isLive = isProcfs(this.procfs)
    this.stat = options.stat ?? this.#isLive
    this.reading = {
      linksTell: !this.#isLive || existsSync(`${sysfs}/fs/aufs`),
      realFiles: this.#isLive ? new RealFiles(options.bpf ?? PINNED) : null,
    }
    this.#root = options.root ?? null
    this.#tables = new Tables(options)
    const { types, ...all } = options
    const tables = types === undefined ? this.#tables : new Tables(all)
    this.#askable = new AskableMounts(this.procfs, tables, options.ask ?? [])
    this.#machine = {
      procfs: this.procfs,
      sysfs,
      mounts: () => this.#namespaces.reader.mounts,
      asking: () => this.#askable.ofReader,
    }
    this.#stacks = new LayerStacks(this.#machine)
    this.#given = options.tables == null ? null : seenBelow(options.tables, this.#root)
    this.#namespaces = new Namespaces(this.procfs, this.#tables, this.#given)
  }

  /** Gives back what is held open, and forgets what was seen; it may be used again. */
  close(): void {
    this.#stacks.close()
    this.#readerContext?.lookup?.close()
    this.#readerContext = null
    this.#namespaces.clear()
    this.#askable.close()
    this.reading.realFiles?.clear()
  }

  /** Whether the unions were given. */
  get isGiven(): boolean {
    return this.#given !== null
  }

  /** The context of a process of this procfs. @throws InputError where it may not be read */
  ofProcess(
    process: Process,
    warn: Emit<InputError>,
  ): { context: ProcessContext; namespace: SharedContext; follow: Follow | null } {
    const namespace = this.#namespaces.of(process, warn)
    const { mounts, unions, chroot, leaky } = namespace
    const follow = this.follow(process, mounts)
    const root = this.#root ?? bytesOf(`${process.folder}/root`)
    const lookup = this.#lookup(root, this.#root === null, mounts, follow)
    const reader = this.#ofReader()
    return { context: { mounts, unions, chroot, root, lookup, leaky, reader }, namespace, follow }
  }

  /**
   * The context of an entry that somebody else has read, of a process that may be another machine's: its unions are those
   * given, and its files are looked up only where a root is given too.
   */
  ofEntry(pid: number | null): ProcessContext {
    const root = this.#root ?? (pid === null ? null : bytesOf(`${this.procfs}/${pid}/root`))
    const lookup = this.#root === null ? null : this.#lookup(this.#root, false, [], null)
    return { mounts: [], unions: this.#given ?? [], chroot: '/', root, lookup, leaky: false, reader: null }
  }

  /**
   * Where a process had its root by whose entry maps has a name below the given root: in a chroot there. Names in maps are
   * given from the reader's root, so of a process in a namespace of its own they do not begin so. Null for those.
   */
  chrootOf({ kernel }: RawVma): ByteString | null {
    const isBelowRoot = this.#root !== null && isBelow(kernel.maps_name ?? '', this.#root)
    return this.#given !== null && isBelowRoot ? this.#root : null
  }

  /** The reader's own context: the files of a process may lie on mounts that it has left, and the reader has still. */
  #ofReader(): ProcessContext {
    const { mounts } = this.#namespaces.reader
    this.#readerContext ??= {
      mounts,
      unions: this.#namespaces.unionsOf(mounts, () => {}),
      chroot: '/',
      root: '/',
      lookup: this.#lookup('/', true, mounts, null),
      leaky: false,
      reader: null,
    }
    return this.#readerContext
  }

  /** What of a process's files may be asked; null where none is to be touched. Close it when done. */
  follow(process: Process, mounts: readonly Mount[]): Follow | null {
    if (!this.stat) return null
    if (this.#isLive) return this.#askable.ofProcess(process.folder, mounts)
    return { asking: this.#askable.ofReader, mayOpen: () => true, mayAskDevice: () => true, close: () => {} }
  }

  /** @param follow of the process, where the root is its own; null where this reader's mounts are walked */
  #lookup(
    root: ByteString,
    isOwnRoot: boolean,
    mounts: readonly Mount[],
    follow: Follow | null,
  ): FileLookup | null {
    if (!this.stat) return null
    const isProcessRoot = isOwnRoot && follow !== null && this.#isLive
    const asking: Asking = isProcessRoot ? follow.asking : this.#askable.ofReader
    const mayAskDevice = (dev: string) => follow?.mayAskDevice(dev) ?? false
    const places = { isOwnRoot, isProcessRoot, mounts, asking, mayAskDevice }
    const lookup = liveLookup(root, places, this.#stacks, this.#machine)
    const close = () => {
      lookup.close()
      follow?.close()
    }
    return { ...lookup, close }
  }
}
