/**
 * Files below a folder that somebody else may change while we look: a container's root, a branch.
 *
 * The kernel's names hold no symbolic link, so one on the way means that the path shows something else by now; none is
 * ever followed, and nothing is opened but folders, with O_PATH, so that no device, FIFO or automount is touched. Node
 * has no openat2(): each component is opened through /proc/self/fd/N of the one before.
 */
import { type BigIntStats, closeSync, constants, lstatSync, openSync } from 'node:fs'
import { BoundedMap } from '../bounded-map.js'
import { errorCode, hasCode } from '../errors.js'
import type { ByteString } from '../text/byte-string.js'
import { deviceName, type FileId, fsPath, inodeName, mountIdOf, O_PATH } from './ids.js'

/** What a path shows. */
export interface Found extends FileId {
  /** A folder, and no link to one: none is followed. */
  isFolder: boolean
  /** A character device 0:0, with which overlayfs hides what is below. */
  isWhiteout: boolean
  /** A file with no more than a block: maybe a copy whose data is elsewhere (overlayfs's metacopy), or an empty mark. */
  mayLackData: boolean
  /** When it was made, in nanoseconds since 1970; 0 where the filesystem does not tell. */
  birth: bigint
  /** When it was last changed, its attributes too. */
  changed: bigint
  /** When its data was last changed, as far as its owner leaves that alone. */
  modified: bigint
  /** In bytes. */
  size: bigint
  /** How many names it has. */
  links: bigint
}

/** Whether two looks show one file that was not changed between: size and times are those of its data. */
export function isUnchanged(file: Found, other: Found): boolean {
  return file.size === other.size && file.modified === other.modified && file.changed === other.changed
}

/** Looks up files below a folder. */
export interface Files {
  /**
   * What a path below the folder shows.
   *
   * @returns null where nothing is there, or a symbolic link is on the way; undefined where it cannot be told, as where the
   * folder itself is not there
   */
  find(path: ByteString): Found | null | undefined
  /** Gives back what is held open. */
  close(): void
}

const FOLDER = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW

/** Folders that are kept open, as most files lie in few of them. */
const FOLDERS_KEPT = 256

/** Open folders of all, the last used last; null for what is no folder, undefined for what cannot be told. */
const opened = new BoundedMap<string, number | null | undefined>(FOLDERS_KEPT, close)

let folders = 0

/** The files below a folder, which itself is followed (`/proc/PID/root` is a link). Close it when done. */
export class Folder implements Files {
  readonly #root: ByteString
  readonly #crossMounts: boolean
  readonly #key = `${folders++} `
  #rootMount: number | null = null

  /**
   * @param root the folder
   * @param options `crossMounts`: whether what is mounted on folders below belongs to it. To a branch it does not: the union
   * shows what lies under such a mount, which nobody else can see.
   */
  constructor(root: ByteString, { crossMounts = true }: { crossMounts?: boolean } = {}) {
    this.#root = root
    this.#crossMounts = crossMounts
  }

  /** Whether the folder itself can be opened. */
  isThere(): boolean {
    return typeof this.#folder('') === 'number'
  }

  find(path: ByteString): Found | null | undefined {
    if (!isPlain(path)) return null
    const slash = path.lastIndexOf('/')
    const folder = this.#folder(path.slice(0, slash))
    return typeof folder === 'number' ? tell(() => lstat(folder, path.slice(slash + 1))) : folder
  }

  /** The mount that the folder itself lies on; null where that does not matter, or is not told. */
  get mountId(): number | null {
    return this.#rootMount
  }

  /**
   * Opens a file or folder below, with O_PATH. Close it when done.
   *
   * @returns null where it cannot be opened
   */
  openPath(path: ByteString): number | null {
    const slash = path.lastIndexOf('/')
    const folder = isPlain(path) ? this.#folder(path.slice(0, slash)) : null
    if (typeof folder !== 'number') return null
    return (
      tell(() =>
        openSync(fsPath(`/proc/self/fd/${folder}/${path.slice(slash + 1)}`), O_PATH | constants.O_NOFOLLOW),
      ) ?? null
    )
  }

  close(): void {
    for (const [key, fd] of opened) {
      if (!key.startsWith(this.#key)) continue
      close(fd)
      opened.delete(key)
    }
  }

  #folder(path: ByteString): number | null | undefined {
    const key = this.#key + path
    const fd = opened.has(key) ? opened.get(key) : this.#open(path)
    opened.set(key, fd)
    return fd
  }

  #open(path: ByteString): number | null | undefined {
    // Where the folder itself is not there, nothing is known of what is below.
    if (path === '') return tell(() => this.#openRoot()) ?? undefined
    const slash = path.lastIndexOf('/')
    const above = this.#folder(path.slice(0, slash))
    if (typeof above !== 'number') return above
    const fd = tell(() => openSync(fsPath(`/proc/self/fd/${above}/${path.slice(slash + 1)}`), FOLDER))
    if (typeof fd !== 'number' || this.#crossMounts || mountIdOf(fd) === this.#rootMount) return fd
    closeSync(fd)
    return undefined
  }

  #openRoot(): number {
    const fd = openSync(fsPath(this.#root), FOLDER & ~constants.O_NOFOLLOW)
    if (!this.#crossMounts) this.#rootMount = mountIdOf(fd)
    return fd
  }
}

function close(fd: number | null | undefined): void {
  if (typeof fd === 'number') closeSync(fd)
}

function lstat(folder: number, name: ByteString): Found {
  return foundOf(lstatSync(fsPath(`/proc/self/fd/${folder}/${name}`), { bigint: true }))
}

/** What a stat shows. */
export function foundOf(stat: BigIntStats): Found {
  return {
    dev: deviceName(stat.dev),
    ino: inodeName(stat.ino),
    isFolder: stat.isDirectory(),
    isWhiteout: stat.isCharacterDevice() && stat.rdev === 0n,
    mayLackData: stat.isFile() && stat.blocks <= BLOCKS_OF_ATTRIBUTES,
    birth: stat.birthtimeNs,
    changed: stat.ctimeNs,
    modified: stat.mtimeNs,
    size: stat.size,
    links: stat.nlink,
  }
}

/** A file without data may have a block for its extended attributes: 4 KiB, in units of 512 bytes. */
const BLOCKS_OF_ATTRIBUTES = 8n

/** Null where nothing is there, undefined where it may not be looked at, or its server does not answer. */
function tell<T>(look: () => T): T | null | undefined {
  try {
    return look()
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG')) return null
    if (errorCode(error) !== null) return undefined
    throw error
  }
}

/** The kernel tells no longer path, nor takes one. */
const PATH_MAX = 4096

/** Absolute, without NUL and without components that would lead elsewhere: the kernel writes no others, a hostile record may. */
function isPlain(path: ByteString): boolean {
  return (
    path.length < PATH_MAX && path.startsWith('/') && !path.includes('\0') && !/\/(\.{0,2})(\/|$)/.test(path)
  )
}
