/** What stat shows of a file, as far as it is needed. */
import type { BigIntStats } from 'node:fs'
import { deviceName, type FileId, inodeName } from './ids.js'

/** What a path shows. */
export interface Found extends FileId {
  /** A folder, and no link to one: none is followed. */
  isFolder: boolean
  /** A character device 0:0, with which overlayfs hides what is below. */
  isWhiteout: boolean
  /**
   * A regular file that lies somewhere: its data may be read. What has no blocks has none that lies anywhere. The kernel makes
   * up the files of procfs, sysfs, tracefs and their like while they are read, and some do something then: reading
   * /proc/kmsg takes messages out of the kernel's log.
   */
  hasData: boolean
  /** A file with no more than a block: maybe a copy whose data is elsewhere (overlayfs's metacopy), or an empty mark. */
  mayLackData: boolean
  /** When it was made, in nanoseconds since 1970; 0 where the filesystem does not tell. */
  birth: bigint
  /** When it was last changed, its attributes too. */
  changed: bigint
  /** When its data was last changed, as far as its owner leaves that alone. */
  modified: bigint
  /** In bytes. */
  size: bigint
  /** How many names it has. */
  links: bigint
}

/** What a stat shows. */
export function foundOf(stat: BigIntStats): Found {
  return {
    dev: deviceName(stat.dev),
    ino: inodeName(stat.ino),
    isFolder: stat.isDirectory(),
    isWhiteout: stat.isCharacterDevice() && stat.rdev === 0n,
    hasData: stat.isFile() && stat.blocks > 0n,
    mayLackData: stat.isFile() && stat.blocks <= BLOCKS_OF_ATTRIBUTES,
    birth: stat.birthtimeNs,
    changed: stat.ctimeNs,
    modified: stat.mtimeNs,
    size: stat.size,
    links: stat.nlink,
  }
}

/** A file without data may have a block for its extended attributes: 4 KiB, in units of 512 bytes. */
const BLOCKS_OF_ATTRIBUTES = 8n

/** Whether two looks show one file that was not changed between: size and times are those of its data. */
export function isUnchanged(file: Found, other: Found): boolean {
  return file.size === other.size && file.modified === other.modified && file.changed === other.changed
}
