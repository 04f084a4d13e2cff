/** Which files may be the one that a process maps: what its path shows, and the copies in the branches of its union. */
import type { DataFile } from '../../files/data-file.js'
import type { ByteString } from '../../text/byte-string.js'
import type { Branch, BranchTable } from '../../unions/branch-table.js'
import type { Copy } from '../../unions/layers/layer.js'
import { innerPath, tableOver } from '../../unions/mount-paths.js'
import { typeOfTable } from '../../unions/types.js'
import type { SeenFile } from '../context.js'
import { isShownAt } from '../lookup/look-up.js'
import { isMapped, realFileOf } from '../lookup/mapped-copy.js'

/** A copy in a branch, opened. */
export interface OpenCopy {
  branch: Branch
  data: DataFile
  /** Nothing is known that speaks against its being the mapped file. */
  mayBeMapped: boolean
}

/** The files that may be the mapped one, opened. */
export interface Candidates {
  /** What the path shows; null where nothing is to be read there. */
  shown: DataFile | null
  /** Whether that is the mapped file, copied up or not; undefined where it cannot be told. */
  isShownMapped: boolean | undefined
  /** The mount that shows the path; null for a file of no union. */
  mount: BranchTable | null
  /** Topmost first. */
  copies: OpenCopy[]
  /** False where there may be another copy, or one could not be opened. */
  isComplete: boolean
}

/** A copy as the layers have it, hidden or not. */
type LayerCopy = Pick<Copy, 'branch' | 'file' | 'openData'>

/** Opens the files that may be the mapped one. @throws the system's error where one may not be opened by this user */
export function openCandidates(file: SeenFile, path: ByteString): Candidates {
  const shown = isReadThere(file, path) ? file.lookup.openData(path) : null
  const copies: OpenCopy[] = []
  try {
    const isShownMapped = shown === null ? false : isMapped(file, shown.file)
    const layers = layersOf(file, path)
    for (const copy of layers.copies) {
      const data = copy.openData()
      if (data === null) layers.isComplete = false
      else
        copies.push({
          branch: copy.branch,
          data,
          mayBeMapped: mayBeMapped(copy, file, layers.mount, isShownMapped),
        })
    }
    return { shown, isShownMapped, mount: layers.mount, copies, isComplete: layers.isComplete }
  } catch (error) {
    closeAll({ shown, copies })
    throw error
  }
}

/** What the path shows, if it is to be read, and then the copies. */
export function filesOf({ shown, copies }: Pick<Candidates, 'shown' | 'copies'>): DataFile[] {
  return [...(shown === null ? [] : [shown]), ...copies.map(({ data }) => data)]
}

/** Whether nobody has changed them since they were opened. @throws the system's error */
export function areUnchanged(candidates: Candidates): boolean {
  return filesOf(candidates).every((file) => file.isUnchanged())
}

/** Closes what was opened. */
export function closeAll(candidates: Pick<Candidates, 'shown' | 'copies'>): void {
  for (const file of filesOf(candidates)) file.close()
}

/** Another root shows the process's unions alone. */
function isReadThere(file: SeenFile, path: ByteString): boolean {
  return isShownAt(file, path) && (file.lookup.isOwnRoot || file.claim.table !== null)
}

/** The copies that may have been shown at a path since the union was mounted, topmost first. */
function layersOf(
  { claim, context, lookup }: SeenFile,
  path: ByteString,
): { mount: BranchTable | null; copies: LayerCopy[]; isComplete: boolean } {
  const mount = claim.table === null ? null : tableOver(claim.table, context.unions, path)
  const inner = mount === null ? null : innerPath(mount, path)
  if (mount === null || inner === null) return { mount, copies: [], isComplete: false }
  const seen = lookup.copies(mount, inner)
  const all = lookup.holders(mount, inner)
  const hidden = all.holders.filter(
    ({ branch, file }) => file.hasData && !seen.copies.some((copy) => copy.branch.index === branch.index),
  )
  const copies = [...seen.copies.filter(({ isMeta }) => isMeta !== true), ...hidden].sort(
    (a, b) => a.branch.index - b.branch.index,
  )
  // What is hidden by now may be a copy without data, of which nothing tells.
  const isKnown =
    seen.copies.every(({ isMeta }) => isMeta !== null) && !hidden.some(({ file }) => file.mayLackData)
  // A read-only layer does not change: it has always hidden those below.
  const lowest = typeOfTable(mount).branchesMayChange
    ? -1
    : copies.findIndex(({ branch }) => isReadOnly(branch))
  return {
    mount,
    copies: lowest === -1 ? copies : copies.slice(0, lowest + 1),
    isComplete: seen.isComplete && all.isComplete && isKnown,
  }
}

/**
 * Whether a copy may be the mapped file. A writable one is not where the path shows another file, as that is the copy. A
 * lower one is not where it has another inode than maps (which the copy may have: overlayfs keeps the number).
 */
function mayBeMapped(
  { branch, file }: LayerCopy,
  { raw: { kernel } }: SeenFile,
  mount: BranchTable | null,
  isShownMapped: boolean | undefined,
): boolean {
  const { maps_dev: dev, maps_ino: ino } = kernel
  // Which one it is, the kernel tells better than bytes.
  if (mount === null || realFileOf(kernel, mount) !== null) return false
  if (!isReadOnly(branch)) return isShownMapped !== false
  return dev === null || ino === null || typeOfTable(mount).isSameInode(file, { dev, ino }, mount) !== false
}

function isReadOnly({ perm }: Branch): boolean {
  return perm === 'ro' || perm === 'rr'
}
