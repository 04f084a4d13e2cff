/** Which copy of a file in the branches is the one that a process maps. */

import type { Found } from '../files/folder.js'
import type { Kernel } from '../proc/map-files.js'
import type { BranchTable } from '../unions/branch-table.js'
import type { Copies, Copy } from '../unions/layer.js'
import { typeOfTable } from '../unions/types.js'
import type { FileLookup } from './context.js'

/** Whether a layer's file is the one that maps has: the device there is the filesystem's, which st_dev need not be (btrfs). */
export function isMappedCopy(
  { maps_dev, maps_ino }: Kernel,
  { file, mount_id }: Pick<Copy, 'file' | 'mount_id'>,
  lookup: FileLookup,
): boolean {
  return file.ino === maps_ino && (lookup.deviceOf(mount_id) ?? file.dev) === maps_dev
}

/**
 * The copy that is mapped, where the kernel shows only the union's file. A read-only branch does not change while it is
 * mounted, so what it shows on top was there when the file was mapped; a writable one may have gained its copy since, from
 * one below, unless it did so before there was any process to map it.
 */
export function supplierOf(
  kernel: Kernel,
  { copies, isComplete }: Copies,
  found: Found,
  table: BranchTable,
  lookup: FileLookup,
): Copy | null {
  const [top, lower] = copies
  if (top === undefined || top.isMeta === null) return null
  if (top.isMeta) {
    const data = copies.find(({ isMeta }) => isMeta !== true)
    return data?.isMeta === false ? data : null
  }
  // What is not the union's inode after all was put into the layer from elsewhere, or is of another file.
  if (top.branch.perm === 'ro' || top.branch.perm === 'rr')
    return (typeOfTable(table).isSameInode(top.file, found, table) ?? top.isNamed) ? top : null
  const copied = isCopiedUp(kernel, top, found, table)
  if (copied === false || (copied === null && lower === undefined && isComplete)) return top
  const start = lookup.firstStart()
  return start !== null && top.since > 0n && top.since < start ? top : null
}

/**
 * Overlayfs shows the inode of the lowest: a copy's own is another. That spares a look at the extended attributes. maps keeps
 * that inode even where a hard link was copied up, which gets its own number and no mark of where it came from.
 */
function isCopiedUp(kernel: Kernel, top: Copy, found: Found, table: BranchTable): boolean | null {
  const { maps_dev: dev, maps_ino: ino } = kernel
  if (dev !== null && ino !== null && typeOfTable(table).isSameInode(top.file, { dev, ino }, table) === false)
    return true
  const isSame = typeOfTable(table).isSameInode(top.file, found, table)
  return isSame === null ? top.isCopiedUp() : !isSame
}
