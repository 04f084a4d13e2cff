/** Whether a path still shows what a process maps, and which branch supplies that: decided by what the files are. */
import { type Found, isUnchanged } from '../../files/found.js'
import { type FileId, isSameNumber } from '../../files/ids.js'
import { isSharedWritable } from '../../proc/maps.js'
import type { ByteString } from '../../text/byte-string.js'
import type { Branch, BranchTable } from '../../unions/branch-table.js'
import type { Copies, Copy } from '../../unions/layers/layer.js'
import { innerPath, tableOver } from '../../unions/mount-paths.js'
import { typeOfTable } from '../../unions/types.js'
import { isListed, type MappedFile, mountOf, type SeenFile } from '../context.js'
import type { State } from '../record.js'
import { coveredState } from './covered.js'
import { isMappedCopy, supplierOf } from './supplier.js'

/** What a path shows of a mapped file. */
export interface Verdict {
  state: State | null
  branch: Branch | null
  /** What the path shows, where that is still the mapped file (also if copied up by now). */
  shown: FileId | null
}

/** The state of a mapped file whose path shows a file. */
export function stateOf(file: SeenFile, path: ByteString, found: Found): Verdict {
  const { raw, claim } = file
  const mapped = isMapped(file, found)
  const shown = mapped === true ? found : null
  if (mapped === false || (mapped === undefined && claim.saysDeleted)) return stateOfOther(file, path, found)
  if (claim.table === null) return { state: mapped === true ? 'current' : null, branch: claim.branch, shown }
  const { mount, copies } = copiesAt(file, claim.table, path)
  if (copies === null) return { state: null, branch: claim.branch, shown }
  if (claim.branch !== null) return stateByBranch(file, claim.branch, copies, found)
  const isByInode = typeOfTable(mount).mapsShowsLayer(raw.kernel, mount)
  const verdict = isByInode
    ? stateByInode(file, copies, found)
    : stateBySupplier(shown === null ? null : supplierOf(file, copies, found, mount), shown)
  const isOpen = verdict.state === null && shown !== null
  return isOpen && isOnlyBelow(file, mount, path, copies, found) ? { ...verdict, state: 'current' } : verdict
}

function stateBySupplier(supplier: Copy | null, shown: FileId | null): Verdict {
  return { state: supplier === null ? null : 'current', branch: supplier?.branch ?? null, shown }
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
 * file with several names the union may show a copy that was made through another (overlayfs's `index=on`).
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
  // Where all could be looked into, what shows the file is covered by a mount: not the writable one, then.
  const isLower = !isComplete || lookup.isUpperSeen(mount)
  return isLower && !isSharedWritable(raw.perms) && lookup.isNotCopied(mount, inner)
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

/** The state of a file below a higher branch's file of that name: that is its copy, or another file. */
function stateBelow(file: SeenFile, top: Copy, found: Found): State | null {
  const { table } = file.claim
  if (isMapped(file, found) === true) return 'copied_up'
  const { ino } = file.raw.kernel
  // Where maps leaks too, AUFS shows nothing that tells them apart; overlayfs keeps the inode of what was copied up.
  if (table === null || !typeOfTable(table).copyUpChangesInode || ino === null) return null
  if (!isSameNumber(found, { dev: '', ino })) return 'replaced'
  return top.isCopiedUp() === true ? 'copied_up' : null
}

/** maps has the layer's own device and inode: is its copy the one that the union shows? */
function stateByInode(file: SeenFile, { copies }: Copies, found: Found): Verdict {
  const withData = copies.filter(({ isMeta }) => isMeta !== true)
  const real = withData.find((copy) => isMappedCopy(file.raw.kernel, copy, file.lookup))
  const shown = isMapped(file, found) === true ? found : null
  if (real !== undefined) {
    const above = withData.slice(0, withData.indexOf(real))
    const isUnknown = above.some(({ isMeta }) => isMeta === null)
    const isShown = above.length === 0 && (copies[0] !== real || isShownAs(real, found))
    const state = isShown ? 'current' : isUnknown ? null : 'copied_up'
    return { state, branch: real.branch, shown: found }
  }
  // The same file of the union, but none of those that are there by that name: copied up, and renamed since.
  const isCopied = shown !== null && withData[0]?.branch.perm === 'rw'
  return { state: isCopied ? 'copied_up' : null, branch: null, shown }
}

/** Whether the union shows a lower file as it is: with `index=on` it may show a copy that has the name of another hard link. */
function isShownAs({ branch, file }: Copy, found: Found): boolean {
  return branch.perm === 'rw' || isUnchanged(file, found)
}

/**
 * The layer that still has what is mapped, under a name that the union does not show any more. Where maps shows the union's
 * inode, that is the layer's, if all are on one filesystem; but a copy of it keeps the number (overlayfs), so the file must
 * be unchanged, too.
 */
export function holderOf({ raw, claim, context, lookup }: SeenFile, path: ByteString): Branch | null {
  const { kernel } = raw
  if (claim.table === null || claim.leaks) return null
  const mount = tableOver(claim.table, context.unions, path)
  const inner = innerPath(mount, path)
  if (inner === null) return null
  const { holders, isComplete } = lookup.holders(mount, inner)
  if (typeOfTable(mount).mapsShowsLayer(kernel, mount))
    return holders.find((copy) => isMappedCopy(kernel, copy, lookup))?.branch ?? null
  if (!typeOfTable(mount).copyUpChangesInode || !isComplete || kernel.dev !== mount.dev) return null
  const [only, other] = holders.filter(({ file }) => file.ino === kernel.maps_ino)
  const mapped = only === undefined || other !== undefined ? null : lookup.mapped(raw)
  return only !== undefined && mapped !== null && isUnchanged(mapped, only.file) ? only.branch : null
}

/** Whether what a path shows is the mapped file; undefined where it cannot be told. */
export function isMapped({ raw: { kernel }, claim }: MappedFile, found: FileId): boolean | undefined {
  const { table, leaks } = claim
  const { dev, ino, maps_dev, maps_ino } = kernel
  // Of a leaking link the opened entry is the branch's file; maps has the union's.
  if (leaks)
    return table !== null && maps_dev !== null && maps_dev === table.dev
      ? found.dev === maps_dev && found.ino === maps_ino
      : undefined
  if (dev !== null) return found.dev === dev && found.ino === ino
  if (found.dev !== maps_dev) return undefined
  if (found.ino === maps_ino) return true
  // A hard link of an overlay has another number once it was copied up, but for those who mapped it before.
  return table !== null && typeOfTable(table).copyUpChangesInode ? undefined : false
}
