/** Whose device and inode an overlay's files have: the union's, or those of a layer. */
import type { FileId } from '../../files/ids.js'
import type { Kernel } from '../../proc/map-files.js'
import type { BranchTable } from '../branch-table.js'

/** Before Linux 6.8 maps has the device and inode of the layer's own file: they tell which copy is mapped. */
export function mapsShowsLayer({ maps_dev }: Kernel, { dev }: BranchTable): boolean {
  return maps_dev !== null && dev !== null && maps_dev !== dev
}

/**
 * Where all layers are on one filesystem an overlay's inodes are those of its layers; with `xino` the upper bits tell several
 * apart. Null where nothing is told.
 */
export function isSameInode(copy: FileId, found: FileId, { dev }: BranchTable): boolean | null {
  if (found.dev !== dev) return null
  if (copy.ino === found.ino) return true
  return BigInt.asUintN(32, BigInt(copy.ino)) === BigInt.asUintN(32, BigInt(found.ino)) ? null : false
}
