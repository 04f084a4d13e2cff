/** Whether a path still shows what a process maps, and which branch supplies that: decided by what the files are. */
import type { Found } from '../files/folder.js'
import type { FileId } from '../files/ids.js'
import type { ByteString } from '../text/byte-string.js'
import type { Branch, BranchTable } from '../unions/branch-table.js'
import type { Copies } from '../unions/layer.js'
import { innerPath, tableOver } from '../unions/mount-paths.js'
import { typeOfTable } from '../unions/types.js'
import type { MappedFile } from './claim.js'
import type { FileLookup } from './context.js'
import { isMappedCopy, supplierOf } from './supplier.js'

/**
 * `current`: the path still leads to the mapped file. `copied_up`: a higher branch has its own copy by now, and the process
 * maps the lower one. `replaced`: another file has that name now. `deleted`: nothing has.
 */
export type State = 'current' | 'copied_up' | 'replaced' | 'deleted'

const STATES: readonly State[] = ['current', 'copied_up', 'replaced', 'deleted']

/** Whether a value is one of the states. */
export function isState(value: unknown): value is State {
  return STATES.some((state) => state === value)
}

/**
 * Whether a path is known not to show any more what the process maps.
 *
 * @example isStale({ state: 'copied_up' }) // true
 */
export function isStale({ state }: { state: State | null }): boolean {
  return state !== null && state !== 'current'
}

/** A mapped file whose path may be looked at. */
export interface SeenFile extends MappedFile {
  lookup: FileLookup
}

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
  if (mapped === false || (mapped === undefined && claim.saysDeleted))
    return { state: 'replaced', branch: claim.branch ?? holderOf(file, path), shown }
  if (claim.table === null) return { state: mapped === true ? 'current' : null, branch: claim.branch, shown }
  const { mount, copies } = copiesAt(file, claim.table, path)
  if (copies === null) return { state: null, branch: claim.branch, shown }
  if (claim.branch !== null) return stateByBranch(file, claim.branch, copies, found)
  if (typeOfTable(mount).mapsShowsLayer(raw.kernel, mount)) return stateByInode(file, copies, found)
  const supplier = shown === null ? null : supplierOf(raw.kernel, copies, found, mount, file.lookup)
  return { state: supplier === null ? null : 'current', branch: supplier?.branch ?? null, shown }
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

/** The kernel told the branch: is its copy the one that the union shows? */
function stateByBranch(file: SeenFile, branch: Branch, { copies: [top] }: Copies, found: Found): Verdict {
  const { dev, ino } = file.raw.kernel
  const shown = isMapped(file, found) === true ? found : null
  const known = { branch, shown }
  if (top === undefined || top.branch.index > branch.index) return { ...known, state: null }
  // Where maps leaks too, nothing tells a copy of the mapped file from another file of that name.
  if (top.branch.index < branch.index) return { ...known, state: shown === null ? null : 'copied_up' }
  if (dev !== null && (top.file.dev !== dev || top.file.ino !== ino))
    return { ...known, state: 'replaced', shown: null }
  // The link names the branch's file, and does not call it deleted.
  return { branch, state: 'current', shown: found }
}

/** maps has the layer's own device and inode: is its copy the one that the union shows? */
function stateByInode(file: SeenFile, { copies }: Copies, found: Found): Verdict {
  const withData = copies.filter(({ isMeta }) => isMeta !== true)
  const real = withData.find((copy) => isMappedCopy(file.raw.kernel, copy, file.lookup))
  const shown = isMapped(file, found) === true ? found : null
  if (real !== undefined) {
    const above = withData.slice(0, withData.indexOf(real))
    const isUnknown = above.some(({ isMeta }) => isMeta === null)
    const state = above.length === 0 ? 'current' : isUnknown ? null : 'copied_up'
    return { state, branch: real.branch, shown: found }
  }
  // The same file of the union, but none of those that are there by that name: copied up, and renamed since.
  const isCopied = shown !== null && withData[0]?.branch.perm === 'rw'
  return { state: isCopied ? 'copied_up' : null, branch: null, shown }
}

/** The layer that still has what is mapped, under a name that the union does not show any more. */
export function holderOf({ raw, claim, context, lookup }: SeenFile, path: ByteString): Branch | null {
  const { table } = claim
  if (table === null || !typeOfTable(table).mapsShowsLayer(raw.kernel, table)) return null
  const mount = tableOver(table, context.unions, path)
  const inner = innerPath(mount, path)
  const holders = inner === null ? [] : lookup.holders(mount, inner)
  return holders.find((copy) => isMappedCopy(raw.kernel, copy, lookup))?.branch ?? null
}

/** Whether what a path shows is the mapped file; undefined where it cannot be told. */
export function isMapped({ raw: { kernel }, claim }: MappedFile, found: FileId): boolean | undefined {
  const { table, leaks } = claim
  const { dev, ino, maps_dev, maps_ino } = kernel
  // Of a leaking link the opened entry is the branch's file; maps has the union's.
  if (leaks)
    return table !== null && maps_dev === table.dev
      ? found.dev === maps_dev && found.ino === maps_ino
      : undefined
  if (dev !== null) return found.dev === dev && found.ino === ino
  if (found.dev !== maps_dev) return undefined
  if (found.ino === maps_ino) return true
  // A hard link of an overlay has another number once it was copied up, but for those who mapped it before.
  return table !== null && typeOfTable(table).copyUpChangesInode ? undefined : false
}
