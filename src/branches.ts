/** Branch tables: what a union mount is made of. */
import type { ByteString } from './bytes.js'
import { InputError } from './errors.js'
import type { Filter } from './lines.js'
import { hasFields, isCount, isText, isTexts, orNull, parseRecord } from './records.js'

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
  /** The mount, as in mountinfo; null where the source (a log) does not tell. */
  mount_id: number | null
  /** Where it is mounted, as in mountinfo; null where the source does not tell. */
  mount_point: ByteString | null
  /** What of the union is mounted, as in mountinfo; null where the source does not tell. */
  root: ByteString | null
  /** `major:minor` of the union, decimal; null where the source does not tell. */
  dev: string | null
  /** Which kind of union it is. */
  fs_type: 'aufs' | 'overlay'
  /** The superblock's id, hexadecimal without padding, as in the mount options and in /sys/fs/aufs/si_<si>; null for overlayfs. */
  si: ByteString | null
  /** Where the branches are told. */
  source: 'sysfs' | 'mountinfo' | 'log'
  /** Where AUFS keeps its inode numbers; null for noxino, and for overlayfs. */
  xi_path: ByteString | null
  /** overlayfs's own; null for AUFS, and for an overlay without an upper folder. */
  workdir: ByteString | null
  /** Topmost first. */
  branches: Branch[]
}

/**
 * Parses a branch as br<N> and `br:` have it, its escapes decoded: `PATH=PERM[+ATTRIBUTE]…`. A path may hold `=`; a
 * permission never holds `=` or `/`, so the last `=` is the separator (CRIU cuts at the first).
 *
 * @returns null where it is no branch
 * @example parseBranch('/o/eq=rw=ro+wh', 6) // { index: 6, id: null, path: '/o/eq=rw', perm: 'ro', attributes: ['wh'] }
 */
export function parseBranch(text: ByteString, index: number): Branch | null {
  if (text.includes('\0')) return null
  const separator = text.lastIndexOf('=')
  const [perm, ...attributes] = text.slice(separator + 1).split('+')
  if (!text.startsWith('/') || separator === -1 || perm === undefined || !/^r[wor]$/.test(perm)) return null
  return { index, id: null, path: text.slice(0, separator), perm, attributes }
}

/**
 * The branches in AUFS's mount options (`aufs.brs=0`): `br:/a=rw:/b=ro+wh`, always the last option. Its paths hold `,` `:`
 * and `=` unescaped, so it is cut only where a permission is followed by `:/` or the end.
 *
 * @param superOptions split at each comma and decoded, as {@link Mount.super_options}
 * @returns null where they list none
 * @throws InputError where the list ends in something that is no branch
 * @example branchesInOptions(['rw', 'si=1a', 'br:/o/com', 'ma=ro+wh:/b=ro'])?.map((b) => b.path) // ['/o/com,ma', '/b']
 */
export function branchesInOptions(superOptions: readonly ByteString[]): Branch[] | null {
  const first = superOptions.findIndex((option) => option.startsWith('br:/'))
  if (first === -1) return null
  const text = superOptions.slice(first).join(',').slice('br:'.length)
  const branches: Branch[] = []
  let start = 0
  for (const { index, 0: perm } of text.matchAll(/=r[wor](?:\+[a-z_]+)*(?=:\/|$)/g)) {
    const end = index + perm.length
    const branch = parseBranch(text.slice(start, end), branches.length)
    if (branch !== null) branches.push(branch)
    start = end + 1
  }
  if (start <= text.length) throw new InputError('a branch without a permission', text.slice(start))
  return branches
}

/**
 * Whether a value has the fields of a branch table.
 *
 * @example isBranchTable({ mount_id: 29, branches: [] }) // false: the others are missing
 */
export function isBranchTable(value: unknown): value is BranchTable {
  return hasFields<BranchTable>(value, {
    mount_id: orNull(isCount),
    mount_point: orNull(isText),
    root: orNull(isText),
    dev: orNull(isText),
    fs_type: (field) => field === 'aufs' || field === 'overlay',
    si: orNull(isText),
    source: isText,
    xi_path: orNull(isText),
    workdir: orNull(isText),
    branches: (field) => Array.isArray(field) && field.every(isBranch),
  })
}

/** Whether a value has the fields of a branch. */
export function isBranch(value: unknown): value is Branch {
  return hasFields<Branch>(value, {
    index: isCount,
    id: orNull(isCount),
    path: orNull(isText),
    perm: orNull(isText),
    attributes: isTexts,
  })
}

/** The filter that reads branch tables back from NDJSON. */
export function tableRecordFilter(): Filter<BranchTable> {
  return { line: ({ text }, emit) => emit(parseRecord(text, 'branch table', isBranchTable)) }
}
