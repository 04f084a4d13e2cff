import type { ByteString } from '../text/byte-string.js'
import type { Copy, LayerEntry, OpenLayer } from './copies.js'

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
export interface WhiteoutFormat {
  /** Whether a folder of a branch has a mark beside the name that hides what is below. */
  isWhitedOut(folder: OpenLayer, name: ByteString): boolean
  /**
   * What the entries of one path say of those below.
   *
   * @param bottom the index of the lowest branch that there is to be hidden
   */
  marks(entries: readonly LayerEntry[], bottom: number): Marks[]
  /** Where a file's data is, and since when. */
  origin(entry: LayerEntry): Pick<Copy, 'isMeta' | 'since' | 'isCopiedUp'>
}
