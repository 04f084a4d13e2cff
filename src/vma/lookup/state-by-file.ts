/** The state of a mapped file by the layer's own file, where the kernel tells which one is really mapped. */
import { type Found, isUnchanged } from '../../files/found.js'
import { type FileId, isSameNumber } from '../../files/ids.js'
import type { Branch, BranchTable } from '../../unions/branch-table.js'
import type { Copies, Copy } from '../../unions/layers/layer.js'
import { typeOfTable } from '../../unions/types.js'
import type { SeenFile } from '../context.js'
import type { State } from '../record.js'
import { isMapped, mappedCopy } from './mapped-copy.js'

/** What a path shows of a mapped file. */
export interface Verdict {
  state: State | null
  branch: Branch | null
  /** What the path shows, where that is still the mapped file (also if copied up by now). */
  shown: FileId | null
}

/** Whether the layer's own file, where it is known, is the one that the union shows. Null where that tells nothing. */
export function stateByFile(
  file: SeenFile,
  real: FileId | null,
  mount: BranchTable,
  { copies }: Copies,
  found: Found,
): Verdict | null {
  const withData = copies.filter(({ isMeta }) => isMeta !== true)
  const copy = real === null ? null : mappedCopy(file, real, withData)
  if (copy === null) return null
  const [top] = copies
  const isTopShown = top !== undefined && isShown(top, found)
  if (copy === undefined) {
    // The same file of the union, but none of those that are there by that name: copied up, and renamed since.
    const isCopied = isTopShown && top.branch.perm === 'rw' && isMapped(file, found) === true
    return isCopied ? { state: 'copied_up', branch: file.claim.branch, shown: found } : null
  }
  const above = withData.slice(0, withData.indexOf(copy))
  const state =
    above.length === 0
      ? stateOfTop(file, mount, copy, isTopShown ? null : found)
      : isTopShown
        ? stateUnder(file, above, found)
        : null
  return { state, branch: copy.branch, shown: state === 'replaced' ? null : found }
}

/** Whether the union shows a copy. Another mount may hide its own branch from this reader, which then sees other files there. */
function isShown({ file }: Copy, found: Found): boolean {
  return isUnchanged(file, found) || (file.birth > 0n && file.birth === found.birth)
}

/**
 * The state of a file that is on top in the branches.
 *
 * @param other what the union shows instead: of a lower file with several names, a copy that was made through another
 *   (overlayfs's `index=on`), which may have taken over no data
 */
function stateOfTop(
  { lookup }: SeenFile,
  mount: BranchTable,
  { branch, file }: Copy,
  other: Found | null,
): State | null {
  if (other === null || branch.perm === 'rw') return 'current'
  const isWithoutData = file.size === other.size && lookup.hasMetacopies(mount)
  return file.links === 1n || isWithoutData ? null : 'copied_up'
}

function stateUnder(file: SeenFile, above: readonly Copy[], found: Found): State | null {
  const [top] = above
  if (top === undefined || above.some(({ isMeta }) => isMeta === null)) return null
  // Of a union's layer that is a union itself, the name may be another file's by now.
  return file.claim.leaks ? stateBelow(file, top, found) : 'copied_up'
}

/** The state of a file below a higher branch's file of that name: that is its copy, or another file. */
export function stateBelow(file: SeenFile, top: Copy, found: Found): State | null {
  const { table } = file.claim
  if (isMapped(file, found) === true) return 'copied_up'
  const { ino } = file.raw.kernel
  // Where maps leaks too, AUFS shows nothing that tells them apart; overlayfs keeps the inode of what was copied up.
  if (table === null || !typeOfTable(table).copyUpChangesInode || ino === null) return null
  if (!isSameNumber(found, { dev: '', ino })) return 'replaced'
  return top.isCopiedUp() === true ? 'copied_up' : null
}
