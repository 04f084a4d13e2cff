/** Whether there is a FUSE that mounts do not show, as one that was unmounted lazily while something still uses it. */
import { readdirSync, readFileSync } from 'node:fs'
import { fsPath } from '../../files/ids.js'
import type { Mount } from './mountinfo.js'

/**
 * Whether some FUSE may be hidden. Its control filesystem has a folder for each connection, named by the minor number of the
 * device (`fuse_ctl_add_conn()` in fs/fuse/control.c).
 *
 * @param reader this reader's mounts, which tell where the control filesystem is
 * @param others more mounts that are known
 * @returns true also where that cannot be known
 */
export function mayHideFuse(reader: readonly Mount[], others: readonly Mount[]): boolean {
  try {
    const control = reader.find(({ fs_type }) => fs_type === 'fusectl')
    if (control === undefined) return /^nodev\tfuse$/m.test(readFileSync('/proc/filesystems', 'latin1'))
    const devices = new Set([...reader, ...others].map(({ dev }) => dev))
    return readdirSync(fsPath(control.mount_point)).some((minor) => !devices.has(`0:${minor}`))
  } catch {
    return true
  }
}
