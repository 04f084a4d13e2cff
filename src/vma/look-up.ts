/** Whether a path still shows what a process maps, and which branch supplies that: what only a look at the files tells. */

import type { Found } from '../files/folder.js'
import type { FileId } from '../files/ids.js'
import type { Kernel, RawVma } from '../proc/map-files.js'
import type { ByteString } from '../text/byte-string.js'
import { DELETED, withoutDeleted } from '../text/paths.js'
import type { Branch } from '../unions/branch-table.js'
import type { Copies } from '../unions/copies.js'
import { innerPath, tableOver } from '../unions/mount-paths.js'
import type { UnionClaim } from './claim.js'
import { type FileLookup, isListed, type ProcessContext } from './context.js'
import type { State } from './state.js'
import { isMappedCopy, mapsShowsLayer, supplierOf } from './supplier.js'

/** What a look at the files told of an entry. */
export interface LookupResult {
  /** Without the kernel's ` (deleted)`. */
  path: ByteString
  state: State | null
  branch: Branch | null
  /** What the path shows, where that is still the mapped file (also if copied up by now). */
  shown: FileId | null
}

/** Looks a mapped file up under the name that the process has for it. */
export function lookUp(raw: RawVma, claim: UnionClaim, context: ProcessContext): LookupResult {
  const { name, saysDeleted, branch } = claim
  const bare = withoutDeleted(name)
  const told: LookupResult = { path: bare, state: saysDeleted ? 'deleted' : null, branch, shown: null }
  if (context.lookup === null || !isLookedUp(raw.kernel, claim, context)) return told
  const { files, isOwnRoot } = context.lookup
  for (const path of otherNames(name)) {
    const full = files.find(path)
    if (full && isMappedAt(path, full, raw, claim, context.lookup, context))
      return { ...told, path, ...stateOf(raw, claim, path, full, context.lookup, context) }
  }
  const found = files.find(bare)
  if (found === undefined) return told
  if (found === null) {
    // What is neither deleted nor told by its branch is there, under something that was mounted over it.
    const state = saysDeleted || claim.leaks ? 'deleted' : null
    return { ...told, state, branch: branch ?? holderOf(raw.kernel, claim, bare, context.lookup, context) }
  }
  const result = { ...told, ...stateOf(raw, claim, bare, found, context.lookup, context) }
  // Of another root than the process's own, only the union is the same: volumes are not to be seen there.
  return claim.table === null && !isOwnRoot && result.state !== 'current' ? told : result
}

/** Whether the name is a path in the process's root: of memory, of what is no longer mounted, or of what lies outside it is none. */
function isLookedUp(
  kernel: Kernel,
  { name, table, saysDeleted, isOutside }: UnionClaim,
  context: ProcessContext,
): boolean {
  if (!name.startsWith('/')) return false
  if (table !== null) return true
  if (isOutside) return false
  return (
    isListed(kernel, context) ?? (!saysDeleted || context.mounts.some(({ dev }) => dev === kernel.maps_dev))
  )
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

type Verdict = Pick<LookupResult, 'state' | 'branch' | 'shown'>

function stateOf(
  raw: RawVma,
  claim: UnionClaim,
  path: ByteString,
  found: Found,
  lookup: FileLookup,
  context: ProcessContext,
): Verdict {
  const { table, branch, saysDeleted } = claim
  const mapped = isMapped(raw, claim, found)
  const shown = mapped === true ? found : null
  if (mapped === false || (mapped === undefined && saysDeleted))
    return { state: 'replaced', branch: branch ?? holderOf(raw.kernel, claim, path, lookup, context), shown }
  if (table === null) return { state: mapped === true ? 'current' : null, branch, shown }
  const mount = tableOver(table, context.unions, path)
  const inner = innerPath(mount, path)
  if (inner === null) return { state: null, branch, shown }
  const copies = lookup.copies(mount, inner)
  if (branch !== null) return stateByBranch(raw.kernel, branch, saysDeleted, copies, found, shown)
  if (mapsShowsLayer(raw.kernel, mount)) return stateByInode(raw.kernel, copies, found, shown, lookup)
  const supplier = shown === null ? null : supplierOf(raw.kernel, copies, found, mount, lookup)
  return { state: supplier === null ? null : 'current', branch: supplier?.branch ?? null, shown }
}

/** The kernel told the branch: is its copy the one that the union shows? */
function stateByBranch(
  { dev, ino }: Kernel,
  branch: Branch,
  saysDeleted: boolean,
  { copies: [top] }: Copies,
  found: Found,
  shown: FileId | null,
): Verdict {
  const known = { branch, shown }
  if (top === undefined || top.branch.index > branch.index) return { ...known, state: null }
  // Where maps leaks too, nothing tells a copy of the mapped file from another file of that name.
  if (top.branch.index < branch.index) return { ...known, state: shown === null ? null : 'copied_up' }
  if (dev !== null && (top.file.dev !== dev || top.file.ino !== ino))
    return { ...known, state: 'replaced', shown: null }
  // The link names the branch's file, and does not call it deleted.
  if (dev === null && shown === null && saysDeleted) return { ...known, state: null }
  return { branch, state: 'current', shown: found }
}

/** The layer that still has what is mapped, under a name that the union does not show any more. */
function holderOf(
  kernel: Kernel,
  { table }: UnionClaim,
  path: ByteString,
  lookup: FileLookup,
  context: ProcessContext,
): Branch | null {
  if (table === null || !mapsShowsLayer(kernel, table)) return null
  const mount = tableOver(table, context.unions, path)
  const inner = innerPath(mount, path)
  const holders = inner === null ? [] : lookup.holders(mount, inner)
  return holders.find((copy) => isMappedCopy(kernel, copy, lookup))?.branch ?? null
}

function stateByInode(
  kernel: Kernel,
  { copies }: Copies,
  found: Found,
  shown: FileId | null,
  lookup: FileLookup,
): Verdict {
  const withData = copies.filter(({ isMeta }) => isMeta !== true)
  const real = withData.find((copy) => isMappedCopy(kernel, copy, lookup))
  if (real !== undefined) {
    const above = withData.slice(0, withData.indexOf(real))
    const state =
      above.length === 0 ? 'current' : above.some(({ isMeta }) => isMeta === null) ? null : 'copied_up'
    return { state, branch: real.branch, shown: found }
  }
  // The same file of the union, but none of those that are there by that name: copied up, and renamed since.
  const isCopied = shown !== null && withData[0]?.branch.perm === 'rw'
  return { state: isCopied ? 'copied_up' : null, branch: null, shown }
}

/** Whether what a path shows is the mapped file; undefined where it cannot be told. */
function isMapped({ kernel }: RawVma, { table, leaks }: UnionClaim, found: FileId): boolean | undefined {
  const { dev, ino, maps_dev, maps_ino } = kernel
  // Of a leaking link the opened entry is the branch's file; maps has the union's.
  if (leaks)
    return table !== null && maps_dev === table.dev
      ? found.dev === maps_dev && found.ino === maps_ino
      : undefined
  if (dev !== null) return found.dev === dev && found.ino === ino
  if (found.dev !== maps_dev) return undefined
  // A hard link of an overlay has another number once it was copied up, but for those who mapped it before.
  return found.ino === maps_ino ? true : table?.fs_type === 'overlay' ? undefined : false
}

/** The same, by the branch's own file where maps leaks too. */
function isMappedAt(
  path: ByteString,
  found: FileId,
  raw: RawVma,
  claim: UnionClaim,
  lookup: FileLookup,
  context: ProcessContext,
): boolean {
  const mapped = isMapped(raw, claim, found)
  const { table, branch } = claim
  if (mapped !== undefined || table === null || branch === null) return mapped ?? false
  const mount = tableOver(table, context.unions, path)
  const inner = innerPath(mount, path)
  const [top] = inner === null ? [] : lookup.copies(mount, inner).copies
  const { dev, ino } = raw.kernel
  return top?.branch.index === branch.index && top.file.dev === dev && top.file.ino === ino
}
