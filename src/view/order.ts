/** Which processes are drawn, and in which order. A browser runs it, too. */

/** What processes are sorted by: the stale ones first, the largest, those with most files, or by name or number. */
export const SORTS = ['stale', 'size', 'files', 'name', 'pid'] as const
export type Sort = (typeof SORTS)[number]

/** What is asked for. */
export interface Choice {
  sort: Sort
  /** Only processes with stale files. */
  stale: boolean
  /** Only processes with files of a union. */
  unions: boolean
  /** Also each process that has neither. */
  all: boolean
}

/** What of a process counts. */
export interface Listed {
  comm: string | null
  pids: readonly number[]
  files: number
  bytes: bigint | number
  /** Files that are stale. */
  stale: number
  isOfUnion: boolean
}

/**
 * The processes that are drawn, and those that are only counted: of no union and with nothing stale, where there are others.
 *
 * @example arranged(processes, { sort: 'size', stale: false, unions: true, all: false }).drawn
 */
export function arranged<P extends Listed>(
  processes: readonly P[],
  { sort, stale, unions, all }: Choice,
): { drawn: P[]; folded: P[] } {
  const chosen = processes.filter((each) => (!stale || each.stale > 0) && (!unions || each.isOfUnion))
  const sorted = chosen.toSorted(ORDERS[sort])
  if (all || !processes.some(isTelling)) return { drawn: sorted, folded: [] }
  return { drawn: sorted.filter(isTelling), folded: sorted.filter((each) => !isTelling(each)) }
}

function isTelling({ stale, isOfUnion }: Listed): boolean {
  return isOfUnion || stale > 0
}

/** What is alike stays in the order in which it was met. */
const ORDERS: Record<Sort, (a: Listed, b: Listed) => number> = {
  stale: (a, b) => b.stale - a.stale || Number(b.isOfUnion) - Number(a.isOfUnion),
  size: (a, b) => compare(b.bytes, a.bytes),
  files: (a, b) => b.files - a.files,
  name: (a, b) => compare(a.comm ?? '', b.comm ?? ''),
  pid: (a, b) => (a.pids[0] ?? Number.POSITIVE_INFINITY) - (b.pids[0] ?? Number.POSITIVE_INFINITY) || 0,
}

function compare<T>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** How many processes there are. */
export function countOf(processes: readonly Pick<Listed, 'pids'>[]): number {
  return processes.reduce((sum, { pids }) => sum + Math.max(1, pids.length), 0)
}
