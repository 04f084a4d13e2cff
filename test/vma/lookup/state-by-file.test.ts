/** What the layer's own file tells of a mapped one, where the kernel says which it is. */
import test from 'ava'
import type { Found } from '../../../src/files/found.js'
import { type Kernel, parseEntry, UNKNOWN } from '../../../src/proc/map-files.js'
import type { Copy } from '../../../src/unions/layers/layer.js'
import type { FileLookup, SeenFile, UnionClaim } from '../../../src/vma/context.js'
import { stateBelow, stateByFile } from '../../../src/vma/lookup/state-by-file.js'
import type { State } from '../../../src/vma/record.js'
import { foundAs, lookupOf } from '../../helpers/lookups.js'
import { table } from '../../helpers/tables.js'

const UNION = table(['/up', '/mid', '/low'], { fs_type: 'overlay', si: null, dev: '0:40' })
const AUFS = table(['/up', '/low'])
const CLAIMED = UNION.branches[2] ?? null

/** What is mapped: inode 9 of the disk, which the union shows as 7. */
const REAL = { dev: '254:0', ino: '9' }
const OPENED = { dev: '0:40', ino: '7' }

function fileOf(
  kernel: Partial<Kernel> = {},
  claim: Partial<UnionClaim> = {},
  look: Partial<FileLookup> = {},
): SeenFile {
  const raw = parseEntry('1000-2000 -> /bin/sh')
  if (raw === null) throw new Error('no entry')
  return {
    raw: { ...raw, kernel: { ...UNKNOWN, ...OPENED, ...kernel } },
    claim: {
      ...{ table: UNION, branch: CLAIMED, leaks: false, name: '/bin/sh', linkPath: null },
      ...{ saysDeleted: false, isOutside: false, ...claim },
    },
    context: { mounts: [], unions: [], chroot: '/', root: '/', lookup: null, leaky: false, reader: null },
    lookup: lookupOf(look),
  }
}

/** A copy in a branch, as the union would show it: what it shows has the same times and size. */
function copyIn(index: number, ino: string, more: Partial<Copy> = {}, file: Partial<Found> = {}): Copy {
  const branch = { index, id: null, path: `/l${index}`, perm: index === 0 ? 'rw' : 'ro', attributes: [] }
  return {
    ...{ branch, path: '/bin/sh', mount_id: null, isMeta: false, since: 0n, isNamed: true },
    file: foundAs(`254:0/${ino}`, { changed: BigInt(ino), ...file }),
    isCopiedUp: () => null,
    openData: () => null,
    ...more,
  }
}

/** What the union shows of the copy with this inode. */
const shownAs = (ino: string, more: Partial<Found> = {}) =>
  foundAs('0:40/7', { changed: BigInt(ino), ...more })
const linked = (ino: string, more: Partial<Found> = {}) => copyIn(1, ino, {}, { links: 2n, ...more })
const metacopies = { hasMetacopies: () => true }

interface Case {
  title: string
  file?: SeenFile
  copies: Copy[]
  found?: Found
  /** Null where nothing is told. */
  told: { state: State | null; branch: number; shown?: null } | null
}

const cases: Case[] = [
  {
    title: 'the uppermost copy, which the union shows',
    copies: [copyIn(1, '9')],
    told: { state: 'current', branch: 1 },
  },
  {
    title: 'one that was changed since, by its birth',
    copies: [copyIn(1, '9', {}, { birth: 5n })],
    found: shownAs('10', { birth: 5n }),
    told: { state: 'current', branch: 1 },
  },
  {
    title: 'the uppermost of a read-only layer, where the union shows another file',
    copies: [copyIn(1, '9', {}, { birth: 5n })],
    found: shownAs('10', { birth: 6n }),
    told: { state: null, branch: 1 },
  },
  {
    title: 'births that are not told are none',
    copies: [copyIn(1, '9')],
    found: shownAs('10'),
    told: { state: null, branch: 1 },
  },
  {
    title: 'the same in the writable layer',
    copies: [copyIn(0, '9')],
    found: shownAs('10'),
    told: { state: 'current', branch: 0 },
  },
  {
    title: 'a file of several names, of which another was copied up',
    copies: [linked('9')],
    found: shownAs('10'),
    told: { state: 'copied_up', branch: 1 },
  },
  {
    title: 'the same, with data of another size, where there are metacopies',
    file: fileOf({}, {}, metacopies),
    copies: [linked('9')],
    found: shownAs('10', { size: 1n }),
    told: { state: 'copied_up', branch: 1 },
  },
  {
    title: 'the same, maybe without data of its own',
    file: fileOf({}, {}, metacopies),
    copies: [linked('9')],
    found: shownAs('10'),
    told: { state: null, branch: 1 },
  },
  {
    title: 'a copy below the one that is shown',
    copies: [copyIn(0, '8'), copyIn(1, '9')],
    found: shownAs('8'),
    told: { state: 'copied_up', branch: 1 },
  },
  {
    title: 'a copy below one that is not shown',
    copies: [copyIn(0, '8'), copyIn(1, '9')],
    found: shownAs('10'),
    told: { state: null, branch: 1 },
  },
  {
    title: 'a copy below one that has its data',
    copies: [copyIn(0, '8', { isMeta: true }), copyIn(1, '9')],
    found: shownAs('8'),
    told: { state: 'current', branch: 1 },
  },
  {
    title: 'a copy below one that may have its data',
    copies: [copyIn(0, '8'), copyIn(1, '6', { isMeta: null }), copyIn(2, '9')],
    found: shownAs('8'),
    told: { state: null, branch: 2 },
  },
  {
    title: 'below another file, by a link that names the branch',
    file: fileOf({ maps_dev: '0:40', maps_ino: '6' }, { leaks: true }),
    copies: [copyIn(0, '8'), copyIn(1, '9')],
    found: foundAs('0:40/70', { changed: 8n }),
    told: { state: 'replaced', branch: 1, shown: null },
  },
  {
    title: 'none of the copies, of which the union shows one in the writable layer as the mapped file',
    copies: [copyIn(0, '8')],
    found: shownAs('8'),
    told: { state: 'copied_up', branch: 2 },
  },
  { title: 'the same of a read-only layer', copies: [copyIn(1, '8')], found: shownAs('8'), told: null },
  {
    title: 'the same, of which another is shown',
    copies: [copyIn(0, '8')],
    found: shownAs('10'),
    told: null,
  },
  {
    title: 'the same, shown as another file',
    copies: [copyIn(0, '8')],
    found: foundAs('0:40/70', { changed: 8n }),
    told: null,
  },
  { title: 'no copy at all', copies: [], told: null },
]

for (const { title, file = fileOf(), copies, found = shownAs('9'), told } of cases)
  test(`What is mapped is ${title}`, (t) => {
    const verdict = stateByFile(file, REAL, UNION, { copies, isComplete: true }, found)
    t.deepEqual(verdict && { ...verdict, branch: verdict.branch?.index }, told && { shown: found, ...told })
  })

test('Where the kernel does not tell the mapped file, nothing is told', (t) => {
  const copies = [copyIn(1, '9')]
  t.is(stateByFile(fileOf(), null, UNION, { copies, isComplete: true }, shownAs('9')), null)
})

const below: [title: string, file: SeenFile, top: Partial<Copy>, found: Found, state: State | null][] = [
  ['the mapped file', fileOf(), {}, foundAs('0:40/7'), 'copied_up'],
  ['a file of another number', fileOf(), { isCopiedUp: () => true }, foundAs('0:40/8'), 'replaced'],
  [
    'a copy, with bits of its layer in the number',
    fileOf(),
    { isCopiedUp: () => true },
    foundAs(`0:40/${7n + 2n ** 40n}`),
    'copied_up',
  ],
  ['no copy, of that number', fileOf(), { isCopiedUp: () => false }, foundAs('0:41/7'), null],
  ['maybe a copy, of that number', fileOf(), {}, foundAs('0:41/7'), null],
  [
    'another file of an AUFS',
    fileOf({}, { table: AUFS }),
    { isCopiedUp: () => true },
    foundAs('0:41/8'),
    null,
  ],
  [
    'another file of no known union',
    fileOf({}, { table: null }),
    { isCopiedUp: () => true },
    foundAs('0:41/8'),
    null,
  ],
  [
    'a file, where the kernel tells no inode',
    fileOf({ dev: null, ino: null }),
    { isCopiedUp: () => true },
    foundAs('0:41/8'),
    null,
  ],
]

for (const [title, file, top, found, state] of below)
  test(`A file is below a copy that the union shows as ${title}`, (t) => {
    t.is(stateBelow(file, copyIn(0, '8', top), found), state)
  })
