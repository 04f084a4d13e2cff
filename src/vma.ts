/** VMA records: what the kernel says of each mapped file, put right. */
import type { Branch, BranchTable } from './branches.js'
import type { ByteString } from './bytes.js'
import type { FileId } from './files.js'
import type { Kernel, RawVma } from './map-files.js'
import {
  type BranchMatch,
  bestMatch,
  branchMatches,
  isMemory,
  mapsName,
  seenFrom,
  tableOver,
  withoutWhiteouts,
} from './match.js'
import { type Mount, mountOver } from './mounts.js'
import { DELETED, isBelow, join, withoutDeleted } from './paths.js'
import { withOthers } from './records.js'
import { findTruth, type Looks, type State, type Truth } from './state.js'

/** The branch that supplies a mapped file. */
export interface VmaBranch extends Branch {
  /** The mount whose mount point holds the path. */
  mount_id: number | null
  /** The superblock's id; null for overlayfs. */
  si: ByteString | null
}

/** A mapped file: the kernel's record with what it gets wrong put right. */
export interface Vma extends Omit<RawVma, 'kernel'> {
  /** The file's path as the process sees it, without ` (deleted)`. */
  path: ByteString
  /** For a file of a union: the path from the process's root (`./bin/sh`), as CRIU wants it. */
  rpath: ByteString | null
  /** For a file of a union: where this reader finds it. */
  fpath: ByteString | null
  /** `major:minor` of the mapped file in the union, or for any other file the kernel's. */
  dev: string | null
  /** Its inode there, decimal. */
  ino: string | null
  /** -1 where the link leaks a branch path, else the kernel's. */
  mnt_id: number | null
  /** Something that the kernel says was wrong: the link's path, the mount, or the device and inode of maps. */
  fixed: boolean
  /** Null where it is not known. */
  state: State | null
  /** Null where no union supplies the file, or nothing tells which branch. */
  branch: VmaBranch | null
  /** What the kernel says of it, as it says it. */
  kernel: Kernel
}

/** A process, as far as it is known where its VMAs are fixed. */
export interface View {
  /** Its mountinfo; empty where it is not known. */
  mounts: readonly Mount[]
  /** The branch tables of its unions. */
  unions: readonly BranchTable[]
  /** Its root as this reader sees it: `/`, or where it is in a chroot. Names in links and maps are told from the reader's root. */
  chroot: ByteString
  /** The folder below which its files are found; null where that is not known. */
  root: ByteString | null
  /** What may be looked at; null where nothing may be touched. */
  looks: Looks | null
  /** Whether this kernel's links are known to leak branch paths. */
  leaky: boolean
}

/** What names and devices say of an entry, before anything is looked up. */
export interface Finding {
  /** The union that the file is of; null for any other file. */
  table: BranchTable | null
  /** The branch that link and maps tell. */
  branch: Branch | null
  /** The link names the file by its branch. */
  leaks: boolean
  /** The process's own name of it, which may end in ` (deleted)`. */
  name: ByteString
  /** The link or maps ends in ` (deleted)`. */
  saysDeleted: boolean
  /** The name leads out of the process's root, where it was before a chroot: from there it cannot be looked up. */
  isOutside: boolean
}

/**
 * Puts right what the kernel says of a mapped file.
 *
 * @param raw the entry, strings as bytes
 * @param view the process that maps it
 * @example fixVma(entry, view).path // '/bin/mapper', where the link is '/var/lib/docker/aufs/diff/…/bin/mapper'
 */
export function fixVma(raw: RawVma, view: View): Vma {
  const finding = findUnion(raw, view)
  const truth = findTruth(raw, finding, view)
  const { path, state, branch } = truth
  const { table, leaks } = finding
  const { pid, comm, container, start, end, perms, offset, link, kernel, ...others } = raw
  const { dev, ino } = identify(kernel, table, truth, view)
  const mount = table === null ? null : tableOver(table, view.unions, path)
  const vma: Vma = {
    pid,
    comm,
    container,
    start,
    end,
    perms,
    offset,
    link,
    path,
    rpath: mount === null ? null : `.${path}`,
    fpath: mount === null || view.root === null ? null : join(view.root, path),
    dev,
    ino,
    mnt_id: leaks ? -1 : kernel.mnt_id,
    fixed: leaks || (table?.fs_type === 'overlay' && isOther(kernel, dev, ino)),
    state,
    branch: mount === null || branch === null ? null : branchOf(mount, branch),
    kernel,
  }
  // A record that was fixed before is fixed anew.
  return withOthers(vma, others)
}

/** What a fixed record has besides: the raw one is without, whatever it was made of. */
const FIXED = new Set<string>([
  'path',
  'rpath',
  'fpath',
  'dev',
  'ino',
  'mnt_id',
  'fixed',
  'state',
  'branch',
] satisfies (keyof Vma)[])

/** A record unfixed. */
export function unfixed({
  pid,
  comm,
  container,
  start,
  end,
  perms,
  offset,
  link,
  kernel,
  ...others
}: RawVma): RawVma {
  return withOthers({ pid, comm, container, start, end, perms, offset, link, kernel }, others, FIXED)
}

/**
 * Which union a mapped file is of, and whether its link leaks: from link, maps and mounts alone.
 *
 * @param raw the entry, strings as bytes
 * @param view the process that maps it
 * @example findUnion(entry, view).branch?.path // '/l/base', where the link is '/l/base/bin/sh'
 */
export function findUnion({ link, kernel }: RawVma, view: View): Finding {
  // Shared anonymous memory may have a name in brackets there (Linux 6.2), which is none of a file.
  const inMaps = kernel.maps_name?.startsWith('/') ? mapsName(kernel.maps_name, link) : null
  const saysDeleted = link.endsWith(DELETED) || (inMaps?.endsWith(DELETED) ?? false)
  const name = seenFrom(view.chroot, inMaps ?? link)
  const isOutside = !isBelow(inMaps ?? link, view.chroot)
  const none: Finding = { table: null, branch: null, leaks: false, name, saysDeleted, isOutside }
  if (isMemory(link) && !isOfUnion(kernel, view)) return none

  const isSame = inMaps !== null && withoutDeleted(link) === withoutDeleted(inMaps)
  const matches = branchMatches(link, view.unions)
  const ofDevice = view.unions.filter(({ dev }) => dev !== null && dev === kernel.maps_dev)
  const [first] = ofDevice
  if (first !== undefined) {
    // A layer that is itself of an overlay: the kernel tells the file by the layer's own mount, which the process has not.
    if (first.fs_type === 'overlay' && isListed(kernel, view) === false) return none
    const own = matches.filter(({ table }) => ofDevice.includes(table))
    if (isSame) return { ...none, table: first, ...rootBranch(own, kernel, view) }
    const best = bestMatch(own, inMaps === null ? null : name)
    const leaks =
      first.fs_type === 'aufs' && (best !== null || (inMaps !== null && kernel.mnt_listed !== true))
    return {
      ...none,
      table: best?.table ?? first,
      branch: best?.branch ?? null,
      leaks,
      name: inMaps === null ? (best?.path ?? name) : name,
    }
  }
  const mount = mountOf(kernel, seenFrom(view.chroot, withoutDeleted(link)), view)
  const overlay = view.unions.find(
    ({ fs_type, dev }) => fs_type === 'overlay' && dev !== null && dev === mount?.dev,
  )
  if (overlay !== undefined && mayBeOverlay(kernel, view)) return { ...none, table: overlay }
  if (inMaps !== null && !isSame) {
    // They differ by nothing but a leak; where the table (of a log) or the entry tells no device, that is all there is to know.
    const best = bestMatch(
      matches.filter(({ table }) => table.dev === null || kernel.maps_dev === null),
      name,
    )
    return best === null ? none : { ...none, table: best.table, branch: best.branch, leaks: true }
  }
  // Where maps leaks as well, both name the branch, and the device is that of the branch's filesystem.
  const mapsLeaks = inMaps === null || (isListed(kernel, view) !== true && mount?.dev !== kernel.maps_dev)
  const best = mapsLeaks ? bestMatch(matches, null) : null
  if (best === null) return none
  const path = best.path === null ? name : withoutWhiteouts(best.path)
  return { ...none, table: best.table, branch: best.branch, leaks: true, name: path }
}

/** Whether the device is a union's: its files may be named as memory is. */
function isOfUnion({ dev, maps_dev }: Kernel, { unions }: View): boolean {
  return unions.some((union) => union.dev !== null && (union.dev === maps_dev || union.dev === dev))
}

/** Whether the mount of the opened entry is one that the process has; null where it was not opened. */
export function isListed({ mnt_id, mnt_listed }: Kernel, { mounts }: View): boolean | null {
  return mnt_id !== null && mounts.length > 0 ? mounts.some((mount) => mount.mount_id === mnt_id) : mnt_listed
}

/** Before Linux 6.8 stat has another device of an overlay's file than maps; of any other file both have the same. */
function mayBeOverlay(kernel: Kernel, view: View): boolean {
  return isListed(kernel, view) !== false && (kernel.dev === null || kernel.dev !== kernel.maps_dev)
}

/** A link that is right may be a path in a branch `/` too, and nothing of it tells which; the mount may, or what the kernel does elsewhere. */
function rootBranch(
  own: readonly BranchMatch[],
  kernel: Kernel,
  view: View,
): Pick<Finding, 'branch' | 'leaks'> {
  const roots = new Set(own.flatMap(({ branch }) => (branch.path === '/' ? [branch.index] : [])))
  const unlisted = isListed(kernel, view) === false && roots.size > 0
  const [index, other] = roots
  const only =
    index !== undefined && other === undefined && (unlisted || view.leaky)
      ? own.find(({ branch }) => branch.index === index)
      : undefined
  return { branch: only?.branch ?? null, leaks: unlisted }
}

/** The mount that a file lies on: the one that fdinfo tells, or the one that the process has over its path. */
function mountOf(kernel: Kernel, path: ByteString, { mounts, unions }: View): { dev: string | null } | null {
  const told = mounts.find(({ mount_id }) => mount_id === kernel.mnt_id)
  if (told !== undefined) return told
  if (mounts.length > 0) return mountOver(mounts, path)
  return mountOver(
    unions.map(({ dev, mount_point }) => ({ dev, mount_point: mount_point ?? '/' })),
    path,
  )
}

function branchOf({ mount_id, si }: BranchTable, { index, id, path, perm, attributes }: Branch): VmaBranch {
  return { mount_id, si, index, id, path, perm, attributes }
}

/** The mapped file's device and inode in the union; of any other file what the kernel says. */
function identify(
  kernel: Kernel,
  table: BranchTable | null,
  { path, shown }: Truth,
  view: View,
): FileId | { dev: null; ino: null } {
  const nothing = { dev: null, ino: null }
  const { dev, ino, maps_dev, maps_ino } = kernel
  if (view.root === null) return nothing
  if (table !== null && shown !== null) return { dev: shown.dev, ino: shown.ino }
  if (table === null && dev !== null && ino !== null) return { dev, ino }
  const lies = table ?? mountOf(kernel, path, view)
  return maps_dev !== null && maps_ino !== null && maps_dev === lies?.dev
    ? { dev: maps_dev, ino: maps_ino }
    : nothing
}

function isOther({ maps_dev, maps_ino }: Kernel, dev: string | null, ino: string | null): boolean {
  return dev !== null && maps_dev !== null && (dev !== maps_dev || ino !== maps_ino)
}
