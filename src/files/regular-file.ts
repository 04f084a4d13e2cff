/** Opens regular files, and nothing else. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { InputError, reasonAndCure } from '../errors.js'
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
    if (error instanceof InputError) throw error
    throw new InputError(reasonAndCure(error, writes ? 'CAP_DAC_OVERRIDE' : 'CAP_DAC_READ_SEARCH'), path)
  } finally {
    closeSync(found)
  }
}

/**
 * Opens the regular file that a descriptor of O_PATH stands for, which may be asked. Close it when done.
 *
 * @param flags with O_NONBLOCK, whoever has a lease on the file (fcntl(2), F_SETLEASE) keeps nobody waiting
 * @returns null for anything but a regular file
 * @throws the system's error
 */
export function reopen(pathFd: number, flags: number): number | null {
  return fstatSync(pathFd).isFile() ? openSync(`/proc/self/fd/${pathFd}`, flags) : null
}
