/** How many files of each layer, image or container there are. */
import test from 'ava'
import type { LayerImage } from '../../src/unions/branch-table.js'
import type { DrawnVma } from '../../src/view/drawn-records.js'
import { overviewOf } from '../../src/view/overview.js'
import type { Division } from '../../src/view/page/data.js'
import { pictureOf } from '../../src/view/picture.js'
import { branch, image, ofNoUnion, vma } from '../helpers/drawn.js'

/** Each share: its name, whether it is one, and its processes, files and stale files. */
function told(division: Division, records: DrawnVma[]): unknown[] {
  return overviewOf(pictureOf(records).processes, division).map(
    ({ name, isNamed, processes, files, stale }) => [name, isNamed, processes, files, stale],
  )
}

const on = (more: Partial<typeof branch>): DrawnVma => ({ ...vma, branch: { ...branch, ...more } })

test('a folder is the same layer in whatever union it is, and one without a path only in its own', (t) => {
  t.deepEqual(told('layer', [on({}), { ...on({ mount_id: 30, si: '1b', index: 3 }), pid: 8, dev: '0:18' }]), [
    ['/l/top', true, 2, 1, 0],
  ])
  const unknown = [{}, { mount_id: 30 }, { si: '1b' }, { index: 1 }, { id: 99 }]
  t.is(
    told(
      'layer',
      unknown.map((more) => on({ path: null, ...more })),
    ).length,
    4,
  )
})

test('files of a branch that is not known are no files of no union', (t) => {
  t.deepEqual(
    told('image', [
      { ...vma, branch: null },
      { ...vma, ...ofNoUnion },
    ]),
    [
      ['files of a branch not known', false, 1, 1, 0],
      ['files of no union', false, 1, 1, 0],
    ],
  )
})

test('a file of a layer is one by path and inode, and another file by its device, too', (t) => {
  const files = (...records: Partial<DrawnVma>[]) =>
    overviewOf(pictureOf(records.map((record) => ({ ...vma, ...record }))).processes, 'image')[0]?.files
  t.is(files({}, { dev: '0:18' }, { start: '0' }), 1)
  t.is(files({}, { path: '/b' }, { ino: '26' }), 3)
  t.is(files({ branch: null }, { branch: null, dev: '0:18' }), 2)
})

test('layers are of an image by its names, and own layers of containers are all of one', (t) => {
  const other = { ...image, layer: 'sha256:b' }
  const own = (container: string): LayerImage => ({
    ...image,
    layer: null,
    chain: null,
    names: [],
    container,
  })
  const records = [
    on({ path: '/l/a', image }),
    on({ path: '/l/b', image: other }),
    on({ path: '/l/c', image: { ...other, names: ['debian:12'] } }),
    on({ path: '/l/d', image: { ...other, names: [] } }),
    on({ path: '/l/e', image: own('c1') }),
    on({ path: '/l/f', image: own('c2') }),
    on({ path: 'own', image: null }),
    on({ path: '/l/h' }),
  ]
  t.deepEqual(told('image', records), [
    ['debian:12 and 1 more', true, 1, 2, 0],
    ["containers' own layers", true, 1, 2, 0],
    ['debian:12', true, 1, 1, 0],
    ['layer b of no image', true, 1, 1, 0],
    ['own', true, 1, 1, 0],
    ['/l/h', true, 1, 1, 0],
  ])
})

test('containers are told from units of the same name, and from what is in neither', (t) => {
  const records = [
    { ...vma, pid: 1, container: 'same', unit: 'a.service' },
    { ...vma, pid: 2, container: 'same', unit: 'b.service' },
    { ...vma, pid: 3, unit: 'same' },
    { ...vma, pid: 4, unit: 'other' },
    { ...vma, pid: 5 },
    { ...vma, pid: 6, comm: 'b' },
    { ...vma, pid: 7, comm: 'c' },
  ]
  t.deepEqual(told('container', records), [
    ['container same', true, 2, 1, 0],
    ['same', true, 1, 1, 0],
    ['other', true, 1, 1, 0],
    ['no container', false, 3, 1, 0],
  ])
})

test('first stands what has the most stale files, then what is of something, then what has the most files', (t) => {
  const of = (path: string | null, files: number, stale: number): DrawnVma[] =>
    Array.from({ length: files }, (_, i) => ({
      ...(path === null ? { ...vma, ...ofNoUnion } : on({ path })),
      ...{ path: `/${i}`, state: i < stale ? 'deleted' : 'current' },
    }))
  const records = [
    ...of('/l/a', 1, 0),
    ...of(null, 9, 0),
    ...of('/l/b', 2, 1),
    ...of('/l/c', 2, 2),
    ...of('/l/d', 3, 0),
  ]
  t.deepEqual(told('layer', records), [
    ['/l/c', true, 1, 2, 2],
    ['/l/b', true, 1, 2, 1],
    ['/l/d', true, 1, 3, 0],
    ['/l/a', true, 1, 1, 0],
    ['files of no union', false, 1, 9, 0],
  ])
})

test('what is stale is told before what is not, and what is more before what is less', (t) => {
  const states: Pick<DrawnVma, 'state' | 'same_bytes'>[] = [
    ...[{ state: 'current' as const }, { state: null }, { state: null }, { state: 'deleted' as const }],
    ...[
      { state: null, same_bytes: false },
      { state: null, same_bytes: false },
    ],
  ]
  const records = states.map((state, i) => ({ ...vma, ...state, path: `/${i}` }))
  const [share] = overviewOf(
    pictureOf([...records, ...records.map((each) => ({ ...each, pid: 8 }))]).processes,
    'layer',
  )
  t.deepEqual(share?.states, [
    { state: null, isStale: true, files: 2 },
    { state: 'deleted', isStale: true, files: 1 },
    { state: null, isStale: null, files: 2 },
    { state: 'current', isStale: false, files: 1 },
  ])
})
