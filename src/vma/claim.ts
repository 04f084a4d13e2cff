/** Which union a mapped file is of, by what the kernel calls it: pure, nothing is looked up. */
import type { Kernel, RawVma } from '../proc/map-files.js'
import { mountOver } from '../proc/mounts/mount-tree.js'
import type { ByteString } from '../text/byte-string.js'
import { DELETED, isBelow, withoutDeleted } from '../text/paths.js'
import { type BranchMatch, bestMatch, branchMatches } from '../unions/branch-match.js'
import { throughMount } from '../unions/mount-paths.js'
import { typeOfTable, unionTypeOf } from '../unions/types.js'
import { hasMount, isListed, mountOf, type ProcessContext, type UnionClaim } from './context.js'
import { isMemory, mapsName, seenFrom, withoutWhiteouts } from './names.js'
import type { Vma } from './record.js'

/**
 * Which union a mapped file is of, and whether its link leaks: from link, maps and mounts alone.
 *
 * @param raw the entry, strings as bytes
 * @param context the process that maps it
 * @example claimOf(entry, context).branch?.path // '/l/base', where the link is '/l/base/bin/sh'
 */
export function claimOf({ link, kernel }: RawVma, context: ProcessContext): UnionClaim {
  // Shared anonymous memory may have a name in brackets there (Linux 6.2), which is none of a file.
  const inMaps = kernel.maps_name?.startsWith('/') ? mapsName(kernel.maps_name, link) : null
  const unclaimed: UnionClaim = {
    table: null,
    branch: null,
    leaks: false,
    linkPath: null,
    name: seenFrom(context.chroot, inMaps ?? link),
    saysDeleted: link.endsWith(DELETED) || (inMaps?.endsWith(DELETED) ?? false),
    isOutside: !isBelow(inMaps ?? link, context.chroot),
  }
  if (isMemory(link) && !isOfUnion(kernel, context)) return unclaimed
  const names: Names = { link, inMaps, kernel, matches: branchMatches(link, context.unions), unclaimed }
  return (
    byDevice(names, context) ??
    byLayer(names, context) ??
    byMount(names, context) ??
    byLink(names, context) ??
    unclaimed
  )
}

/** What the kernel calls a file, and what of the unions its link may name. */
interface Names {
  link: ByteString
  /** The name in maps, decoded; null where maps has no name of a file. */
  inMaps: ByteString | null
  kernel: Kernel
  matches: BranchMatch[]
  /** The claim of a file that is of no union. */
  unclaimed: UnionClaim
}

/** By the device in maps, which is a union's. */
function byDevice(
  { link, inMaps, kernel, matches, unclaimed }: Names,
  context: ProcessContext,
): UnionClaim | null {
  const ofDevice = context.unions.filter(({ dev }) => dev !== null && dev === kernel.maps_dev)
  const [first] = ofDevice
  if (first === undefined) return null
  const { linksMayNameBranch } = typeOfTable(first)
  // A file of a layer, or of a mount that the process left behind.
  if (!linksMayNameBranch && isListed(kernel, context) === false) return null
  const own = matches.filter(({ table }) => ofDevice.includes(table))
  if (isSameName(link, inMaps)) return { ...unclaimed, table: first, ...rootBranch(own, kernel, context) }
  const best = bestMatch(own, inMaps === null ? null : unclaimed.name)
  return {
    ...unclaimed,
    table: best?.table ?? first,
    branch: best?.branch ?? null,
    leaks: linksMayNameBranch && (best !== null || (inMaps !== null && kernel.mnt_listed !== true)),
    ...(inMaps === null ? namedByBranch(best?.path ?? null, unclaimed) : null),
    linkPath: endsIn(unclaimed.name, best?.path ?? null) ? (best?.path ?? null) : null,
  }
}

/** The name that a branch gives is a path in the process's root, even where the link leads out of it. */
function namedByBranch(
  path: ByteString | null,
  { name, isOutside }: UnionClaim,
): Pick<UnionClaim, 'name' | 'isOutside'> {
  return path === null ? { name, isOutside } : { name: withoutWhiteouts(path), isOutside: false }
}

/** Whether a name is another path below some folder. */
function endsIn(name: ByteString, path: ByteString | null): boolean {
  const bare = withoutDeleted(name)
  return path !== null && path !== '/' && bare !== path && bare.endsWith(path)
}

/**
 * By a layer that is of a union itself. The kernel names such a file by its path in the layer, and by a mount of the layer
 * that nobody's mountinfo lists (`clone_private_mount()`).
 */
function byLayer({ link, kernel, unclaimed }: Names, context: ProcessContext): UnionClaim | null {
  const mounts = context.reader?.mounts ?? context.mounts
  const bare = withoutDeleted(link)
  const listed = isListed(kernel, context)
  const isPlain = listed ?? mountOver(context.mounts, bare)?.dev === kernel.maps_dev
  if (isPlain || hasMount(mounts, kernel.mnt_id) || isMemory(link)) return null
  const candidates = context.unions.flatMap((table) =>
    table.branches.flatMap((branch) => {
      if (!branch.path?.startsWith('/') || typeOfTable(table).linksMayNameBranch) return []
      const layer = mountOver(mounts, branch.path)
      const isUnion = layer !== null && layer.dev !== table.dev && unionTypeOf(layer.fs_type) !== null
      return isUnion && layer.dev === kernel.maps_dev ? [{ table, branch }] : []
    }),
  )
  const [only, other] = candidates
  const name = only === undefined ? null : throughMount(only.table, bare)
  if (only === undefined || other !== undefined || name === null) return null
  return { ...unclaimed, ...only, leaks: true, name, isOutside: false }
}

/** By the mount that the file lies on, which is a union's that shows its layers' devices in maps. */
function byMount({ link, kernel, unclaimed }: Names, context: ProcessContext): UnionClaim | null {
  const mount = mountOf(kernel, seenFrom(context.chroot, withoutDeleted(link)), context)
  const table = context.unions.find(
    (union) => union.dev !== null && union.dev === mount?.dev && !typeOfTable(union).linksMayNameBranch,
  )
  return table !== undefined && mayBeOverlay(kernel, context) ? { ...unclaimed, table } : null
}

/** By a link that names a branch. */
function byLink(
  { link, inMaps, kernel, matches, unclaimed }: Names,
  context: ProcessContext,
): UnionClaim | null {
  if (inMaps !== null && !isSameName(link, inMaps)) {
    // They differ by nothing but a leak; where the table (of a log) or the entry tells no device, that is all there is to know.
    const best = bestMatch(
      matches.filter(({ table }) => table.dev === null || kernel.maps_dev === null),
      unclaimed.name,
    )
    return best === null ? null : { ...unclaimed, table: best.table, branch: best.branch, leaks: true }
  }
  // Where maps leaks as well, both name the branch, and the device is that of the branch's filesystem.
  const mount = mountOf(kernel, seenFrom(context.chroot, withoutDeleted(link)), context)
  const mapsLeaks = inMaps === null || (isListed(kernel, context) !== true && mount?.dev !== kernel.maps_dev)
  const best = mapsLeaks ? bestMatch(matches, null) : null
  if (best === null) return null
  const { table, branch } = best
  return { ...unclaimed, table, branch, leaks: true, ...namedByBranch(best.path, unclaimed) }
}

function isSameName(link: ByteString, inMaps: ByteString | null): boolean {
  return inMaps !== null && withoutDeleted(link) === withoutDeleted(inMaps)
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

/** Whether an entry shows that this kernel's links name branches: under one, and not what maps has. */
export function showsLeak({ link, kernel }: RawVma, { unions }: ProcessContext): boolean {
  return (
    kernel.maps_name !== null &&
    withoutDeleted(kernel.maps_name) !== withoutDeleted(link) &&
    branchMatches(link, unions).length > 0
  )
}

/** Whether a leaking link is below none of the branches: they were read in another mount namespace, or from another root. */
export function namesNoBranch({ link, mnt_id, state, branch }: Vma, { unions }: ProcessContext): boolean {
  if (mnt_id !== -1 || branch !== null || state === 'deleted' || link.endsWith(DELETED)) return false
  const hasBranches = unions.some((table) => table.branches.length > 0)
  return hasBranches && branchMatches(link, unions).length === 0
}
