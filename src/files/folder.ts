/**
 * Files below a folder that somebody else may change while we look: a container's root, a branch.
 *
 * The kernel's names hold no symbolic link, so one on the way means that the path shows something else by now; none is
 * ever followed. All is opened with O_PATH, so that no device, FIFO or automount is touched, and asked only where its mount
 * tells that it answers. Node has no openat2(): each component is opened through /proc/self/fd/N of the one before.
 */
import { closeSync, constants, fstatSync } from 'node:fs'
import { BoundedMap } from '../bounded-map.js'
import { errorCode, hasCode } from '../errors.js'
import type { ByteString } from '../text/byte-string.js'
import { join, split } from '../text/paths.js'
import { type Asking, NotAskedError, type OpenFile, openToAsk } from './asking.js'
import { DataFile } from './data-file.js'
import { type Found, foundOf } from './found.js'
import { jumpTo, walkTo } from './walk.js'

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

/** Folders that are kept open, as most files lie in few of them. */
const FOLDERS_KEPT = 256

/** Open folders of all, the last used last; null for what is not there, undefined for what cannot be told. */
const opened = new BoundedMap<string, OpenFile | null | undefined>(FOLDERS_KEPT, close)

let folders = 0

/** How a folder is looked into. */
export interface FolderOptions {
  /** Which filesystems may be asked. Where the folder is a process's root, paths are as that process sees them. */
  asking: Asking
  /** The folder is the link of a procfs to the root of a process. */
  isProcessRoot?: boolean
  /**
   * Whether what is mounted on folders below belongs to it. To a branch it does not: the union shows what lies under such a
   * mount, which nobody else can see.
   */
  crossMounts?: boolean
}

/** The files below a folder, which itself is followed. Close it when done. */
export class Folder implements Files {
  readonly #root: ByteString
  readonly #asking: Asking
  readonly #isProcessRoot: boolean
  readonly #crossMounts: boolean
  readonly #key = `${folders++} `
  /** Of the folder itself, once it was opened. */
  #rootMount: number | null = null
  #rootPath: ByteString | null = null

  constructor(root: ByteString, { asking, isProcessRoot = false, crossMounts = true }: FolderOptions) {
    this.#root = root
    this.#asking = asking
    this.#isProcessRoot = isProcessRoot
    this.#crossMounts = crossMounts
  }

  /** Whether the folder itself can be opened. */
  isThere(): boolean {
    return this.#folder('') != null
  }

  find(path: ByteString): Found | null | undefined {
    const file = this.#open(path)
    if (file == null) return file
    try {
      return tell(() => foundOf(fstatSync(file.fd, { bigint: true })))
    } finally {
      closeSync(file.fd)
    }
  }

  /** The mount that the folder itself lies on; null where that does not matter, or is not told. */
  get mountId(): number | null {
    return this.#crossMounts ? null : this.#rootMount
  }

  /**
   * Opens a file or folder below, with O_PATH. Close it when done.
   *
   * @returns null where it cannot be opened
   */
  openPath(path: ByteString): number | null {
    return this.#open(path)?.fd ?? null
  }

  /**
   * Opens the data of a regular file below. Close it when done.
   *
   * @returns null for anything else, and where it cannot be told what is there
   * @throws the system's error, as where this user may not read it
   */
  openData(path: ByteString): DataFile | null {
    const fd = this.openPath(path)
    if (fd === null) return null
    try {
      return DataFile.open(fd)
    } finally {
      closeSync(fd)
    }
  }

  close(): void {
    for (const [key, folder] of opened) {
      if (!key.startsWith(this.#key)) continue
      close(folder)
      opened.delete(key)
    }
  }

  #open(path: ByteString): OpenFile | null | undefined {
    if (!isPlain(path)) return null
    const above = this.#folder(split(path).folder)
    return above == null ? above : tell(() => this.#enter(above, path))
  }

  #folder(path: ByteString): OpenFile | null | undefined {
    const key = this.#key + path
    const folder = opened.has(key) ? opened.get(key) : this.#openFolder(path)
    opened.set(key, folder)
    return folder
  }

  #openFolder(path: ByteString): OpenFile | null | undefined {
    // Where the folder itself is not there, nothing is known of what is below.
    return path === '' ? (tell(() => this.#openRoot()) ?? undefined) : this.#open(path)
  }

  #openRoot(): OpenFile {
    const root = (this.#isProcessRoot ? jumpTo : walkTo)(this.#root, this.#asking)
    this.#rootMount = root.mountId
    this.#rootPath = root.path
    return root
  }

  /** Below what is no folder, or a link to one, there is nothing (ENOTDIR). */
  #enter(above: OpenFile, path: ByteString): OpenFile {
    if (this.#rootPath !== null && !this.#asking.mayPass(join(this.#rootPath, path)))
      throw new NotAskedError()
    const { name } = split(path)
    const { O_NOFOLLOW } = constants
    const file = openToAsk(`/proc/self/fd/${above.fd}/${name}`, O_NOFOLLOW, above.mountId, this.#asking)
    if (this.#crossMounts || file.mountId === this.#rootMount) return file
    closeSync(file.fd)
    throw new NotAskedError()
  }
}

function close(folder: OpenFile | null | undefined): void {
  if (folder != null) closeSync(folder.fd)
}

/** Null where nothing is there, undefined where it may not be looked at, or its server might not answer. */
function tell<T>(look: () => T): T | null | undefined {
  try {
    return look()
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG')) return null
    if (errorCode(error) !== null || error instanceof NotAskedError) return undefined
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
