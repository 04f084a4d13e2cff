/** Our commands beside themselves: whether a line costs the same in a long input, and whether memory stays where it is. */
import type { Setting } from './compare.js'
import { inputs, mappedFiles } from './inputs.js'
import { alternate, output } from './measure.js'
import { emptyScript, isInstalled, ours, quoted, start } from './tools.js'

/** A line of the table: a command, and the most that may be found of it. */
export interface Limit {
  work: string
  against: string
  target: number
  unit: '×' | 'MB'
  measure(): Found
}

/** What was measured, and the figure that has a limit. */
export interface Found {
  ours: string
  peer: string
  found: number
}

/** A command that reads standard input, and what it is given. */
interface Reader {
  name: string
  command: string
  input(folder: string, lines: number): string
  /** Sizes are divided by it, where a line is a script of its own. */
  weight?: number
}

function readers({ folder }: Setting): Reader[] {
  const tables = inputs.tables(folder, 1)
  return [
    { name: 'aufs-mounts', command: ours('aufs-mounts'), input: inputs.containers },
    { name: 'aufs-branches', command: ours('aufs-branches'), input: inputs.overlayContainers },
    {
      name: 'aufs-vma FILE',
      command: `${ours('aufs-vma')} --branches ${tables}`,
      input: inputs.listing,
    },
    { name: 'aufs-log', command: ours('aufs-log'), input: (to, lines) => inputs.log(to, lines, 1000) },
    {
      name: 'aufs-remount',
      command: `${ours('aufs-remount')} --root /mnt`,
      input: inputs.tables,
      weight: 10,
    },
  ]
}

/** A command that does so many lines or entries. */
interface Timed {
  size: number
  command: string
}

/** What a line costs, from 10,000 to 100,000 and from there to 1,000,000: a difference is free of what starting costs. */
export async function* scaling(setting: Setting, runs: number): AsyncGenerator<Limit> {
  for (const { name, command, input, weight = 1 } of readers(setting)) {
    const sizes = [10_000, 100_000, 1_000_000].map((size) => setting.scaled(size / weight))
    yield flat(`cost per line: ${name}`, sizes, runs, () =>
      sizes.map((size) => ({ size, command: `${command} < ${input(setting.folder, size)}` })),
    )
  }
  if (isInstalled('cc')) yield* liveEntries(setting, runs)
}

async function* liveEntries({ folder, programs, scaled }: Setting, runs: number): AsyncGenerator<Limit> {
  const files = scaled(3000)
  const mapped = mappedFiles(folder, files)
  const sizes = [10_000, 30_000, 60_000].map(scaled)
  const running = await Promise.all(sizes.map((size) => start(programs.path('mapper'), mapped, files, size)))
  yield flat('cost per entry: aufs-vma --pid', sizes, runs, () =>
    running.map(({ pids: [pid] }, i) => ({
      size: sizes[i] ?? 0,
      command: `${ours('aufs-vma')} --pid ${pid}`,
    })),
  )
  await Promise.all(running.map((each) => each.stop()))
}

function flat(work: string, sizes: number[], runs: number, points: () => Timed[]): Limit {
  const [few, middle, many] = sizes
  return {
    work: `${work}, ${middle} to ${many}`,
    against: `${few} to ${middle}`,
    target: 1.3,
    unit: '×',
    measure: () => slopes(points(), runs),
  }
}

function slopes(points: Timed[], runs: number): Found {
  const commands = points.map(({ command }) => command)
  const times = alternate(commands, 'wall', 1, runs)
  const cost = (from: number, to: number) =>
    ((times[to] ?? 0) - (times[from] ?? 0)) / ((points[to]?.size ?? 0) - (points[from]?.size ?? 0))
  const [few, many] = [cost(0, 1), cost(1, 2)]
  return { ours: microseconds(many), peer: microseconds(few), found: many / few }
}

function microseconds(seconds: number): string {
  return `${(seconds * 1e6).toFixed(2)} µs`
}

/** The most memory that a command takes for an input without an end. */
export function* memory(setting: Setting): Generator<Limit> {
  if (!isInstalled('cc')) return
  const bytes = setting.scaled(1_000_000_000)
  const size = `${Math.round(bytes / 1e6)} MB`
  for (const { name, command, input } of readers(setting)) {
    const lines = () => {
      const file = quoted(input(setting.folder, setting.scaled(100_000)))
      return `(while cat ${file}; do :; done) | head -c ${bytes}`
    }
    yield bounded(setting, `memory: ${name}, ${size} of lines`, command, lines)
    const newlineless = () => `head -c ${bytes} /dev/zero`
    yield bounded(setting, `memory: ${name}, ${size} without a newline`, command, newlineless)
  }
}

function bounded({ folder, programs }: Setting, work: string, command: string, feed: () => string): Limit {
  const peak = (from: string, to: string) =>
    Number(output(`${from} | ${programs.path('peak')} ${to} 3>&1 > /dev/null`)) / 1024
  return {
    work,
    against: 'node, empty script',
    target: 40,
    unit: 'MB',
    measure() {
      const [own, nothing] = [peak(feed(), command), peak('true', emptyScript(folder))]
      return { ours: `${own.toFixed(0)} MB`, peer: `${nothing.toFixed(0)} MB`, found: own - nothing }
    },
  }
}
