/**
 * Which mounts may be asked, so that nothing hangs: none of a filesystem whose server may not answer, and no union with
 * layers on such a one.
 */
import { closeSync } from 'node:fs'
import { BoundedMap, keyText } from '../bounded-map.js'
import { InputError } from '../errors.js'
import { NotAskedError } from '../files/asking.js'
import { isFuse, mayHang, mayHangWhenOpened } from '../files/may-hang.js'
import { walkTo } from '../files/walk.js'
import { HeldMounts } from '../proc/mounts/held-mounts.js'
import { mayHideFuse } from '../proc/mounts/hidden-fuse.js'
import { mountOfAnyone, mountOfProcess } from '../proc/mounts/mount-by-id.js'
import { ownerOfMounts, userNamespace } from '../proc/mounts/mount-owner.js'
import { mountPointsOf } from '../proc/mounts/mount-tree.js'
import type { Mount } from '../proc/mounts/mountinfo.js'
import type { Follow } from '../proc/open-entries.js'
import { namespaceOf, readerOf } from '../proc/process.js'
import type { ByteString } from '../text/byte-string.js'
import type { BranchTable } from './branch-table.js'
import { mayHaveLayersOn } from './layers/layer-mounts.js'
import type { Tables } from './tables.js'

/** Mount ids in fdinfo are those of this reader's real /proc, whatever tree is looked at. */
const SELF = '/proc/self'

/** Unions of which it is remembered whether they may be asked. */
const UNIONS_KEPT = 1000

/** Mount namespaces of which it is remembered who rules there. */
const NAMESPACES_KEPT = 1000

/** Judges mounts. Close it when done: it holds those that it was asked about. */
export class AskableMounts {
  readonly #procfs: string
  readonly #tables: Tables
  readonly #asked: ReadonlySet<ByteString>
  readonly #unions = new BoundedMap<string, boolean>(UNIONS_KEPT)
  readonly #ruled = new BoundedMap<string, boolean>(NAMESPACES_KEPT)
  #known: { mounts: readonly Mount[]; asking: HeldMounts } | null = null

  /**
   * @param tables for the layers of unions, all types of them
   * @param asked types that may be asked all the same
   */
  constructor(procfs: string, tables: Tables, asked: readonly ByteString[]) {
    this.#procfs = procfs
    this.#tables = tables
    this.#asked = new Set(asked)
  }

  /** The mounts as this reader sees them: of layers, and of roots that were given. */
  get ofReader(): HeldMounts {
    return this.#reader().asking
  }

  /** The mounts as a process sees them. Close it when done. */
  ofProcess(folder: string, mounts: readonly Mount[]): Follow {
    const judge = (mountId: number, fd: number) => {
      const mount = mountOfProcess(folder, mountId)
      return mount === null ? this.ofReader.mayAsk(fd, mountId) : this.#mayAsk(mount, mounts, folder)
    }
    const asking = new HeldMounts(judge, this.#mountPoints(mounts))
    let avoided: Set<string> | null = null
    const mayOpen = (dev: string | null) => {
      avoided ??= this.#devicesNotOpened(mounts)
      return dev === null ? avoided.size === 0 : !avoided.has(dev)
    }
    // A layer that is a union itself is mapped through a mount of its own, which no mountinfo lists (overlayfs).
    const mayAskDevice = (dev: string) => {
      const own = this.#reader().mounts.find((mount) => mount.dev === dev)
      return own !== undefined && this.#mayAsk(own, mounts, SELF)
    }
    return { asking, mayOpen, mayAskDevice, close: () => asking.close() }
  }

  /** Lets go of all mounts, and forgets what was seen; it may be used again. */
  close(): void {
    this.#known?.asking.close()
    this.#known = null
    this.#unions.clear()
    this.#ruled.clear()
  }

  #reader(): { mounts: readonly Mount[]; asking: HeldMounts } {
    if (this.#known !== null) return this.#known
    const { mounts } = readerOf('/proc')
    const judge = (mountId: number) => {
      const own = mountOfProcess(SELF, mountId)
      if (own !== null) return this.#mayAsk(own, mounts, SELF)
      const others = mountOfAnyone(this.#procfs, mountId)
      return others === null ? null : this.#mayAsk(others.mount, [], others.folder)
    }
    this.#known = { mounts, asking: new HeldMounts(judge, this.#mountPoints(mounts)) }
    return this.#known
  }

  readonly #mayHang = (fsType: ByteString) => mayHang(fsType) && !this.#asked.has(fsType)

  readonly #mayHangWhenOpened = (fsType: ByteString) => mayHangWhenOpened(fsType) && !this.#asked.has(fsType)

  #mountPoints(mounts: readonly Mount[]): ByteString[] {
    return mountPointsOf(mounts, ({ fs_type }) => this.#mayHang(fs_type))
  }

  /** @param folder of the process that has the mount */
  #mayAsk(mount: Mount, mounts: readonly Mount[], folder: string): boolean {
    if (this.#asked.has(mount.fs_type)) return true
    if (this.#mayHang(mount.fs_type)) return false
    const table = this.#union(mount)
    return (
      table === null ||
      (this.#isMountedByTrusted(mount, mounts, folder) &&
        !mayHaveLayersOn(table, mounts, this.#mayHang) &&
        this.#mayAskLayers(table, mount))
    )
  }

  /**
   * In a user namespace of its own any user may mount an overlay of a FUSE of its own, and then move that FUSE elsewhere, or
   * take it away from every mountinfo. What was mounted where this reader's user namespace rules is as the mounts show it, and
   * so is any where there is no FUSE but root's.
   */
  #isMountedByTrusted({ dev }: Mount, mounts: readonly Mount[], folder: string): boolean {
    const reader = this.#reader().mounts
    if (reader.some((mount) => mount.dev === dev)) return true
    const others = mounts.filter((mount) => !this.#isFuse(mount))
    const known = [...reader.filter((mount) => !this.#isUsersFuse(mount)), ...others]
    return !mayHideFuse(this.#tables.sysfs, known) || this.#isRuledByReader(folder)
  }

  /** To ask takes a program: once for each mount namespace. */
  #isRuledByReader(folder: string): boolean {
    const namespace = namespaceOf(folder, 'mnt')
    const known = namespace === null ? undefined : this.#ruled.get(namespace)
    if (known !== undefined) return known
    const owner = ownerOfMounts(folder)
    const isOwn = owner !== null && owner === userNamespace(SELF)
    if (namespace !== null) this.#ruled.set(namespace, isOwn)
    return isOwn
  }

  readonly #isFuse = ({ fs_type }: Mount) => isFuse(fs_type) && !this.#asked.has(fs_type)

  /** In this reader's mounts the option has the user as this reader's user namespace does. */
  readonly #isUsersFuse = (mount: Mount) => this.#isFuse(mount) && !mount.super_options.includes('user_id=0')

  /** Layers are told by names, which may lead through links: they are walked to as well. */
  #mayAskLayers(table: BranchTable, { dev, super_options }: Mount): boolean {
    const key = keyText(`${dev} ${super_options.join()}`)
    const known = this.#unions.get(key)
    if (known !== undefined) return known
    const { mounts, asking } = this.#reader()
    const answer =
      !mayHaveLayersOn(table, mounts, this.#mayHang) &&
      (this.#mountPoints(mounts).length === 0 ||
        table.branches.every(({ path }) => path === null || !isBehind(path, asking)))
    this.#unions.set(key, answer)
    return answer
  }

  #devicesNotOpened(mounts: readonly Mount[]): Set<string> {
    const all = [...mounts, ...this.#reader().mounts]
    if (!all.some(({ fs_type }) => this.#mayHangWhenOpened(fs_type))) return new Set()
    const isMeant = (mount: Mount) => {
      if (this.#mayHangWhenOpened(mount.fs_type)) return true
      const table = this.#union(mount)
      return table !== null && mayHaveLayersOn(table, all, this.#mayHangWhenOpened)
    }
    return new Set(all.filter(isMeant).map(({ dev }) => dev))
  }

  #union(mount: Mount): BranchTable | null {
    try {
      return this.#tables.table(mount, () => {})
    } catch (error) {
      if (error instanceof InputError) return this.#tables.withoutBranches(mount)
      throw error
    }
  }
}

function isBehind(path: ByteString, asking: HeldMounts): boolean {
  try {
    closeSync(walkTo(path, asking).fd)
    return false
  } catch (error) {
    return error instanceof NotAskedError
  }
}
