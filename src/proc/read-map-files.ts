/** The entries of a process's map_files, read from /proc: what the kernel says of each mapped file. */
import { closeSync, fstatSync, openSync, readdirSync, readlinkSync } from 'node:fs'
import { hasCode, InputError, systemReason } from '../errors.js'
import { deviceName, inodeName, mountIdOf, O_PATH } from '../files/ids.js'
import type { Emit } from '../lines/filter.js'
import type { ByteString } from '../text/byte-string.js'
import { parseCgroups } from './cgroup.js'
import type { Kernel, MapFilesEntry } from './map-files.js'
import { isFileMapping, type Mapping, parseMapping } from './maps.js'
import type { Mount } from './mountinfo.js'
import type { Process } from './process.js'

/** How entries are read. */
export interface Reading {
  /** Whether each file is opened, with O_PATH, for its stat and its mount. */
  follow: boolean
  /** Whether the links may say other than maps. Where they do not, they need not be read. */
  linksTell: boolean
  /** What is known of files, by all that maps and the link say of them: those of one mount namespace share it. */
  kernels: Map<string, Kernel>
}

/** An entry before its file is looked at. */
interface ListedEntry {
  start: string
  end: string
  link: ByteString
  /** Null where maps has changed since. */
  mapping: Mapping | null
}

/**
 * Reads the entries of a process, in address order. Those of one file share one `kernel`.
 *
 * @param mounts its own, to tell which mounts they list
 * @param warn told where entries may not be followed
 * @throws InputError where the process has ended or may not be read
 */
export function readEntries(
  process: Process,
  mounts: readonly Mount[],
  { follow, linksTell, kernels }: Reading,
  warn: Emit<InputError>,
): MapFilesEntry[] {
  if (process.isZombie) return []
  const comm = process.text('comm')?.replace(/\n$/, '') ?? null
  const { container, unit, cgroup } = parseCgroups(process.text('cgroup') ?? '')
  const mappings = process.lines('maps', parseMapping, warn).filter(isFileMapping)
  const entries = linksTell ? listed(process, mappings) : mapped(process, mappings)
  const opener = new Opener(process, follow, warn)
  const ids = new Set(mounts.map(({ mount_id }) => mount_id))
  const raw = entries.map(({ start, end, link, mapping }): MapFilesEntry => {
    const key = `${mapping?.dev} ${mapping?.ino} ${mapping?.name}\0${link}`
    const known = kernels.get(key)
    const kernel = known ?? kernelOf(opener.open(`${start}-${end}`), mapping, ids)
    if (known === undefined) kernels.set(key, kernel)
    const { perms = null, offset = null } = mapping ?? {}
    return { pid: process.pid, comm, container, unit, cgroup, start, end, perms, offset, link, kernel }
  })
  process.checkAlive()
  return raw
}

/** As the folder lists them. */
function listed(process: Process, mappings: readonly Mapping[]): ListedEntry[] {
  const byRange = new Map(mappings.map((mapping) => [`${mapping.start}-${mapping.end}`, mapping]))
  return process
    .attempt('map_files', (folder) => readdirSync(folder))
    .sort(byAddress)
    .flatMap((range) => {
      const [start = '', end = ''] = range.split('-')
      const link = readLink(process, range)
      return link === null ? [] : [{ start, end, link, mapping: byRange.get(range) ?? null }]
    })
}

/** As maps lists them: it names a file as its link does, but for a newline. */
function mapped(process: Process, mappings: readonly Mapping[]): ListedEntry[] {
  return mappings.flatMap((mapping) => {
    const { start, end, name } = mapping
    const isLink = name.startsWith('/') && !name.includes('\\012')
    const link = isLink ? name : readLink(process, `${start}-${end}`)
    return link === null ? [] : [{ start, end, link, mapping }]
  })
}

/** Null for one that is gone since it was listed. */
function readLink(process: Process, range: string): ByteString | null {
  return process.attempt(`map_files/${range}`, (file) => {
    try {
      return readlinkSync(file, 'buffer').toString('latin1')
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return null
      throw error
    }
  })
}

/** Entries are named by addresses without padding: the shorter is the lower. */
function byAddress(a: string, b: string): number {
  const [x, y] = [a.indexOf('-'), b.indexOf('-')]
  return x - y || (a < b ? -1 : 1)
}

/** Entries may not be followed by this user, those of no process. */
export class NotFollowedError extends InputError {}

type Opened = Pick<Kernel, 'dev' | 'ino' | 'mnt_id'>

const NOT_OPENED: Opened = { dev: null, ino: null, mnt_id: null }

/** Opens the entries of a process, until it is told that it may not. */
class Opener {
  readonly #process: Process
  readonly #warn: Emit<InputError>
  #mayFollow: boolean

  constructor(process: Process, follow: boolean, warn: Emit<InputError>) {
    this.#process = process
    this.#mayFollow = follow
    this.#warn = warn
  }

  open(range: string): Opened {
    if (!this.#mayFollow) return NOT_OPENED
    let fd: number
    try {
      fd = openSync(`${this.#process.folder}/map_files/${range}`, O_PATH)
    } catch (error) {
      // ESTALE, ENOENT: the kernel does not tell any more of this one. The others: of none, as the folder is its owner's.
      const missing = hasCode(error, 'EPERM')
        ? 'CHECKPOINT_RESTORE'
        : hasCode(error, 'EACCES')
          ? 'DAC_READ_SEARCH'
          : null
      if (missing !== null) {
        this.#mayFollow = false
        this.#warn(
          new NotFollowedError(`map_files cannot be followed without CAP_${missing}: ${systemReason(error)}`),
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
}

/** fstat of what is deleted can give ESTALE (aufs). */
function statOf(fd: number): { dev: string | null; ino: string | null } {
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true })
    return { dev: deviceName(dev), ino: inodeName(ino) }
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
