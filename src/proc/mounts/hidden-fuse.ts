/** Whether there is a FUSE that mounts do not show, as one that was unmounted lazily while something still uses it. */
import { readdirSync } from 'node:fs'
import type { Mount } from './mountinfo.js'

/**
 * Whether some FUSE may be hidden. Each has a backing device in sysfs for as long as its superblock lives, which is named by
 * the device of the superblock: `0:45` (`fuse_bdi_init()` in fs/fuse/inode.c; NFS has the like).
 *
 * @param sysfs where /sys is
 * @param mounts those that are known
 * @returns true also where that cannot be known
 */
export function mayHideFuse(sysfs: string, mounts: readonly Mount[]): boolean {
  const devices = new Set(mounts.map(({ dev }) => dev))
  try {
    return readdirSync(`${sysfs}/class/bdi`)
      .flatMap((name) => /^0:\d+/.exec(name)?.[0] ?? [])
      .some((dev) => !devices.has(dev))
  } catch {
    return true
  }
}
