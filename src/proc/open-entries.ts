/** Opens the entries of map_files with O_PATH, and asks of their files what may be asked. */
import { closeSync, fstatSync, openSync } from 'node:fs'
import { hasCode, InputError, reasonAndCure } from '../errors.js'
import type { Asking } from '../files/asking.js'
import { deviceName, inodeName, mountIdOf, O_PATH } from '../files/ids.js'
import type { Emit } from '../lines/filter.js'
import type { Kernel } from './map-files.js'
import type { Mapping } from './maps.js'
import type { Process } from './process.js'

/** What of the files may be asked. */
export interface Follow {
  /** The mounts as the process sees them. */
  asking: Asking
  /** Whether an entry may be opened with O_PATH, by its device in maps, or null: NFS may ask its server even then. */
  mayOpen(dev: string | null): boolean
  /** Whether the filesystem of a device in maps may be asked, by this reader's own mounts. */
  mayAskDevice(dev: string): boolean
  /** Lets go of what was asked. */
  close(): void
}

/** This user may not see something that there is to see, of no process; the records say null of it. */
export class NotFollowedError extends InputError {}

export type OpenedEntry = Pick<Kernel, 'dev' | 'ino' | 'mnt_id'>

const NOT_OPENED: OpenedEntry = { dev: null, ino: null, mnt_id: null }

/** Opens the entries of a process, until it is told that it may not. */
export class EntryOpener {
  readonly #process: Process
  readonly #warn: Emit<InputError>
  #follow: Follow | null

  constructor(process: Process, follow: Follow | null, warn: Emit<InputError>) {
    this.#process = process
    this.#follow = follow
    this.#warn = warn
  }

  open(range: string, mapping: Mapping | null): OpenedEntry {
    if (this.#follow === null || !this.#follow.mayOpen(mapping?.dev ?? null)) return NOT_OPENED
    let fd: number
    try {
      fd = openSync(`${this.#process.folder}/map_files/${range}`, O_PATH)
    } catch (error) {
      // ESTALE, ENOENT: the kernel does not tell any more of this one. The others: of none, as the folder is its owner's.
      if (hasCode(error, 'EPERM', 'EACCES')) {
        this.#follow = null
        const missing = hasCode(error, 'EPERM') ? 'CAP_CHECKPOINT_RESTORE' : 'CAP_DAC_READ_SEARCH'
        this.#warn(new NotFollowedError(`map_files cannot be followed: ${reasonAndCure(error, missing)}`))
      }
      return NOT_OPENED
    }
    try {
      return ask(fd, mapping, this.#follow)
    } finally {
      closeSync(fd)
    }
  }
}

/** What an opened entry tells: of a filesystem that may hang, its mount alone. */
function ask(fd: number, mapping: Mapping | null, follow: Follow): OpenedEntry {
  const mnt_id = mountIdOf(fd)
  try {
    if (!mayAskEntry(fd, mnt_id, mapping?.dev ?? null, follow)) return { ...NOT_OPENED, mnt_id }
    const { dev, ino } = fstatSync(fd, { bigint: true })
    return { dev: deviceName(dev), ino: inodeName(ino), mnt_id }
  } catch {
    // What is deleted can give ESTALE (aufs).
    return { ...NOT_OPENED, mnt_id }
  }
}

/**
 * Whether the filesystem of an opened entry may be asked.
 *
 * @param dev in maps
 */
export function mayAskEntry(
  fd: number,
  mountId: number | null,
  dev: string | null,
  { asking, mayAskDevice }: Pick<Follow, 'asking' | 'mayAskDevice'>,
): boolean {
  if (dev === INTERNAL_SHMEM) return true
  const answer = mountId === null ? null : asking.mayAsk(fd, mountId)
  return answer ?? (dev !== null && (isOnDisk(dev) || mayAskDevice(dev)))
}

/**
 * The device of memfd, SysV memory and shared anonymous memory, whose mount no mountinfo lists. The first number for
 * filesystems without a disk is given at boot (`get_anon_bdev()` in fs/super.c), since Linux 5.3 to this one (`shmem_init()`, called
 * first by `mnt_init()`), before to another of the kernel's own: it is never that of a filesystem with a server.
 */
const INTERNAL_SHMEM = '0:1'

/** Whether a file of a mount that no mountinfo lists (one that was unmounted lazily, say) is on a disk, by the major number. */
function isOnDisk(dev: string): boolean {
  return !dev.startsWith('0:')
}
