/** What the command line of `aufs-vma` asks for. */

import { InputError } from '../errors.js'
import type { RawVma } from '../proc/map-files.js'
import { ForbiddenError, GoneError } from '../proc/process.js'
import { NotFollowedError } from '../proc/read-map-files.js'
import type { VmaFixer } from '../vma/fixer.js'
import type { Vma } from '../vma/record.js'
import { isTerminal } from './io.js'
import { type Run, writeError } from './run.js'

type Report = Run<unknown>['report']

/**
 * The records of processes, one process after the other, and null after each process; each that cannot be read is a message. With `all`, those that have
 * ended are none, and those that may not be read are one together.
 */
export function* processRecords(
  fixer: VmaFixer,
  pids: readonly number[],
  { raw, all }: Choice,
  report: Report,
): Generator<RawVma | Vma | null> {
  const progress = new Progress(all ? pids.length : 0)
  let forbidden = 0
  const told = new Set<string>()
  for (const pid of pids) {
    progress.step()
    let stop = false
    const warn = (error: InputError) => {
      // One message is enough for a whole machine.
      if (all && error instanceof NotFollowedError && told.has(error.message)) return
      told.add(error.message)
      progress.clear()
      stop ||= report(`pid ${pid}`, error) === 'stop'
    }
    try {
      const records = raw ? fixer.raw(pid, warn) : fixer.ofProcess(pid, warn)
      for (const record of records) {
        if (stop) return
        yield record
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      if (all && error instanceof ForbiddenError) forbidden += 1
      else if (!(all && error instanceof GoneError)) warn(error)
    }
    if (stop) return
    yield null
  }
  progress.clear()
  if (forbidden > 0)
    report('--all', new InputError(`${forbidden} of ${pids.length} processes may not be read by this user`))
}

interface Choice {
  raw: boolean
  all: boolean
}

/** How far it is, on standard error where that is a terminal and standard output is none. */
class Progress {
  readonly #total: number
  #done = 0
  #shown = 0

  constructor(total: number) {
    this.#total = total > 0 && isTerminal(2) && !isTerminal(1) ? total : 0
  }

  step(): void {
    this.#done += 1
    if (this.#total === 0 || Date.now() - this.#shown < 100) return
    this.#shown = Date.now()
    writeError(`\r${this.#done}/${this.#total} processes`)
  }

  clear(): void {
    if (this.#shown > 0) writeError('\r\x1b[K')
  }
}
