/**
 * The files of a store, below its root. Nothing is written or locked. No symbolic link is followed, which on another machine's
 * disk would lead to this machine's files, and nothing but regular files is opened.
 */
import { closeSync, constants, fstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { errorCode, hasCode, InputError, reasonAndCure } from '../errors.js'
import { type Asking, NotAskedError } from '../files/asking.js'
import { Folder } from '../files/folder.js'
import { reopen } from '../files/regular-file.js'
import { walkTo } from '../files/walk.js'
import type { ByteString } from '../text/byte-string.js'
import { type Json, parse } from '../text/json.js'
import { join, split } from '../text/paths.js'
import { quote } from '../text/printable.js'

const NOT_ASKED =
  'on a filesystem whose server may not answer, which is asked only for a store that an option names'

/** Longer files are none of a store's own. */
const LONGEST_FILE = 64 * 1024 * 1024

/** In milliseconds. The clock by which files are stamped ticks every 10, or more often. */
const TICK = 50n

/** What is wrong with a file of a store. Its path is told whole, so that it can be looked at. */
export function fileError(reason: string, file: ByteString): InputError {
  return new InputError(`${reason}: ${quote(file, LONGEST_PATH)}`)
}

/** The kernel takes no longer one. */
const LONGEST_PATH = 4096

/** A file is no JSON. */
export class NoJsonError extends InputError {}

/** Reads the files of a store. What is not there is null, or a list of nothing; what may not be read is an InputError. */
export class StoreFiles {
  readonly root: ByteString
  readonly #asking: Asking
  readonly #folder: Folder
  #isUsed = false

  /**
   * @param root the folder, which may be a link itself
   * @param asking which mounts may be asked on the way: a user's home may be on a server that does not answer
   */
  constructor(root: ByteString, asking: Asking) {
    this.root = root
    this.#asking = asking
    this.#folder = new Folder(root, { asking })
  }

  /** Opens a regular file for `read`. */
  open<T>(path: ByteString, read: (fd: number, file: ByteString) => T): T | null {
    return this.#withPath(path, (place) => {
      const fd = reopen(place, constants.O_RDONLY | constants.O_NONBLOCK)
      if (fd === null) return null
      try {
        return read(fd, join(this.root, path))
      } finally {
        closeSync(fd)
      }
    })
  }

  /** The content of a file. */
  text(path: ByteString): ByteString | null {
    return this.open(path, (fd, file) => {
      if (fstatSync(fd).size > LONGEST_FILE) throw fileError(`longer than ${LONGEST_FILE} bytes`, file)
      return readFileSync(fd, 'latin1')
    })
  }

  /** The JSON in a file. */
  json(path: ByteString): Json {
    const text = this.text(path)
    try {
      return text === null ? null : parse(text)
    } catch {
      throw new NoJsonError(fileError('no JSON', join(this.root, path)).message)
    }
  }

  /** The names in a folder. */
  names(path: ByteString): ByteString[] {
    return this.#withPath(path, (place) => readdirSync(`/proc/self/fd/${place}`, 'latin1')) ?? []
  }

  /** The target of a symbolic link, by its folder and its name. */
  link(folder: ByteString, name: ByteString): ByteString | null {
    return this.#withPath(folder, (place) =>
      readlinkSync(`/proc/self/fd/${place}/${name}`, 'buffer').toString('latin1'),
    )
  }

  /** A text that is another one after a file or folder was changed. */
  stamp(path: ByteString): string {
    this.#isUsed = true
    const found = this.#folder.find(path)
    if (!found) return '-'
    // The kernel's clock ticks: a second change, in the same tick, would not show.
    const now = Date.now()
    const isRecent = BigInt(now) - found.changed / 1_000_000n < TICK
    return [found.ino, found.changed, found.size, isRecent ? now : ''].join(' ')
  }

  /** Gives back what is held open, and forgets what was not there. */
  close(): void {
    if (this.#isUsed) this.#folder.close()
    this.#isUsed = false
  }

  #withPath<T>(path: ByteString, work: (fd: number) => T): T | null {
    try {
      const fd = this.#openPath(path)
      if (fd === null) return null
      try {
        return work(fd)
      } finally {
        closeSync(fd)
      }
    } catch (error) {
      if (error instanceof NotAskedError) throw fileError(NOT_ASKED, join(this.root, path))
      if (errorCode(error) === null) throw error
      if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EINVAL')) return null
      throw fileError(reasonAndCure(error, 'CAP_DAC_READ_SEARCH'), join(this.root, path))
    }
  }

  /** Null where nothing is there. @throws a system error, or NotAskedError */
  #openPath(path: ByteString): number | null {
    this.#isUsed = true
    if (path === '/') return walkTo(this.root, this.#asking).fd
    const fd = this.#folder.openPath(path)
    if (fd !== null || this.#folder.find(path) === null) return fd
    // The way there says why it cannot be looked at; if it does not, the mount on the path itself may not be asked.
    closeSync(walkTo(split(join(this.root, path)).folder, this.#asking).fd)
    throw new NotAskedError()
  }
}
