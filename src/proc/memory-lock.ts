/** Whether a process's maps can be read at all. */
import { readdirSync } from 'node:fs'
import { hasCode } from '../errors.js'
import { runProgram } from './run-program.js'
import { readStat } from './stat.js'

/** As long as maps may take, in milliseconds. */
const PATIENCE = 2000

/**
 * Whether maps and map_files of a process keep their reader waiting: it has its memory locked, and waits itself.
 *
 * A thread that writes to a page which is on its way to a server that does not answer waits with the page's mapping locked
 * (`folio_wait_writeback()` under `do_page_mkwrite()`), and one that unmaps it waits for that with all of the process's memory
 * locked (`__vma_start_write()`; tried on Linux 6.18). Whoever reads maps then waits for both, `ps` too. So where a
 * thread waits in a way that no signal ends, another program is sent first, which a signal does end.
 */
export function isMemoryLocked(folder: string): boolean {
  if (!threadsOf(folder).some((thread) => readStat(thread)?.state === 'D')) return false
  return hasCode(runProgram('cat', [`${folder}/maps`], { timeout: PATIENCE }).error, 'ETIMEDOUT')
}

function threadsOf(folder: string): string[] {
  try {
    return readdirSync(`${folder}/task`).map((tid) => `${folder}/task/${tid}`)
  } catch {
    return []
  }
}
