/** The two kinds of line in a CRIU log that name a union: a branch, and a mount. */
import { mountOptionsOf } from '../proc/mounts/mount-options.js'
import type { ByteString } from '../text/byte-string.js'
import { decodeOctal } from '../text/octal.js'
import { parseBranch } from '../unions/aufs/options.js'

/** One branch as CRIU logs it, `/sys/fs/aufs/si_<si>/br<N> : <path>`, or as grep prints what sysfs has, `…/br<N>:<path>=<perm>`. */
export interface LoggedBranch {
  /** The superblock's id, hexadecimal without padding. */
  si: ByteString
  /** N of br<N>, 0 for the topmost. */
  index: number
  /** The folder, decoded. */
  path: ByteString
  /** The permission; null where CRIU logged it. */
  perm: ByteString | null
  /** What follows the permission. */
  attributes: ByteString[]
}

/** A branch's id, as grep prints it: `/sys/fs/aufs/si_<si>/brid<N>:<id>`. */
export type LoggedId = Pick<LoggedBranch, 'si' | 'index'> & { id: number }

/** A mount as CRIU logs it. Its options are still escaped. */
export interface LoggedMount {
  /** The type: `aufs`, `overlay`, or any other. */
  fs_type: ByteString
  /** The mount, as in the mountinfo that CRIU read. */
  mount_id: number
  /** `major:minor` of the superblock, decimal. */
  dev: string
  /** Which folder of the filesystem is mounted. */
  root: ByteString
  /** Where it is mounted, seen from the process's root. CRIU's dot before it is gone. */
  mount_point: ByteString
  /** The name of what is mounted. */
  mount_source: ByteString
  /** The mount's own options, out of the flags. */
  mount_options: ByteString[]
  /** The superblock's options, with commas between them. CRIU leaves `rw`, `ro`, `sync` and the like out. */
  options: ByteString
}

// AUFS can be configured for 32767 branches at most, so no number has more than five digits.
const BRANCH = /\/sys\/fs\/aufs\/si_([0-9a-f]{1,16})\/br(0|[1-9]\d{0,4})( : |:)(\/.*)$/s
const ID = /\/sys\/fs\/aufs\/si_([0-9a-f]{1,16})\/brid(0|[1-9]\d{0,4}):(-?\d{1,9})$/

/**
 * Parses a branch line. Anything may stand before the branch, as CRIU's time does. The path is decoded, as sysfs escapes it.
 *
 * @returns null if the line names no branch
 * @example parseLoggedBranch(bytesOf('(00.036097) /sys/fs/aufs/si_1956a7d9c240c0/br0 : /o/sp\\040ace'))?.path // '/o/sp ace'
 */
export function parseLoggedBranch(line: ByteString): LoggedBranch | null {
  if (!line.includes('/sys/fs/aufs/si_')) return null
  const [, si, number, separator, text] = BRANCH.exec(line) ?? []
  if (si === undefined || number === undefined || text === undefined) return null
  const index = Number(number)
  if (separator === ' : ') return { si, index, path: decodeOctal(text), perm: null, attributes: [] }
  const branch = parseBranch(decodeOctal(text), index)
  if (branch === null || branch.path === null) return null
  return { si, index, path: branch.path, perm: branch.perm, attributes: branch.attributes }
}

/** Parses a line that tells a branch's id; null for any other. */
export function parseLoggedId(line: ByteString): LoggedId | null {
  const [, si, index, id] = ID.exec(line) ?? []
  return si === undefined ? null : { si, index: Number(index), id: Number(id) }
}

const TYPE = /type (\S+) source /
const DEVICE = / mnt_id (\d{1,15}) s_dev (0x[0-9a-f]{1,8}|0) (?=\/)/
const AT = ' @ .'
const FLAGS = ' flags '
const OPTIONS = ' options '

/**
 * Parses a mount line: `type %s source %s mnt_id %d s_dev %#x %s @ %s flags %#x options %s` (CRIU's `parse_mountinfo()`).
 * CRIU writes source, root and mount point decoded, so they may hold spaces and the words of this very format. The options
 * hold no space, so they are searched for from the end.
 *
 * @returns null if the line is no mount line
 * @example
 * const line = bytesOf('type aufs source none mnt_id 30 s_dev 0x12 / @ ./vol flags 0 options si=1a')
 * parseLoggedMount(line)?.mount_point // '/vol'
 */
export function parseLoggedMount(line: ByteString): LoggedMount | null {
  if (!line.includes(' s_dev ')) return null
  const optionsAt = line.lastIndexOf(OPTIONS)
  const flagsAt = line.lastIndexOf(FLAGS, optionsAt)
  const head = line.slice(0, Math.max(0, flagsAt))
  const type = TYPE.exec(head)
  const fs_type = type?.[1]
  const device = DEVICE.exec(head)
  if (type === null || fs_type === undefined || device === null) return null
  const place = head.slice(device.index + device[0].length)
  const at = place.indexOf(`${AT}/`)
  if (at === -1) return null
  return {
    fs_type,
    mount_id: Number(device[1]),
    dev: parseDevice(Number(device[2])),
    root: place.slice(0, at),
    mount_point: place.slice(at + AT.length),
    mount_source: head.slice(type.index + type[0].length, device.index),
    mount_options: mountOptionsOf(Number(line.slice(flagsAt + FLAGS.length, optionsAt))),
    options: line.slice(optionsAt + OPTIONS.length),
  }
}

/** Writes the kernel's own `dev_t` (major << 20 | minor) as `major:minor`. */
function parseDevice(device: number): string {
  return `${device >>> 20}:${device & 0xfffff}`
}
