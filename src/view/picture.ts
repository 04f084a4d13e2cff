/** Who supplies what: VMA records by process and branch. */
import type { BranchTable } from '../unions/branch-table.js'
import { type State, staleness, type VmaBranch } from '../vma/record.js'
import { type DrawnVma, sizeOf } from './drawn-records.js'

/** All that is drawn. */
export interface Picture {
  processes: MappedProcess[]
  unions: BranchTable[]
}

/** A process, with what it maps of each branch. */
export interface MappedProcess extends Pick<DrawnVma, 'pid' | 'comm' | 'container'> {
  total: Amount
  /** By union, topmost branch first; then what is of a union and no known branch, and what is of none. */
  supplies: Supply[]
}

/** How much is mapped. */
export interface Amount {
  /** Distinct files. */
  files: number
  bytes: bigint
}

/** What a branch supplies to a process. */
export interface Supply extends Amount {
  /** Null where it is not known, and where no union supplies the files. */
  branch: VmaBranch | null
  isOfUnion: boolean
  /** What the files' paths do not lead to any more. */
  stale: Stale[]
  vmas: DrawnVma[]
}

/** What is stale in one way. */
export interface Stale extends Amount {
  state: State
}

/**
 * Sorts what was read by process and branch.
 *
 * @example pictureOf(records).processes[0]?.supplies.map(({ branch, files }) => [branch?.index, files])
 */
export function pictureOf(records: readonly (DrawnVma | BranchTable)[]): Picture {
  const vmas = records.filter((record) => 'start' in record)
  return {
    processes: groups(vmas, ({ pid, comm, container }) => [pid, comm, container]).map(mappedProcess),
    unions: records.filter((record) => 'branches' in record),
  }
}

function mappedProcess(vmas: readonly DrawnVma[]): MappedProcess {
  const { pid = null, comm = null, container = null } = vmas[0] ?? {}
  const supplies = groups(vmas, supplier).map(supply)
  return { pid, comm, container, total: amount(vmas), supplies: supplies.sort(inOrder(supplies)) }
}

/** What tells apart where files come from. */
function supplier({ branch, rpath }: DrawnVma): readonly unknown[] {
  return branch === null ? [rpath === null] : [branch.mount_id, branch.si, branch.index, branch.path]
}

function supply(vmas: DrawnVma[]): Supply {
  return {
    ...amount(vmas),
    branch: vmas[0]?.branch ?? null,
    isOfUnion: vmas.some(({ rpath }) => rpath !== null),
    stale: groups(vmas.filter(staleness), ({ state }) => [state]).flatMap((ofState) => {
      const state = ofState[0]?.state
      return state ? [{ state, ...amount(ofState) }] : []
    }),
    vmas,
  }
}

function amount(vmas: readonly DrawnVma[]): Amount {
  return {
    files: groups(vmas, ({ path, dev, ino }) => [path, dev, ino]).length,
    bytes: vmas.reduce((sum, vma) => sum + sizeOf(vma), 0n),
  }
}

/** Unions stay in the order in which they are met. */
function inOrder(supplies: readonly Supply[]): (a: Supply, b: Supply) => number {
  const unions = supplies.map(unionMark)
  const place = (supply: Supply) =>
    supply.branch === null ? unions.length + Number(!supply.isOfUnion) : unions.indexOf(unionMark(supply))
  return (a, b) => place(a) - place(b) || (a.branch?.index ?? 0) - (b.branch?.index ?? 0)
}

function unionMark({ branch }: Supply): string {
  return JSON.stringify([branch?.mount_id, branch?.si])
}

/** Items by what tells them apart, in the order in which they are met. */
function groups<T>(items: readonly T[], mark: (item: T) => readonly unknown[]): T[][] {
  const found = new Map<string, T[]>()
  for (const item of items) {
    const key = JSON.stringify(mark(item))
    const group = found.get(key)
    if (group === undefined) found.set(key, [item])
    else group.push(item)
  }
  return [...found.values()]
}
