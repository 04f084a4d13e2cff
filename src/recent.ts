/** A map that keeps the last `limit` entries that were set: what is remembered of an endless input. */
export class Recent<K, V> extends Map<K, V> {
  readonly #limit: number

  constructor(limit: number) {
    super()
    this.#limit = limit
  }

  override set(key: K, value: V): this {
    super.set(key, value)
    const [oldest] = this.keys()
    if (oldest !== undefined && this.size > this.#limit) this.delete(oldest)
    return this
  }
}
