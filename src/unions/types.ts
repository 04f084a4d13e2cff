/** The kinds of union filesystems that are known here. Another kind is a folder, and two lines of this file. */
import { aufs } from './aufs/aufs.js'
import { fuseOverlayfs } from './fuse-overlayfs/fuse-overlayfs.js'
import { overlay } from './overlay/overlay.js'
import type { UnionType } from './union-type.js'

export const unionTypes: readonly UnionType[] = [aufs, overlay, fuseOverlayfs]

const byName = new Map(
  unionTypes.flatMap((type) => [type.fsType, ...type.formerFsTypes].map((name) => [name, type] as const)),
)

/**
 * The kind of union that a filesystem type in mountinfo is.
 *
 * @returns null for any other filesystem
 * @example unionTypeOf('overlayfs')?.fsType // 'overlay'
 */
export function unionTypeOf(fsType: string): UnionType | null {
  return byName.get(fsType) ?? null
}

/** The kind of union of a table. @throws TypeError where no table has this type: `isBranchTable()` lets none of those in */
export function typeOfTable({ fs_type }: { fs_type: string }): UnionType {
  const type = unionTypeOf(fs_type)
  if (type === null) throw new TypeError(`no union type: ${fs_type}`)
  return type
}

/** The first letters of all types, a bit each (`a` is 1): what most lines of mountinfo are passed over by. */
export const INITIALS = [...byName.keys()].reduce((bits, name) => bits | (1 << (name.charCodeAt(0) & 31)), 0)
