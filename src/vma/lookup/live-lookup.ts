/** Looks at the files of a live machine: below a root, in branches, through entries of map_files. */
import { closeSync, fstatSync, openSync } from 'node:fs'
import { BoundedMap } from '../../bounded-map.js'
import { errorCode } from '../../errors.js'
import type { Asking } from '../../files/asking.js'
import { DataFile } from '../../files/data-file.js'
import { isEmptyFolder } from '../../files/empty-folder.js'
import { Folder } from '../../files/folder.js'
import { type Found, foundOf } from '../../files/found.js'
import { mountIdOf, O_PATH } from '../../files/ids.js'
import { lookAt } from '../../files/look-at.js'
import type { Kernel, RawVma } from '../../proc/map-files.js'
import { mountOver } from '../../proc/mounts/mount-tree.js'
import type { Mount } from '../../proc/mounts/mountinfo.js'
import { type Follow, mayAskEntry } from '../../proc/open-entries.js'
import type { ByteString } from '../../text/byte-string.js'
import { join } from '../../text/paths.js'
import { type BranchTable, mayBeWritable } from '../../unions/branch-table.js'
import type { Copy } from '../../unions/layers/layer.js'
import { LayerStack } from '../../unions/layers/layer-stack.js'
import { typeOfTable, unionTypeOf } from '../../unions/types.js'
import type { FileLookup } from '../context.js'

/** The machine that is looked at. */
export interface Machine {
  /** Where /proc is. */
  procfs: string
  /** Where /sys is. */
  sysfs: string
  /** The mounts of the reader. */
  mounts(): readonly Mount[]
  /** Which of them may be asked. */
  asking(): Asking
}

/** A superblock's layers, and what its mount made. */
interface Superblock {
  stack: LayerStack
  hasMetacopies: boolean
  /** Null where nothing is known that the mount made. */
  made: (Found & { mountId: number | null }) | null
}

const SUPERBLOCKS_KEPT = 100

/** Superblocks are shared by processes, and what is known of their folders with them. */
export class LayerStacks {
  readonly #machine: Machine
  readonly #superblocks = new BoundedMap<string, Superblock>(SUPERBLOCKS_KEPT, ({ stack }) => stack.close())

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /** @param mounts those of the process that has the union: a mount shows its options */
  of(table: BranchTable, mounts: readonly Mount[]): Superblock {
    const key = `${table.fs_type} ${table.si ?? table.dev}`
    const known = this.#superblocks.get(key)
    if (known !== undefined) return known
    const own = mounts.find(({ mount_id }) => mount_id === table.mount_id)
    const whiteouts = typeOfTable(table).whiteouts(table, own?.super_options ?? [], this.#machine.sysfs)
    const asking = this.#machine.asking()
    const isOwnMount = (id: number | null) =>
      table.dev !== null && deviceIn(this.#machine.mounts(), id) === table.dev
    const superblock = {
      stack: new LayerStack(table, whiteouts, asking, isOwnMount),
      hasMetacopies: whiteouts.hasMetacopies,
      made: madeByMount(table, asking),
    }
    this.#superblocks.set(key, superblock)
    return superblock
  }

  /** Gives back what is held open, and forgets what was seen; it may be used again. */
  close(): void {
    for (const { stack } of this.#superblocks.values()) stack.close()
    this.#superblocks.clear()
  }
}

function madeByMount(table: BranchTable, asking: Asking): Superblock['made'] {
  const path = typeOfTable(table).madeByMount?.(table) ?? null
  if (path === null) return null
  return lookAt(path, asking, (above, below) => {
    const found = above.find(below)
    return found ? { ...found, mountId: above.mountId } : null
  })
}

/** What the mount made lies on the mount of the writable branch, beside it. */
function isUpperSeen(table: BranchTable, { stack, made }: Superblock): boolean | null {
  if (!table.branches.some(mayBeWritable)) return true
  if (typeOfTable(table).madeByMount === null) return null
  return made !== null && made.mountId !== null && made.mountId === stack.topMount()
}

function deviceIn(mounts: readonly Mount[], id: number | null): string | null {
  return mounts.find(({ mount_id }) => mount_id === id)?.dev ?? null
}

/** Where a process's files are found. */
interface Root {
  isOwnRoot: boolean
  isProcessRoot: boolean
  mounts: readonly Mount[]
  asking: Asking
  /** Whether the filesystem of a device in maps may be asked, of a mount that is not listed. */
  mayAskDevice(dev: string): boolean
}

/**
 * Looks at a process's files.
 *
 * @param root the folder below which they are
 * @param options `isOwnRoot`: whether that is the process's own root, and `isProcessRoot`, by its link in a procfs;
 *   `mounts`: the process's; `asking`: which of the mounts there may be asked, and `mayAskDevice` which of those that are not listed
 */
export function liveLookup(
  root: ByteString,
  { isOwnRoot, isProcessRoot, mounts, ...follow }: Root,
  stacks: LayerStacks,
  machine: Machine,
): FileLookup {
  const { asking } = follow
  const files = new Folder(root, { asking, isProcessRoot })
  const stackOf = (table: BranchTable) => stacks.of(table, mounts).stack
  return {
    files,
    isOwnRoot,
    deviceAt: (path) => mountOver(machine.mounts(), join(root, path))?.dev ?? null,
    copies: (table, path) => stackOf(table).find(path),
    holders: (table, path) => stackOf(table).holders(path),
    isNotCopied: (table, path) => stackOf(table).isNotCopied(path),
    hasNoHardLinks: (table) =>
      typeOfTable(table)
        .hardLinkFolders(table)
        .every((folder) => isEmptyFolder(folder, machine.asking()) === true),
    isUpperSeen: (table) => isUpperSeen(table, stacks.of(table, mounts)),
    hasMetacopies: (table) => stacks.of(table, mounts).hasMetacopies,
    isOlderThanMount: (table, copy) => isOlder(copy, stacks.of(table, mounts).made),
    mapped: (raw) => atMapped(raw, machine.procfs, follow, (_fd, file) => file),
    openData: (path) => files.openData(path),
    openMapped: (raw) =>
      isOnPlainMount(raw.kernel, [...mounts, ...machine.mounts()])
        ? atMapped(raw, machine.procfs, follow, (fd) => DataFile.open(fd))
        : null,
    deviceOf: (id) => deviceIn(machine.mounts(), id),
    close: () => files.close(),
  }
}

/**
 * Births on one filesystem are in order, so long as the clock is not set back. Where it plainly was, they prove nothing: what
 * the mount made was changed before it was made, or will be made.
 */
function isOlder({ file, since }: Copy, made: Found | null): boolean {
  if (made === null || made.dev !== file.dev || made.birth === 0n || since === 0n) return false
  const isInOrder = made.birth <= made.changed && made.birth <= BigInt(Date.now() + 1) * 1_000_000n
  return isInOrder && since < made.birth
}

/** Whether a file lies on a mount that shows no other files than its own: the mapped file is the one that its entry leads to. */
function isOnPlainMount({ mnt_id, maps_dev }: Kernel, mounts: readonly Mount[]): boolean {
  const mount = mounts.find(({ mount_id }) => mount_id === mnt_id)
  return mount !== undefined && mount.dev === maps_dev && unionTypeOf(mount.fs_type) === null
}

/** The entry is looked at only where it is still of the mount and the file that were seen there. */
function atMapped<T>(
  { pid, start, end, kernel }: RawVma,
  procfs: string,
  follow: Pick<Follow, 'asking' | 'mayAskDevice'>,
  look: (fd: number, file: Found) => T,
): T | null {
  if (pid === null || kernel.dev === null || kernel.mnt_id === null) return null
  try {
    const fd = openSync(`${procfs}/${pid}/map_files/${start}-${end}`, O_PATH)
    try {
      if (mountIdOf(fd) !== kernel.mnt_id || !mayAskEntry(fd, kernel.mnt_id, kernel.maps_dev, follow))
        return null
      const found = foundOf(fstatSync(fd, { bigint: true }))
      return found.dev === kernel.dev && found.ino === kernel.ino ? look(fd, found) : null
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    if (errorCode(error) !== null) return null
    throw error
  }
}
