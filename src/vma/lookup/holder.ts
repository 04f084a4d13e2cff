/** Which layer has a file that the union does not show any more. */
import { isUnchanged } from '../../files/found.js'
import type { ByteString } from '../../text/byte-string.js'
import type { Branch } from '../../unions/branch-table.js'
import type { Holders } from '../../unions/layers/layer.js'
import { innerPath, tableOver } from '../../unions/mount-paths.js'
import { typeOfTable } from '../../unions/types.js'
import type { SeenFile } from '../context.js'
import { mappedCopy, realFileOf } from './mapped-copy.js'

type Holder = Holders['holders'][number]

/**
 * The layer that still has what is mapped, under a name that the union does not show any more. Where the kernel shows the
 * union's inode alone, that is the layer's, if all are on one filesystem; but a copy of it keeps the number (overlayfs), so the
 * file must be unchanged, too.
 */
export function holderOf(file: SeenFile, path: ByteString): Branch | null {
  const { raw, claim, context, lookup } = file
  const { kernel } = raw
  if (claim.table === null || claim.leaks) return null
  const mount = tableOver(claim.table, context.unions, path)
  const inner = innerPath(mount, path)
  if (inner === null) return null
  const { holders, isComplete } = lookup.holders(mount, inner)
  const isUnchangedIn = (holder: Holder) => {
    const mapped = lookup.mapped(raw)
    return mapped !== null && isUnchanged(mapped, holder.file)
  }
  const real = realFileOf(kernel, mount)
  if (real !== null) {
    const copy = mappedCopy(file, real, holders) ?? null
    // What was mapped may lie in another subvolume of btrfs, which has numbers of its own, and be gone from there.
    return copy !== null && (copy.file.dev === real.dev || isUnchangedIn(copy)) ? copy.branch : null
  }
  if (!typeOfTable(mount).copyUpChangesInode || !isComplete || kernel.dev !== mount.dev) return null
  const [only, other] = holders.filter((holder) => holder.file.ino === kernel.maps_ino)
  return only !== undefined && other === undefined && isUnchangedIn(only) ? only.branch : null
}
