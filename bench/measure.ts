/** How long commands take, and how much memory. All of them run in bash, whose `time` needs nothing else on a machine. */
import { spawnSync } from 'node:child_process'
import { quoted } from './tools.js'

/** The most that a command may print where its output is looked at. */
const OUTPUT_MAX = 500_000_000

/** `wall`, or `cpu`: user and system time of the command and its children. */
export type Clock = 'wall' | 'cpu'

/** Runs a command, which may be a pipeline, and takes what it prints: its exit status does not matter here. */
export function output(command: string): string {
  const { stdout, error } = spawnSync('bash', ['-c', command], {
    encoding: 'latin1',
    maxBuffer: OUTPUT_MAX,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  if (error !== undefined) throw error
  return stdout
}

/** The seconds that a command takes, as the mean of several runs where one is short. */
export function seconds(command: string, clock: Clock, loops: number): number {
  const format = clock === 'wall' ? '%3R' : '%3U %3S'
  const loop = `for ((i = 0; i < ${loops}; i++)); do ${command}; done > /dev/null 2> /dev/null`
  const times = output(`TIMEFORMAT=${quoted(format)}; { time { ${loop}; }; } 2>&1`)
  return times.split(' ').reduce((sum, time) => sum + Number(time), 0) / loops
}

/** The middle one. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Medians of several commands in turn, so that what else the machine does is the same for all; the first round warms up. */
export function alternate(commands: readonly string[], clock: Clock, loops: number, runs: number): number[] {
  const rounds = Array.from({ length: runs + 1 }, () =>
    commands.map((command) => seconds(command, clock, loops)),
  )
  return commands.map((_, i) => median(rounds.slice(1).map((round) => round[i] ?? Number.NaN)))
}
