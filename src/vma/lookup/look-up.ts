/** Looks a mapped file up under the names that the process may have for it. */
import type { Found } from '../../files/found.js'
import { mountOver } from '../../proc/mounts/mount-tree.js'
import type { ByteString } from '../../text/byte-string.js'
import { DELETED, withoutDeleted } from '../../text/paths.js'
import { isListed, type MappedFile, type SeenFile } from '../context.js'
import { holderOf } from './holder.js'
import { isMapped } from './mapped-copy.js'
import { copiesAt, isTopOfBranch, stateOf } from './state.js'
import type { Verdict } from './state-by-file.js'

/** What a look at the files says of an entry. */
export interface LookupResult extends Verdict {
  /** Without the kernel's ` (deleted)`. */
  path: ByteString
}

/** Looks a mapped file up. */
export function lookUp(file: MappedFile): LookupResult {
  const { claim, context } = file
  const bare = withoutDeleted(claim.name)
  const unseen: LookupResult = {
    path: claim.linkPath ?? bare,
    state: claim.saysDeleted ? 'deleted' : null,
    branch: claim.branch,
    shown: null,
  }
  if (context.lookup === null || !isLookedUp(file)) return unseen
  const seen: SeenFile = { ...file, lookup: context.lookup }
  for (const other of otherNames(claim.name)) {
    const found = seen.lookup.files.find(other)
    if (found && isMappedAt(seen, other, found)) return { path: other, ...stateOf(seen, other, found) }
  }
  if (claim.linkPath === null) return lookUpAt(seen, bare, unseen)
  const named = seen.lookup.files.find(bare)
  const isNamed = named != null && isMappedAt(seen, bare, named)
  return lookUpAt(seen, isNamed ? bare : claim.linkPath, unseen)
}

/** Looks a mapped file up at one path. */
function lookUpAt(file: SeenFile, path: ByteString, unseen: LookupResult): LookupResult {
  const { claim, lookup } = file
  const found = isShownAt(file, path) ? lookup.files.find(path) : undefined
  if (found === undefined) return { ...unseen, path }
  if (found === null) {
    // What is neither deleted nor named by its branch is there, under something that was mounted over it.
    const isGone = claim.saysDeleted || (claim.leaks && !isCovered(file, path))
    return {
      path,
      state: isGone ? 'deleted' : null,
      branch: claim.branch ?? holderOf(file, path),
      shown: null,
    }
  }
  const result = { path, ...stateOf(file, path, found) }
  return result.state === 'current' || isSameThere(file) ? result : { ...unseen, path }
}

/**
 * Whether another file at the path of a mapped file tells anything. Of another root than the process's own, only the union is
 * the same. Of a file on a mount that the process does not have, the name may be no path of the process's.
 */
function isSameThere({ raw: { kernel }, claim, context, lookup }: SeenFile): boolean {
  return claim.table !== null || (lookup.isOwnRoot && isListed(kernel, context) !== false)
}

/** Whether another root shows the mount that the process has over a path. */
export function isShownAt({ claim, context, lookup }: SeenFile, path: ByteString): boolean {
  if (lookup.isOwnRoot) return true
  const own = claim.table?.dev ?? mountOver(context.mounts, path)?.dev ?? null
  const there = lookup.deviceAt(path)
  return own === null || there === null || own === there
}

/** Whether the process has another mount over the path than the union's. */
function isCovered({ claim, context }: SeenFile, path: ByteString): boolean {
  const over = mountOver(context.mounts, path)
  return over !== null && claim.table !== null && claim.table.dev !== null && over.dev !== claim.table.dev
}

/** Whether the name may be a path in the process's root: of memory, or of what lies outside, it is none. */
function isLookedUp({ raw: { kernel }, claim, context }: MappedFile): boolean {
  if (!claim.name.startsWith('/')) return false
  if (claim.isOutside) return false
  if (claim.table !== null) return true
  const isOfMount = context.mounts.some(({ dev }) => dev === kernel.maps_dev)
  return isListed(kernel, context) === true || !claim.saysDeleted || isOfMount
}

/**
 * What else a file may be called that maps has by such a name: ` (deleted)` may be part of it (a hard link of a deleted one may
 * remain: only a look tells), and so may a newline that the link does not show (renamed since it was opened).
 */
function otherNames(name: ByteString): ByteString[] {
  const names = name.endsWith(DELETED) ? [name] : []
  if (!name.includes('\\012')) return names
  const decoded = name.replaceAll('\\012', '\n')
  return [...new Set([...names, decoded, withoutDeleted(decoded)])]
}

/** Whether another name shows the mapped file: where maps leaks too, the branch's own file tells. */
function isMappedAt(file: SeenFile, path: ByteString, found: Found): boolean {
  const mapped = isMapped(file, found)
  const { table, branch } = file.claim
  if (mapped !== undefined || table === null || branch === null) return mapped ?? false
  const { copies } = copiesAt(file, table, path)
  return copies !== null && isTopOfBranch(file, copies)
}
