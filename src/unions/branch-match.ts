/** Which union and which branch the kernel's names of a mapped file speak of. Pure: nothing is looked up. */

import { mountOver } from '../proc/mounts/mount-tree.js'
import type { ByteString } from '../text/byte-string.js'
import { below, withoutDeleted } from '../text/paths.js'
import type { Branch, BranchTable } from './branch-table.js'
import { throughMount } from './mount-paths.js'
import { typeOfTable } from './types.js'

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
    .filter((table) => typeOfTable(table).linksMayNameBranch)
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
