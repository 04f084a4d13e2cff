/** Which file is the mapped one: by what the kernel says of it, and by the layers. */
import test from 'ava'
import type { FileId } from '../../../src/files/ids.js'
import { type Kernel, parseEntry, UNKNOWN } from '../../../src/proc/map-files.js'
import type { BranchTable } from '../../../src/unions/branch-table.js'
import type { Copy } from '../../../src/unions/layers/layer.js'
import type { FileLookup, ProcessContext, SeenFile, UnionClaim } from '../../../src/vma/context.js'
import { isMapped, mappedCopy, realFileOf } from '../../../src/vma/lookup/mapped-copy.js'
import { foundAs, lookupOf } from '../../helpers/lookups.js'
import { table } from '../../helpers/tables.js'

const OVERLAY = table(['/up', '/low'], { fs_type: 'overlay', si: null, dev: '0:40' })
const AUFS = table(['/up', '/low'])
const NOWHERE: ProcessContext = {
  ...{ mounts: [], unions: [], chroot: '/', root: '/', lookup: null, leaky: false, reader: null },
}

const kernelOf = (kernel: Partial<Kernel>): Kernel => ({ ...UNKNOWN, ...kernel })

function fileOf(
  kernel: Partial<Kernel>,
  claim: Partial<UnionClaim> = {},
  look: Partial<FileLookup> = {},
  context = NOWHERE,
): SeenFile {
  const raw = parseEntry('1000-2000 -> /bin/sh')
  if (raw === null) throw new Error('no entry')
  return {
    raw: { ...raw, kernel: kernelOf(kernel) },
    claim: {
      ...{ table: OVERLAY, branch: null, leaks: false, name: '/bin/sh', linkPath: null },
      ...{ saysDeleted: false, isOutside: false, ...claim },
    },
    context,
    lookup: lookupOf(look),
  }
}

const maps = { maps_dev: '0:40', maps_ino: '7' }
const shown: [title: string, file: SeenFile, found: string, is: boolean | undefined][] = [
  ['the opened entry is that file', fileOf({ dev: '0:40', ino: '7' }), '0:40/7', true],
  ['the opened entry is of another number', fileOf({ dev: '0:40', ino: '8', ...maps }), '0:40/7', false],
  ['the opened entry is of another device', fileOf({ dev: '0:41', ino: '7', ...maps }), '0:40/7', false],
  ['maps has that file', fileOf(maps), '0:40/7', true],
  ['maps has another device', fileOf({ ...maps, maps_dev: '254:0' }), '0:40/7', undefined],
  ['maps has another number, which a copy up changes', fileOf(maps), '0:40/8', undefined],
  ['maps has another number, which nothing changes', fileOf(maps, { table: AUFS }), '0:40/8', false],
  ['maps has another number, of no union', fileOf(maps, { table: null }), '0:40/8', false],
  ['nothing is told', fileOf({}), '0:40/7', undefined],
  ['a link leaks, and maps has that file', fileOf(maps, { leaks: true }), '0:40/7', true],
  ['a link leaks, and maps has another number', fileOf(maps, { leaks: true }), '0:40/8', false],
  ['a link leaks, and another device is shown', fileOf(maps, { leaks: true }), '0:41/7', false],
  [
    'a link leaks, and maps has the device of no union',
    fileOf({ maps_dev: '254:0', maps_ino: '7', dev: '254:0', ino: '7' }, { leaks: true }),
    '254:0/7',
    undefined,
  ],
  ['a link leaks of no known union', fileOf(maps, { leaks: true, table: null }), '0:40/7', undefined],
  [
    'a link leaks, and neither maps nor the union tells a device',
    fileOf({ dev: '0:40', ino: '7' }, { leaks: true, table: { ...OVERLAY, dev: null } }),
    '0:40/7',
    undefined,
  ],
]

for (const [title, file, found, is] of shown)
  test(`Whether what a path shows is the mapped file: ${title}`, (t) =>
    t.is(isMapped(file, foundAs(found)), is))

/** Before Linux 6.8 maps has the layer's own file, and the opened entry the union's. */
const OLD = { dev: '0:40', ino: '7', maps_dev: '254:0', maps_ino: '9' }
const REAL: FileId = { dev: '254:0', ino: '9' }
const told: [title: string, kernel: Partial<Kernel>, union: BranchTable, real: FileId | null][] = [
  ['a BPF iterator', { real_dev: '254:0', real_ino: '9' }, OVERLAY, REAL],
  [
    'an iterator, whatever maps has',
    { ...OLD, real_dev: '254:1', real_ino: '5' },
    OVERLAY,
    { dev: '254:1', ino: '5' },
  ],
  ['an iterator that has no number, but maps', { ...OLD, real_dev: '254:1', real_ino: null }, OVERLAY, REAL],
  ['an iterator that has no device, but maps', { ...OLD, real_dev: null, real_ino: '5' }, OVERLAY, REAL],
  ["an iterator that has the union's own file", { real_dev: '0:40', real_ino: '7' }, OVERLAY, null],
  ['maps', OLD, OVERLAY, REAL],
  ['maps without a number', { ...OLD, maps_ino: null }, OVERLAY, null],
  ['maps without a device', { ...OLD, maps_dev: null }, OVERLAY, null],
  ['maps, which has the union’s own', { ...OLD, maps_dev: '0:40' }, OVERLAY, null],
  ['maps of an AUFS', OLD, AUFS, null],
]

for (const [title, kernel, union, real] of told)
  test(`The layer's own file is told by ${title}`, (t) =>
    t.deepEqual(realFileOf(kernelOf(kernel), union), real))

function copyOf(id: string, more: Partial<Copy> = {}): Copy {
  const branch = { index: 1, id: null, path: '/low', perm: 'ro', attributes: [] }
  return {
    ...{ branch, path: '/bin/sh', file: foundAs(id), mount_id: 30, isMeta: false, since: 0n, isNamed: true },
    isCopiedUp: () => null,
    openData: () => null,
    ...more,
  }
}

/** An overlay that is a layer itself, as the reader has it: mount 30, where the layer's folder is. */
const INNER = table(['/inner'], { mount_id: 30, mount_point: '/low', fs_type: 'overlay', dev: '0:50' })
const within = (
  copies: Copy[],
  union = INNER,
  seen: FileLookup | null = lookupOf({ copies: () => ({ copies, isComplete: true }) }),
) =>
  fileOf(
    {},
    {},
    { deviceOf: () => '0:50' },
    { ...NOWHERE, reader: { ...NOWHERE, unions: [union], lookup: seen } },
  )
const onDisk = (id: string, more: Partial<Copy> = {}) => copyOf(id, { mount_id: null, ...more })

const copies: [title: string, file: SeenFile, copies: Copy[], mapped: number | null | undefined][] = [
  ['the one of that number and device', fileOf({}), [copyOf('254:0/8'), copyOf('254:0/9')], 1],
  ['none of that number', fileOf({}), [copyOf('254:0/8')], undefined],
  ['none, as there is none', fileOf({}), [], undefined],
  ['not known where the device may be another one', fileOf({}), [copyOf('0:60/9')], null],
  ['the one whose mount has that device', fileOf({}, {}, { deviceOf: () => '254:0' }), [copyOf('0:60/9')], 0],
  [
    'none whose mount has another device',
    fileOf({}, {}, { deviceOf: () => '254:1' }),
    [copyOf('254:0/9')],
    undefined,
  ],
  [
    'not known of two subvolumes on one device',
    fileOf({}, {}, { deviceOf: () => '254:0' }),
    [copyOf('0:60/9'), copyOf('0:61/9')],
    null,
  ],
  [
    'the upper of two names in one subvolume',
    fileOf({}, {}, { deviceOf: () => '254:0' }),
    [copyOf('0:60/9'), copyOf('0:60/9')],
    0,
  ],
  ['one whose own layer has it', within([onDisk('254:0/9')]), [copyOf('0:50/7')], 0],
  [
    'one whose own layer has its data below',
    within([onDisk('254:0/8', { isMeta: true }), onDisk('254:0/9')]),
    [copyOf('0:50/7')],
    0,
  ],
  [
    'none whose own layer has another',
    within([onDisk('254:0/8'), onDisk('254:0/9')]),
    [copyOf('0:50/7')],
    undefined,
  ],
  ['not known of one whose own layers are not seen', within([]), [copyOf('0:50/7')], null],
  [
    'none where nothing may be looked at',
    within([onDisk('254:0/9')], INNER, null),
    [copyOf('0:50/7')],
    undefined,
  ],
  [
    'none of a union of no known mount',
    within([onDisk('254:0/9')], { ...INNER, mount_id: null }),
    [copyOf('0:50/7', { mount_id: null })],
    undefined,
  ],
  [
    'not known of a union that is mounted elsewhere',
    within([onDisk('254:0/9')], { ...INNER, mount_point: '/elsewhere' }),
    [copyOf('0:50/7')],
    null,
  ],
]

for (const [title, file, all, mapped] of copies)
  test(`The copy that is mapped is ${title}`, (t) => {
    const copy = mappedCopy(file, REAL, all)
    t.is(copy == null ? copy : all.indexOf(copy), mapped)
  })
