/** Lines of /proc/mounts: mounts without their ids. */
import type { ByteString } from '../../text/byte-string.js'
import { decodeOctal } from '../../text/octal.js'
import { splitOptions } from './mount-options.js'
import type { Mount } from './mountinfo.js'

/** What /proc/mounts tells of a mount. */
export type MountsLine = Pick<
  Mount,
  'mount_source' | 'mount_point' | 'fs_type' | 'mount_options' | 'super_options'
>

/**
 * Parses a line of /proc/mounts or /etc/mtab (fstab(5), `show_vfsmnt()` in fs/proc_namespace.c):
 *
 *     /dev/root / ext3 rw,noatime,errors=continue 0 0
 *
 * @returns null for any other line
 * @example parseMountsLine('overlay /m overlay rw,relatime,lowerdir=/a:/b 0 0')?.super_options // ['rw', 'lowerdir=/a:/b']
 */
export function parseMountsLine(line: ByteString): MountsLine | null {
  const [, source, mountPoint, type, options] =
    /^([^ ]*) (\/[^ ]*) ([^ ]+) ([^ ]+) \d+ \d+$/s.exec(line) ?? []
  if (source === undefined || mountPoint === undefined || type === undefined || options === undefined)
    return null
  if (line.includes('\0')) return null
  return {
    mount_source: decodeOctal(source),
    mount_point: decodeOctal(mountPoint),
    fs_type: decodeOctal(type),
    ...splitOptions(options.split(',').map(decodeOctal)),
  }
}
