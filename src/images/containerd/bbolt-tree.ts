/** The pages of a bbolt database as a tree of buckets (go.etcd.io/bbolt: page.go, node.go, bucket.go). */
import { fstatSync, readSync } from 'node:fs'
import type { ByteString } from '../../text/byte-string.js'
import { fileError } from '../store-files.js'

/** What stands before the content of every page. */
export const PAGE_HEADER = 16
const ELEMENT = 16
const BRANCH_PAGE = 0x01
const LEAF_PAGE = 0x02

/** A leaf element that is a bucket: its value says where the tree of that begins. */
const IS_BUCKET = 0x01
const BUCKET_HEADER = 16

/** No file of containerd comes near these. A damaged or hostile one must neither take all memory nor go on for ever. */
const LONGEST_PAGE = 16 * 1024 * 1024
const DEEPEST_TREE = 32
const MOST_WORK = 2 ** 30
const WORK_OF_ELEMENT = 256

/** Keys with their values, some of which are buckets again. */
export interface Bucket {
  /** All values, but those that are buckets. */
  values(): Map<ByteString, ByteString>
  /** The buckets in it, by their keys. */
  buckets(): Iterable<[key: ByteString, bucket: Bucket]>
  /** One of those; where there is none, a bucket that holds nothing. */
  bucket(key: ByteString): Bucket
}

const EMPTY: Bucket = { values: () => new Map(), buckets: () => [], bucket: () => EMPTY }

interface Element {
  key: ByteString
  value: Buffer
  isBucket: boolean
}

/** The file of a tree, and which of its pages are looked at. */
export interface BoltPages {
  fd: number
  /** For messages. */
  file: ByteString
  pageSize: number
  /** The page where the outermost bucket begins. */
  root: bigint
}

/** The outermost bucket of a file. Reading it, or a bucket in it, throws an InputError where the file is damaged. */
export function rootBucket(pages: BoltPages): Bucket {
  const reader = new PageReader(pages)
  return bucketOf(reader, () => reader.page(pages.root))
}

function bucketOf(reader: PageReader, page: () => Buffer): Bucket {
  const elements = () => reader.elements(page())
  const inner = (value: Buffer) => bucketOf(reader, () => reader.pageOfBucket(value))
  return {
    values() {
      const values = new Map<ByteString, ByteString>()
      for (const { key, value, isBucket } of elements())
        if (!isBucket) values.set(key, value.toString('latin1'))
      return values
    },
    *buckets() {
      for (const { key, value, isBucket } of elements()) if (isBucket) yield [key, inner(value)]
    },
    bucket(wanted) {
      for (const { key, value, isBucket } of elements()) if (isBucket && key === wanted) return inner(value)
      return EMPTY
    },
  }
}

class PageReader {
  readonly #pages: BoltPages
  readonly #size: number
  #work = 0

  constructor(pages: BoltPages) {
    this.#pages = pages
    this.#size = fstatSync(pages.fd).size
  }

  /** A page, with those that it runs on over. */
  page(id: bigint): Buffer {
    const { pageSize } = this.#pages
    const position = Number(id) * pageSize
    const overflow = this.#read(position, PAGE_HEADER).readUInt32LE(12)
    return this.#read(position, (overflow + 1) * pageSize)
  }

  /** Where a bucket begins. A small one has no page of its own: what would be its page stands in its value. */
  pageOfBucket(value: Buffer): Buffer {
    const root = this.#part(value, 0, BUCKET_HEADER).readBigUInt64LE(0)
    return root === 0n ? value.subarray(BUCKET_HEADER) : this.page(root)
  }

  /** The elements of all leaves below a page, in the order of their keys. */
  *elements(page: Buffer, depth = 0): Generator<Element> {
    const header = this.#part(page, 0, PAGE_HEADER)
    const kind = header.readUInt16LE(8)
    if ((kind !== BRANCH_PAGE && kind !== LEAF_PAGE) || depth > DEEPEST_TREE) throw this.#damaged()
    const count = header.readUInt16LE(10)
    for (let at = PAGE_HEADER; at < PAGE_HEADER + count * ELEMENT; at += ELEMENT) {
      this.#spend(WORK_OF_ELEMENT)
      const element = this.#part(page, at, ELEMENT)
      if (kind === LEAF_PAGE) yield this.#leafElement(page, at, element)
      else yield* this.elements(this.page(element.readBigUInt64LE(8)), depth + 1)
    }
  }

  #leafElement(page: Buffer, at: number, element: Buffer): Element {
    const start = at + element.readUInt32LE(4)
    const end = start + element.readUInt32LE(8)
    return {
      key: this.#part(page, start, end - start).toString('latin1'),
      value: this.#part(page, end, element.readUInt32LE(12)),
      isBucket: (element.readUInt32LE(0) & IS_BUCKET) !== 0,
    }
  }

  #read(position: number, length: number): Buffer {
    if (position + length > this.#size || length > LONGEST_PAGE) throw this.#damaged()
    this.#spend(length)
    const bytes = Buffer.allocUnsafe(length)
    if (readSync(this.#pages.fd, bytes, 0, length, position) < length) throw this.#damaged()
    return bytes
  }

  #part(bytes: Buffer, start: number, length: number): Buffer {
    if (start + length > bytes.length) throw this.#damaged()
    return bytes.subarray(start, start + length)
  }

  #spend(work: number): void {
    this.#work += work
    if (this.#work > MOST_WORK) throw this.#damaged()
  }

  #damaged(): Error {
    return fileError('a damaged bbolt database', this.#pages.file)
  }
}
