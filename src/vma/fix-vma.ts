/** VMA records: what the kernel says of each mapped file, put right. */

import type { FileId } from '../files/ids.js'
import { withOthers } from '../lines/records.js'
import type { Kernel, MapFilesEntry, RawVma } from '../proc/map-files.js'
import { mountOver } from '../proc/mounts/mount-tree.js'
import type { Mount } from '../proc/mounts/mountinfo.js'
import type { ByteString } from '../text/byte-string.js'
import { join, withoutDeleted } from '../text/paths.js'
import type { Branch, BranchTable } from '../unions/branch-table.js'
import { innerPath, tableOver, throughMount } from '../unions/mount-paths.js'
import { typeOfTable } from '../unions/types.js'
import { claimOf } from './claim.js'
import { isListed, type MappedFile, mountOf, type ProcessContext } from './context.js'
import { type LookupResult, lookUp } from './lookup/look-up.js'
import type { Vma, VmaBranch } from './record.js'

/**
 * Puts right what the kernel says of a mapped file.
 *
 * @param raw the entry, strings as bytes
 * @param context the process that maps it
 * @example fixVma(entry, context).path // '/bin/mapper', where the link is '/var/lib/docker/aufs/diff/…/bin/mapper'
 */
export function fixVma(raw: MapFilesEntry, context: ProcessContext): Vma {
  const file = mappedFile(raw, context)
  const { table, leaks, isOutside } = file.claim
  const result = lookUp(file)
  const { path, state, branch } = result
  const { unit = null, cgroup = null } = raw
  const { pid, comm, container, start, end, perms, offset, link, kernel, ...others } = raw
  const { dev, ino } = identify(kernel, table, result, file.context)
  const mount = table === null ? null : tableOver(table, file.context.unions, path)
  const isOwn = mount !== null && (file.context === context ? !isOutside : isSeenBy(context, mount, path))
  const vma: Vma = {
    pid,
    comm,
    container,
    unit,
    cgroup,
    start,
    end,
    perms,
    offset,
    link,
    path,
    rpath: isOwn ? `.${path}` : null,
    fpath: isOwn && context.root !== null ? join(context.root, path) : null,
    dev,
    ino,
    mnt_id: leaks ? -1 : kernel.mnt_id,
    fixed: leaks || (table !== null && typeOfTable(table).copyUpChangesInode && isOther(kernel, dev, ino)),
    state,
    branch: mount === null || branch === null ? null : branchOf(mount, branch),
    kernel,
  }
  // A record that was fixed before is fixed anew.
  return withOthers(vma, others, COMPARED)
}

/** What was compared when a record was made, of a process that has gone on since. */
const COMPARED = new Set<string>(['same_bytes'] satisfies (keyof Vma)[])

/**
 * A mapped file with its claim. One may lie outside of the process's root, or on a mount which the process has not, but the
 * reader has: the process has entered another mount namespace or root since (`unshare -m`, chroot or setns without exec), or CRIU restored it from the reader's
 * files. Where the process has the same folder mounted itself, the file is taken as mapped from there, else as the reader's.
 */
export function mappedFile(raw: RawVma, context: ProcessContext): MappedFile {
  const claim = claimOf(raw, context)
  const { reader } = context
  const isLeft = claim.isOutside || (claim.table === null && isListed(raw.kernel, context) === false)
  const mount = reader?.mounts.find(({ mount_id }) => mount_id === raw.kernel.mnt_id)
  if (!isLeft || reader === null || mount === undefined) return { raw, claim, context }
  const own = throughOwnMount(raw, mount, context)
  return own === null
    ? { raw, claim: claimOf(raw, reader), context: reader }
    : { raw: own, claim: claimOf(own, context), context }
}

/** An entry as it would be, had the process mapped the file through its own mount of that filesystem; null where it has none over it. */
function throughOwnMount(raw: RawVma, mount: Mount, { mounts, chroot }: ProcessContext): RawVma | null {
  const bare = withoutDeleted(raw.link)
  const inner = innerPath(mount, bare)
  if (inner === null || chroot !== '/') return null
  for (const own of mounts.filter(({ dev }) => dev === mount.dev)) {
    const path = throughMount(own, inner)
    if (path === null || mountOver(mounts, path) !== own) continue
    const link = path + raw.link.slice(bare.length)
    const kernel = { ...raw.kernel, maps_name: link, mnt_id: own.mount_id, mnt_listed: true }
    return { ...raw, link, kernel }
  }
  return null
}

/** Whether a process has the union mounted over a path, which it calls the same. */
function isSeenBy({ unions, chroot }: ProcessContext, { dev }: BranchTable, path: ByteString): boolean {
  const places = unions.map((table) => ({ dev: table.dev, mount_point: table.mount_point ?? '/' }))
  return chroot === '/' && dev !== null && mountOver(places, path)?.dev === dev
}

/** A branch as a record has it. @param mount the mount that shows the path */
export function branchOf(
  { mount_id, si }: BranchTable,
  { index, id, path, perm, attributes }: Branch,
): VmaBranch {
  return { mount_id, si, index, id, path, perm, attributes }
}

/** The mapped file's device and inode in the union; of any other file what the kernel says. */
function identify(
  kernel: Kernel,
  table: BranchTable | null,
  { path, shown }: LookupResult,
  context: ProcessContext,
): FileId | { dev: null; ino: null } {
  const nothing = { dev: null, ino: null }
  const { dev, ino, maps_dev, maps_ino } = kernel
  if (context.root === null) return nothing
  if (table !== null && shown !== null) return { dev: shown.dev, ino: shown.ino }
  if (table === null && dev !== null && ino !== null) return { dev, ino }
  if (maps_dev === null || maps_ino === null) return nothing
  const lies = table ?? mountOf(kernel, path, context)
  // What was opened but not asked may be of no mount that is known.
  const isUnasked = table === null && kernel.mnt_id !== null && isListed(kernel, context) === false
  return isUnasked || maps_dev === lies?.dev ? { dev: maps_dev, ino: maps_ino } : nothing
}

function isOther({ maps_dev, maps_ino }: Kernel, dev: string | null, ino: string | null): boolean {
  return dev !== null && maps_dev !== null && (dev !== maps_dev || ino !== maps_ino)
}
