/**
 * Reads bbolt databases, in which containerd keeps what it knows (go.etcd.io/bbolt: db.go, meta.go).
 *
 * A writer never changes a page of the tree that was written last. It writes others, and then one of the two meta pages, with
 * the next number (txid). So what was read is whole if the txid is the same afterwards, and no lock is needed: a lock would
 * keep containerd from starting. Numbers are little-endian, as on all machines of Node but s390x.
 */
import { readSync } from 'node:fs'
import { pause } from '../../files/pause.js'
import type { ByteString } from '../../text/byte-string.js'
import { fileError } from '../store-files.js'
import { type Bucket, PAGE_HEADER, rootBucket } from './bbolt-tree.js'

const MAGIC = 0xed0cdaed
const VERSION = 2
const SMALLEST_PAGE = 512
const LARGEST_PAGE = 65_536

/** Where the fields of a meta page stand in it, after its header. The checksum is of all before it. */
const PAGE_SIZE = 8
const ROOT = 16
const TXID = 48
const CHECKSUM = 56
const META_LENGTH = 64

/** How often a file is read anew where it was written to meanwhile, and the milliseconds between. */
const ATTEMPTS = 50
const RETRY = 10

interface Meta {
  pageSize: number
  root: bigint
  txid: bigint
}

/**
 * Reads an open database. Its buckets are of no use after `read` has returned.
 *
 * @param file its name, for messages
 * @param read may be called again, where the file was written to meanwhile
 * @throws InputError where the file is no database, or is damaged
 * @example readBolt(fd, 'meta.db', (root) => Array.from(root.buckets(), ([name]) => name)) // ['v1']
 */
export function readBolt<T>(fd: number, file: ByteString, read: (root: Bucket) => T): T {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const { txid, ...tree } = readMeta(fd, file)
    const outcome = outcomeOf(() => read(rootBucket({ fd, file, ...tree })))
    if (readMeta(fd, file).txid === txid) return outcome()
    pause(RETRY)
  }
  throw fileError('written to again and again while it is read', file)
}

/** The number of the last transaction of an open database. Another one means that something was written. @throws InputError */
export function txidOf(fd: number, file: ByteString): bigint {
  return readMeta(fd, file).txid
}

/** What some work returned or threw, once it is known to be worth something. */
function outcomeOf<T>(work: () => T): () => T {
  try {
    const done = work()
    return () => done
  } catch (error) {
    return () => {
      throw error
    }
  }
}

/** The valid meta page of the highest txid. The second stands after the first, whose size is not known where it is torn. */
function readMeta(fd: number, file: ByteString): Meta {
  const first = metaAt(fd, 0)
  let latest = first
  for (let size = SMALLEST_PAGE; size <= LARGEST_PAGE; size *= 2) {
    if (first !== null && first.pageSize !== size) continue
    const second = metaAt(fd, size)
    if (second?.pageSize === size && (latest === null || second.txid > latest.txid)) latest = second
  }
  if (latest === null) throw fileError('no bbolt database, or a damaged one', file)
  return latest
}

function metaAt(fd: number, position: number): Meta | null {
  const meta = Buffer.alloc(META_LENGTH)
  if (readSync(fd, meta, 0, META_LENGTH, position + PAGE_HEADER) < META_LENGTH) return null
  const pageSize = meta.readUInt32LE(PAGE_SIZE)
  const isSize =
    pageSize >= SMALLEST_PAGE && pageSize <= LARGEST_PAGE && Number.isInteger(Math.log2(pageSize))
  if (meta.readUInt32LE(0) !== MAGIC || meta.readUInt32LE(4) !== VERSION || !isSize) return null
  if (meta.readBigUInt64LE(CHECKSUM) !== fnv1a(meta.subarray(0, CHECKSUM))) return null
  return { pageSize, root: meta.readBigUInt64LE(ROOT), txid: meta.readBigUInt64LE(TXID) }
}

/** FNV-1a of 64 bits. */
export function fnv1a(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash
}
