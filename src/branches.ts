/** Branch tables: what a union mount is made of. */
import type { ByteString } from './bytes.js'

/** One branch of a union: a folder that supplies files. */
export interface Branch {
  /** Its place, 0 for the topmost: N of br<N>. Branches are renumbered whenever one is added or removed. */
  index: number
  /** brid<N>: stays with the branch as long as it is in the union. Null where the source does not tell (overlayfs, logs). */
  id: number | null
  /** The folder, as the kernel tells it to this reader; null where it could not be read. */
  path: ByteString | null
  /** `rw`, `ro`, or `rr` (really read-only, for a filesystem that cannot change); null where the source does not tell. */
  perm: ByteString | null
  /** What follows the permission (`wh`, `nolwh`, `moo` …); for overlayfs `data` and `relative`. */
  attributes: ByteString[]
}

/** A union mount with its branches. In pure functions the strings are byte strings; streams carry text with `_b64` twins. */
export interface BranchTable {
  /** The mount, its place, its root and its device as in mountinfo; null where the source (a log) does not tell. */
  mount_id: number | null
  mount_point: ByteString | null
  root: ByteString | null
  dev: string | null
  fs_type: 'aufs' | 'overlay'
  /** The superblock's id, hexadecimal without padding, as in the mount options and in /sys/fs/aufs/si_<si>; null for overlayfs. */
  si: ByteString | null
  source: 'sysfs' | 'mountinfo' | 'log'
  /** Where AUFS keeps its inode numbers; null for noxino, and for overlayfs. */
  xi_path: ByteString | null
  /** overlayfs's own; null for AUFS, and for an overlay without an upper folder. */
  workdir: ByteString | null
  /** Topmost first. */
  branches: Branch[]
}

/** The fields that every branch table has. */
export const BRANCH_TABLE_FIELDS: readonly (keyof BranchTable)[] = [
  'mount_id',
  'mount_point',
  'root',
  'dev',
  'fs_type',
  'si',
  'source',
  'xi_path',
  'workdir',
  'branches',
]

/**
 * Parses a branch as br<N> and `br:` have it: `PATH=PERM[+ATTRIBUTE]…`, escaped. A path may hold `=`; a permission
 * never holds `=` or `/`, so the last `=` is the separator (CRIU cuts at the first).
 *
 * @returns null where it is no branch
 * @example parseBranch('/o/eq=rw=ro+wh', 6) // { index: 6, id: null, path: '/o/eq=rw', perm: 'ro', attributes: ['wh'] }
 */
export function parseBranch(text: ByteString, index: number): Branch | null {
  return null
}
