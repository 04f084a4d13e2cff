/** A file over whose folder a union was mounted since (systemd-sysext, usr-overlay). */
import { type Found, isUnchanged } from '../../files/found.js'
import { isSameNumber } from '../../files/ids.js'
import { mountOver } from '../../proc/mounts/mount-tree.js'
import type { ByteString } from '../../text/byte-string.js'
import type { Branch, BranchTable } from '../../unions/branch-table.js'
import { innerPath } from '../../unions/mount-paths.js'
import { isListed, type SeenFile } from '../context.js'
import type { State } from '../record.js'
import { supplierOf } from './supplier.js'

/**
 * The state of a mapped file whose path shows a file of a union that was mounted over it. The union shows the same lower
 * file under a device of its own; what else it shows is another file.
 *
 * @returns null where no union covers the path
 */
export function coveredState(
  file: SeenFile,
  path: ByteString,
  found: Found,
): { state: State | null; branch: Branch | null } | null {
  const { raw, claim, context, lookup } = file
  const over = mountOver(context.mounts, path)
  const cover = context.unions.find(({ mount_id }) => mount_id === over?.mount_id)
  if (cover === undefined || cover.mount_id === raw.kernel.mnt_id || cover.dev === claim.table?.dev)
    return null
  const mapped = isListed(raw.kernel, context) ? lookup.mapped(raw) : null
  if (mapped === null) return { state: null, branch: claim.branch }
  const branch = claim.branch ?? supplierBelow(file, claim.table, path, mapped)
  return { state: stateUnder(file, cover, { path, mapped, found }), branch }
}

function stateUnder(
  { lookup }: SeenFile,
  cover: BranchTable,
  { path, mapped, found }: { path: ByteString; mapped: Found; found: Found },
): State | null {
  if (!isSameNumber(mapped, found)) return 'replaced'
  const inner = innerPath(cover, path)
  if (inner === null) return null
  if (isUnchanged(mapped, found)) return lookup.isNotCopied(cover, inner) ? 'current' : null
  const [top] = lookup.copies(cover, inner).copies
  return top?.branch.perm === 'rw' && top.isCopiedUp() === true ? 'copied_up' : null
}

/** The branch of the union below that supplies the file; null where it is of none. */
function supplierBelow(
  file: SeenFile,
  table: BranchTable | null,
  path: ByteString,
  mapped: Found,
): Branch | null {
  const inner = table === null ? null : innerPath(table, path)
  if (table === null || inner === null) return null
  return supplierOf(file, file.lookup.copies(table, inner), mapped, table)?.branch ?? null
}
