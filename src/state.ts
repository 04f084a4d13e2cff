/** Whether a path still shows what a process maps, and which branch supplies that: what only a look at the files tells. */
import type { Branch, BranchTable } from './branches.js'
import type { ByteString } from './bytes.js'
import type { Copies, Copy } from './copies.js'
import type { FileId, Files, Found } from './files.js'
import type { Kernel, RawVma } from './map-files.js'
import { innerPath, tableOver } from './match.js'
import { DELETED, withoutDeleted } from './paths.js'
import { isReal, supplierOf, tellsReal } from './supplier.js'
import { type Finding, isListed, type View } from './vma.js'

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

/** What may be looked at. A test stands behind it with what a captured machine's stat said. */
export interface Looks {
  /** The process's files, below its root. */
  files: Files
  /** Whether they are seen as the process sees them: below another root its own mounts are not. */
  isOwnRoot: boolean
  /** The copies of a file in the branches of a union. */
  copies(table: BranchTable, path: ByteString): Copies
  /** Every branch that has a path, whatever hides it by now. */
  holders(table: BranchTable, path: ByteString): Pick<Copy, 'branch' | 'file' | 'mount_id'>[]
  /** The device of a mount in the reader's mountinfo, which maps has too (st_dev may be another, as of a btrfs subvolume). */
  deviceOf(mount_id: number | null): string | null
  /** When the first process of the process's pid namespace began, in nanoseconds since 1970; null where that is not told. */
  firstStart(): bigint | null
  /** Gives back what is held open. */
  close(): void
}

/** What a look at the files told of an entry. */
export interface Truth {
  /** Without the kernel's ` (deleted)`. */
  path: ByteString
  state: State | null
  branch: Branch | null
  /** What the path shows, where that is still the mapped file (also if copied up by now). */
  shown: FileId | null
}

/** Looks a mapped file up under the name that the process has for it. */
export function findTruth(raw: RawVma, finding: Finding, view: View): Truth {
  const { name, saysDeleted, branch } = finding
  const bare = withoutDeleted(name)
  const told: Truth = { path: bare, state: saysDeleted ? 'deleted' : null, branch, shown: null }
  if (view.looks === null || !isLookedUp(raw.kernel, finding, view)) return told
  const { files, isOwnRoot } = view.looks
  for (const path of otherNames(name)) {
    const full = files.find(path)
    if (full && isMappedAt(path, full, raw, finding, view.looks, view))
      return { ...told, path, ...judge(raw, finding, path, full, view.looks, view) }
  }
  const found = files.find(bare)
  if (found === undefined) return told
  if (found === null) {
    // What is neither deleted nor told by its branch is there, under something that was mounted over it.
    const state = saysDeleted || finding.leaks ? 'deleted' : null
    return { ...told, state, branch: branch ?? holderOf(raw.kernel, finding, bare, view.looks, view) }
  }
  const truth = { ...told, ...judge(raw, finding, bare, found, view.looks, view) }
  // Of another root than the process's own, only the union is the same: volumes are not to be seen there.
  return finding.table === null && !isOwnRoot && truth.state !== 'current' ? told : truth
}

/** Whether the name is a path in the process's root: of memory, of what is no longer mounted, or of what lies outside it is none. */
function isLookedUp(kernel: Kernel, { name, table, saysDeleted, isOutside }: Finding, view: View): boolean {
  if (!name.startsWith('/')) return false
  if (table !== null) return true
  if (isOutside) return false
  return isListed(kernel, view) ?? (!saysDeleted || view.mounts.some(({ dev }) => dev === kernel.maps_dev))
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

type Verdict = Pick<Truth, 'state' | 'branch' | 'shown'>

function judge(
  raw: RawVma,
  finding: Finding,
  path: ByteString,
  found: Found,
  looks: Looks,
  view: View,
): Verdict {
  const { table, branch, saysDeleted } = finding
  const mapped = isMapped(raw, finding, found)
  const shown = mapped === true ? found : null
  if (mapped === false || (mapped === undefined && saysDeleted))
    return { state: 'replaced', branch: branch ?? holderOf(raw.kernel, finding, path, looks, view), shown }
  if (table === null) return { state: mapped === true ? 'current' : null, branch, shown }
  const mount = tableOver(table, view.unions, path)
  const inner = innerPath(mount, path)
  if (inner === null) return { state: null, branch, shown }
  const copies = looks.copies(mount, inner)
  if (branch !== null) return judgeBranch(raw.kernel, branch, saysDeleted, copies, found, shown)
  if (tellsReal(raw.kernel, mount)) return judgeReal(raw.kernel, copies, found, shown, looks)
  const supplier = shown === null ? null : supplierOf(raw.kernel, copies, found, mount, looks)
  return { state: supplier === null ? null : 'current', branch: supplier?.branch ?? null, shown }
}

/** The kernel told the branch: is its copy the one that the union shows? */
function judgeBranch(
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
  { table }: Finding,
  path: ByteString,
  looks: Looks,
  view: View,
): Branch | null {
  if (table === null || !tellsReal(kernel, table)) return null
  const mount = tableOver(table, view.unions, path)
  const inner = innerPath(mount, path)
  const holders = inner === null ? [] : looks.holders(mount, inner)
  return holders.find((copy) => isReal(kernel, copy, looks))?.branch ?? null
}

function judgeReal(
  kernel: Kernel,
  { copies }: Copies,
  found: Found,
  shown: FileId | null,
  looks: Looks,
): Verdict {
  const withData = copies.filter(({ isMeta }) => isMeta !== true)
  const real = withData.find((copy) => isReal(kernel, copy, looks))
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
function isMapped({ kernel }: RawVma, { table, leaks }: Finding, found: FileId): boolean | undefined {
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
  finding: Finding,
  looks: Looks,
  view: View,
): boolean {
  const mapped = isMapped(raw, finding, found)
  const { table, branch } = finding
  if (mapped !== undefined || table === null || branch === null) return mapped ?? false
  const mount = tableOver(table, view.unions, path)
  const inner = innerPath(mount, path)
  const [top] = inner === null ? [] : looks.copies(mount, inner).copies
  const { dev, ino } = raw.kernel
  return top?.branch.index === branch.index && top.file.dev === dev && top.file.ino === ino
}
