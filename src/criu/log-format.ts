/** Branch tables as the lines that CRIU logs. */
import { BoundedMap } from '../bounded-map.js'
import type { ByteString } from '../text/byte-string.js'
import { encodeOctal } from '../text/octal.js'
import type { BranchTable } from '../unions/branch-table.js'

/** Superblocks that are remembered of an endless input. */
const SUPERBLOCKS_KEPT = 1000

/**
 * Makes a formatter that writes branch tables as the lines that CRIU logs of a union. Scripts rebuild unions from these
 * lines and count on the column of the time, so the format never changes.
 *
 * The lines name `/sys`, whatever `--sysfs` says. An overlay gives none, and neither does a branch whose path is not known.
 *
 * @returns a function from a table to its lines. It writes each superblock once, and remembers the last 1,000.
 * @example logFormat()(table) // '(00.000000) /sys/fs/aufs/si_1a/br0 : /l/top\n…'
 */
export function logFormat(): (table: BranchTable) => ByteString {
  const written = new BoundedMap<ByteString, true>(SUPERBLOCKS_KEPT)
  return ({ si, branches }) => {
    if (si === null || written.has(si)) return ''
    written.set(si, true)
    return branches
      .map(({ index, path }) =>
        path === null ? '' : `(00.000000) /sys/fs/aufs/si_${si}/br${index} : ${encodeOctal(path)}\n`,
      )
      .join('')
  }
}
