import type { Kernel, RawVma } from '../proc/map-files.js'
import type { ByteString } from '../text/byte-string.js'
import { DELETED, isBelow, withoutDeleted } from '../text/paths.js'
import type { Branch, BranchTable } from '../unions/branch-table.js'
import { type BranchMatch, bestMatch, branchMatches } from './branch-match.js'
import { isListed, mountOf, type ProcessContext } from './context.js'
import { isMemory, mapsName, seenFrom, withoutWhiteouts } from './names.js'

/** What names and devices say of an entry, before anything is looked up. */
export interface UnionClaim {
  /** The union that the file is of; null for any other file. */
  table: BranchTable | null
  /** The branch that link and maps tell. */
  branch: Branch | null
  /** The link names the file by its branch. */
  leaks: boolean
  /** The process's own name of it, which may end in ` (deleted)`. */
  name: ByteString
  /** The link or maps ends in ` (deleted)`. */
  saysDeleted: boolean
  /** The name leads out of the process's root, where it was before a chroot: from there it cannot be looked up. */
  isOutside: boolean
}

/**
 * Which union a mapped file is of, and whether its link leaks: from link, maps and mounts alone.
 *
 * @param raw the entry, strings as bytes
 * @param view the process that maps it
 * @example claimOf(entry, view).branch?.path // '/l/base', where the link is '/l/base/bin/sh'
 */
export function claimOf({ link, kernel }: RawVma, context: ProcessContext): UnionClaim {
  // Shared anonymous memory may have a name in brackets there (Linux 6.2), which is none of a file.
  const inMaps = kernel.maps_name?.startsWith('/') ? mapsName(kernel.maps_name, link) : null
  const saysDeleted = link.endsWith(DELETED) || (inMaps?.endsWith(DELETED) ?? false)
  const name = seenFrom(context.chroot, inMaps ?? link)
  const isOutside = !isBelow(inMaps ?? link, context.chroot)
  const none: UnionClaim = { table: null, branch: null, leaks: false, name, saysDeleted, isOutside }
  if (isMemory(link) && !isOfUnion(kernel, context)) return none

  const isSame = inMaps !== null && withoutDeleted(link) === withoutDeleted(inMaps)
  const matches = branchMatches(link, context.unions)
  const ofDevice = context.unions.filter(({ dev }) => dev !== null && dev === kernel.maps_dev)
  const [first] = ofDevice
  if (first !== undefined) {
    // A layer that is itself of an overlay: the kernel tells the file by the layer's own mount, which the process has not.
    if (first.fs_type === 'overlay' && isListed(kernel, context) === false) return none
    const own = matches.filter(({ table }) => ofDevice.includes(table))
    if (isSame) return { ...none, table: first, ...rootBranch(own, kernel, context) }
    const best = bestMatch(own, inMaps === null ? null : name)
    const leaks =
      first.fs_type === 'aufs' && (best !== null || (inMaps !== null && kernel.mnt_listed !== true))
    return {
      ...none,
      table: best?.table ?? first,
      branch: best?.branch ?? null,
      leaks,
      name: inMaps === null ? (best?.path ?? name) : name,
    }
  }
  const mount = mountOf(kernel, seenFrom(context.chroot, withoutDeleted(link)), context)
  const overlay = context.unions.find(
    ({ fs_type, dev }) => fs_type === 'overlay' && dev !== null && dev === mount?.dev,
  )
  if (overlay !== undefined && mayBeOverlay(kernel, context)) return { ...none, table: overlay }
  if (inMaps !== null && !isSame) {
    // They differ by nothing but a leak; where the table (of a log) or the entry tells no device, that is all there is to know.
    const best = bestMatch(
      matches.filter(({ table }) => table.dev === null || kernel.maps_dev === null),
      name,
    )
    return best === null ? none : { ...none, table: best.table, branch: best.branch, leaks: true }
  }
  // Where maps leaks as well, both name the branch, and the device is that of the branch's filesystem.
  const mapsLeaks = inMaps === null || (isListed(kernel, context) !== true && mount?.dev !== kernel.maps_dev)
  const best = mapsLeaks ? bestMatch(matches, null) : null
  if (best === null) return none
  const path = best.path === null ? name : withoutWhiteouts(best.path)
  return { ...none, table: best.table, branch: best.branch, leaks: true, name: path }
}

/** Whether the device is a union's: its files may be named as memory is. */
function isOfUnion({ dev, maps_dev }: Kernel, { unions }: ProcessContext): boolean {
  return unions.some((union) => union.dev !== null && (union.dev === maps_dev || union.dev === dev))
}

/** Before Linux 6.8 stat has another device of an overlay's file than maps; of any other file both have the same. */
function mayBeOverlay(kernel: Kernel, context: ProcessContext): boolean {
  return isListed(kernel, context) !== false && (kernel.dev === null || kernel.dev !== kernel.maps_dev)
}

/** A link that is right may be a path in a branch `/` too, and nothing of it tells which; the mount may, or what the kernel does elsewhere. */
function rootBranch(
  own: readonly BranchMatch[],
  kernel: Kernel,
  context: ProcessContext,
): Pick<UnionClaim, 'branch' | 'leaks'> {
  const roots = new Set(own.flatMap(({ branch }) => (branch.path === '/' ? [branch.index] : [])))
  const unlisted = isListed(kernel, context) === false && roots.size > 0
  const [index, other] = roots
  const only =
    index !== undefined && other === undefined && (unlisted || context.leaky)
      ? own.find(({ branch }) => branch.index === index)
      : undefined
  return { branch: only?.branch ?? null, leaks: unlisted }
}
