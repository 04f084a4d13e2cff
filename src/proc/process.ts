/** One process in /proc: its mounts, its root, its files. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { hasCode, InputError, reasonAndCure, systemReason } from '../errors.js'
import type { Emit } from '../lines/filter.js'
import type { ByteString } from '../text/byte-string.js'
import { type Mount, parseMount } from './mounts/mountinfo.js'
import { liveThread, type ProcStat, readStat } from './stat.js'

/**
 * The processes of a procfs, by number.
 *
 * @throws InputError if the folder cannot be read
 * @example listPids('samples/leaky-01-docker/proc') // [1, 112]
 */
export function listPids(procfs = '/proc'): number[] {
  return names(procfs)
    .filter((name) => /^[1-9]\d*$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    throw new InputError(`${folder}: ${reasonAndCure(error, 'CAP_DAC_READ_SEARCH')}`)
  }
}

/** Which task of this machine it is: numbers are used again, so it has its start besides. */
export interface TaskId {
  /** The inode of its pid namespace, and its number there. */
  task: string
  /** When it began, in clock ticks since the machine started. */
  start: string
}

/**
 * One process below a procfs. Whatever goes wrong with it as a whole is an {@link InputError}.
 *
 * @example new Process(112, 'samples/leaky-01-docker/proc').mounts(console.warn)[0]?.fs_type // 'aufs'
 */
export class Process {
  /** Its number; null for `self`. */
  readonly pid: number | null
  /** Its folder. If its leader has ended, it is the folder of a thread that lives. */
  readonly folder: string
  readonly #stat: ProcStat | null

  /** @throws InputError if there is no such process */
  constructor(pid: number | 'self', procfs = '/proc') {
    this.pid = pid === 'self' ? null : pid
    const stat = readStat(`${procfs}/${pid}`)
    // A leader that has ended before its threads is a zombie without mounts and maps. /proc/TID is there for each thread.
    const thread = stat?.state === 'Z' ? liveThread(procfs, `${procfs}/${pid}`) : null
    this.folder = thread ?? `${procfs}/${pid}`
    this.#stat = thread === null ? stat : readStat(thread)
    if (this.#stat === null) this.attempt('.', (folder) => readdirSync(folder))
  }

  /** Its mountinfo; empty for a zombie, which has none any more. @throws InputError if it may not be read */
  mounts(warn: Emit<InputError>): Mount[] {
    return this.isZombie ? [] : this.lines('mountinfo', parseMount, warn)
  }

  /** Its root, as this reader sees it: `/`, or the folder of a chroot. Null if it cannot be read. */
  root(): ByteString | null {
    try {
      return readlinkSync(`${this.folder}/root`, 'buffer').toString('latin1')
    } catch {
      return null
    }
  }

  /** What names one of its namespaces: `pid:[4026531836]`; null where that is not told. */
  namespace(name: 'pid' | 'mnt'): string | null {
    return namespaceOf(this.folder, name)
  }

  /** Which task it is, by what is the same whoever reads; null where that is not told. */
  task(): TaskId | null {
    const [, namespace] = /^pid:\[(\d+)\]$/.exec(this.namespace('pid') ?? '') ?? []
    // Its number in each namespace, down to its own. The name before it may hold a carriage return, which is no new line.
    const [, number] = /\nNSpid:.*\t(\d+)\n/.exec(this.text('status') ?? '') ?? []
    const start = this.#stat?.start
    return namespace && number && start ? { task: `${namespace} ${number}`, start } : null
  }

  /** @throws InputError if it has ended, also if another process has its number by now */
  checkAlive(): void {
    const stat = readStat(this.folder)
    if (this.#stat === null) return
    if (stat === null || (stat.state === 'Z' && !this.isZombie)) throw new GoneError()
    if (stat.start !== this.#stat.start)
      throw new GoneError('the process has ended, and its number is in use again')
  }

  /** Whether it is a zombie. Such a process maps nothing any more, and even its owner may not look. */
  get isZombie(): boolean {
    return this.#stat?.state === 'Z'
  }

  /** Parses the lines of a file. A line that cannot be used is a warning. @throws InputError if the file cannot be read */
  lines<T>(name: string, parse: (line: ByteString) => T, warn: Emit<InputError>): T[] {
    const lines = this.attempt(name, (file) => readFileSync(file, 'latin1')).split('\n')
    return lines.flatMap((line, i) => {
      if (line === '') return []
      try {
        return [parse(line)]
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        warn(new InputError(`${name}:${i + 1}: ${error.reason}`, error.text))
        return []
      }
    })
  }

  /** The text of one of its files; null if it cannot be read. */
  text(name: string): ByteString | null {
    try {
      return readFileSync(`${this.folder}/${name}`, 'latin1')
    } catch {
      return null
    }
  }

  /**
   * Reads one of its files or folders.
   *
   * @throws GoneError if the process has ended; ForbiddenError if it may not be read; another InputError for any other failure
   */
  attempt<T>(name: string, read: (path: string) => T): T {
    try {
      return read(`${this.folder}/${name}`)
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ESRCH') && !exists(this.folder)) throw new GoneError()
      // A process that is ending loses its mounts (EINVAL) before its folder goes.
      if (hasCode(error, 'ESRCH') || (name === 'mountinfo' && hasCode(error, 'EINVAL'))) throw new GoneError()
      if (hasCode(error, 'EACCES', 'EPERM'))
        throw new ForbiddenError(`${name}: ${reasonAndCure(error, 'CAP_SYS_PTRACE')}`)
      // A captured tree may have some files of a process that was not captured.
      if (name === 'maps' && hasCode(error, 'ENOENT')) throw new GoneError(`maps: ${systemReason(error)}`)
      throw new InputError(`${name}: ${systemReason(error)}`)
    }
  }
}

/** What names a namespace of the process of a folder: `pid:[4026531836]`; null where that is not told. */
export function namespaceOf(folder: string, name: 'pid' | 'mnt' | 'user'): string | null {
  try {
    return readlinkSync(`${folder}/ns/${name}`)
  } catch {
    return null
  }
}

/** Who looks: its mounts, by which names in links and maps are told. */
export interface Reader {
  mounts: readonly Mount[]
  namespace: string | null
}

/** This reader, as a procfs shows it; of a captured tree, whoever captured it. */
export function readerOf(procfs: string): Reader {
  try {
    const self = new Process('self', procfs)
    return { mounts: self.mounts(() => {}), namespace: self.namespace('mnt') }
  } catch (error) {
    if (error instanceof InputError) return { mounts: [], namespace: null }
    throw error
  }
}

/** There is no such process, or it ended while it was read. */
export class GoneError extends InputError {
  constructor(reason = 'no such process') {
    super(reason)
  }
}

/** The process may not be read by this user. */
export class ForbiddenError extends InputError {}

function exists(folder: string): boolean {
  try {
    readdirSync(folder)
    return true
  } catch (error) {
    return !hasCode(error, 'ENOENT')
  }
}
