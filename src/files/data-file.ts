/** The bytes of a file that somebody else may have put where it lies: read, and never more than read. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { hasCode } from '../errors.js'
import { type Found, foundOf, isUnchanged } from './found.js'

/** With O_NONBLOCK the holder of a lease on the file (fcntl(2), F_SETLEASE) cannot keep us waiting. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY

/** A regular file, open for reading. Close it when done. */
export class DataFile {
  /** What it was when it was opened. */
  readonly file: Found
  readonly #fd: number

  private constructor(fd: number, file: Found) {
    this.file = file
    this.#fd = fd
  }

  /**
   * Opens what a descriptor of O_PATH stands for, which may be asked: that is the same file, whatever its name leads to by now.
   *
   * @returns null for what has no data, and where somebody has a lease on it
   * @throws the system's error, as where this user may not read it
   */
  static open(pathFd: number): DataFile | null {
    const file = foundOf(fstatSync(pathFd, { bigint: true }))
    if (!file.hasData) return null
    try {
      return new DataFile(openQuietly(`/proc/self/fd/${pathFd}`), file)
    } catch (error) {
      if (hasCode(error, 'EAGAIN')) return null
      throw error
    }
  }

  /**
   * Fills a buffer. What lies after the end of the file is zero, as it is in memory.
   *
   * @returns how many bytes the file has there
   * @throws the system's error
   */
  read(into: Buffer, offset: number): number {
    let length = 0
    while (length < into.length) {
      const more = readSync(this.#fd, into, length, into.length - length, offset + length)
      if (more === 0) break
      length += more
    }
    into.fill(0, length)
    return length
  }

  /** Whether nobody has changed it since it was opened. */
  isUnchanged(): boolean {
    return isUnchanged(this.file, foundOf(fstatSync(this.#fd, { bigint: true })))
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** Without a change of its access time, where this user may ask for that. */
function openQuietly(path: string): number {
  try {
    return openSync(path, READ | constants.O_NOATIME)
  } catch (error) {
    if (!hasCode(error, 'EPERM')) throw error
    return openSync(path, READ)
  }
}
