/** What bytes tell of a mapped file: tables of small files, and any files at all against what is known of them. */
import test from 'ava'
import fc from 'fast-check'
import type { PageKind } from '../../../src/proc/memory.js'
import { type ComparedFile, compareBytes, type MappedPages } from '../../../src/vma/compare/compare-bytes.js'
import { verdictOf } from '../../../src/vma/compare/verdict.js'

/** A small page shows all that a large one does. */
const PAGE = 4

/** A file of these bytes, a character each. */
function fileOf(text: string): ComparedFile {
  const bytes = Buffer.from(text, 'latin1')
  return {
    read(into, offset) {
      into.fill(0)
      return bytes.copy(into, 0, Math.min(offset, bytes.length))
    },
  }
}

/** The bytes of a page of a file, with zeros at its end; none after that. */
function pageOf(text: string, page: number): string {
  const bytes = text.slice(page * PAGE, (page + 1) * PAGE)
  return bytes === '' ? '' : bytes.padEnd(PAGE, '\0')
}

/** All pages of a file as they are mapped. A page that is the process's own has bytes of its own. */
function* mapped(text: string, kinds: readonly PageKind[], chunk = 2): Generator<MappedPages> {
  for (let first = 0; first < kinds.length; first += chunk) {
    const some = kinds.slice(first, first + chunk)
    const pages = some.map((kind, i) =>
      kind === 'file' ? pageOf(text, first + i).padEnd(PAGE, '\0') : '####',
    )
    yield { offset: first * PAGE, bytes: Buffer.from(pages.join(''), 'latin1'), kinds: some }
  }
}

interface Case {
  name: string
  /** What is mapped. */
  mapped: string
  /** A letter for each page: f the file's, o the process's own, u unread. */
  kinds: string
  shown: string | null
  copies?: string[]
  mayBeMapped?: boolean
  isComplete?: boolean
  expected: [sameBytes: boolean | null, copy: number | null]
}

const KINDS: Record<string, PageKind> = { f: 'file', o: 'own', u: 'unread' }

function verdict({ mapped: text, kinds, shown, copies = [], mayBeMapped = true, isComplete = true }: Case) {
  const files = [...(shown === null ? [] : [shown]), ...copies].map(fileOf)
  const pages = mapped(
    text,
    [...kinds].map((kind) => KINDS[kind] ?? 'unread'),
  )
  const named = copies.map((_, index) => ({ index, mayBeMapped }))
  const { sameBytes, copy } = verdictOf(compareBytes(pages, files, PAGE), {
    isShown: shown !== null,
    copies: named,
    isComplete,
  })
  return [sameBytes, copy?.index ?? null]
}

const [OLD, NEW] = ['aaaabbbbcccc', 'aaaaBbbbcccc']

const CASES: Case[] = [
  { name: 'the same', mapped: OLD, kinds: 'fff', shown: OLD, expected: [true, null] },
  { name: 'another byte', mapped: OLD, kinds: 'fff', shown: NEW, expected: [false, null] },
  { name: 'another byte in what is not mapped', mapped: OLD, kinds: 'f', shown: NEW, expected: [true, null] },
  { name: 'shorter', mapped: OLD, kinds: 'fff', shown: 'aaaabbbb', expected: [false, null] },
  { name: 'shorter by zeros', mapped: 'aa\0\0', kinds: 'f', shown: 'aa', expected: [true, null] },
  {
    name: 'shorter by a page of zeros',
    mapped: 'aaaa\0\0',
    kinds: 'ff',
    shown: 'aaaa',
    expected: [false, null],
  },
  { name: 'longer in the last page', mapped: 'aaaab', kinds: 'ff', shown: 'aaaabb', expected: [false, null] },
  { name: 'longer after what is mapped', mapped: 'aaaa', kinds: 'f', shown: OLD, expected: [true, null] },
  { name: 'nothing is shown', mapped: OLD, kinds: 'fff', shown: null, expected: [null, null] },
  { name: 'no page counts', mapped: OLD, kinds: 'ooo', shown: OLD, expected: [null, null] },
  { name: 'no page is mapped', mapped: OLD, kinds: '', shown: OLD, expected: [null, null] },
  { name: 'a page is unread', mapped: OLD, kinds: 'fuf', shown: OLD, expected: [null, null] },
  {
    name: 'a page is unread, another differs',
    mapped: OLD,
    kinds: 'ffu',
    shown: NEW,
    expected: [false, null],
  },
  { name: 'a page is its own', mapped: OLD, kinds: 'foo', shown: OLD, expected: [true, null] },
  { name: 'the copy', mapped: NEW, kinds: 'fff', shown: NEW, copies: [NEW, OLD], expected: [true, 0] },
  {
    name: 'what it was copied of',
    mapped: OLD,
    kinds: 'fff',
    shown: NEW,
    copies: [NEW, OLD],
    expected: [false, 1],
  },
  { name: 'of three', mapped: OLD, kinds: 'fff', shown: NEW, copies: [NEW, 'x', OLD], expected: [false, 2] },
  { name: 'copies alike', mapped: OLD, kinds: 'fff', shown: OLD, copies: [OLD, OLD], expected: [true, null] },
  {
    name: 'lower ones alike',
    mapped: OLD,
    kinds: 'fff',
    shown: NEW,
    copies: [NEW, OLD, OLD],
    expected: [false, null],
  },
  {
    name: 'the page that tells them apart is its own',
    mapped: OLD,
    kinds: 'fof',
    shown: NEW,
    copies: [NEW, OLD],
    expected: [null, null],
  },
  {
    name: 'another page is its own',
    mapped: OLD,
    kinds: 'off',
    shown: NEW,
    copies: [NEW, OLD],
    expected: [false, 1],
  },
  {
    name: 'neither',
    mapped: 'aaaa????cccc',
    kinds: 'fff',
    shown: NEW,
    copies: [NEW, OLD],
    expected: [false, null],
  },
  { name: 'a copy alone', mapped: OLD, kinds: 'fff', shown: OLD, copies: [OLD], expected: [true, null] },
  {
    name: 'a copy alone that fits',
    mapped: OLD,
    kinds: 'fff',
    shown: NEW,
    copies: [OLD],
    expected: [false, null],
  },
  { name: 'deleted', mapped: OLD, kinds: 'fff', shown: null, copies: [NEW, OLD], expected: [null, 1] },
  {
    name: 'a copy that is known to be another file',
    mapped: OLD,
    kinds: 'fff',
    shown: NEW,
    copies: [NEW, OLD],
    mayBeMapped: false,
    expected: [false, null],
  },
  {
    name: 'there may be more copies',
    mapped: OLD,
    kinds: 'fff',
    shown: NEW,
    copies: [NEW, OLD],
    isComplete: false,
    expected: [false, null],
  },
  {
    name: 'a page is unread, so that another copy may fit as well',
    mapped: OLD,
    kinds: 'ffu',
    shown: NEW,
    copies: [NEW, OLD],
    expected: [false, null],
  },
]

for (const each of CASES)
  test(`${each.name}: ${JSON.stringify(each.expected)}`, (t) => {
    t.deepEqual(verdict(each), each.expected)
  })

const text = fc
  .tuple(
    fc.array(fc.constantFrom('aaaa', 'abaa', '\0\0\0\0', 'bbbb'), { maxLength: 6 }),
    fc.constantFrom('', 'a', 'b'),
  )
  .map(([pages, rest]) => pages.join('') + rest)

/** Files of which one is mapped: its pages are its own, or the process's. */
const world = fc
  .record({
    copies: fc.array(text, { minLength: 1, maxLength: 4 }),
    shown: fc.option(text),
    which: fc.nat(),
    owns: fc.array(fc.boolean(), { maxLength: 8 }),
    chunk: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ which, owns, ...rest }) => {
    const real = which % rest.copies.length
    const bytes = rest.copies[real] ?? ''
    const pages = Array.from({ length: Math.ceil(bytes.length / PAGE) }, (_, page) => page)
    const kinds = pages.map((page): PageKind => (owns[page] ? 'own' : 'file'))
    return { ...rest, real, bytes, pages, kinds }
  })

test('Whatever the files are, no verdict is wrong of the one that is mapped', (t) => {
  let certain = 0
  fc.assert(
    fc.property(world, ({ copies, shown, real, bytes, pages, kinds, chunk }) => {
      const files = [...(shown === null ? [] : [shown]), ...copies].map(fileOf)
      const named = copies.map((_, index) => ({ index, mayBeMapped: true }))
      const comparison = compareBytes(mapped(bytes, kinds, chunk), files, PAGE)
      const { sameBytes, copy } = verdictOf(comparison, {
        isShown: shown !== null,
        copies: named,
        isComplete: true,
      })
      const isSame = shown !== null && pages.every((page) => pageOf(shown, page) === pageOf(bytes, page))
      if (sameBytes !== null) t.is(sameBytes, isSame)
      if (copy !== null) t.is(copy.index, real)
      if (sameBytes !== null && copy !== null) certain += 1
    }),
    { numRuns: 2000, seed: 17 },
  )
  t.true(certain > 50, `${certain} verdicts were certain`)
})

test('Where all pages count, it is always told whether the path shows the same', (t) => {
  fc.assert(
    fc.property(world, ({ shown, copies, bytes, pages }) => {
      if (shown === null || pages.length === 0) return
      const files = [shown, ...copies].map(fileOf)
      const kinds = pages.map((): PageKind => 'file')
      const named = copies.map(() => ({ mayBeMapped: true }))
      const comparison = compareBytes(mapped(bytes, kinds), files, PAGE)
      const { sameBytes } = verdictOf(comparison, { isShown: true, copies: named, isComplete: true })
      t.is(
        sameBytes,
        pages.every((page) => pageOf(shown, page) === pageOf(bytes, page)),
      )
    }),
    { seed: 18 },
  )
})

test('Nothing more is read once no file fits', (t) => {
  let read = 0
  function* pages(): Generator<MappedPages> {
    for (const each of mapped('aaaabbbbccccdddd', ['file', 'file', 'file', 'file'], 1)) {
      read += 1
      yield each
    }
  }
  const comparison = compareBytes(pages(), [fileOf('aaaaXXXX'), fileOf('XXXX')], PAGE)
  t.deepEqual([read, comparison.isWhole, comparison.counted], [2, false, 2])
})
