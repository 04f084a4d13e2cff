/** A map that keeps only the last `limit` entries that were set, so that an endless input takes no endless memory. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #limit: number
  readonly #dropped: (value: V) => void
  /** Goes on where it was: what it has passed is gone, and a map that many were deleted from would be slow to begin with again. */
  readonly #oldestFirst = this.entries()

  /** @param dropped called with each value that is forgotten */
  constructor(limit: number, dropped: (value: V) => void = () => {}) {
    super()
    this.#limit = limit
    this.#dropped = dropped
  }

  override set(key: K, value: V): this {
    super.delete(key)
    super.set(key, value)
    if (this.size <= this.#limit) return this
    const { value: oldest } = this.#oldestFirst.next()
    if (oldest !== undefined) {
      this.delete(oldest[0])
      this.#dropped(oldest[1])
    }
    return this
  }
}

/** A text as a key: of a long one its hash, so that what is remembered has a bound. (node:crypto takes its time to load.) */
export function keyText(text: string): string {
  return text.length <= KEY_MAX
    ? text
    : process.getBuiltinModule('node:crypto').hash('sha256', text, 'base64')
}

const KEY_MAX = 2048
