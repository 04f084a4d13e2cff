/** Where paths and unions are seen: through a union's mounts, from another root. */
import { mountOver, mountsSeenFrom } from '../proc/mounts/mount-tree.js'
import type { Mount } from '../proc/mounts/mountinfo.js'
import type { ByteString } from '../text/byte-string.js'
import { below, isBelow, join } from '../text/paths.js'
import type { BranchTable } from './branch-table.js'
import { unionTypeOf } from './types.js'

/** What of a mount tells its paths. */
type Place = Pick<BranchTable, 'root' | 'mount_point'>

/** Where a path in a filesystem is seen, through one of its mounts. A log that tells no mount means the root's. */
export function throughMount({ root, mount_point }: Place, inner: ByteString): ByteString | null {
  const rest = below(inner, root ?? '/')
  return rest === null ? null : join(mount_point ?? '/', rest)
}

/** A path in a filesystem, as a union's branches have it; null where the mount does not hold it. */
export function innerPath({ root, mount_point }: Place, path: ByteString): ByteString | null {
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

/** Tables as a process sees them whose root is a folder; those that are not mounted below it stay as they are. */
export function seenBelow(tables: readonly BranchTable[], root: ByteString | null): BranchTable[] {
  if (root === null) return [...tables]
  const [inside, outside] = [[], []] as [BranchTable[], BranchTable[]]
  for (const table of tables) (isBelow(table.mount_point ?? '', root) ? inside : outside).push(table)
  return [...inside.flatMap((table) => mountsSeenFrom([table], root)), ...outside]
}

/** Tables that somebody else made, where the process has these unions mounted; those that it has not stay as they are. */
export function placedBy(mounts: readonly Mount[], tables: readonly BranchTable[]): BranchTable[] {
  const isOf = (table: BranchTable, { fs_type, dev, super_options }: Mount) =>
    unionTypeOf(fs_type)?.fsType === table.fs_type &&
    (table.si === null ? dev === table.dev : super_options.includes(`si=${table.si}`))
  return tables.flatMap((table) => {
    const own = mounts.filter((mount) => isOf(table, mount))
    return own.length === 0
      ? [table]
      : own.map(({ mount_id, mount_point, root, dev }) => ({ ...table, mount_id, mount_point, root, dev }))
  })
}
