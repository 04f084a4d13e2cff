/** Branch tables as the lines that CRIU logs. */
import { BoundedMap } from '../bounded-map.js'
import type { ByteString } from '../text/byte-string.js'
import { encodeOctal } from '../text/octal.js'
import type { BranchTable } from '../unions/branch-table.js'

/** Superblocks that are remembered of an endless input. */
const SUPERBLOCKS_KEPT = 1000

/**
 * The lines that CRIU logs of a union, a frozen format that scripts rebuild unions from: `/sys` whatever `--sysfs` says, each
 * superblock once, nothing for overlayfs, and no line for a branch whose path is not known.
 *
 * @returns a formatter that remembers which superblocks it has told
 * @example logFormat()(table) // '/sys/fs/aufs/si_1a/br0 : /l/top\n/sys/fs/aufs/si_1a/br1 : /l/base\n'
 */
export function logFormat(): (table: BranchTable) => ByteString {
  const told = new BoundedMap<ByteString, true>(SUPERBLOCKS_KEPT)
  return ({ si, branches }) => {
    if (si === null || told.has(si)) return ''
    told.set(si, true)
    return branches
      .map(({ index, path }) =>
        path === null ? '' : `/sys/fs/aufs/si_${si}/br${index} : ${encodeOctal(path)}\n`,
      )
      .join('')
  }
}
