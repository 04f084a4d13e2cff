/** What a test makes up of a process's files, instead of a look at them. */
import type { Found } from '../../src/files/found.js'
import type { FileLookup } from '../../src/vma/context.js'

/** A file that a path shows. @param id `DEVICE/INODE` */
export function foundAs(id: string, more: Partial<Found> = {}): Found {
  const [dev = '', ino = ''] = id.split('/')
  return {
    ...{ dev, ino, isFolder: false, isWhiteout: false, hasData: true, mayLackData: false },
    ...{ birth: 0n, changed: 0n, modified: 0n, size: 0n, links: 1n },
    ...more,
  }
}

/** A look that finds nothing and knows nothing, but for what a test says. */
export function lookupOf(known: Partial<FileLookup> = {}): FileLookup {
  return {
    files: { find: () => null, close() {} },
    isOwnRoot: true,
    deviceAt: () => null,
    copies: () => ({ copies: [], isComplete: true }),
    holders: () => ({ holders: [], isComplete: true }),
    isNotCopied: () => false,
    hasNoHardLinks: () => false,
    isUpperSeen: () => false,
    hasMetacopies: () => false,
    isOlderThanMount: () => false,
    mapped: () => null,
    openData: () => null,
    openMapped: () => null,
    deviceOf: () => null,
    close() {},
    ...known,
  }
}

/** The files of a process, by what their paths show; null where nothing can be looked up. */
export function filesAt(shown: { [path: string]: Found } | null): Pick<FileLookup, 'files'> {
  return { files: { find: (path) => (shown === null ? undefined : (shown[path] ?? null)), close() {} } }
}
