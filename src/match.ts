/** Which union and which branch the kernel's names of a mapped file speak of. Pure: nothing is looked up. */
import type { Branch, BranchTable } from './branches.js'
import type { ByteString } from './bytes.js'
import { mountOver } from './mounts.js'
import { below, isBelow, join, withoutDeleted } from './paths.js'

/** A branch path found at the start of a link. */
export interface BranchMatch {
  table: BranchTable
  branch: Branch
  /** The branch is called so itself, not less its ` (deleted)`. */
  isExact: boolean
  /** The file's path through the table's mount; null where that mount's root does not hold it. */
  path: ByteString | null
}

/**
 * Every branch, of every AUFS mount, that holds a link. (Overlayfs never shows a layer's path.)
 *
 * A branch folder that was removed is told with ` (deleted)` at its end, which its files' links may have or not; and a
 * folder may truly be so named.
 */
export function branchMatches(link: ByteString, tables: readonly BranchTable[]): BranchMatch[] {
  return tables
    .filter(({ fs_type }) => fs_type === 'aufs')
    .flatMap((table) =>
      table.branches.flatMap((branch): BranchMatch[] => {
        if (branch.path === null) return []
        const exact = below(link, branch.path)
        const rest = exact ?? below(link, withoutDeleted(branch.path))
        return rest === null
          ? []
          : [{ table, branch, isExact: exact !== null, path: throughMount(table, rest) }]
      }),
    )
}

/** Where a path in the union's filesystem is seen, through one of its mounts. A log that tells no mount means the root's. */
function throughMount({ root, mount_point }: BranchTable, inner: ByteString): ByteString | null {
  const rest = below(inner, root ?? '/')
  return rest === null ? null : join(mount_point ?? '/', rest)
}

/** A path in the union's filesystem, as its branches have it; null where the mount does not hold it. */
export function innerPath({ root, mount_point }: BranchTable, path: ByteString): ByteString | null {
  const rest = below(path, mount_point ?? '/')
  return rest === null ? null : join(root ?? '/', rest)
}

/**
 * The one match that is meant: of nested branches, or several mounts of one union, the one that gives `name`, the name that
 * maps has; else the longest branch, through the mount that really shows the path. Its branch is null where another is called
 * the same (two detached ones, `/`).
 */
export function bestMatch(
  matches: readonly BranchMatch[],
  name: ByteString | null,
): (Omit<BranchMatch, 'branch'> & { branch: Branch | null }) | null {
  const named = matches.filter(
    ({ path }) => path !== null && name !== null && (path === name || path === withoutDeleted(name)),
  )
  const meant =
    named.length > 0 ? named : matches.filter(({ branch }) => pathLength(branch) === longest(matches))
  const exact = meant.filter(({ isExact }) => isExact)
  const candidates = exact.length > 0 ? exact : meant
  const tables = matches.map(({ table }) => ({ table, mount_point: table.mount_point ?? '/' }))
  const best =
    candidates.find(({ path, table }) => path !== null && mountOver(tables, path)?.table === table) ??
    candidates[0]
  if (best === undefined) return null
  const { table, branch } = best
  const isOnly = table.branches.every(({ index, path }) => index === branch.index || path !== branch.path)
  return { ...best, branch: isOnly ? branch : null }
}

function longest(matches: readonly BranchMatch[]): number {
  return Math.max(...matches.map(({ branch }) => pathLength(branch)))
}

function pathLength({ path }: Branch): number {
  return path === null ? 0 : withoutDeleted(path).length
}

/**
 * The table of the mount that shows a path, among all mounts of one superblock.
 *
 * @returns the table itself where no other mount holds the path
 */
export function tableOver(table: BranchTable, tables: readonly BranchTable[], path: ByteString): BranchTable {
  const same = tables
    .filter((other) => (table.si === null ? other.dev === table.dev : other.si === table.si))
    .map((other) => ({ table: other, mount_point: other.mount_point ?? '/' }))
  return mountOver(same, path)?.table ?? table
}

/**
 * The name in maps as raw bytes. maps escapes a newline as `\012` and nothing else, so `\012` may also be what the file is
 * called: a component is decoded only where the link has it so.
 */
export function mapsName(name: ByteString, link: ByteString): ByteString {
  if (!name.includes('\\012') || !link.includes('\n')) return name
  const told = withoutDeleted(name)
  const components = told.split('/')
  const raw = withoutDeleted(link).split('/')
  const escaped = raw.map((component) => component.replaceAll('\n', '\\012'))
  const ahead = raw.length - components.length
  const first = new Map(escaped.map((component, i) => [component, raw[i]] as const).reverse())
  // Both end in the same file, so the component at the same distance from the end is asked first.
  const decoded = components.map((component, i) => {
    const across = i + ahead
    return (escaped[across] === component ? raw[across] : first.get(component)) ?? component
  })
  return decoded.join('/') + name.slice(told.length)
}

/** A name told from the reader's root as the process sees it, from its own (chroot). */
export function seenFrom(root: ByteString, name: ByteString): ByteString {
  return isBelow(name, root) ? (below(name, root) ?? name) : name
}

/**
 * A path in a union that was told by a branch alone: AUFS renames a folder that is removed to `.wh..wh.NAME.XXXX` in its
 * branch (whiteout.c), where what is mapped from it stays.
 */
export function withoutWhiteouts(path: ByteString): ByteString {
  return path.replace(/\/\.wh\.\.wh\.([^/]+)\.[0-9a-f]{4}(?=\/)/g, '/$1')
}

/** What the kernel calls memory that is no file of any filesystem that is mounted: memfd, SysV, shared anonymous, AIO. */
export function isMemory(link: ByteString): boolean {
  return /^\/(memfd:.*|SYSV[0-9a-f]{8}|dev\/zero|anon_hugepage|\[aio\]) \(deleted\)$/s.test(link)
}
