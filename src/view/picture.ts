/** Who supplies what: VMA records by process and branch. */
import type { ByteString } from '../text/byte-string.js'
import type { BranchTable } from '../unions/branch-table.js'
import { type State, staleness, type VmaBranch } from '../vma/record.js'
import { type Amount, greatest } from './amounts.js'
import { type DrawnVma, sizeOf } from './drawn-records.js'
import type { Listed } from './order.js'

/** All that is drawn. */
export interface Picture {
  /** Those that are alike are one. */
  processes: MappedProcess[]
  unions: BranchTable[]
}

/** Processes that map the same files in the same states, with what one of them maps of each branch. */
export interface MappedProcess extends Amount, Omit<Listed, 'comm'>, Pick<DrawnVma, 'comm' | 'container'> {
  unit: ByteString | null
  /** Who they are; of one that is not known, none. */
  pids: number[]
  bytes: bigint
  /** Whether each maps as much; else it is the one that maps most. */
  isEach: boolean
  /** By union, topmost branch first; then what is of a union and no known branch, and what is of none. */
  supplies: Supply[]
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
  /** Null where nothing but the bytes tells that it is stale. */
  state: State | null
}

/**
 * Sorts what was read by process and branch.
 *
 * @example pictureOf(records).processes[0]?.supplies.map(({ branch, files }) => [branch?.index, files])
 */
export function pictureOf(records: readonly (DrawnVma | BranchTable)[]): Picture {
  const vmas = records.filter((record) => 'start' in record)
  const processes = groups(vmas, ({ pid, comm, container }) => [pid, comm, container])
  const numbers = new Numbers()
  return {
    processes: groups(processes, (mapped) => likeness(mapped, numbers)).map(mappedProcess),
    unions: records.filter((record) => 'branches' in record),
  }
}

/** What alike processes have in common: name, place, and files with their states. One without a number is like no other. */
function likeness(vmas: Mapped, numbers: Numbers): readonly unknown[] {
  const [{ pid, comm, container, unit }] = vmas
  if (pid === null) return [comm, container]
  const files = new Set(
    vmas.map((vma) => numbers.of([...fileMark(vma), vma.state, staleness(vma), ...supplier(vma)])),
  )
  return ['alike', comm, container, unit, ...[...files].sort((a, b) => a - b)]
}

/** A number for each of the marks that are met. */
class Numbers {
  readonly #known = new Map<string, number>()

  of(mark: readonly unknown[]): number {
    const key = JSON.stringify(mark)
    const number = this.#known.get(key) ?? this.#known.size
    this.#known.set(key, number)
    return number
  }
}

/** What a process maps. */
type Mapped = [DrawnVma, ...DrawnVma[]]

function mappedProcess(alike: [Mapped, ...Mapped[]]): MappedProcess {
  const sizes = alike.map(bytesOf)
  const bytes = greatest(sizes)
  const vmas = alike[sizes.indexOf(bytes)] ?? alike[0]
  const [{ comm, container, unit = null }] = vmas
  const supplies = groups(vmas, supplier).map(supply)
  return {
    ...{ comm, container, unit },
    pids: alike.flatMap(([{ pid }]) => pid ?? []),
    files: filesOf(vmas),
    bytes,
    isEach: sizes.every((size) => size === bytes),
    stale: filesOf(vmas.filter(staleness)),
    isOfUnion: supplies.some(({ isOfUnion }) => isOfUnion),
    supplies: supplies.sort(inOrder(supplies)),
  }
}

/** What tells apart where files come from. */
function supplier({ branch, rpath }: DrawnVma): readonly unknown[] {
  return branch === null ? [rpath === null] : [branch.mount_id, branch.si, branch.index, branch.path]
}

function supply(vmas: Mapped): Supply {
  const [{ branch, rpath }] = vmas
  return {
    ...amount(vmas),
    branch,
    isOfUnion: branch !== null || rpath !== null,
    stale: groups(vmas.filter(staleness), ({ state }) => [state]).map((ofState) => ({
      state: ofState[0].state,
      ...amount(ofState),
    })),
    vmas,
  }
}

function amount(vmas: readonly DrawnVma[]): Amount {
  return { files: filesOf(vmas), bytes: bytesOf(vmas) }
}

function filesOf(vmas: readonly DrawnVma[]): number {
  return new Set(vmas.map((vma) => JSON.stringify(fileMark(vma)))).size
}

function bytesOf(vmas: readonly DrawnVma[]): bigint {
  return vmas.reduce((sum, vma) => sum + sizeOf(vma), 0n)
}

/** What tells one file from another. */
export function fileMark({ path, dev, ino }: DrawnVma): readonly unknown[] {
  return [path, dev, ino]
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
export function groups<T>(items: readonly T[], mark: (item: T) => readonly unknown[]): [T, ...T[]][] {
  const found = new Map<string, [T, ...T[]]>()
  for (const item of items) {
    const key = JSON.stringify(mark(item))
    const group = found.get(key)
    if (group === undefined) found.set(key, [item])
    else group.push(item)
  }
  return [...found.values()]
}
