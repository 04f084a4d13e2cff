/** The short names of layers, with which Docker and Podman keep mount options short: `l/SHORT` is a link to `../ID/diff`. */
import { BoundedMap } from '../bounded-map.js'
import type { ByteString } from '../text/byte-string.js'
import type { StoreFiles } from './store-files.js'

/** A short name is given to one layer only. */
const KEPT = 10_000

export class ShortLinks {
  readonly #files: StoreFiles
  readonly #ids = new BoundedMap<ByteString, ByteString>(KEPT)

  constructor(files: StoreFiles) {
    this.#files = files
  }

  /** The layer of a short name; null where there is none. */
  idOf(folder: ByteString, short: ByteString): ByteString | null {
    const key = `${folder}/${short}`
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    const [, id = null] = /^\.\.\/([^/]+)\/diff$/.exec(this.#files.link(folder, short) ?? '') ?? []
    if (id !== null) this.#ids.set(key, id)
    return id
  }
}
