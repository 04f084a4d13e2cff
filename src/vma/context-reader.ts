/** What is known of a process, gathered for the fixing of its VMAs. */
import { existsSync } from 'node:fs'
import { BoundedMap } from '../bounded-map.js'
import { InputError } from '../errors.js'
import { Folder } from '../files/folder.js'
import { isProcfs } from '../files/ids.js'
import type { Emit } from '../lines/filter.js'
import type { Kernel } from '../proc/map-files.js'
import { mountOver, mountsSeenFrom } from '../proc/mount-tree.js'
import type { Mount } from '../proc/mountinfo.js'
import type { Follow } from '../proc/open-entries.js'
import { type Process, type Reader, readerOf } from '../proc/process.js'
import { firstStartOf } from '../proc/start-time.js'
import { type ByteString, bytesOf } from '../text/byte-string.js'
import { AskableMounts } from '../unions/askable-mounts.js'
import type { BranchTable } from '../unions/branch-table.js'
import { LayerStacks } from '../unions/layer-stacks.js'
import { placedBy, seenBelow } from '../unions/mount-paths.js'
import { type TableOptions, Tables } from '../unions/tables.js'
import type { FileLookup, ProcessContext } from './context.js'
import type { Vma } from './record.js'

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
  /** Filesystem types, as mountinfo has them, that are asked although their server may not answer (`fuse.sshfs`). */
  ask?: readonly ByteString[]
}

/** What the processes of one mount namespace and one root share. */
export interface SharedContext extends Pick<ProcessContext, 'mounts' | 'unions' | 'chroot'> {
  /** What mountinfo lists, which of a process in a chroot may be nothing; `mounts` are what it has all the same. */
  listed: readonly Mount[]
  /** Whether a link has shown that they leak branch paths. */
  leaky: boolean
  /** What the kernel says of mapped files, and what came of it: looked at once. */
  kernels: Map<string, Kernel>
  fixed: Map<Kernel, Vma>
}

const NAMESPACES_KEPT = 1000
const FILES_KEPT = 10_000

/**
 * Looks at processes; superblocks are read once.
 *
 * @example const { view } = new ContextReader().ofProcess(new Process('/proc', 1), console.warn) // for fixVma(entry, view)
 */
export class ContextReader {
  /** Where /proc is. */
  readonly procfs: string
  /** Whether entries are followed and files looked up. */
  readonly stat: boolean
  /** Whether links may say other than maps: only AUFS makes them, and a captured tree has nothing but what was captured. */
  readonly linksTell: boolean
  readonly #root: ByteString | null
  readonly #given: readonly BranchTable[] | null
  readonly #tables: Tables
  readonly #askable: AskableMounts
  readonly #isLive: boolean
  readonly #stacks: LayerStacks
  readonly #namespaces = new BoundedMap<string, SharedContext>(NAMESPACES_KEPT)
  readonly #firstStarts = new BoundedMap<string, bigint | null>(NAMESPACES_KEPT)
  #knownReader: Reader | null = null

  constructor(options: ContextOptions = {}) {
    const { procfs = '/proc', sysfs = '/sys' } = options
    this.procfs = procfs.replace(/(?<=.)\/+$/, '')
    this.#isLive = isProcfs(this.procfs)
    this.stat = options.stat ?? this.#isLive
    this.linksTell = !this.#isLive || existsSync(`${sysfs}/fs/aufs`)
    this.#root = options.root ?? null
    this.#tables = new Tables(options)
    this.#stacks = new LayerStacks(sysfs)
    const { types, ...all } = options
    const tables = types === undefined ? this.#tables : new Tables(all)
    this.#askable = new AskableMounts(this.procfs, tables, options.ask ?? [])
    this.#given = options.tables == null ? null : seenBelow(options.tables, this.#root)
  }

  /** Gives back what is held open, and forgets what was seen; it may be used again. */
  close(): void {
    this.#stacks.close()
    this.#namespaces.clear()
    this.#firstStarts.clear()
    this.#askable.close()
    this.#knownReader = null
  }

  /** Whether the unions were given. */
  get isGiven(): boolean {
    return this.#given !== null
  }

  /** The view of a process of this procfs. Close `lookup` when done. @throws InputError where it may not be read */
  ofProcess(
    process: Process,
    warn: Emit<InputError>,
  ): { context: ProcessContext; namespace: SharedContext; follow: Follow | null } {
    const namespace = this.#namespace(process, warn)
    const { mounts, unions, chroot, leaky } = namespace
    const follow = this.follow(process, mounts)
    const root = this.#root ?? bytesOf(`${process.folder}/root`)
    const lookup = follow === null ? null : this.#lookup(root, process, mounts, follow)
    return { context: { mounts, unions, chroot, root, lookup, leaky }, namespace, follow }
  }

  /**
   * The view of an entry that somebody else has read, of a process that may be another machine's: its unions are those
   * given, and its files are looked up only where a root is given too.
   */
  ofEntry(pid: number | null): ProcessContext {
    const root = this.#root ?? (pid === null ? null : bytesOf(`${this.procfs}/${pid}/root`))
    const lookup = this.#root === null || !this.stat ? null : this.#lookup(this.#root, null, [], null)
    return { mounts: [], unions: this.#given ?? [], chroot: '/', root, lookup, leaky: false }
  }

  /** What of a process's files may be asked; null where none is to be touched. Close it when done. */
  follow(process: Process, mounts: readonly Mount[]): Follow | null {
    if (!this.stat) return null
    if (this.#isLive) return this.#askable.ofProcess(process.folder, mounts)
    return { asking: this.#askable.ofReader, mayOpen: () => true, close: () => {} }
  }

  #lookup(
    root: ByteString,
    process: Process | null,
    mounts: readonly Mount[],
    follow: Follow | null,
  ): FileLookup {
    const isProcessRoot = this.#root === null && this.#isLive
    const asking = isProcessRoot && follow !== null ? follow.asking : this.#askable.ofReader
    const files = new Folder(root, { asking, isProcessRoot })
    const stackOf = (table: BranchTable) => this.#stacks.of(table, mounts, this.#askable.ofReader)
    return {
      files,
      isOwnRoot: this.#root === null,
      copies: (table, path) => stackOf(table).find(path),
      holders: (table, path) => stackOf(table).holders(path),
      deviceOf: (mount_id) => this.#reader().mounts.find((mount) => mount.mount_id === mount_id)?.dev ?? null,
      firstStart: () => (process === null ? null : this.#firstStart(process)),
      close: () => {
        files.close()
        follow?.close()
      },
    }
  }

  #firstStart(process: Process): bigint | null {
    const namespace = process.namespace('pid')
    const known = namespace === null ? null : this.#firstStarts.get(namespace)
    if (known !== undefined) return known
    const start = firstStartOf(this.procfs, process.folder)
    if (namespace !== null) this.#firstStarts.set(namespace, start)
    return start
  }

  /** What they share is read once. The first process of a pid namespace tells since when files were mapped. */
  #namespace(process: Process, warn: Emit<InputError>): SharedContext {
    const [name, pids, root] = [process.namespace('mnt'), process.namespace('pid'), process.root()]
    const key = name === null || root === null ? null : `${name} ${pids} ${root}`
    const known = key === null ? undefined : this.#namespaces.get(key)
    if (known !== undefined) return known
    const told = process.mounts(warn)
    const chroot = root ?? this.#rootOf(told)
    const hasRoot = told.some(({ mount_point }) => mount_point === '/')
    const isOwn = name === this.#reader().namespace
    const mounts = hasRoot || !isOwn ? told : mountsSeenFrom(this.#reader().mounts, chroot)
    const unions = this.#given === null ? this.#unions(mounts, warn) : placedBy(mounts, this.#given)
    const [kernels, fixed] = [
      new BoundedMap<string, Kernel>(FILES_KEPT),
      new BoundedMap<Kernel, Vma>(FILES_KEPT),
    ]
    const namespace: SharedContext = { listed: told, mounts, unions, chroot, leaky: false, kernels, fixed }
    if (key !== null) this.#namespaces.set(key, namespace)
    return namespace
  }

  #unions(mounts: readonly Mount[], warn: Emit<InputError>): BranchTable[] {
    return mounts.flatMap((mount) => {
      try {
        return this.#tables.table(mount, warn) ?? []
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        warn(error)
        return this.#tables.withoutBranches(mount) ?? []
      }
    })
  }

  /**
   * Where a captured process had its root, which nothing in the tree tells but that the mount at its `/` is elsewhere in the
   * reader's own mountinfo: mount ids are unique across namespaces.
   */
  #rootOf(mounts: readonly Mount[]): ByteString {
    const own = mountOver(mounts, '/')
    return this.#reader().mounts.find(({ mount_id }) => mount_id === own?.mount_id)?.mount_point ?? '/'
  }

  #reader(): Reader {
    this.#knownReader ??= readerOf(this.procfs)
    return this.#knownReader
  }
}
