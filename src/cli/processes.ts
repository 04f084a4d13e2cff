/** Processes to the records that `aufs-vma` writes of them. */

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { howToGet, InputError } from '../errors.js'
import type { RawVma } from '../proc/map-files.js'
import { NotFollowedError } from '../proc/open-entries.js'
import { ForbiddenError, GoneError, readerOf } from '../proc/process.js'
import { bytesOf } from '../text/byte-string.js'
import type { VmaFixer } from '../vma/fixer.js'
import type { Vma } from '../vma/record.js'
import { isTerminal, prepareForLongRun, prepareForProcesses, writeError } from './io.js'
import type { Run } from './run.js'

type Report = Run<unknown>['report']

interface Choice {
  raw: boolean
  all: boolean
  compare: boolean
  ask: string[] | undefined
  procfs: string
}

/** A run of so many records is a long one. */
const LONG_RUN = 10_000

/**
 * Yields the records of processes, one process after the other, and null after each process. The order is that of `pids`.
 *
 * What cannot be read is reported, and the other processes follow. With `all`, processes that have ended are passed over,
 * and those that may not be read are one message together, at the end.
 */
export function* processRecords(
  fixer: VmaFixer,
  pids: readonly number[],
  choice: Choice,
  report: Report,
): Generator<RawVma | Vma | null> {
  // Where something may hang, a signal must end the command at once: it is not caught.
  const progress = new Progress(choice.all ? pids.length : 0, choice.ask === undefined)
  const faults = new Faults(choice, progress, report)
  prepareForProcesses()
  let left = LONG_RUN
  for (const pid of pids) {
    progress.step()
    for (const record of recordsOf(fixer, pid, choice, faults)) {
      yield record
      left -= 1
      if (left === 0) prepareForLongRun()
    }
    if (faults.stopped) return
    yield null
  }
  progress.end()
  faults.summarize(pids.length)
}

function* recordsOf(
  fixer: VmaFixer,
  pid: number,
  { raw, compare }: Choice,
  faults: Faults,
): Generator<RawVma | Vma> {
  const warn = (error: InputError) => faults.report(pid, error)
  try {
    const records = raw ? fixer.raw(pid, warn) : fixer.ofProcess(pid, warn, compare)
    for (const record of records) {
      if (faults.stopped) return
      yield record
    }
  } catch (error) {
    faults.unreadable(pid, error)
  }
}

/** What is wrong with processes, and which of it becomes a message. */
class Faults {
  /** Whether a message was the last (`--strict`). */
  stopped = false
  readonly #all: boolean
  readonly #procfs: string
  readonly #progress: Progress
  readonly #report: Report
  readonly #reported = new Set<string>()
  #forbidden = 0

  constructor({ all, procfs }: Choice, progress: Progress, report: Report) {
    this.#all = all
    this.#procfs = procfs
    this.#progress = progress
    this.#report = report
  }

  /** Something cannot be read of a process. */
  report(pid: number, error: InputError): void {
    // What this user lacks is the same for each.
    if (error instanceof NotFollowedError && this.#reported.has(error.message)) return
    this.#reported.add(error.message)
    this.#progress.clear()
    this.stopped ||= this.#report(`pid ${pid}`, error) === 'stop'
  }

  /** A process cannot be read. @throws what is no fault of the process */
  unreadable(pid: number, error: unknown): void {
    if (!(error instanceof InputError)) throw error
    if (this.#all && error instanceof ForbiddenError) this.#forbidden += 1
    else if (!(error instanceof GoneError)) this.report(pid, error)
    else if (!this.#all) this.report(pid, mayBeHidden(this.#procfs, pid) ? hidden() : error)
  }

  /** All processes have been read. */
  summarize(total: number): void {
    if (this.#forbidden === 0) return
    this.#report(
      '--all',
      new InputError(
        `${this.#forbidden} of ${total} processes may not be read by this user; ${howToGet('CAP_SYS_PTRACE')}`,
      ),
    )
  }
}

/** Whether a process that is not there may be one that this user may not see (hidepid of proc(5)). */
function mayBeHidden(procfs: string, pid: number): boolean {
  if (process.geteuid?.() === 0 || existsSync(`${procfs}/${pid}`)) return false
  const own = readerOf(procfs).mounts.findLast(({ mount_point }) => mount_point === bytesOf(resolve(procfs)))
  return own?.super_options.some((option) => /^hidepid=(2|4|invisible|ptraceable)$/.test(option)) ?? false
}

function hidden(): InputError {
  return new InputError(`no such process that this user may see (hidepid); ${howToGet('CAP_SYS_PTRACE')}`)
}

/** Shows how far the processes are, on standard error, if that is a terminal and standard output is none. */
class Progress {
  readonly #total: number
  #done = 0
  #shown = 0

  /** @param catches whether an interrupt waits for the end of a process, and then takes the line away before it ends the command */
  constructor(total: number, catches: boolean) {
    this.#total = total > 0 && isTerminal(2) && !isTerminal(1) ? total : 0
    if (this.#total > 0 && catches) process.once('SIGINT', this.#interrupt)
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

  /** All processes are read. */
  end(): void {
    this.clear()
    process.off('SIGINT', this.#interrupt)
  }

  readonly #interrupt = () => {
    this.clear()
    process.kill(process.pid, 'SIGINT')
  }
}
