/** How a branch of a union hides what the branches below it have: each filesystem has its own marks. */
import { type LayerEntry, type Marks, NO_MARKS, type WhiteoutFormat } from '../layers/layer.js'
import { type OverlayXattrs, overlayXattrs } from './xattrs.js'

/**
 * Overlayfs hides what is below with a character device 0:0 of that name, or an empty file with the attribute
 * `overlay.whiteout`; all of a folder with `overlay.opaque`; and finds it under another name by `overlay.redirect`. A file with
 * `overlay.metacopy` has its data below, one with `overlay.origin` was copied up (overlayfs.rst).
 *
 * @param namespace of the extended attributes: `trusted`, or `user` where it is mounted with `userxattr`
 * @param hasMetacopies whether there may be files with `overlay.metacopy`: without that option the kernel follows none
 */
export function overlayWhiteouts(namespace: 'trusted' | 'user', hasMetacopies: boolean): WhiteoutFormat {
  const read = (entries: readonly LayerEntry[]) =>
    overlayXattrs(
      entries.map(({ layer }) => layer),
      namespace,
    )
  return {
    hasMetacopies,
    isWhitedOut: () => false,
    marks(entries, bottom) {
      const telling = entries.filter((entry) => mayTell(entry, bottom, hasMetacopies))
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

/**
 * Whether an entry may have a mark. What is at the bottom hides nothing, and a whiteout is empty. Only a metacopy tells where
 * else its data is, and a file that has its data is none.
 */
function mayTell({ layer, file }: LayerEntry, bottom: number, hasMetacopies: boolean): boolean {
  const mayHide = layer.branch.index < bottom && (file.isFolder || file.size === 0n)
  return mayHide || (!file.isFolder && hasMetacopies && file.mayLackData)
}

/** @param xattrs null where they cannot be read, undefined where they need not be */
function marksOf({ file }: LayerEntry, xattrs: OverlayXattrs | null | undefined): Marks {
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
