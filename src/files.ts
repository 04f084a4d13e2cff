/**
 * Files below a folder that somebody else may change while we look: a container's root, a branch.
 *
 * The kernel's names hold no symbolic link, so one on the way means that the path shows something else by now; none is
 * ever followed, and nothing is opened but folders, with O_PATH, so that no device, FIFO or automount is touched. Node
 * has no openat2(): each component is opened through /proc/self/fd/N of the one before.
 */
import { closeSync, constants, lstatSync, openSync } from 'node:fs'
import type { ByteString } from './bytes.js'
import { hasCode } from './errors.js'
import { Recent } from './recent.js'

/** A file's identity. */
export interface FileId {
  /** `major:minor` of st_dev, decimal. Not always the device of mountinfo and maps (btrfs, overlays of several filesystems). */
  dev: string
  /** Decimal; a string, as it may pass 2^53. */
  ino: string
}

/** Looks up files below a folder. */
export interface Files {
  /**
   * What a path below the folder shows.
   *
   * @returns null where nothing is there, or a symbolic link is on the way; undefined where it cannot be told
   */
  find(path: ByteString): FileId | null | undefined
  /** Gives back what is held open. */
  close(): void
}

/** O_PATH, which node:fs does not name: the same on all of Node's Linux machines. */
export const O_PATH = 0o10000000

const FOLDER = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW

/** Folders that are kept open, as most files lie in few of them. */
const FOLDERS_KEPT = 64

/** A byte string as node:fs takes it. */
export function fsPath(path: ByteString): string | Buffer {
  return /[^\0-\x7f]/.test(path) ? Buffer.from(path, 'latin1') : path
}

/** `major:minor` of a st_dev, as glibc's gnu_dev_major() and gnu_dev_minor() have it. */
export function deviceName(dev: bigint): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn)
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn)
  return `${major}:${minor}`
}

/** The files below a folder, which itself is followed (`/proc/PID/root` is a link). Close it when done. */
export class Folder implements Files {
  /** Open folders by path, the last used last; null for what is no folder. */
  readonly #open = new Recent<ByteString, number | null>(FOLDERS_KEPT, close)
  readonly #root: ByteString

  constructor(root: ByteString) {
    this.#root = root
  }

  find(path: ByteString): FileId | null | undefined {
    if (!isPlain(path)) return null
    const slash = path.lastIndexOf('/')
    try {
      const folder = this.#folder(path.slice(0, slash))
      if (folder === null) return null
      const { dev, ino } = lstatSync(fsPath(`/proc/self/fd/${folder}/${path.slice(slash + 1)}`), {
        bigint: true,
      })
      return { dev: deviceName(dev), ino: String(ino) }
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG')) return null
      if (hasCode(error, 'EACCES', 'EPERM', 'EIO', 'ESTALE', 'ENOTCONN', 'EHOSTDOWN')) return undefined
      throw error
    }
  }

  close(): void {
    for (const fd of this.#open.values()) close(fd)
    this.#open.clear()
  }

  #folder(path: ByteString): number | null {
    const known = this.#open.get(path)
    if (known !== undefined) return this.#keep(path, known)
    const slash = path.lastIndexOf('/')
    const above = path === '' ? null : this.#folder(path.slice(0, slash))
    if (path !== '' && above === null) return null
    return this.#keep(
      path,
      openFolder(path === '' ? this.#root : `/proc/self/fd/${above}/${path.slice(slash + 1)}`, path === ''),
    )
  }

  /** Sets it anew, so that it is the last to be forgotten. */
  #keep(path: ByteString, fd: number | null): number | null {
    this.#open.delete(path)
    this.#open.set(path, fd)
    return fd
  }
}

function close(fd: number | null): void {
  if (fd !== null) closeSync(fd)
}

function openFolder(path: ByteString, follow: boolean): number | null {
  try {
    return openSync(fsPath(path), follow ? FOLDER & ~constants.O_NOFOLLOW : FOLDER)
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG')) return null
    throw error
  }
}

/** Absolute, without NUL and without components that would lead elsewhere: the kernel writes no others, a hostile record may. */
function isPlain(path: ByteString): boolean {
  return path.startsWith('/') && !path.includes('\0') && !/\/(\.{0,2})(\/|$)/.test(path)
}
