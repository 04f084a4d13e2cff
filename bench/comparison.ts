/** The same work by two commands: how many times as long one takes, by the clock and of the processors. */
import { alternate, type Cost, output } from './measure.js'
import { type Cell, Obstacle, type Row, type Setting, WrongError } from './row.js'

/** A command, and whether what it printed is right: the time of one that is wrong does not count. */
export interface Side {
  command: string
  isRight(output: string): boolean
}

/** Two commands, and what has to be there for as long as they run. */
export interface Sides {
  ours: Side
  peer: Side
  /** Runs that are timed as one, where one is too short. */
  loops?: number
  stop?(): Promise<void>
}

/** The same work by both. */
export interface Comparison {
  work: string
  against: string
  /** How many times as long as the other we may take. */
  most: Cost
  /** @throws Obstacle */
  sides(): Sides | Promise<Sides>
}

/** The figures of a comparison. */
export const COMPARISON_COLUMNS = ['wall', 'at most', 'CPU', 'at most'] as const

/** A comparison as a line of the table. */
export function comparisonRow({ work, against, most, sides }: Comparison, { runs }: Setting): Row {
  return {
    work,
    against,
    async measure() {
      const { ours, peer, loops, stop } = await sides()
      try {
        if (!ours.isRight(output(ours.command))) throw new WrongError()
        if (!peer.isRight(output(peer.command))) throw new Obstacle("the other's output is wrong")
        const [own, other] = await alternate([ours.command, peer.command], runs, loops)
        return own === undefined || other === undefined ? [] : figures(own, other, most)
      } finally {
        await stop?.()
      }
    },
  }
}

function figures(own: Cost, other: Cost, most: Cost): Cell[] {
  return (['wall', 'cpu'] as const).flatMap((clock) => {
    const ratio = own[clock] / other[clock]
    const times = [own, other].map((cost) => cost[clock].toFixed(3))
    const text = `${ratio.toFixed(2)} (${times.join(' s : ')} s)`
    return [{ text, isOver: ratio > most[clock] }, { text: String(most[clock]) }]
  })
}

/** Whether an output has so many lines. */
export function count(lines: number): Side['isRight'] {
  return (output) => output.split('\n').length - 1 === lines
}
