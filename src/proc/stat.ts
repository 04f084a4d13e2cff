/** /proc/PID/stat: what tells a process from a later one of its number. */
import { readdirSync, readFileSync } from 'node:fs'
import type { ByteString } from '../text/byte-string.js'

/** What /proc/PID/stat tells. */
export interface ProcStat {
  /** `R`, `S`, `Z` … */
  state: string
  /** Clock ticks since the machine started: with the number, it tells a process from a later one. */
  start: string
}

/**
 * Parses /proc/PID/stat (proc_pid_stat(5)). The name stands in parentheses and may hold any, so the last one ends it.
 *
 * @returns null where it is none
 */
export function parseProcStat(text: ByteString): ProcStat | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, start] = [fields[0], fields[19]]
  return state && start ? { state, start } : null
}

/** Null in a captured tree, and where the process has ended. */
export function readStat(folder: string): ProcStat | null {
  try {
    return parseProcStat(readFileSync(`${folder}/stat`, 'latin1'))
  } catch {
    return null
  }
}

export function liveThread(procfs: string, folder: string): string | null {
  try {
    const threads = readdirSync(`${folder}/task`).map((tid) => `${procfs}/${tid}`)
    return threads.find((thread) => !/^[ZX]?$/.test(readStat(thread)?.state ?? '')) ?? null
  } catch {
    return null
  }
}
