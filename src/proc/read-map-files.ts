/** Reads the entries of a process's map_files from /proc: what the kernel says of each mapped file. */
import { closeSync, fstatSync, openSync, readdirSync, readlinkSync } from 'node:fs'
import { hasCode, InputError, systemReason } from '../errors.js'
import { deviceName, inodeName, mountIdOf, O_PATH } from '../files/ids.js'
import type { Emit } from '../lines/filter.js'
import type { ByteString } from '../text/byte-string.js'
import type { Kernel, RawVma } from './map-files.js'
import { isFileMapping, type Mapping, parseMapping } from './maps.js'
import type { Mount } from './mountinfo.js'
import type { Process } from './process.js'

/** How entries are read. */
export interface Reading {
  /** Whether each file is opened, with O_PATH, for its stat and its mount. */
  follow: boolean
  /** Whether the links may differ from the names in maps. If not, they need not be read. */
  linksTell: boolean
  /** What the kernel says of each file, by all that maps and the link say of it. Processes of one mount namespace share it. */
  kernels: Map<string, Kernel>
}

/** An entry before its file is looked at. */
interface ListedEntry {
  start: string
  end: string
  link: ByteString
  /** Null if maps has changed since. */
  mapping: Mapping | null
}

/**
 * Reads the entries of a process, in address order. Those of one file share one `kernel`.
 *
 * @param mounts the mounts that the process's own mountinfo lists
 * @param warn called if entries may not be followed, and for each line of maps that cannot be used
 * @throws InputError if the process has ended or may not be read
 */
export function readEntries(
  process: Process,
  mounts: readonly Mount[],
  { follow, linksTell, kernels }: Reading,
  warn: Emit<InputError>,
): RawVma[] {
  if (process.isZombie) return []
  const comm = process.text('comm')?.replace(/\n$/, '') ?? null
  const container = containerOf(process.text('cgroup') ?? '')
  const mappings = process.lines('maps', parseMapping, warn).filter(isFileMapping)
  const entries = linksTell ? listed(process, mappings) : mapped(process, mappings)
  const opener = new Opener(process, follow, warn)
  const ids = new Set(mounts.map(({ mount_id }) => mount_id))
  const raw = entries.map(({ start, end, link, mapping }): RawVma => {
    const key = `${mapping?.dev} ${mapping?.ino} ${mapping?.name}\0${link}`
    const known = kernels.get(key)
    const kernel = known ?? kernelOf(opener.open(`${start}-${end}`), mapping, ids)
    if (known === undefined) kernels.set(key, kernel)
    const { perms = null, offset = null } = mapping ?? {}
    return { pid: process.pid, comm, container, start, end, perms, offset, link, kernel }
  })
  process.checkAlive()
  return raw
}

/** The entries that the folder lists. */
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

/** The entries that maps lists. It names a file as the link does, except for a newline. */
function mapped(process: Process, mappings: readonly Mapping[]): ListedEntry[] {
  return mappings.flatMap((mapping) => {
    const { start, end, name } = mapping
    const isLink = name.startsWith('/') && !name.includes('\\012')
    const link = isLink ? name : readLink(process, `${start}-${end}`)
    return link === null ? [] : [{ start, end, link, mapping }]
  })
}

/** Reads the link of an entry; null if the entry is gone since it was listed. */
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

/** Compares entries by address. They are named without padding, so the shorter name is the lower address. */
function byAddress(a: string, b: string): number {
  const [x, y] = [a.indexOf('-'), b.indexOf('-')]
  return x - y || (a < b ? -1 : 1)
}

/** Entries may not be followed by this user, those of no process. They are given all the same: this is a warning. */
export class NotFollowedError extends InputError {}

type Opened = Pick<Kernel, 'dev' | 'ino' | 'mnt_id'>

const NOT_OPENED: Opened = { dev: null, ino: null, mnt_id: null }

/** Opens the entries of a process. After the first that it may not open, it tries no other. */
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
      // ESTALE and ENOENT are of this entry alone. EPERM and EACCES are of all, as the folder is its owner's.
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

/** The device and inode of an open file. fstat of a deleted file can fail with ESTALE (aufs). */
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

/**
 * The container's id in a cgroup path; null if there is none. It has 64 hexadecimal digits in the layout of every runtime
 * (`/docker/ID`, `libpod-ID.scope`, `cri-containerd-ID.scope`).
 */
export function containerOf(cgroup: ByteString): string | null {
  return [...cgroup.matchAll(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g)].at(-1)?.[0] ?? null
}
