/** What is known of a process where its VMAs are fixed. */
import type { Files } from '../files/folder.js'
import type { Kernel } from '../proc/map-files.js'
import { mountOver } from '../proc/mount-tree.js'
import type { Mount } from '../proc/mountinfo.js'
import type { ByteString } from '../text/byte-string.js'
import type { BranchTable } from '../unions/branch-table.js'
import type { Copies, Copy } from '../unions/layer.js'

/** What may be looked at. A test stands behind it with what a captured machine's stat said. */
export interface FileLookup {
  /** The process's files, below its root. */
  files: Files
  /** Whether they are seen as the process sees them: below another root its own mounts are not. */
  isOwnRoot: boolean
  /** The copies of a file in the branches of a union. */
  copies(table: BranchTable, path: ByteString): Copies
  /** Every branch that has a path, whatever hides it by now. */
  holders(table: BranchTable, path: ByteString): Pick<Copy, 'branch' | 'file' | 'mount_id'>[]
  /** The device of a mount in the reader's mountinfo, which maps has too (st_dev may be another, as of a btrfs subvolume). */
  deviceOf(mount_id: number | null): string | null
  /** When the first process of the process's pid namespace began, in nanoseconds since 1970; null where that is not told. */
  firstStart(): bigint | null
  /** Gives back what is held open. */
  close(): void
}

/** A process, as far as it is known where its VMAs are fixed. */
export interface ProcessContext {
  /** Its mountinfo; empty where it is not known. */
  mounts: readonly Mount[]
  /** The branch tables of its unions. */
  unions: readonly BranchTable[]
  /** Its root as this reader sees it: `/`, or where it is in a chroot. Names in links and maps are told from the reader's root. */
  chroot: ByteString
  /** The folder below which its files are found; null where that is not known. */
  root: ByteString | null
  /** What may be looked at; null where nothing may be touched. */
  lookup: FileLookup | null
  /** Whether this kernel's links are known to leak branch paths. */
  leaky: boolean
}

/** Whether the mount of the opened entry is one that the process has; null where it was not opened. */
export function isListed({ mnt_id, mnt_listed }: Kernel, { mounts }: ProcessContext): boolean | null {
  return mnt_id !== null && mounts.length > 0 ? mounts.some((mount) => mount.mount_id === mnt_id) : mnt_listed
}

/** The mount that a file lies on: the one that fdinfo tells, or the one that the process has over its path. */
export function mountOf(
  kernel: Kernel,
  path: ByteString,
  { mounts, unions }: ProcessContext,
): { dev: string | null } | null {
  const told = mounts.find(({ mount_id }) => mount_id === kernel.mnt_id)
  if (told !== undefined) return told
  if (mounts.length > 0) return mountOver(mounts, path)
  return mountOver(
    unions.map(({ dev, mount_point }) => ({ dev, mount_point: mount_point ?? '/' })),
    path,
  )
}
