/** The entries of a process's map_files, read from /proc: what the kernel says of each mapped file. */
import { readdirSync, readlinkSync } from 'node:fs'
import { hasCode, InputError } from '../errors.js'
import type { FileId } from '../files/ids.js'
import type { Emit } from '../lines/filter.js'
import type { ByteString } from '../text/byte-string.js'
import { parseCgroups } from './cgroup.js'
import type { Kernel, MapFilesEntry } from './map-files.js'
import { isFileMapping, type Mapping, parseMapping } from './maps.js'
import { isMemoryLocked } from './memory-lock.js'
import type { Mount } from './mounts/mountinfo.js'
import { EntryOpener, type Follow, type OpenedEntry } from './open-entries.js'
import type { Process } from './process.js'
import type { RealFiles } from './real-files.js'

/** What the kernel says of files, by all that maps and the link say of them. It may forget. */
export interface KnownKernels {
  get(key: string): Kernel | undefined
  set(key: string, kernel: Kernel): void
}

/** How entries are read. */
export interface Reading {
  /** How each file is opened, with O_PATH, for its mount and its stat; null where none is. */
  follow: Follow | null
  /** Whether the links may differ from the names in maps. If not, they need not be read. */
  linksTell: boolean
  /** What the kernel says of each file, by all that maps and the link say of it. Processes of one mount namespace share it. */
  kernels: KnownKernels
  /** What tells which files are really mapped; null where nothing does. */
  realFiles: RealFiles | null
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
  { follow, linksTell, kernels, realFiles }: Reading,
  warn: Emit<InputError>,
): MapFilesEntry[] {
  if (process.isZombie) return []
  if (isMemoryLocked(process.folder))
    throw new InputError('maps: it waits for a filesystem that does not answer, with its memory locked')
  const comm = process.text('comm')?.replace(/\n$/, '') ?? null
  const { container, unit, cgroup } = parseCgroups(process.text('cgroup') ?? '')
  const mappings = process.lines('maps', parseMapping, warn).filter(isFileMapping)
  const entries = linksTell ? listed(process, mappings) : mapped(process, mappings)
  const opener = new EntryOpener(process, follow, warn)
  const realFileOf = entries.length === 0 ? null : (realFiles?.of(process, warn) ?? null)
  const ids = new Set(mounts.map(({ mount_id }) => mount_id))
  const raw = entries.map(({ start, end, link, mapping }): MapFilesEntry => {
    // Two mappings of one path may be of two files: one from before the copy-up, one from after it.
    const real = mapping === null ? null : (realFileOf?.(mapping) ?? null)
    const key = `${real?.dev} ${real?.ino} ${mapping?.dev} ${mapping?.ino} ${mapping?.name}\0${link}`
    const known = kernels.get(key)
    const kernel = known ?? kernelOf(opener.open(`${start}-${end}`, mapping), mapping, ids, real)
    if (known === undefined) kernels.set(key, kernel)
    const { perms = null, offset = null } = mapping ?? {}
    return { pid: process.pid, comm, container, unit, cgroup, start, end, perms, offset, link, kernel }
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

function kernelOf(
  { dev, ino, mnt_id }: OpenedEntry,
  mapping: Mapping | null,
  listed: ReadonlySet<number>,
  real: FileId | null,
): Kernel {
  return {
    dev,
    ino,
    maps_dev: mapping?.dev ?? null,
    maps_ino: mapping?.ino ?? null,
    maps_name: mapping?.name ?? null,
    mnt_id,
    mnt_listed: mnt_id === null ? null : listed.has(mnt_id),
    real_dev: real?.dev ?? null,
    real_ino: real?.ino ?? null,
  }
}
