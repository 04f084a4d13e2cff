/** Which copy of a file in the branches is the one that a process maps. */
import { type Found, isUnchanged } from '../../files/found.js'
import type { Kernel } from '../../proc/map-files.js'
import { isSharedWritable } from '../../proc/maps.js'
import type { BranchTable } from '../../unions/branch-table.js'
import type { Copies, Copy } from '../../unions/layers/layer.js'
import { typeOfTable } from '../../unions/types.js'
import type { SeenFile } from '../context.js'

/**
 * The copy that is mapped, where the kernel shows only the union's file. A read-only branch does not change while it is
 * mounted, so what it shows on top was there when the file was mapped. A writable branch may have gained its copy since,
 * from one below, under this name or another. It did not where the mapping is of a file that was opened for writing (which copies it up), where the copy
 * has no origin, or where it is older than the mount.
 */
export function supplierOf(
  { raw, lookup }: Pick<SeenFile, 'raw' | 'lookup'>,
  { copies }: Copies,
  found: Found,
  table: BranchTable,
): Copy | null {
  const [top] = copies
  if (top === undefined || top.isMeta === null) return null
  if (top.isMeta) {
    const data = copies.find(({ isMeta }) => isMeta !== true)
    return data?.isMeta === false && !isSharedWritable(raw.perms) ? data : null
  }
  if (top.branch.perm === 'ro' || top.branch.perm === 'rr')
    return isShown(top, found, table) && !isSharedWritable(raw.perms) ? top : null
  if (isSharedWritable(raw.perms) || isCopiedUp(raw.kernel, top, found, table) === false) return top
  return lookup.isOlderThanMount(table, top) ? top : null
}

/**
 * Whether the union shows a file of a read-only branch: not where another was put into the layer from elsewhere, nor where
 * the union shows a copy that was made through another hard link (overlayfs's `index=on`), whose size and times these are.
 */
function isShown(top: Copy, found: Found, table: BranchTable): boolean {
  return (
    (typeOfTable(table).isSameInode(top.file, found, table) ?? top.isNamed) && isUnchanged(top.file, found)
  )
}

/**
 * Overlayfs shows the inode of the lowest: a copy's own is another. That spares a look at the extended attributes. maps keeps
 * that inode even where a hard link was copied up, which gets its own number and no mark of where it came from.
 */
function isCopiedUp(kernel: Kernel, top: Copy, found: Found, table: BranchTable): boolean | null {
  const { isSameInode } = typeOfTable(table)
  const { maps_dev: dev, maps_ino: ino } = kernel
  if (dev !== null && ino !== null && isSameInode(top.file, { dev, ino }, table) === false) return true
  const isSame = isSameInode(top.file, found, table)
  return isSame === null ? top.isCopiedUp() : !isSame
}
