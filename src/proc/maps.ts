/** Lines of /proc/PID/maps. */

import { InputError } from '../errors.js'
import type { ByteString } from '../text/byte-string.js'

/** A mapping, as maps lists it. */
export interface Mapping {
  /** Hexadecimal without padding, as map_files names its entries. */
  start: string
  /** The address after the last, written the same. */
  end: string
  /** `r-xp`, `rw-s` … */
  perms: string
  /** Where it begins in the file, in bytes, hexadecimal without padding. */
  offset: string
  /** `major:minor`, decimal as elsewhere (maps has it hexadecimal). `0:0` if no file is mapped. */
  dev: string
  /** The inode, decimal. A string, as it may pass 2^53. */
  ino: string
  /**
   * The name as it stands there, with ` (deleted)` at its end for a deleted file; may be empty. A newline is `\012`. Nothing
   * else is escaped, so a name that holds `\012` itself looks the same.
   */
  name: ByteString
}

const LINE =
  /^0*([1-9a-f][0-9a-f]*|0)-0*([1-9a-f][0-9a-f]*|0) ([-rwxsp]{4}) 0*([1-9a-f][0-9a-f]*|0) ([0-9a-f]+):([0-9a-f]+) (\d+)(?: +(.*))?$/s

/**
 * Parses a line of maps (proc_pid_maps(5), `show_map_vma()` in fs/proc/task_mmu.c):
 *
 *     00400000-00401000 r--p 00000000 00:11 29                                 /bin/mapper
 *
 * @throws InputError if the line is no mapping
 * @example parseMapping(bytesOf('00400000-00401000 r--p 00000000 fe:00 29  /bin/sh')).dev // '254:0'
 */
export function parseMapping(line: ByteString): Mapping {
  const [, start, end, perms, offset, major, minor, ino, name = ''] =
    (line.includes('\0') ? null : LINE.exec(line)) ?? []
  if (!start || !end || !perms || !offset || !major || !minor || !ino)
    throw new InputError('no mapping', line)
  return {
    start,
    end,
    perms,
    offset,
    dev: `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}`,
    ino,
    name,
  }
}

/**
 * Whether a mapping is of a file. map_files has an entry for each of these.
 *
 * @example isFileMapping(parseMapping(bytesOf('7ffc1000-7ffc2000 rw-p 00000000 00:00 0  [stack]'))) // false
 */
export function isFileMapping({ dev }: Mapping): boolean {
  return dev !== '0:0'
}

/**
 * Whether a mapping is shared and may be written: it was made of a file that was opened for writing.
 *
 * @example isSharedWritable('rw-s') // true
 */
export function isSharedWritable(perms: string | null): boolean {
  return perms?.[1] === 'w' && perms[3] === 's'
}
