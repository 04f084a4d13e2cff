/** One process, as /proc tells it: its mapped files, its mounts, its root. */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readlinkSync, statfsSync } from 'node:fs'
import type { ByteString } from './bytes.js'
import { hasCode, InputError, systemReason } from './errors.js'
import { deviceName, mountIdOf, O_PATH } from './files.js'
import type { Emit } from './lines.js'
import type { Kernel, RawVma } from './map-files.js'
import { isFileMapping, type Mapping, parseMapping } from './maps.js'
import { type Mount, parseMount } from './mounts.js'
import { liveThread, type ProcStat, readStat } from './proc-stat.js'

const PROC_SUPER_MAGIC = 0x9fa0

/** Whether a folder is a procfs, and no tree that was captured from one. */
export function isProcfs(folder: string): boolean {
  try {
    return statfsSync(folder).type === PROC_SUPER_MAGIC
  } catch {
    return false
  }
}

/** The processes of a procfs, in order. */
export function listPids(procfs: string): number[] {
  return readdirSync(procfs)
    .filter((name) => /^[1-9]\d*$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
}

/** One process below a procfs. All that can go wrong with it as a whole is an {@link InputError}. */
export class Process {
  readonly pid: number | null
  /** Its folder, or that of a live thread where its leader has ended. */
  readonly folder: string
  readonly #stat: ProcStat | null

  /** @throws InputError where there is none */
  constructor(procfs: string, pid: number | 'self') {
    this.pid = pid === 'self' ? null : pid
    const stat = readStat(`${procfs}/${pid}`)
    // A leader that has ended before its threads is a zombie without mounts and maps; /proc/TID is there for each thread.
    const thread = stat?.state === 'Z' ? liveThread(procfs, `${procfs}/${pid}`) : null
    this.folder = thread ?? `${procfs}/${pid}`
    this.#stat = thread === null ? stat : readStat(thread)
    if (this.#stat === null) this.#attempt('.', (folder) => readdirSync(folder))
  }

  /** Its mountinfo; empty for a zombie, which has none any more. @throws InputError where it may not be read */
  mounts(warn: Emit<InputError>): Mount[] {
    return this.#isZombie ? [] : this.#lines('mountinfo', parseMount, warn)
  }

  /** Its root, as this reader sees it: `/`, or the folder of a chroot. Null where that is not told. */
  root(): ByteString | null {
    try {
      return readlinkSync(`${this.folder}/root`, 'buffer').toString('latin1')
    } catch {
      return null
    }
  }

  /** What names one of its namespaces: `pid:[4026531836]`; null where that is not told. */
  namespace(name: 'pid' | 'mnt'): string | null {
    try {
      return readlinkSync(`${this.folder}/ns/${name}`)
    } catch {
      return null
    }
  }

  /**
   * The entries of its map_files, in address order.
   *
   * @param mounts its own, to tell which mounts they list
   * @param follow whether each is opened, with O_PATH, for its stat and its mount
   * @param warn told where entries may not be followed
   * @throws InputError where the process has ended or may not be read
   */
  entries(mounts: readonly Mount[], follow: boolean, warn: Emit<InputError>): RawVma[] {
    if (this.#isZombie) return []
    const comm = this.#optional('comm')?.replace(/\n$/, '') ?? null
    const container = containerOf(this.#optional('cgroup') ?? '')
    const mappings = new Map(
      this.#lines('maps', parseMapping, warn)
        .filter(isFileMapping)
        .map((each) => [`${each.start}-${each.end}`, each]),
    )
    const listed = new Set(mounts.map(({ mount_id }) => mount_id))
    const opened = new Map<string, Opened>()
    const entries = this.#attempt('map_files', (folder) => readdirSync(folder))
      .sort(byAddress)
      .flatMap((name): RawVma[] => {
        const [start = '', end = ''] = name.split('-')
        const link = this.#link(name)
        if (link === null) return []
        const mapping = mappings.get(name) ?? null
        const key = `${mapping?.dev} ${mapping?.ino} ${link}`
        const known = opened.get(key) ?? (follow ? this.#open(name, warn) : NOT_OPENED)
        opened.set(key, known)
        const { perms = null, offset = null } = mapping ?? {}
        return [
          {
            pid: this.pid,
            comm,
            container,
            start,
            end,
            perms,
            offset,
            link,
            kernel: kernelOf(known, mapping, listed),
          },
        ]
      })
    this.checkAlive()
    return entries
  }

  /** @throws InputError where it has ended, or its number is another process's by now */
  checkAlive(): void {
    const stat = readStat(this.folder)
    if (this.#stat === null) return
    if (stat === null) throw new GoneError()
    if (stat.start !== this.#stat.start)
      throw new InputError('the process has ended, and its number is in use again')
  }

  /** It maps nothing any more, and even its owner may not look. */
  get #isZombie(): boolean {
    return this.#stat?.state === 'Z'
  }

  /** Null for one that is gone since it was listed. */
  #link(name: string): ByteString | null {
    return this.#attempt(`map_files/${name}`, (file) => {
      try {
        return readlinkSync(file, 'buffer').toString('latin1')
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return null
        throw error
      }
    })
  }

  #mayFollow = true

  #open(name: string, warn: Emit<InputError>): Opened {
    if (!this.#mayFollow) return NOT_OPENED
    let fd: number
    try {
      fd = openSync(`${this.folder}/map_files/${name}`, O_PATH)
    } catch (error) {
      // ESTALE, ENOENT: the kernel does not tell any more of this one. EPERM: of none.
      if (hasCode(error, 'EPERM', 'EACCES')) {
        this.#mayFollow = false
        warn(
          new InputError(
            `map_files cannot be followed without CAP_CHECKPOINT_RESTORE: ${systemReason(error)}`,
          ),
        )
      }
      return NOT_OPENED
    }
    try {
      return { ...statOf(fd), mnt_id: mountIdOf(fd) }
    } finally {
      closeSync(fd)
    }
  }

  #lines<T>(name: string, parse: (line: ByteString) => T, warn: Emit<InputError>): T[] {
    const lines = this.#attempt(name, (file) => readFileSync(file, 'latin1')).split('\n')
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

  #optional(name: string): ByteString | null {
    try {
      return readFileSync(`${this.folder}/${name}`, 'latin1')
    } catch {
      return null
    }
  }

  #attempt<T>(name: string, read: (path: string) => T): T {
    try {
      return read(`${this.folder}/${name}`)
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ESRCH') && !exists(this.folder)) throw new GoneError()
      // A process that is ending has lost its mounts (EINVAL) before its folder goes.
      if (hasCode(error, 'ESRCH') || (name === 'mountinfo' && hasCode(error, 'EINVAL'))) throw new GoneError()
      if (hasCode(error, 'EACCES', 'EPERM')) throw new ForbiddenError(`${name}: ${systemReason(error)}`)
      throw new InputError(`${name}: ${systemReason(error)}`)
    }
  }
}

/** There is no such process, or it ended while it was read. */
export class GoneError extends InputError {
  constructor() {
    super('no such process')
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

type Opened = Pick<Kernel, 'dev' | 'ino' | 'mnt_id'>

const NOT_OPENED: Opened = { dev: null, ino: null, mnt_id: null }

/** fstat of what is deleted can give ESTALE (aufs). */
function statOf(fd: number): { dev: string | null; ino: string | null } {
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true })
    return { dev: deviceName(dev), ino: String(ino) }
  } catch {
    return { dev: null, ino: null }
  }
}

function kernelOf(
  { dev, ino, mnt_id }: Opened,
  mapping: Mapping | null,
  listed: ReadonlySet<number>,
): Kernel {
  return {
    dev,
    ino,
    maps_dev: mapping?.dev ?? null,
    maps_ino: mapping?.ino ?? null,
    maps_name: mapping?.name ?? null,
    mnt_id,
    mnt_listed: mnt_id === null ? null : listed.has(mnt_id),
  }
}

/** Entries are named by addresses without padding: the shorter is the lower. */
function byAddress(a: string, b: string): number {
  const [x, y] = [a.indexOf('-'), b.indexOf('-')]
  return x - y || (a < b ? -1 : 1)
}

/** The container's id in a cgroup path: 64 hexadecimal digits, in every runtime's layout (`/docker/ID`, `libpod-ID.scope`, `cri-containerd-ID.scope`). */
export function containerOf(cgroup: ByteString): string | null {
  return [...cgroup.matchAll(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g)].at(-1)?.[0] ?? null
}
