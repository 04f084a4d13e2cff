/** VMA records: what the kernel says of each mapped file, put right. */

import type { FileId } from '../files/ids.js'
import { withOthers } from '../lines/records.js'
import type { Kernel, MapFilesEntry } from '../proc/map-files.js'
import { join } from '../text/paths.js'
import type { Branch, BranchTable } from '../unions/branch-table.js'
import { tableOver } from '../unions/mount-paths.js'
import { typeOfTable } from '../unions/types.js'
import { claimOf } from './claim.js'
import { mountOf, type ProcessContext } from './context.js'
import { type LookupResult, lookUp } from './look-up.js'
import type { Vma, VmaBranch } from './record.js'

/**
 * Puts right what the kernel says of a mapped file.
 *
 * @param raw the entry, strings as bytes
 * @param context the process that maps it
 * @example fixVma(entry, context).path // '/bin/mapper', where the link is '/var/lib/docker/aufs/diff/…/bin/mapper'
 */
export function fixVma(raw: MapFilesEntry, context: ProcessContext): Vma {
  const claim = claimOf(raw, context)
  const result = lookUp({ raw, claim, context })
  const { path, state, branch } = result
  const { table, leaks } = claim
  const { pid, comm, container, start, end, perms, offset, link, kernel, ...others } = raw
  const { unit = null, cgroup = null } = raw
  const { dev, ino } = identify(kernel, table, result, context)
  const mount = table === null ? null : tableOver(table, context.unions, path)
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
    rpath: mount === null ? null : `.${path}`,
    fpath: mount === null || context.root === null ? null : join(context.root, path),
    dev,
    ino,
    mnt_id: leaks ? -1 : kernel.mnt_id,
    fixed: leaks || (table !== null && typeOfTable(table).copyUpChangesInode && isOther(kernel, dev, ino)),
    state,
    branch: mount === null || branch === null ? null : branchOf(mount, branch),
    kernel,
  }
  // A record that was fixed before is fixed anew.
  return withOthers(vma, others)
}

function branchOf({ mount_id, si }: BranchTable, { index, id, path, perm, attributes }: Branch): VmaBranch {
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
  const lies = table ?? mountOf(kernel, path, context)
  return maps_dev !== null && maps_ino !== null && maps_dev === lies?.dev
    ? { dev: maps_dev, ino: maps_ino }
    : nothing
}

function isOther({ maps_dev, maps_ino }: Kernel, dev: string | null, ino: string | null): boolean {
  return dev !== null && maps_dev !== null && (dev !== maps_dev || ino !== maps_ino)
}
