/** Whether a path still shows what a process maps, and which branch supplies that: what only a look at the files tells. */
import type { Branch, BranchTable } from './branches.js'
import type { ByteString } from './bytes.js'
import type { Copies, Copy } from './copies.js'
import type { FileId, Files, Found } from './files.js'
import type { Kernel, RawVma } from './map-files.js'
import { innerPath, tableOver } from './match.js'
import { withoutDeleted } from './paths.js'
import { isReal, supplierOf, tellsReal } from './supplier.js'
import type { Finding, View } from './vma.js'

/**
 * `current`: the path still leads to the mapped file. `copied_up`: a higher branch has its own copy by now, and the process
 * maps the lower one. `replaced`: another file has that name now. `deleted`: nothing has.
 */
export type State = 'current' | 'copied_up' | 'replaced' | 'deleted'

/** Whether a path is known not to show any more what the process maps. */
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
  const isPath =
    name.startsWith('/') && (!saysDeleted || finding.table !== null || isOnMount(raw.kernel, view))
  if (view.looks === null || !isPath) return told
  const { files, isOwnRoot } = view.looks
  if (name !== bare) {
    const full = files.find(name)
    // A file may truly be so named, and a hard link of a deleted one may remain: only a look tells.
    if (full && isMapped(raw, finding, full))
      return { ...told, path: name, ...judge(raw, finding, name, full, view.looks, view) }
  }
  const found = files.find(bare)
  if (found === undefined) return told
  const truth: Truth =
    found === null
      ? { ...told, state: 'deleted', branch: branch ?? holderOf(raw.kernel, finding, bare, view.looks, view) }
      : { ...told, ...judge(raw, finding, bare, found, view.looks, view) }
  // Of another root than the process's own, only the union is the same: volumes are not to be seen there.
  return finding.table === null && !isOwnRoot && truth.state !== 'current' ? told : truth
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
  if (branch !== null) return judgeBranch(raw.kernel, branch, copies, found, shown)
  if (tellsReal(raw.kernel, mount)) return judgeReal(raw.kernel, copies, found, shown, looks)
  const supplier = shown === null ? null : supplierOf(copies, found, mount, looks)
  return { state: supplier === null ? null : 'current', branch: supplier?.branch ?? null, shown }
}

/** The kernel told the branch: is its copy the one that the union shows? */
function judgeBranch(
  { dev, ino }: Kernel,
  branch: Branch,
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
  if (dev === null && shown === null) return { ...known, state: null }
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
  const withData = copies.filter(({ isMeta }) => !isMeta)
  const real = withData.find((copy) => isReal(kernel, copy, looks))
  if (real !== undefined)
    return { state: real === withData[0] ? 'current' : 'copied_up', branch: real.branch, shown: found }
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
  return found.dev === maps_dev ? found.ino === maps_ino : undefined
}

/** Whether an entry lies on a mount that the process lists: memfd, SysV memory and the like do not, and their names are no paths. */
function isOnMount({ mnt_listed, maps_dev }: Kernel, { mounts }: View): boolean {
  return mnt_listed ?? mounts.some(({ dev }) => dev === maps_dev)
}
