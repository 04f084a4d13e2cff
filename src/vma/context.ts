/** What is known of a process where its VMAs are fixed. */

import type { DataFile } from '../files/data-file.js'
import type { Files } from '../files/folder.js'
import type { Found } from '../files/found.js'
import type { Kernel, RawVma } from '../proc/map-files.js'
import { mountOver } from '../proc/mounts/mount-tree.js'
import type { Mount } from '../proc/mounts/mountinfo.js'
import type { ByteString } from '../text/byte-string.js'
import type { Branch, BranchTable } from '../unions/branch-table.js'
import type { Copies, Copy, Holders } from '../unions/layers/layer.js'

/** What may be looked at. A test stands behind it with what a captured machine's stat said. */
export interface FileLookup {
  /** The process's files, below its root. */
  files: Files
  /** Whether they are seen as the process sees them: below another root its own mounts are not. */
  isOwnRoot: boolean
  /** The device of the mount that a path below another root lies on, as the reader's mountinfo has it; null where that is not known. */
  deviceAt(path: ByteString): string | null
  /** The copies of a file in the branches of a union. */
  copies(table: BranchTable, path: ByteString): Copies
  /** The branches that have a path, whatever hides it by now. */
  holders(table: BranchTable, path: ByteString): Holders
  /** Whether no writable branch has a path; false also where that is not known. */
  isNotCopied(table: BranchTable, path: ByteString): boolean
  /** Whether no copy is shown by a name that it was not made by, as those of hard links are; false also where that is not known. */
  hasNoHardLinks(table: BranchTable): boolean
  /** Whether the writable branch is seen as the mount has it, and no mount covers it; null where the type of union leaves nothing to know it by. */
  isUpperSeen(table: BranchTable): boolean | null
  /** Whether a union may have copies without data of their own (overlayfs's metacopy). */
  hasMetacopies(table: BranchTable): boolean
  /** Whether a copy is older than the mount of its union, by the clock of the branch's own filesystem. */
  isOlderThanMount(table: BranchTable, copy: Copy): boolean
  /** The mapped file itself, by its entry in map_files; null where that may not be opened, or is another's by now. */
  mapped(raw: RawVma): Found | null
  /** The data of what a path shows; null where it may not be opened. Close it when done. @throws the system's error */
  openData(path: ByteString): DataFile | null
  /**
   * The data of the mapped file itself, by its entry; null where that may not be opened, or may be a union's: its entry
   * shows what the union has by now. Close it when done. @throws the system's error
   */
  openMapped(raw: RawVma): DataFile | null
  /** The device of a mount in the reader's mountinfo, which maps has too (st_dev may be another, as of a btrfs subvolume). */
  deviceOf(mount_id: number | null): string | null
  /** Gives back what is held open. */
  close(): void
}

/** A process, as far as it is known where its VMAs are fixed. */
export interface ProcessContext {
  /** Its mountinfo; empty where it is not known. */
  mounts: readonly Mount[]
  /** The branch tables of its unions. */
  unions: readonly BranchTable[]
  /** Its root as this reader sees it: `/`, or where it is in a chroot. Names in links and maps are given from the reader's root. */
  chroot: ByteString
  /** The folder below which its files are found; null where that is not known. */
  root: ByteString | null
  /** What may be looked at; null where nothing may be touched. */
  lookup: FileLookup | null
  /** Whether this kernel's links are known to leak branch paths. */
  leaky: boolean
  /** The reader's own context, which has mounts that the process left behind; null where it is not known. */
  reader: ProcessContext | null
}

/** What names and devices say of an entry, before anything is looked up. */
export interface UnionClaim {
  /** The union that the file is of; null for any other file. */
  table: BranchTable | null
  /** The branch that link and maps tell. */
  branch: Branch | null
  /** The link names the file by its branch. */
  leaks: boolean
  /** The process's own name of it, which may end in ` (deleted)`. */
  name: ByteString
  /** Another path of it, which the link gives: of a process that CRIU restored, maps may have a longer name that ends in it. */
  linkPath: ByteString | null
  /** The link or maps ends in ` (deleted)`. */
  saysDeleted: boolean
  /** The name leads out of the process's root, where it was before a chroot: from there it cannot be looked up. */
  isOutside: boolean
}

/** A mapped file: what the kernel says, what that claims, and who maps it. */
export interface MappedFile {
  raw: RawVma
  claim: UnionClaim
  context: ProcessContext
}

/** A mapped file whose path may be looked at. */
export interface SeenFile extends MappedFile {
  lookup: FileLookup
}

/** Whether the mount of the opened entry is one that the process has; null where it was not opened. */
export function isListed({ mnt_id, mnt_listed }: Kernel, { mounts }: ProcessContext): boolean | null {
  return mnt_id !== null && mounts.length > 0 ? hasMount(mounts, mnt_id) : mnt_listed
}

/** Whether mounts have one of this id. */
export function hasMount(mounts: readonly Mount[], id: number | null): boolean {
  return mounts.some(({ mount_id }) => mount_id === id)
}

/** The mount that a file lies on: the one that fdinfo has, or the one that the process has over its path. */
export function mountOf(
  kernel: Kernel,
  path: ByteString,
  { mounts, unions }: ProcessContext,
): { dev: string | null } | null {
  const own = mounts.find(({ mount_id }) => mount_id === kernel.mnt_id)
  if (own !== undefined) return own
  if (mounts.length > 0) return mountOver(mounts, path)
  return mountOver(
    unions.map(({ dev, mount_point }) => ({ dev, mount_point: mount_point ?? '/' })),
    path,
  )
}
