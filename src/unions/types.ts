/** The kinds of union filesystems that are known here. Another kind is a folder, and two lines of this file. */
import { only } from '../lines/records.js'
import type { ByteString } from '../text/byte-string.js'
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

/** Reads the type of a union back. */
export const unionTypeName = only(isUnionType, 'is no type of union')

function isUnionType(value: unknown): value is string {
  return unionTypes.some(({ fsType }) => fsType === value)
}

/** The kind of union of a table. @throws TypeError where no table has this type: `isBranchTable()` lets none of those in */
export function typeOfTable({ fs_type }: { fs_type: string }): UnionType {
  const type = unionTypeOf(fs_type)
  if (type === null) throw new TypeError(`no union type: ${fs_type}`)
  return type
}

/** The first letters of all types, a bit each (`a` is 1): what most lines of mountinfo are passed over by. */
export const INITIALS = [...byName.keys()].reduce((bits, name) => bits | (1 << (name.charCodeAt(0) & 31)), 0)

/** The shortest that can stand before a mount's type: `1 1 0:1 / / rw`. */
const SHORTEST_HEAD = 14

/** Most mounts are plainly no unions, and not worth parsing (`nextMount()` in src/lines/wasm/scan.ts is the same of many lines). */
export function isOtherMount(line: ByteString): boolean {
  const separator = line.indexOf(' - ')
  if (!isDigit(line.charCodeAt(0)) || separator < SHORTEST_HEAD) return false
  return ((INITIALS >> (line.charCodeAt(separator + 3) & 31)) & 1) === 0
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}
