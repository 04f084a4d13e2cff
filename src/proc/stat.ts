/** /proc/PID/stat: the state of a process, and its start time. */
import { readdirSync, readFileSync } from 'node:fs'
import type { ByteString } from '../text/byte-string.js'

/** What is used of /proc/PID/stat. */
export interface ProcStat {
  /** `R`, `S`, `Z` … */
  state: string
  /** When it began, in clock ticks since the machine started. A later process of the same number has another. */
  start: string
}

/**
 * Parses /proc/PID/stat (proc_pid_stat(5)). The name stands in parentheses and may hold some itself, so the last one ends it.
 *
 * @returns null if the text is no stat
 */
export function parseProcStat(text: ByteString): ProcStat | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, start] = [fields[0], fields[19]]
  return state && start ? { state, start } : null
}

/** Reads the stat of a process; null in a captured tree, and if the process has ended. */
export function readStat(folder: string): ProcStat | null {
  try {
    return parseProcStat(readFileSync(`${folder}/stat`, 'latin1'))
  } catch {
    return null
  }
}

/** The folder of a thread that has not ended; null if there is none. */
export function liveThread(procfs: string, folder: string): string | null {
  try {
    const threads = readdirSync(`${folder}/task`).map((tid) => `${procfs}/${tid}`)
    return threads.find((thread) => !/^[ZX]?$/.test(readStat(thread)?.state ?? '')) ?? null
  } catch {
    return null
  }
}
