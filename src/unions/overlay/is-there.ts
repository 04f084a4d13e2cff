/** Whether a folder that mount options may mean is there. A filesystem that may not answer is not asked. */
import { Folder } from '../../files/folder.js'
import { mayHang } from '../../files/may-hang.js'
import { HeldMounts } from '../../proc/mounts/held-mounts.js'
import { mountOfProcess } from '../../proc/mounts/mount-by-id.js'
import { mountPointsOf } from '../../proc/mounts/mount-tree.js'
import type { Mount } from '../../proc/mounts/mountinfo.js'
import { readerOf } from '../../proc/process.js'
import type { ByteString } from '../../text/byte-string.js'

/** @returns false too where it is not to be asked */
export function isThere(path: ByteString): boolean {
  if (!path.startsWith('/')) return false
  const avoided = mountPointsOf(readerOf('/proc').mounts, ({ fs_type }) => mayHang(fs_type))
  const asking = new HeldMounts((id) => mayBeAsked(mountOfProcess('/proc/self', id)), avoided)
  const folder = new Folder(path, { asking })
  try {
    return folder.isThere()
  } finally {
    folder.close()
    asking.close()
  }
}

/** A union asks its layers, which may lie anywhere. The reader itself runs on the one at its root. */
function mayBeAsked(mount: Mount | null): boolean | null {
  if (mount === null) return null
  return !mayHang(mount.fs_type) && (mount.mount_point === '/' || !/^(aufs|overlay)/.test(mount.fs_type))
}
