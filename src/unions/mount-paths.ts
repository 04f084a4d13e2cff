import { mountOver } from '../proc/mount-tree.js'
import type { ByteString } from '../text/byte-string.js'
import { below, join } from '../text/paths.js'
import type { BranchTable } from './branch-table.js'

/** Where a path in the union's filesystem is seen, through one of its mounts. A log that tells no mount means the root's. */
export function throughMount({ root, mount_point }: BranchTable, inner: ByteString): ByteString | null {
  const rest = below(inner, root ?? '/')
  return rest === null ? null : join(mount_point ?? '/', rest)
}

/** A path in the union's filesystem, as its branches have it; null where the mount does not hold it. */
export function innerPath({ root, mount_point }: BranchTable, path: ByteString): ByteString | null {
  const rest = below(path, mount_point ?? '/')
  return rest === null ? null : join(root ?? '/', rest)
}

/**
 * The table of the mount that shows a path, among all mounts of one superblock.
 *
 * @returns the table itself where no other mount holds the path
 */
export function tableOver(table: BranchTable, tables: readonly BranchTable[], path: ByteString): BranchTable {
  const same = tables
    .filter((other) => (table.si === null ? other.dev === table.dev : other.si === table.si))
    .map((other) => ({ table: other, mount_point: other.mount_point ?? '/' }))
  return mountOver(same, path)?.table ?? table
}
