/** Opens regular files, and nothing else. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { InputError, systemReason } from '../errors.js'
import type { ByteString } from '../text/byte-string.js'
import type { Folder } from './folder.js'

/**
 * Opens a regular file below a folder, to be read, or to be written as well. No link is followed on the way. What is there is
 * asked before it is opened, so that no device or FIFO is. Close it when done.
 *
 * @throws InputError if there is no such file, or it may not be opened so
 */
export function openRegularFile(folder: Folder, path: ByteString, writes: boolean): number {
  const found = folder.openPath(path)
  if (found === null) throw new InputError('not there, or below a symbolic link', path)
  try {
    const fd = reopen(found, writes ? constants.O_RDWR : constants.O_RDONLY)
    if (fd === null) throw new InputError('no regular file', path)
    return fd
  } catch (error) {
    throw error instanceof InputError ? error : new InputError(systemReason(error), path)
  } finally {
    closeSync(found)
  }
}

/**
 * Opens the regular file that a descriptor of O_PATH stands for, which may be asked. Close it when done.
 *
 * @returns null for anything but a regular file
 * @throws the system's error: EAGAIN where somebody has a lease on it, who could keep us waiting (fcntl(2), F_SETLEASE)
 */
export function reopen(pathFd: number, flags: number): number | null {
  const { O_NONBLOCK, O_NOCTTY } = constants
  return fstatSync(pathFd).isFile()
    ? openSync(`/proc/self/fd/${pathFd}`, flags | O_NONBLOCK | O_NOCTTY)
    : null
}
