/** A map that keeps only the last `limit` entries that were set, so that an endless input takes no endless memory. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #limit: number
  readonly #dropped: (value: V) => void
  /**
   * Goes on where it was: from the beginning it would pass by all entries that were dropped before. It is given up where entries
   * go otherwise, as it keeps every table alive that the map has had since it last moved (V8).
   */
  #oldestFirst: MapIterator<[K, V]> | null = null

  /** @param dropped called with each value that is forgotten */
  constructor(limit: number, dropped: (value: V) => void = () => {}) {
    super()
    this.#limit = limit
    this.#dropped = dropped
  }

  override set(key: K, value: V): this {
    this.delete(key)
    super.set(key, value)
    if (this.size <= this.#limit) return this
    this.#oldestFirst ??= this.entries()
    const { value: oldest } = this.#oldestFirst.next()
    if (oldest !== undefined) {
      super.delete(oldest[0])
      this.#dropped(oldest[1])
    }
    return this
  }

  override delete(key: K): boolean {
    const isGone = super.delete(key)
    if (isGone) this.#oldestFirst = null
    return isGone
  }

  override clear(): void {
    this.#oldestFirst = null
    super.clear()
  }
}

/** A text as a key: of a long one its hash, so that what is remembered has a bound. (node:crypto takes its time to load.) */
export function keyText(text: string): string {
  return text.length <= KEY_MAX
    ? text
    : process.getBuiltinModule('node:crypto').hash('sha256', text, 'base64')
}

const KEY_MAX = 2048
