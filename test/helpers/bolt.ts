/** Makes bbolt databases, as bbolt's own writer lays them out (page.go, bucket.go). */
import { fnv1a } from '../../src/images/containerd/bbolt.js'

/** Keys with their values; an object is a bucket. */
export interface BoltContent {
  [key: string]: string | BoltContent
}

export interface BoltLayout {
  pageSize?: number
  txid?: bigint
  /** Up to how many elements a page has: with few, there are branch pages. */
  fanout?: number
  /** Up to how many bytes a bucket is kept in its own value. */
  inline?: number
}

const PAGE_HEADER = 16
const ELEMENT = 16

/** The bytes of a database. Keys and values are byte strings. */
export function boltFile(content: BoltContent, layout: BoltLayout = {}): Buffer {
  return new BoltWriter(layout).file(content)
}

/** A meta page, whose checksum is right. */
export function metaPage(pageSize: number, root: bigint, txid: bigint): Buffer {
  const page = Buffer.alloc(pageSize)
  page.writeUInt16LE(0x04, 8)
  const meta = page.subarray(PAGE_HEADER)
  meta.writeUInt32LE(0xed0cdaed, 0)
  meta.writeUInt32LE(2, 4)
  meta.writeUInt32LE(pageSize, 8)
  meta.writeBigUInt64LE(root, 16)
  meta.writeBigUInt64LE(txid, 48)
  meta.writeBigUInt64LE(fnv1a(meta.subarray(0, 56)), 56)
  return page
}

interface Item {
  key: Buffer
  value: Buffer
  isBucket: boolean
}

class BoltWriter {
  readonly #layout: Required<BoltLayout>
  /** Two meta pages and the list of free pages come first. */
  readonly #pages: Buffer[] = []
  #next = 3

  constructor({ pageSize = 4096, txid = 7n, fanout = 100, inline = 1024 }: BoltLayout) {
    this.#layout = { pageSize, txid, fanout, inline }
  }

  file(content: BoltContent): Buffer {
    const { pageSize, txid } = this.#layout
    const root = BigInt(this.#tree(this.#items(content)))
    const free = Buffer.alloc(pageSize)
    free.writeUInt16LE(0x10, 8)
    return Buffer.concat([
      metaPage(pageSize, root, txid),
      // The one before had another tree.
      metaPage(pageSize, 2n, txid - 1n),
      free,
      ...this.#pages,
    ])
  }

  #items(content: BoltContent): Item[] {
    return Object.entries(content)
      .map(([key, value]) => ({
        key: Buffer.from(key, 'latin1'),
        value: typeof value === 'string' ? Buffer.from(value, 'latin1') : this.#bucket(value),
        isBucket: typeof value !== 'string',
      }))
      .sort((a, b) => Buffer.compare(a.key, b.key))
  }

  #bucket(content: BoltContent): Buffer {
    const header = Buffer.alloc(16)
    const items = this.#items(content)
    const page = leafPage(items)
    if (items.every(({ isBucket }) => !isBucket) && page.length <= this.#layout.inline)
      return Buffer.concat([header, page])
    header.writeBigUInt64LE(BigInt(this.#tree(items)))
    return header
  }

  /** Writes pages; gives the number of the one where they begin. */
  #tree(items: Item[]): number {
    const groups = <T>(all: T[]) =>
      Array.from({ length: Math.max(1, Math.ceil(all.length / this.#layout.fanout)) }, (_, i) =>
        all.slice(i * this.#layout.fanout, (i + 1) * this.#layout.fanout),
      )
    let level = groups(items).map((group) => ({
      key: group[0]?.key ?? Buffer.alloc(0),
      page: this.#write(leafPage(group)),
    }))
    while (level.length > 1)
      level = groups(level).map((group) => ({
        key: group[0]?.key ?? Buffer.alloc(0),
        page: this.#write(branchPage(group)),
      }))
    return level[0]?.page ?? 0
  }

  #write(page: Buffer): number {
    const { pageSize } = this.#layout
    const count = Math.max(1, Math.ceil(page.length / pageSize))
    const padded = Buffer.alloc(count * pageSize)
    page.copy(padded)
    padded.writeBigUInt64LE(BigInt(this.#next), 0)
    padded.writeUInt32LE(count - 1, 12)
    this.#pages.push(padded)
    this.#next += count
    return this.#next - count
  }
}

function leafPage(items: readonly Item[]): Buffer {
  const header = pageHeader(0x02, items.length)
  const data: Buffer[] = []
  let at = items.length * ELEMENT
  const elements = items.map(({ key, value, isBucket }, i) => {
    const element = Buffer.alloc(ELEMENT)
    element.writeUInt32LE(Number(isBucket), 0)
    element.writeUInt32LE(at - i * ELEMENT, 4)
    element.writeUInt32LE(key.length, 8)
    element.writeUInt32LE(value.length, 12)
    data.push(key, value)
    at += key.length + value.length
    return element
  })
  return Buffer.concat([header, ...elements, ...data])
}

function branchPage(children: readonly { key: Buffer; page: number }[]): Buffer {
  const header = pageHeader(0x01, children.length)
  let at = children.length * ELEMENT
  const elements = children.map(({ key, page }, i) => {
    const element = Buffer.alloc(ELEMENT)
    element.writeUInt32LE(at - i * ELEMENT, 0)
    element.writeUInt32LE(key.length, 4)
    element.writeBigUInt64LE(BigInt(page), 8)
    at += key.length
    return element
  })
  return Buffer.concat([header, ...elements, ...children.map(({ key }) => key)])
}

function pageHeader(kind: number, count: number): Buffer {
  const header = Buffer.alloc(PAGE_HEADER)
  header.writeUInt16LE(kind, 8)
  header.writeUInt16LE(count, 10)
  return header
}
