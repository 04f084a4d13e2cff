/** In which pieces what is mapped is read: from the mapped file itself, or from memory. */
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { DataFile } from '../../../src/files/data-file.js'
import { O_PATH } from '../../../src/files/ids.js'
import { parseEntry, type RawVma } from '../../../src/proc/map-files.js'
import { parseMapping } from '../../../src/proc/maps.js'
import { Memory, pageSize } from '../../../src/proc/memory.js'
import { Process } from '../../../src/proc/process.js'
import { pagesOfFile, pagesOfMemory, seenBytes } from '../../../src/vma/compare/mapped-pages.js'
import { tempFolder } from '../../helpers/folders.js'

/** A mapping of some pages of a file. */
function mapping(
  perms: string | null,
  pages: number,
  offset: string | null = '0',
  start = 0x10000000,
): RawVma {
  const raw = parseEntry(`${start.toString(16)}-${(start + pages * pageSize()).toString(16)} -> /f`)
  if (raw === null) throw new Error('no entry')
  return { ...raw, perms, offset }
}

/** A file whose bytes tell where they stand. */
function fileOf(t: ExecutionContext, pages: number): DataFile {
  const path = `${tempFolder(t)}/f`
  writeFileSync(path, Buffer.concat(Array.from({ length: pages }, (_, i) => Buffer.alloc(pageSize(), i + 1))))
  const fd = openSync(path, O_PATH)
  const file = DataFile.open(fd)
  closeSync(fd)
  if (file === null) throw new Error('no data')
  t.teardown(() => file.close())
  return file
}

test('What may be neither read nor run is not seen, nor what is not known to be', (t) => {
  const mappings = [
    mapping('r--p', 1),
    mapping('r-xp', 2),
    mapping('--xp', 4),
    mapping('---p', 8),
    mapping('-w-p', 16),
    mapping(null, 32),
    mapping('r--p', 64, null),
  ]
  t.is(seenBytes(mappings), 7 * pageSize())
})

test('Each piece of each mapping is read where it lies in the file, and is known to end with that', (t) => {
  const file = fileOf(t, 21)
  const page = (number: number) => (number * pageSize()).toString(16)
  const mappings = [mapping('r--p', 19, page(1)), mapping('---p', 1), mapping('r--p', 2, page(20))]
  const pieces = [...pagesOfFile(file, mappings)].map(({ offset, bytes, kinds }) => ({
    ...{ page: offset / pageSize(), kinds },
    length: bytes.length / pageSize(),
  }))
  t.deepEqual(pieces, [
    { page: 1, length: 16, kinds: Array(16).fill('file') },
    { page: 17, length: 3, kinds: Array(3).fill('file') },
    { page: 20, length: 2, kinds: ['file', 'unread'] },
  ])
  t.is([...pagesOfFile(file, [mapping('r--p', 16)])].length, 1)
  const numbers = [...pagesOfFile(file, [mapping('r--p', 1, page(5))])].map(({ bytes }) => bytes[0])
  t.deepEqual(numbers, [6])
})

test('Memory is read where it is mapped, and not at all where it may be of another file by now', (t) => {
  const code = readFileSync('/proc/self/maps', 'latin1')
    .split('\n')
    .slice(0, -1)
    .map(parseMapping)
    .find(({ perms, ino, start, end }) => {
      return (
        perms === 'r-xp' &&
        ino !== '0' &&
        Number.parseInt(end, 16) - Number.parseInt(start, 16) > 17 * pageSize()
      )
    })
  if (code === undefined) return t.fail()
  const raw = { ...mapping(code.perms, 17, code.offset, Number.parseInt(code.start, 16)) }
  const file = readFileSync(code.name)
  const memory = new Memory(new Process(process.pid))
  t.teardown(() => memory.close())
  let count = 0
  for (const { offset, bytes, kinds } of pagesOfMemory(memory, [raw], () => true)) {
    count += kinds.length
    t.true(bytes.equals(file.subarray(offset, offset + bytes.length)), `${offset}`)
    t.deepEqual(new Set<string>(kinds), new Set(['file']))
  }
  t.is(count, 17)
  for (const { kinds } of pagesOfMemory(memory, [raw], () => false)) {
    t.deepEqual(new Set<string>(kinds), new Set(['unread']))
  }
})
