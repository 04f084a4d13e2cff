/** The reader of bbolt databases, on files that are made here. (What containerd itself wrote: containerd-live.test.ts.) */
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { InputError } from '../../../src/errors.js'
import { fnv1a, readBolt, txidOf } from '../../../src/images/containerd/bbolt.js'
import type { Bucket } from '../../../src/images/containerd/bbolt-tree.js'
import { type BoltContent, boltFile, metaPage } from '../../helpers/bolt.js'
import { anyBytes } from '../../helpers/bytes.js'
import { tempFolder } from '../../helpers/folders.js'

/** All that a bucket holds. */
function contentOf(bucket: Bucket): BoltContent {
  return Object.fromEntries([
    ...bucket.values(),
    ...Array.from(bucket.buckets(), ([key, inner]) => [key, contentOf(inner)] as const),
  ])
}

function withFile<T>(file: string, work: (fd: number) => T): T {
  const fd = openSync(file, 'r')
  try {
    return work(fd)
  } finally {
    closeSync(fd)
  }
}

function reader(t: ExecutionContext): (bytes: Buffer) => BoltContent {
  const file = `${tempFolder(t)}/some.db`
  return (bytes) => {
    writeFileSync(file, bytes)
    return withFile(file, (fd) => readBolt(fd, file, contentOf))
  }
}

/** Whether a damaged file gives an InputError, or an answer, and nothing else. */
function isHandled(read: (bytes: Buffer) => BoltContent, bytes: Buffer): boolean {
  try {
    read(bytes)
    return true
  } catch (error) {
    return error instanceof InputError
  }
}

const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`key ${i}`, `value ${i}`]))
const files: { name: string; content: BoltContent; layout: Parameters<typeof boltFile>[1] }[] = [
  { name: 'a root that holds nothing', content: {}, layout: {} },
  {
    name: 'small buckets, which stand in their values',
    content: { v1: { a: { b: 'c' }, d: '' } },
    layout: {},
  },
  { name: 'a bucket in a bucket in a bucket', content: { a: { b: { c: { d: { e: 'f' } } } } }, layout: {} },
  { name: 'branch pages above branch pages', content: many, layout: { fanout: 3 } },
  { name: 'a bucket with branch pages', content: { in: many, other: { in: many } }, layout: { fanout: 7 } },
  { name: 'a value of many pages', content: { long: 'x'.repeat(100_000), next: 'y' }, layout: {} },
  { name: 'pages of 16 KiB', content: { a: many, b: 'c' }, layout: { pageSize: 16_384, fanout: 1000 } },
  { name: 'pages of 512 bytes', content: { a: many, b: 'c' }, layout: { pageSize: 512, fanout: 2 } },
  { name: 'bytes that are no text', content: { '\xff\x00': '\x00\xfe', '': 'no key' }, layout: {} },
  { name: 'a key __proto__', content: JSON.parse('{"__proto__":{"a":"b"}}'), layout: {} },
]

for (const { name, content, layout } of files)
  test(`What was written is read: ${name}`, (t) => {
    t.deepEqual(reader(t)(boltFile(content, layout)), content)
  })

test('Whatever was written is read, in pages of any size', (t) => {
  const read = reader(t)
  const tree = fc.letrec<{ node: string | BoltContent }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      anyBytes,
      fc.dictionary(anyBytes, tie('node'), { maxKeys: 8, noNullPrototype: true }),
    ),
  })).node
  const content = fc.dictionary(anyBytes, tree, { maxKeys: 12, noNullPrototype: true })
  const layout = fc.record({
    pageSize: fc.constantFrom(512, 1024, 4096, 65_536),
    fanout: fc.integer({ min: 2, max: 20 }),
    inline: fc.constantFrom(0, 100, 1000),
  })
  fc.assert(
    fc.property(content, layout, (some, how) => {
      t.deepEqual(read(boltFile(some, how)), some)
    }),
    { numRuns: 100 },
  )
  t.pass()
})

test('A bucket that is not there holds nothing', (t) => {
  const file = `${tempFolder(t)}/some.db`
  writeFileSync(file, boltFile({ v1: { a: 'b' } }))
  const values = withFile(file, (fd) =>
    readBolt(fd, file, (root) => [
      root.bucket('v1').values().get('a'),
      ...root.bucket('v2').bucket('x').values(),
    ]),
  )
  t.deepEqual(values, ['b'])
})

test('The checksum is FNV-1a of 64 bits', (t) => {
  // The test vectors of its authors (draft-eastlake-fnv, appendix C).
  t.is(fnv1a(Buffer.from('')), 0xcbf29ce484222325n)
  t.is(fnv1a(Buffer.from('a')), 0xaf63dc4c8601ec8cn)
  t.is(fnv1a(Buffer.from('foobar')), 0x85944171f73967e8n)
})

const SIZE = 4096
const old = boltFile({ old: 'tree' }, { txid: 8n })
const later = boltFile({ new: 'tree' }, { txid: 8n })

/** Two trees in one file, and the two meta pages that lead to them. */
function twoTrees(first: bigint, second: bigint): Buffer {
  return Buffer.concat([
    metaPage(SIZE, 3n, first),
    metaPage(SIZE, 4n, second),
    old.subarray(2 * SIZE),
    later.subarray(3 * SIZE),
  ])
}

test('The tree is that of the meta page with the highest number', (t) => {
  const read = reader(t)
  t.deepEqual(read(twoTrees(8n, 9n)), { new: 'tree' })
  t.deepEqual(read(twoTrees(10n, 9n)), { old: 'tree' })
  t.deepEqual(read(twoTrees(8n, 2n ** 63n)), { new: 'tree' })
})

for (const [what, at, value] of [
  ['another magic number', 0, 0xed0cdaee],
  ['another version', 4, 3],
  ['pages that are too small', 8, 256],
  ['pages that are too large', 8, 131_072],
  ['pages of a length that is no power of two', 8, 3000],
] as const)
  test(`A file of another format is no database, also where its checksums are right: ${what}`, (t) => {
    const bytes = boltFile({ a: { b: 'c' } }, { pageSize: SIZE })
    for (const page of [0, SIZE]) {
      const meta = bytes.subarray(page + 16)
      meta.writeUInt32LE(value, at)
      meta.writeBigUInt64LE(fnv1a(meta.subarray(0, 56)), 56)
    }
    const { message } = t.throws(() => reader(t)(bytes), { instanceOf: InputError }) ?? {}
    t.true(message?.startsWith('no bbolt database, or a damaged one: '), message)
  })

test('A meta page that is torn does not count, whichever it is', (t) => {
  const read = reader(t)
  const torn = (at: number) => {
    const bytes = twoTrees(8n, 9n)
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
    return bytes
  }
  t.deepEqual(read(torn(16 + 48)), { new: 'tree' })
  t.deepEqual(read(torn(16)), { new: 'tree' })
  t.deepEqual(read(torn(SIZE + 16 + 48)), { old: 'tree' })
  const both = torn(16)
  both.fill(0, SIZE, SIZE + 100)
  t.throws(() => read(both), { instanceOf: InputError, message: /no bbolt database/ })
})

test('A file that was written to while it was read is read again', (t) => {
  const file = `${tempFolder(t)}/some.db`
  writeFileSync(file, twoTrees(8n, 7n))
  const fd = openSync(file, 'r+')
  t.teardown(() => closeSync(fd))
  t.is(txidOf(fd, file), 8n)
  let reads = 0
  const found = readBolt(fd, file, (root) => {
    reads += 1
    const content = contentOf(root)
    if (reads > 1) return content
    writeSync(fd, metaPage(SIZE, 4n, 9n), 0, SIZE, SIZE)
    throw new InputError('what was read of two trees may look damaged')
  })
  t.deepEqual([found, reads, txidOf(fd, file)], [{ new: 'tree' }, 2, 9n])
})

test('A file that never comes to rest is a message', (t) => {
  const file = `${tempFolder(t)}/some.db`
  writeFileSync(file, twoTrees(8n, 7n))
  const fd = openSync(file, 'r+')
  t.teardown(() => closeSync(fd))
  let txid = 8n
  const write = () => {
    txid += 1n
    writeSync(fd, metaPage(SIZE, 4n, txid), 0, SIZE, SIZE)
  }
  t.throws(() => readBolt(fd, file, write), { instanceOf: InputError, message: /written to again and again/ })
})

/** A page with elements, each given by the four numbers of a leaf's, or the two and the page of a branch's. */
function page(kind: 1 | 2, elements: [number, number, number, number][], size = SIZE, overflow = 0): Buffer {
  const bytes = Buffer.alloc(size)
  bytes.writeUInt16LE(kind, 8)
  bytes.writeUInt16LE(elements.length, 10)
  bytes.writeUInt32LE(overflow, 12)
  elements.forEach((numbers, i) => {
    numbers.forEach((number, j) => void bytes.writeUInt32LE(number, 16 + i * 16 + j * 4))
  })
  return bytes
}

const database = (...pages: Buffer[]) =>
  Buffer.concat([metaPage(SIZE, 3n, 8n), metaPage(SIZE, 3n, 7n), Buffer.alloc(SIZE), ...pages])

/** As many elements as a page has room for, all leading to one page. */
const all = (element: [number, number, number, number]) =>
  Array.from({ length: SIZE / 16 - 1 }, () => element)

const hostile: { name: string; bytes: Buffer }[] = [
  { name: 'a branch page that leads to itself', bytes: database(page(1, [[0, 0, 3, 0]])) },
  {
    name: 'two branch pages that lead to each other',
    bytes: database(page(1, [[0, 0, 4, 0]]), page(1, [[0, 0, 3, 0]])),
  },
  {
    name: 'branch pages each of which leads to the next 255 times',
    bytes: database(...Array.from({ length: 20 }, (_, i) => page(1, all([0, 0, 4 + i, 0]))), page(2, [])),
  },
  { name: 'a bucket that begins where it stands', bytes: database(bucketLoop()) },
  { name: 'a page past the end', bytes: database(page(1, [[0, 0, 99, 0]])) },
  { name: 'a page of a number that no file has', bytes: database(page(1, [[0, 0, 0xffffffff, 0xffffffff]])) },
  { name: 'a page that runs on past the end', bytes: database(page(2, [], SIZE, 0xffffffff)) },
  { name: 'a key past its page', bytes: database(page(2, [[0, 4000, 4000, 0]])) },
  { name: 'a value past its page', bytes: database(page(2, [[0, 16, 0, 0xffffffff]])) },
  { name: 'a bucket without room for its header', bytes: database(page(2, [[1, 16, 0, 8]])) },
  { name: 'more elements than the page has room for', bytes: database(overfull()) },
  { name: 'a page of no known kind', bytes: database(Buffer.alloc(SIZE)) },
  { name: 'a file that ends in its meta pages', bytes: database().subarray(0, SIZE + 100) },
  { name: 'an empty file', bytes: Buffer.alloc(0) },
  { name: 'a file that is none', bytes: Buffer.from('SQLite format 3\0'.repeat(1000)) },
]

/** A leaf with a bucket whose page is the leaf itself. */
function bucketLoop(): Buffer {
  const bytes = page(2, [[1, 16, 0, 16]])
  bytes.writeBigUInt64LE(3n, 32)
  return bytes
}

function overfull(): Buffer {
  const bytes = page(2, [])
  bytes.writeUInt16LE(0xffff, 10)
  return bytes
}

/** Goes no deeper than containerd's own buckets do. */
function shallow(bucket: Bucket, depth = 4): number {
  if (depth === 0) return 0
  return bucket.values().size + Array.from(bucket.buckets(), ([, inner]) => shallow(inner, depth - 1)).length
}

for (const { name, bytes } of hostile)
  test(`A damaged or hostile file is a message, or holds nothing: ${name}`, (t) => {
    const file = `${tempFolder(t)}/some.db`
    writeFileSync(file, bytes)
    const fd = openSync(file, 'r')
    t.teardown(() => closeSync(fd))
    if (name === 'a bucket that begins where it stands') t.is(readBolt(fd, file, shallow), 1)
    else
      t.throws(() => readBolt(fd, file, shallow), {
        instanceOf: InputError,
        message: /^(a damaged bbolt|no bbolt)/,
      })
  })

test('A file that was changed or cut anywhere is read or refused, and never breaks the reader', (t) => {
  const read = reader(t)
  const whole = boltFile({ v1: { a: many, b: { c: { d: 'e' } } } }, { pageSize: 512, fanout: 4 })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }),
      fc.integer({ min: 0, max: whole.length }),
      (changes, length) => {
        const bytes = Buffer.from(whole)
        for (const [at, byte] of changes) bytes[at] = byte
        return isHandled(read, bytes) && isHandled(read, bytes.subarray(0, length))
      },
    ),
    { numRuns: 300 },
  )
  t.pass()
})
