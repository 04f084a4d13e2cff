/** Our commands beside themselves: whether a line, or a mapping, costs the same in a long input as in a short one. */
import { rmSync } from 'node:fs'
import { mappedFiles } from '../inputs.js'
import { alternate, type Cost } from '../measure.js'
import type { Cell, Row, Setting } from '../row.js'
import { ours, start } from '../tools.js'
import { capturedProc } from '../trees.js'
import { readers } from './readers.js'

/** The figures of a row: what one costs from each size to the next, and how that grows. */
export const STEP_COLUMNS = ['first step', 'second', 'third', 'last to first', 'at most'] as const

/** How much more one may cost in the longest input than in the shortest. */
const MOST = 1.3

/** A command that does so many lines or entries. */
interface Timed {
  size: number
  command: string
}

/** The same command on inputs of growing size. */
interface Points {
  timed: Timed[]
  stop(): Promise<void> | void
}

export function steps(setting: Setting): Row[] {
  return [...lines(setting), ...livePid(setting), ...capturedTree(setting)]
}

function lines(setting: Setting): Row[] {
  return readers(setting).map(({ name, command, input, weight }) => {
    const sizes = [10_000, 100_000, 1_000_000, 10_000_000].map((size) => size / weight)
    return row(`cost per line: ${name}`, sizes, setting, () => {
      const inputs = sizes.map((size) => input(setting.folder, setting.scaled(size)))
      const timed = inputs.map((file, i) => ({
        size: setting.scaled(sizes[i] ?? 0),
        command: `${command()} < ${file}`,
      }))
      // The longest are gigabytes.
      return { timed, stop: () => rmSync(inputs.at(-1) ?? '', { force: true }) }
    })
  })
}

function livePid(setting: Setting): Row[] {
  const { folder, programs, scaled } = setting
  const sizes = [4000, 10_000, 30_000, 60_000]
  return [
    row('cost per mapping: `aufs-vma --pid`', sizes, setting, async () => {
      const files = scaled(3000)
      const mapped = mappedFiles(folder, files)
      const all = sizes.map((size) => start(programs.path('mapper'), mapped, files, scaled(size)))
      const running = await Promise.all(all)
      return {
        timed: running.map(({ pids: [pid] }, i) => ({
          size: scaled(sizes[i] ?? 0),
          command: `${ours('aufs-vma')} --pid ${pid}`,
        })),
        stop: async () => void (await Promise.all(running.map((each) => each.stop()))),
      }
    }),
  ]
}

const MAPPINGS = 200

function capturedTree(setting: Setting): Row[] {
  const { folder, scaled } = setting
  const processes = [5, 50, 500, 5000]
  const sizes = processes.map((count) => count * MAPPINGS)
  return [
    row('cost per mapping: `aufs-vma --all`, a captured tree, 200 a process', sizes, setting, () => ({
      timed: processes.map((count) => {
        const captured = { processes: scaled(count), mappings: MAPPINGS, files: 60, perContainer: 10 }
        const tree = capturedProc(folder, captured)
        return { size: scaled(count) * MAPPINGS, command: `${ours('aufs-vma')} --all --procfs ${tree}` }
      }),
      stop: () => {},
    })),
  ]
}

function row(
  work: string,
  sizes: readonly number[],
  { runs }: Setting,
  points: () => Points | Promise<Points>,
): Row {
  return {
    work,
    against: sizes.map((size) => size.toLocaleString('en')).join(', '),
    async measure() {
      const { timed, stop } = await points()
      try {
        const costs = await alternate(
          timed.map(({ command }) => command),
          Math.ceil(runs / 2),
        )
        return figures(timed, costs)
      } finally {
        await stop()
      }
    },
  }
}

/** A difference between two sizes is free of what starting costs. */
function figures(timed: readonly Timed[], costs: readonly Cost[]): Cell[] {
  const each = timed.slice(1).map(({ size }, i) => {
    const more = size - (timed[i]?.size ?? 0)
    const per = (clock: keyof Cost) => ((costs[i + 1]?.[clock] ?? 0) - (costs[i]?.[clock] ?? 0)) / more
    return { wall: per('wall'), cpu: per('cpu') }
  })
  const [first, last] = [each[0], each.at(-1)]
  const growth = (clock: keyof Cost) => (last?.[clock] ?? 0) / (first?.[clock] ?? 0)
  const [wall, cpu] = [growth('wall'), growth('cpu')]
  return [
    ...each.map((cost) => ({ text: `${micro(cost.wall)} µs, CPU ${micro(cost.cpu)}` })),
    { text: `${wall.toFixed(2)}, CPU ${cpu.toFixed(2)}`, isOver: wall > MOST || cpu > MOST },
    { text: String(MOST) },
  ]
}

function micro(seconds: number): string {
  return (seconds * 1e6).toFixed(2)
}
