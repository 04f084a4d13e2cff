/** Whether a folder has nothing in it. */
import { closeSync, opendirSync } from 'node:fs'
import { errorCode } from '../errors.js'
import type { ByteString } from '../text/byte-string.js'
import type { Asking } from './asking.js'
import { lookAt } from './look-at.js'

/**
 * Whether nothing is in a folder, or there is no such folder.
 *
 * @returns undefined where that cannot be told: it may not be read, lies on a mount of its own, or what is above it is not there
 * @example isEmptyFolder('/var/lib/docker/overlay2/0123/work/index', asking) // true
 */
export function isEmptyFolder(path: ByteString, asking: Asking): boolean | undefined {
  return lookAt(path, asking, (above, below) => {
    if (above.find(below) === null) return true
    const fd = above.openPath(below)
    return fd === null ? undefined : isEmpty(fd)
  })
}

function isEmpty(fd: number): boolean | undefined {
  try {
    const entries = opendirSync(`/proc/self/fd/${fd}`)
    try {
      return entries.readSync() === null
    } finally {
      entries.closeSync()
    }
  } catch (error) {
    if (errorCode(error) !== null) return undefined
    throw error
  } finally {
    closeSync(fd)
  }
}
