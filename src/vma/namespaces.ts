/** What the processes of one mount namespace and one root share: their mounts and unions, and what came of their files. */
import { BoundedMap } from '../bounded-map.js'
import { InputError } from '../errors.js'
import type { Emit } from '../lines/filter.js'
import type { Kernel } from '../proc/map-files.js'
import { mountOver, mountsSeenFrom } from '../proc/mounts/mount-tree.js'
import type { Mount } from '../proc/mounts/mountinfo.js'
import { type Process, type Reader, readerOf } from '../proc/process.js'
import type { KnownKernels } from '../proc/read-map-files.js'
import type { ByteString } from '../text/byte-string.js'
import type { BranchTable } from '../unions/branch-table.js'
import { placedBy } from '../unions/mount-paths.js'
import type { Tables } from '../unions/tables.js'
import type { Compared } from './compare/comparer.js'
import type { ProcessContext } from './context.js'
import type { Vma } from './record.js'

/** What the processes of one mount namespace and one root share. */
export interface SharedContext extends Pick<ProcessContext, 'mounts' | 'unions' | 'chroot'> {
  /** What mountinfo lists, which of a process in a chroot may be nothing; `mounts` are what it has all the same. */
  listed: readonly Mount[]
  /** Whether a link has shown that they leak branch paths. */
  leaky: boolean
  /** What the kernel says of mapped files, and what came of it: looked at once. */
  kernels: KnownKernels
  fixed: WeakMap<Kernel, Vma>
  compared: Compared
}

/** Those last seen, as a container's processes mostly follow each other. */
const NAMESPACES_KEPT = 100

/** Of all namespaces together: a machine may have a thousand containers. */
const FILES_KEPT = 8000

/** Reads namespaces, each once. */
export class Namespaces {
  readonly #procfs: string
  readonly #tables: Tables
  readonly #given: readonly BranchTable[] | null
  readonly #known = new BoundedMap<string, SharedContext>(NAMESPACES_KEPT)
  readonly #kernels = new BoundedMap<string, Kernel>(FILES_KEPT)
  #count = 0
  #knownReader: Reader | null = null

  /** @param given the unions; null for those that each process's own mountinfo lists */
  constructor(procfs: string, tables: Tables, given: readonly BranchTable[] | null) {
    this.#procfs = procfs
    this.#tables = tables
    this.#given = given
  }

  /** This reader, as the procfs shows it. */
  get reader(): Reader {
    this.#knownReader ??= readerOf(this.#procfs)
    return this.#knownReader
  }

  /** What a process shares with others. @throws InputError where it may not be read */
  of(process: Process, warn: Emit<InputError>): SharedContext {
    const [name, root] = [process.namespace('mnt'), process.root()]
    const key = name === null || root === null ? null : `${name} ${root}`
    const known = key === null ? undefined : this.#known.get(key)
    if (known !== undefined) return known
    const listed = process.mounts(warn)
    const chroot = root ?? this.#rootOf(listed)
    const hasRoot = listed.some(({ mount_point }) => mount_point === '/')
    const isOwn = name !== null && name === this.reader.namespace
    const mounts = hasRoot || !isOwn ? listed : mountsSeenFrom(this.reader.mounts, chroot)
    const unions = this.#given === null ? this.unionsOf(mounts, warn) : placedBy(mounts, this.#given)
    const files = { kernels: this.#newKernels(), fixed: new WeakMap(), compared: new WeakMap() }
    const namespace: SharedContext = { listed, mounts, unions, chroot, leaky: false, ...files }
    if (key !== null) this.#known.set(key, namespace)
    return namespace
  }

  /** What the kernel says of the files of one more namespace. */
  #newKernels(): KnownKernels {
    const number = this.#count++
    return {
      get: (key) => this.#kernels.get(`${number} ${key}`),
      set: (key, kernel) => this.#kernels.set(`${number} ${key}`, kernel),
    }
  }

  /** The unions among mounts; one whose branches cannot be read is warned of, and has none. */
  unionsOf(mounts: readonly Mount[], warn: Emit<InputError>): BranchTable[] {
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

  /** Forgets what was read; it may be used again. */
  clear(): void {
    this.#known.clear()
    this.#kernels.clear()
    this.#knownReader = null
  }

  /**
   * Where a captured process had its root. Nothing in the tree says so but that the mount at its `/` is elsewhere in the
   * reader's own mountinfo: mount ids are unique across namespaces.
   */
  #rootOf(mounts: readonly Mount[]): ByteString {
    const own = mountOver(mounts, '/')
    return this.reader.mounts.find(({ mount_id }) => mount_id === own?.mount_id)?.mount_point ?? '/'
  }
}
