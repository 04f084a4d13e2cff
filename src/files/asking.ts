/** Files are asked for nothing before it is known that their filesystem answers. */
import { closeSync, openSync } from 'node:fs'
import type { ByteString } from '../text/byte-string.js'
import { fsPath, mountIdOf, O_PATH } from './ids.js'

/** Which filesystems may be asked. Opening with O_PATH and the mount in fdinfo ask none of them (but see `mayPass`). */
export interface Asking {
  /**
   * Whether the filesystem of a mount may be asked: stat of a file, look-ups below.
   *
   * @param fd a file on it: while it is open the mount's number is no other mount's
   * @returns null where nothing is known of such a mount
   */
  mayAsk(fd: number, mountId: number): boolean | null
  /**
   * Whether a path may be opened: it leads through no mount point of a filesystem that may hang. NFS and 9p may ask
   * their server when a mount is crossed, before there is a mount id to see.
   */
  mayPass(path: ByteString): boolean
}

/** A filesystem may not be asked, so nothing is known of what is there. */
export class NotAskedError extends Error {}

/** An open file whose filesystem may be asked. */
export interface OpenFile {
  fd: number
  /** Its mount, in some mountinfo. */
  mountId: number
}

/**
 * Opens a file with O_PATH, to be asked. Close it when done.
 *
 * @param above the mount of the folder that the path leads through, which may be asked; null where that is not known
 * @throws NotAskedError where its filesystem may not be asked
 */
export function openToAsk(path: ByteString, flags: number, above: number | null, asking: Asking): OpenFile {
  const fd = openSync(fsPath(path), O_PATH | flags)
  try {
    const mountId = mountIdOf(fd)
    if (mountId === null || (mountId !== above && asking.mayAsk(fd, mountId) !== true))
      throw new NotAskedError()
    return { fd, mountId }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** Every filesystem may be asked: for a folder whose files are to be opened, whatever that takes. */
export const askAll: Asking = { mayAsk: () => true, mayPass: () => true }
