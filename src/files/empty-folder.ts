/** Whether a folder has nothing in it. */
import { closeSync, opendirSync } from 'node:fs'
import { errorCode } from '../errors.js'
import type { ByteString } from '../text/byte-string.js'
import { split } from '../text/paths.js'
import type { Asking } from './asking.js'
import { Folder } from './folder.js'

/**
 * Whether nothing is in a folder, or there is no such folder.
 *
 * @returns undefined where that cannot be told: it may not be read, lies on a mount of its own, or what is above it is not there
 * @example isEmptyFolder('/var/lib/docker/overlay2/0123/work/index', asking) // true
 */
export function isEmptyFolder(path: ByteString, asking: Asking): boolean | undefined {
  const { folder, name } = split(path)
  const parent = new Folder(folder, { asking, crossMounts: false })
  try {
    if (parent.find(`/${name}`) === null) return true
    const fd = parent.openPath(`/${name}`)
    return fd === null ? undefined : isEmpty(fd)
  } finally {
    parent.close()
  }
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
