/** Whether a path still shows what a process maps, and which branch supplies that: decided by what the files are. */
import { type Found, isUnchanged } from '../../files/found.js'
import { isSharedWritable } from '../../proc/maps.js'
import type { ByteString } from '../../text/byte-string.js'
import type { Branch, BranchTable } from '../../unions/branch-table.js'
import type { Copies } from '../../unions/layers/layer.js'
import { innerPath, tableOver } from '../../unions/mount-paths.js'
import { isListed, mountOf, type SeenFile } from '../context.js'
import { coveredState } from './covered.js'
import { holderOf } from './holder.js'
import { isMapped, realFileOf } from './mapped-copy.js'
import { stateBelow, stateByFile, type Verdict } from './state-by-file.js'
import { supplierOf } from './supplier.js'

/** The state of a mapped file whose path shows a file. */
export function stateOf(file: SeenFile, path: ByteString, found: Found): Verdict {
  const { claim } = file
  const mapped = isMapped(file, found)
  const shown = mapped === true ? found : null
  if (mapped === false || (mapped === undefined && claim.saysDeleted)) return stateOfOther(file, path, found)
  if (claim.table === null) return { state: mapped === true ? 'current' : null, branch: claim.branch, shown }
  const { mount, copies } = copiesAt(file, claim.table, path)
  if (copies === null) return { state: null, branch: claim.branch, shown }
  const real = realFileOf(file.raw.kernel, mount)
  const known = stateByFile(file, real, mount, copies, found)
  if (known !== null) return known
  if (claim.branch !== null) return stateByBranch(file, claim.branch, copies, found)
  if (shown === null) return { state: null, branch: null, shown }
  const supplier = real === null ? supplierOf(file, copies, found, mount) : null
  const isCurrent = supplier !== null || isOnlyBelow(file, mount, path, copies, found)
  return { state: isCurrent ? 'current' : null, branch: supplier?.branch ?? null, shown }
}

/** The state of a mapped file whose path shows another file, or one that may be another. */
function stateOfOther(file: SeenFile, path: ByteString, found: Found): Verdict {
  const { saysDeleted, branch } = file.claim
  const again = shownAgain(file, path, found)
  if (again !== null) return again
  const covered = saysDeleted ? null : coveredState(file, path, found)
  if (covered !== null) return { ...covered, shown: null }
  // Where its mount is not known, the path may never have been this file's.
  const isReplaced = isPlaceKnown(file, path)
  const state = isReplaced ? 'replaced' : saysDeleted ? 'deleted' : null
  return { state, branch: branch ?? holderOf(file, path), shown: null }
}

/** A branch's own file may be shown again under another number, when a branch that hid it was taken out of the union. */
function shownAgain(file: SeenFile, path: ByteString, found: Found): Verdict | null {
  const { table, branch } = file.claim
  if (table === null || branch === null || found.dev !== table.dev) return null
  const { copies } = copiesAt(file, table, path)
  return copies !== null && isTopOfBranch(file, copies) ? stateByBranch(file, branch, copies, found) : null
}

/** Whether the topmost copy is the very file that the kernel names by its branch. */
export function isTopOfBranch({ raw: { kernel }, claim: { branch } }: SeenFile, { copies }: Copies): boolean {
  const [top] = copies
  if (top === undefined || top.branch.index !== branch?.index) return false
  return top.file.dev === kernel.dev && top.file.ino === kernel.ino
}

/** Whether a path is known to have been the mapped file's: by the mount of the entry, or else by the mount over the path. */
function isPlaceKnown({ raw: { kernel }, claim, context }: SeenFile, path: ByteString): boolean {
  if (claim.leaks) return true
  const dev = claim.table?.dev ?? kernel.maps_dev
  const isOfMount = claim.saysDeleted && dev !== null && mountOf(kernel, path, context)?.dev === dev
  return isListed(kernel, context) ?? isOfMount
}

/**
 * Whether an unchanged lower file is shown, of layers that cannot be looked into: no writable branch has a copy of it. Of a
 * file that has or had several names the union may show a copy that was made through another (overlayfs's `index=on`).
 */
function isOnlyBelow(
  { lookup, raw }: SeenFile,
  mount: BranchTable,
  path: ByteString,
  { copies, isComplete }: Copies,
  found: Found,
): boolean {
  const inner = innerPath(mount, path)
  if (inner === null || copies.length > 0 || found.links !== 1n) return false
  // Where all could be looked into, what shows the file is covered by a mount: it may be the writable one.
  const isSeen = lookup.isUpperSeen(mount) ?? !isComplete
  if (!isSeen || isSharedWritable(raw.perms)) return false
  return lookup.isNotCopied(mount, inner) && lookup.hasNoHardLinks(mount)
}

/** The copies of a path in the layers of its union: null where the mount over it does not hold it. */
export function copiesAt(
  { context, lookup }: SeenFile,
  table: BranchTable,
  path: ByteString,
): { mount: BranchTable; copies: Copies | null } {
  const mount = tableOver(table, context.unions, path)
  const inner = innerPath(mount, path)
  return { mount, copies: inner === null ? null : lookup.copies(mount, inner) }
}

/** The kernel names the branch: is its copy the one that the union shows? */
function stateByBranch(file: SeenFile, branch: Branch, { copies: [top] }: Copies, found: Found): Verdict {
  const { dev, ino } = file.raw.kernel
  const shown = isMapped(file, found) === true ? found : null
  const known = { branch, shown }
  if (top === undefined || top.branch.index > branch.index) return { ...known, state: null }
  if (top.branch.index < branch.index) return { ...known, state: stateBelow(file, top, found) }
  if (dev !== null && (top.file.dev !== dev || top.file.ino !== ino))
    return { ...known, state: 'replaced', shown: null }
  // Of a file with several names the union shows the copy that was made through another (AUFS's pseudo-links).
  const isShown = top.branch.perm === 'rw' || isUnchanged(top.file, found)
  return { branch, state: isShown ? 'current' : null, shown: found }
}
