/** Which files may be the mapped one, opened: what the path shows, and the copies that may ever have been shown. */
import { appendFileSync, closeSync, openSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { DataFile } from '../../../src/files/data-file.js'
import { O_PATH } from '../../../src/files/ids.js'
import { type Kernel, parseEntry, UNKNOWN } from '../../../src/proc/map-files.js'
import type { BranchTable } from '../../../src/unions/branch-table.js'
import type { Copy } from '../../../src/unions/layers/layer.js'
import { areUnchanged, closeAll, openCandidates } from '../../../src/vma/compare/candidates.js'
import type { FileLookup, SeenFile, UnionClaim } from '../../../src/vma/context.js'
import { openBelow, tempFolder, writeTree } from '../../helpers/folders.js'
import { foundAs, lookupOf } from '../../helpers/lookups.js'
import { table } from '../../helpers/tables.js'

/** A writable branch over read-only ones. */
const branchesOf = (count: number) =>
  table(Array.from({ length: count }, (_, i) => `/b${i}`)).branches.map((branch, i) => ({
    ...branch,
    perm: i === 0 ? 'rw' : i === 3 ? 'rr' : 'ro',
  }))
const overlay = table([], { dev: '0:40', fs_type: 'overlay', si: null, branches: branchesOf(5) })
const aufs = table([], { branches: branchesOf(5) })

interface Given {
  union?: BranchTable | null
  /** Whether the path shows anything. */
  isShown?: boolean
  kernel?: Partial<Kernel>
  /** The branches that have a copy which is seen, and those that have one at all, with what is other of each. */
  seen?: [index: number, more?: Partial<Copy>][]
  holders?: [index: number, more?: Partial<Copy>][]
  lookup?: Partial<FileLookup>
}

/** Opens files of a folder, as the candidates of a mapped file. */
function opening(
  t: ExecutionContext,
  { union = overlay, isShown = true, kernel, seen = [], holders = seen, lookup }: Given,
) {
  const folder = tempFolder(t)
  writeTree(folder, { shown: 'shown', copy: 'copy' })
  const open = (name: string) => {
    const fd = openSync(`${folder}/${name}`, O_PATH)
    try {
      return DataFile.open(fd)
    } finally {
      closeSync(fd)
    }
  }
  const copyIn = ([index, more]: [number, Partial<Copy>?]): Copy => {
    const branch = (union ?? overlay).branches[index]
    if (branch === undefined) throw new Error(`no branch ${index}`)
    return {
      ...{ branch, path: '/f', file: foundAs('254:0/9'), mount_id: 29, isMeta: false, since: 0n },
      ...{ isNamed: true, isCopiedUp: () => null, openData: () => open('copy') },
      ...more,
    }
  }
  const raw = parseEntry('1000-2000 -> /f')
  if (raw === null) throw new Error('no entry')
  const claim: UnionClaim = {
    ...{ table: union, branch: null, leaks: false, name: '/f', linkPath: null },
    ...{ saysDeleted: false, isOutside: false },
  }
  const file: SeenFile = {
    raw: { ...raw, kernel: { ...UNKNOWN, ...kernel } },
    claim,
    context: {
      ...{ mounts: [], unions: union === null ? [] : [union], chroot: '/', root: '/' },
      ...{ lookup: null, leaky: false, reader: null },
    },
    lookup: lookupOf({
      openData: () => (isShown ? open('shown') : null),
      copies: () => ({ copies: seen.map(copyIn), isComplete: true }),
      holders: () => ({ holders: holders.map(copyIn), isComplete: true }),
      ...lookup,
    }),
  }
  return { folder, open: () => openCandidates(file, '/f') }
}

/** What is opened: of each copy its branch, and whether it may be the mapped file. */
function opened(t: ExecutionContext, given: Given) {
  const { folder, open } = opening(t, given)
  const candidates = open()
  const { shown, isShownMapped, mount, copies, isComplete } = candidates
  const told = {
    ...{ isShown: shown !== null, isShownMapped, mount: mount?.dev ?? null, isComplete },
    copies: copies.map(({ branch, mayBeMapped }) => `${branch.index}${mayBeMapped ? '' : ' not'}`),
  }
  t.is(openBelow(folder), copies.length + (shown === null ? 0 : 1))
  closeAll(candidates)
  t.is(openBelow(folder), 0)
  return told
}

test('Of a file of no union there is what its path shows, in the process’s own root', (t) => {
  const nothing = { mount: null, isComplete: false, copies: [] }
  t.deepEqual(opened(t, { union: null }), { ...nothing, isShown: true, isShownMapped: undefined })
  const other = { ...nothing, isShown: false, isShownMapped: false }
  t.deepEqual(opened(t, { union: null, lookup: { isOwnRoot: false } }), other)
  t.deepEqual(opened(t, { union: null, isShown: false }), other)
})

test('Below another root there is what the path shows of the same union', (t) => {
  const shown = (dev: string) => opened(t, { lookup: { isOwnRoot: false, deviceAt: () => dev } }).isShown
  t.true(shown('0:40'))
  t.false(shown('0:60'))
})

test('What the path shows is the mapped file, or is not, by its number', (t) => {
  const maps = (maps_ino: string) => ({ dev: '254:77', ino: maps_ino })
  t.is(opened(t, { kernel: maps('1') }).isShownMapped, false)
  t.is(opened(t, {}).isShownMapped, undefined)
})

const places: [name: string, given: Given, copies: string[], isComplete: boolean][] = [
  ['there are none', {}, [], true],
  ['a path that the union’s mount does not hold', { union: { ...overlay, mount_point: '/x' } }, [], false],
  ['the lowest is the first that is read-only', { seen: [[0], [1], [2]] }, ['0', '1'], true],
  ['also of a really read-only branch', { seen: [[0], [3], [4]] }, ['0', '3'], true],
  ['AUFS may have had any on top', { union: aufs, seen: [[0], [1], [2]] }, ['0', '1', '2'], true],
  [
    'what is hidden stands where its branch does',
    { union: aufs, seen: [[2]], holders: [[0], [1], [2]] },
    ['0', '1', '2'],
    true,
  ],
  [
    'what is hidden and no regular file is none',
    { union: aufs, seen: [[2]], holders: [[1, { file: foundAs('254:0/9', { hasData: false }) }], [2]] },
    ['2'],
    true,
  ],
  [
    'what is hidden may lack its data',
    { union: aufs, seen: [[2]], holders: [[1, { file: foundAs('254:0/9', { mayLackData: true }) }], [2]] },
    ['1', '2'],
    false,
  ],
  [
    'what is seen and small has its data',
    { seen: [[1, { file: foundAs('254:0/9', { mayLackData: true }) }]] },
    ['1'],
    true,
  ],
  ['a metacopy is none', { seen: [[0, { isMeta: true }], [1]] }, ['1'], true],
  ['what may be a metacopy', { seen: [[0, { isMeta: null }], [1]] }, ['0', '1'], false],
  ['one that cannot be opened', { seen: [[0, { openData: () => null }], [1]] }, ['1'], false],
  [
    'the layers cannot all be looked into',
    { lookup: { copies: () => ({ copies: [], isComplete: false }) } },
    [],
    false,
  ],
  [
    'what is hidden cannot all be looked into',
    { lookup: { holders: () => ({ holders: [], isComplete: false }) } },
    [],
    false,
  ],
]

for (const [name, given, copies, isComplete] of places)
  test(`Of the copies those may be mapped that may ever have been shown: ${name}`, (t) => {
    const told = opened(t, given)
    t.deepEqual(
      [told.copies, told.isComplete, told.mount],
      [copies, isComplete, (given.union ?? overlay).dev],
    )
  })

const both: Given['seen'] = [[0], [1]]
const isMapped: [name: string, given: Given, copies: string[]][] = [
  ['nothing is told', { seen: both }, ['0', '1']],
  [
    'the kernel tells the very file',
    { seen: both, kernel: { real_dev: '254:0', real_ino: '9' } },
    ['0 not', '1 not'],
  ],
  ['the path shows another file', { seen: both, kernel: { dev: '254:77', ino: '1' } }, ['0 not', '1']],
  ['the path shows nothing', { seen: both, isShown: false }, ['0 not', '1']],
  [
    'maps has another inode than the lower one',
    { seen: both, kernel: { maps_dev: '0:40', maps_ino: '77' } },
    ['0', '1 not'],
  ],
  ['maps has its inode', { seen: both, kernel: { maps_dev: '0:40', maps_ino: '9' } }, ['0', '1']],
  ['maps has no inode', { seen: both, kernel: { maps_dev: '0:40' } }, ['0', '1']],
  [
    'of AUFS inodes tell nothing',
    { union: aufs, seen: both, kernel: { maps_dev: '0:18', maps_ino: '77' } },
    ['0', '1'],
  ],
]

for (const [name, given, copies] of isMapped)
  test(`A copy may be the mapped one: ${name}`, (t) => {
    t.deepEqual(opened(t, given).copies, copies)
  })

test('Where a copy may not be read, that is an error, and nothing stays open', (t) => {
  const openData = () => {
    throw Object.assign(new Error('EACCES'), { code: 'EACCES' })
  }
  const { folder, open } = opening(t, { seen: [[0], [1, { openData }]] })
  t.throws(open, { code: 'EACCES' })
  t.is(openBelow(folder), 0)
})

test('They are unchanged where each is', (t) => {
  const { folder, open } = opening(t, { seen: both })
  const candidates = open()
  t.true(areUnchanged(candidates))
  appendFileSync(`${folder}/copy`, '!')
  t.false(areUnchanged(candidates))
  closeAll(candidates)
})
