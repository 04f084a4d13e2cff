/** Start times of processes. */
import { readFileSync, readlinkSync } from 'node:fs'
import { listPids } from './process.js'
import { parseProcStat } from './stat.js'

/** The unit of times in /proc/PID/stat, on every machine that Node runs on (USER_HZ). */
const TICKS_PER_SECOND = 100n

/** btime has whole seconds, and moves with the clock. Times that are closer than this count as the same. */
const MARGIN = 2_000_000_000n

/**
 * When the first process of a process's pid namespace began. Before that, nothing in there could map a file.
 *
 * @returns nanoseconds since 1970, rather too early than too late; null if it is not known
 */
export function firstStartOf(procfs: string, folder: string): bigint | null {
  try {
    const namespace = readlinkSync(`${folder}/ns/pid`)
    const first = listPids(procfs).find((pid) => isFirst(`${procfs}/${pid}`, namespace))
    return first === undefined ? null : startOf(procfs, `${procfs}/${first}`)
  } catch {
    return null
  }
}

function isFirst(folder: string, namespace: string): boolean {
  try {
    return (
      readlinkSync(`${folder}/ns/pid`) === namespace &&
      /^NSpid:.*\t1$/m.test(readFileSync(`${folder}/status`, 'latin1'))
    )
  } catch {
    return false
  }
}

function startOf(procfs: string, folder: string): bigint | null {
  const [, boot] = /^btime (\d+)$/m.exec(readFileSync(`${procfs}/stat`, 'latin1')) ?? []
  const stat = parseProcStat(readFileSync(`${folder}/stat`, 'latin1'))
  if (boot === undefined || stat === null) return null
  return BigInt(boot) * 1_000_000_000n + (BigInt(stat.start) * 1_000_000_000n) / TICKS_PER_SECOND - MARGIN
}
