/** What the page is given to draw, as JSON: texts that are safe to show, and numbers. */
import type { Choice, Listed } from '../order.js'

export interface PageData {
  /** How many processes are stale. */
  headline: string
  /** How the page shows itself at first. */
  choice: Choice
  /** The paths of files, sorted. Each is as many characters of the one before as are the same, and the rest. */
  paths: (number | string)[]
  /** Of each file the place of its state. A file with two states is two. */
  fileStates: number[]
  states: StateData[]
  perms: string[]
  shares: Record<Division, ShareData[]>
  processes: ProcessData[]
  unions: UnionData[]
}

/** What files are counted by. */
export type Division = 'layer' | 'image' | 'container'

export interface StateData {
  text: string
  isStale: boolean
}

/** What a layer, an image or a container has of all files. */
export interface ShareData {
  name: string
  /** Null of an image and of a container, which have many. */
  fill: Fill | null
  processes: number
  files: number
  tallies: TallyData[]
  /** Places of processes. */
  of: number[]
}

/** How many files are in a state. */
export interface TallyData extends StateData {
  /** Nothing tells whether they are stale. */
  isUnknown: boolean
  files: number
}

/** A colour by its number, or why there is none. */
export type Fill = number | 'unknown' | 'none'

/** Processes that are alike. */
export interface ProcessData extends Listed {
  comm: string
  name: string
  about: string
  total: string
  supplies: SupplyData[]
  /** Of each mapping, in the order of addresses: how far it is from the one before, and its length; hexadecimal. */
  spans: string
  /** Of each mapping, the places of its file, its permissions and its supply. */
  mapped: number[]
  perms: number[]
  by: number[]
}

export interface BranchData {
  fill: Fill
  index: string
  perm: string
  name: string
}

export interface SupplyData extends BranchData {
  /** In one line. */
  label: string
  files: string
  size: string
  bytes: number
  staleBytes: number
  stale: string
}

export interface UnionData {
  name: string
  about: string
  branches: BranchData[]
}
