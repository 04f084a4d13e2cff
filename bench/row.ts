/** A line of one of the tables that the bench prints, and what it is measured with. */
import type { CPrograms } from './tools.js'

/** Where the inputs are written, and their sizes: 1 for those of the table. */
export interface Setting {
  folder: string
  programs: CPrograms
  /** How often each command is run, after once to warm up. */
  runs: number
  /** A number of lines, entries or the like, in the size of this run. */
  scaled(size: number): number
}

/** A line of a table. */
export interface Row {
  work: string
  against: string
  /** @throws Obstacle where there is nothing to measure */
  measure(): Promise<Cell[]>
}

/** A figure as it is printed. */
export interface Cell {
  text: string
  /** It is more than it may be. */
  isOver?: boolean
}

/** Why a row cannot be had: no root, no peer, no compiler. */
export class Obstacle extends Error {}

/** Our output is wrong: the time that it took does not count. */
export class WrongError extends Obstacle {
  constructor() {
    super('our output is wrong')
  }
}
