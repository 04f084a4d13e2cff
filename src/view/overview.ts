/** How many files of each layer, image or container all processes map, by state. */
import { type State, staleness } from '../vma/record.js'
import type { DrawnVma } from './drawn-records.js'
import { imageText, placeText, supplierText } from './labels.js'
import { countOf } from './order.js'
import type { Division } from './page/data.js'
import { fileMark, groups, type MappedProcess, type Supply } from './picture.js'

/** Files of one layer, image or container. */
export interface Share extends Pick<Supply, 'branch' | 'isOfUnion'> {
  name: string
  /** Whether it is one, and not what is of none. */
  isNamed: boolean
  /** Of which processes, and how many they are. */
  of: MappedProcess[]
  processes: number
  files: number
  stale: number
  states: Tally[]
}

/** How many files are in a state. */
export interface Tally {
  state: State | null
  /** Null where it is not known. */
  isStale: boolean | null
  files: number
}

/** A part of what a process maps. */
interface Part {
  process: MappedProcess
  supply: Supply
}

/**
 * Counts the files: what is stale first, then by the number of files.
 *
 * @example overviewOf(pictureOf(records).processes, 'image').map(({ name, stale }) => [name, stale])
 */
export function overviewOf(processes: readonly MappedProcess[], division: Division): Share[] {
  const parts = processes.flatMap((process) => process.supplies.map((supply) => ({ process, supply })))
  return groups(parts, DIVISIONS[division].mark)
    .map((group) => share(group, DIVISIONS[division]))
    .sort((a, b) => b.stale - a.stale || Number(b.isNamed) - Number(a.isNamed) || b.files - a.files)
}

interface Dividing {
  mark(part: Part): readonly unknown[]
  name(part: Part): string
  isNamed(part: Part): boolean
}

const layer: Dividing = {
  mark: ({ supply: { branch, isOfUnion } }) => {
    if (branch === null) return [isOfUnion]
    // A folder is the same layer in whatever union it is.
    return branch.path === null ? [branch.mount_id, branch.si, branch.index] : [branch.path]
  },
  name: ({ supply }) => supplierText(supply),
  isNamed: ({ supply }) => supply.branch !== null,
}

const image: Dividing = {
  ...layer,
  mark: (part) => {
    const { names = [], container = null } = part.supply.branch?.image ?? {}
    if (container !== null) return ['image', null]
    return names.length > 0 ? ['image', ...names] : layer.mark(part)
  },
  name: (part) => {
    const known = part.supply.branch?.image
    if (known == null) return layer.name(part)
    return known.container === null ? (imageText(known) ?? layer.name(part)) : "containers' own layers"
  },
}

const container: Dividing = {
  mark: ({ process }) => [process.container, process.container === null ? process.unit : null],
  name: ({ process }) => placeText(process) ?? 'no container',
  isNamed: ({ process }) => placeText(process) !== null,
}

const DIVISIONS: Record<Division, Dividing> = { layer, image, container }

function share(group: readonly [Part, ...Part[]], { name, isNamed }: Dividing): Share {
  const [first] = group
  const of = [...new Set(group.map(({ process }) => process))]
  const vmas = group.flatMap(({ supply }) => supply.vmas)
  const states = groups(vmas, (vma) => [vma.state, staleness(vma)]).map(tally)
  return {
    name: name(first),
    isNamed: isNamed(first),
    branch: first.supply.branch,
    isOfUnion: first.supply.isOfUnion,
    of,
    processes: countOf(of),
    files: distinct(vmas),
    stale: distinct(vmas.filter(staleness)),
    states: states.sort((a, b) => Number(b.isStale) - Number(a.isStale) || b.files - a.files),
  }
}

function tally(vmas: readonly [DrawnVma, ...DrawnVma[]]): Tally {
  const [first] = vmas
  return { state: first.state, isStale: staleness(first), files: distinct(vmas) }
}

/** A file of a layer has another device in each union that has the layer. */
function distinct(vmas: readonly DrawnVma[]): number {
  const marks = vmas.map((vma) =>
    vma.branch === null ? fileMark(vma) : [vma.branch.path, vma.path, vma.ino],
  )
  return new Set(marks.map((mark) => JSON.stringify(mark))).size
}
