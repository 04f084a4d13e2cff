/** How a branch of a union hides what the branches below it have: each filesystem has its own marks. */
import type { ByteString } from './bytes.js'
import type { Copy, Entry, Layer } from './copies.js'
import { type OverlayXattrs, overlayXattrs } from './xattrs.js'

/** What a folder or a file in a branch says of those below. */
export interface Marks {
  /** Nothing of the same path below is seen. */
  isOpaque: boolean
  /** What it is called below: a name, or a path from the union's root; null for the same, undefined where nothing tells. */
  redirect: ByteString | null | undefined
}

/** Everything below is seen, by the same name. */
export const NO_MARKS: Marks = { isOpaque: false, redirect: null }

/** A filesystem's marks. */
export interface Hiding {
  /** Whether a folder of a branch has a mark beside the name that hides what is below. */
  isWhitedOut(folder: Layer, name: ByteString): boolean
  /**
   * What the entries of one path say of those below.
   *
   * @param bottom the index of the lowest branch that there is to be hidden
   */
  marks(entries: readonly Entry[], bottom: number): Marks[]
  /** Where a file's data is, and since when. */
  origin(entry: Entry): Pick<Copy, 'isMeta' | 'since' | 'isCopiedUp'>
}

const AUFS_WHITEOUT = '.wh.'
const AUFS_OPAQUE = '.wh..wh..opq'

/**
 * AUFS hides what is below with a file `.wh.NAME`, and all of a folder with a file `.wh..wh..opq` in it (aufs(5), whiteout.c),
 * in a branch that is writable or has the attribute `wh`.
 */
export const aufsHiding: Hiding = {
  isWhitedOut: (layer, name) =>
    honours(layer) && Boolean(layer.folder.find(`${layer.path}/${AUFS_WHITEOUT}${name}`)),
  marks: (entries) =>
    entries.map(({ layer, file }) => ({
      isOpaque: file.isFolder && honours(layer) && Boolean(layer.folder.find(`${layer.path}/${AUFS_OPAQUE}`)),
      redirect: null,
    })),
  origin: ({ file }) => ({ isMeta: false, since: file.birth, isCopiedUp: () => null }),
}

function honours({ branch: { perm, attributes } }: Layer): boolean {
  return perm === null || perm === 'rw' || attributes.includes('wh')
}

/**
 * Overlayfs hides what is below with a character device 0:0 of that name, or an empty file with the attribute
 * `overlay.whiteout`; all of a folder with `overlay.opaque`; and finds it under another name by `overlay.redirect`. A file with
 * `overlay.metacopy` has its data below, one with `overlay.origin` was copied up (overlayfs.rst).
 *
 * @param namespace of the extended attributes: `trusted`, or `user` where it is mounted with `userxattr`
 * @param hasMetacopies whether there may be files with `overlay.metacopy`: without that option the kernel follows none
 */
export function overlayHiding(namespace: 'trusted' | 'user', hasMetacopies: boolean): Hiding {
  const read = (entries: readonly Entry[]) =>
    overlayXattrs(
      entries.map(({ layer }) => layer),
      namespace,
    )
  return {
    isWhitedOut: () => false,
    marks(entries, bottom) {
      // A folder at the bottom hides nothing; a file that has its data says no more.
      const telling = entries.filter(({ layer, file }) =>
        file.isFolder ? layer.branch.index < bottom : file.mayLackData,
      )
      const told = new Map(read(telling).map((xattrs, i) => [telling[i], xattrs]))
      return entries.map((entry) => marksOf(entry, told.get(entry)))
    },
    origin(entry) {
      const { file } = entry
      const isMeta = hasMetacopies && file.mayLackData ? isMetacopy(read([entry])[0]) : false
      // The data of a metacopy may have come later than the file.
      const since = hasMetacopies && file.birth > 0n && file.changed > file.birth ? file.changed : file.birth
      return { isMeta, since, isCopiedUp: () => isCopiedUp(read([entry])[0]) }
    },
  }
}

/** @param xattrs null where they cannot be read, undefined where they need not be */
function marksOf({ file }: Entry, xattrs: OverlayXattrs | null | undefined): Marks {
  if (xattrs === undefined) return NO_MARKS
  if (xattrs === null) return { isOpaque: false, redirect: undefined }
  return {
    isOpaque: file.isFolder ? xattrs.opaque === 'y' : xattrs.whiteout !== null,
    redirect: xattrs.redirect,
  }
}

function isMetacopy(xattrs: OverlayXattrs | null | undefined): boolean | null {
  return xattrs == null ? null : xattrs.metacopy !== null
}

function isCopiedUp(xattrs: OverlayXattrs | null | undefined): boolean | null {
  return xattrs == null ? null : xattrs.origin !== null
}
