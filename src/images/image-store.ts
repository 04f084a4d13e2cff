/** Stores of images: what they know of the folders that unions are made of. */

import { InputError } from '../errors.js'
import type { Asking } from '../files/asking.js'
import { isText } from '../lines/records.js'
import type { ByteString } from '../text/byte-string.js'
import type { LayerImage } from '../unions/branch-table.js'

/** What a container engine keeps of its images, in a folder. */
export interface ImageStore {
  /**
   * Whose layer a folder is.
   *
   * @param folder from the root of the store, beginning with its slash
   * @returns null where the store does not know it
   * @throws InputError where the store cannot be read; once, and again only where it has changed since
   */
  imageOf(folder: ByteString): LayerImage | null
}

/** Where stores are, by kind, instead of the usual places. */
export type StorePlaces = { [name in LayerImage['store']]?: readonly ByteString[] | undefined }

/** A kind of store. Each is a file with one object of this type, and places.ts lists them. */
export interface StoreKind {
  readonly name: LayerImage['store']
  /** The root of the store, and what is below it, in the path of a layer's folder. */
  readonly folders: RegExp
  /** What there is in every store of this kind. */
  readonly mark: ByteString
  /** Where they are if nobody says otherwise, whether or not one is there. @param given where others are */
  usualPlaces(given: StorePlaces): ByteString[]
  /** The same, in the homes of users. */
  placesAtHome(): ByteString[]
  open(root: ByteString, given: StorePlaces, asking: Asking): ImageStore
}

/** How a store is read. */
export interface StoreReader {
  /** What a folder is found by in the index; null where it is none of the store's. */
  keyOf(folder: ByteString): ByteString | null
  /** A text that is another one after the store was changed. @throws InputError */
  stamp(): string
  /** All that the store has, by key. @throws InputError */
  index(): ReadonlyMap<ByteString, LayerImage>
  /** Gives back what is held open. */
  close(): void
}

/** How long, in milliseconds, an index is taken to be that of the store. What it does not have is looked for at once. */
const FRESH = 1000

/** A store that is read when it is first asked, and again where it has changed. */
export function indexedStore(reader: StoreReader): ImageStore {
  let index: ReadonlyMap<ByteString, LayerImage> = new Map()
  let stamp: string | null = null
  let looked = Number.NEGATIVE_INFINITY
  let fault = ''
  const refresh = () => {
    looked = Date.now()
    const last = stamp
    stamp = reader.stamp()
    if (stamp === last) return
    // Where it cannot be read, what it had before is no answer.
    index = new Map()
    index = reader.index()
    fault = ''
  }
  return {
    imageOf(folder) {
      try {
        const key = reader.keyOf(folder)
        if (key === null) return null
        if (Math.abs(Date.now() - looked) >= FRESH || !index.has(key)) refresh()
        return index.get(key) ?? null
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        if (error.message === fault) return null
        fault = error.message
        throw error
      } finally {
        reader.close()
      }
    },
  }
}

/** A layer of images. A name that is none, as a damaged store may have it, is left out. */
export function imageLayer(
  store: LayerImage['store'],
  { layer, chain, names }: { layer: string | null; chain: string | null; names: Iterable<ByteString> },
): LayerImage {
  return { store, layer, chain, names: [...names].filter(isText).sort(), container: null }
}

/** A container's own layer, or one of which nothing else is known. */
export function ownLayer(store: LayerImage['store'], container: ByteString | null): LayerImage {
  return { store, layer: null, chain: null, names: [], container: isText(container) ? container : null }
}
