/** How long commands take, and how much memory. All of them run in bash, whose `time` needs nothing else on a machine. */
import { spawnSync } from 'node:child_process'
import { setImmediate } from 'node:timers/promises'
import { quoted } from './tools.js'

/** The most that a command may print where its output is looked at. */
const OUTPUT_MAX = 500_000_000

/** What a command takes, in seconds. */
export interface Cost {
  /** By the clock. */
  wall: number
  /** User and system time, of all its threads and of all processes that it starts. */
  cpu: number
}

/** Runs a command, which may be a pipeline, and takes what it prints: its exit status does not matter here. */
export function output(command: string): string {
  const { stdout, error } = spawnSync('bash', ['--norc', '-c', command], {
    encoding: 'latin1',
    maxBuffer: OUTPUT_MAX,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  if (error !== undefined) throw error
  return stdout
}

/** What a command costs, as the mean of several runs where one is short. */
function cost(command: string, loops: number): Cost {
  const loop = `for ((i = 0; i < ${loops}; i++)); do ${command}; done > /dev/null 2> /dev/null`
  const times = output(`TIMEFORMAT='%3R %3U %3S'; { time { ${loop}; }; } 2>&1`)
  const [wall = 0, user = 0, system = 0] = times.split(' ').map(Number)
  return { wall: wall / loops, cpu: (user + system) / loops }
}

/** The middle one. */
function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Medians of several commands in turn, so that what else the machine does is the same for all; the first round warms up. */
export async function alternate(commands: readonly string[], runs: number, loops = 1): Promise<Cost[]> {
  const rounds: Cost[][] = []
  for (let round = 0; round <= runs; round += 1) {
    rounds.push(commands.map((command) => cost(command, loops)))
    // A signal ends the bench here.
    await setImmediate()
  }
  const of = (clock: keyof Cost, i: number) =>
    median(rounds.slice(1).map((round) => round[i]?.[clock] ?? Number.NaN))
  return commands.map((_, i) => ({ wall: of('wall', i), cpu: of('cpu', i) }))
}

/** The most memory that a command takes, in MB. @param peak the program of peak.c @param feed what writes its standard input */
export function peakMemory(peak: string, command: string, feed = 'true'): number {
  return Number(output(`${feed} | ${quoted(peak)} ${command} 3>&1 > /dev/null 2> /dev/null`)) / 1024
}
