/** What the page of `aufs-view --html` is given to draw: no browser is needed to read it. */
import test from 'ava'
import type { BranchTable, LayerImage } from '../../../src/unions/branch-table.js'
import type { DrawnVma } from '../../../src/view/drawn-records.js'
import type { BranchData, PageData, ProcessData } from '../../../src/view/page/data.js'
import { pageData } from '../../../src/view/page/page-data.js'
import { pictureOf } from '../../../src/view/picture.js'
import type { VmaBranch } from '../../../src/vma/record.js'
import { choice, ofNoUnion, vma as shared } from '../../helpers/drawn.js'
import { pathsOf } from '../../helpers/page-data.js'
import { table } from '../../helpers/tables.js'

const vma: DrawnVma = { ...shared, ...ofNoUnion, end: '2000' }

const branch = (index: number, path: string | null): VmaBranch => ({
  ...{ mount_id: 31, si: '1a', index, id: null, path, perm: 'ro', attributes: [] },
})

const dataOf = (records: (DrawnVma | BranchTable)[]) => pageData(pictureOf(records), choice)

function onlyOf({ processes }: PageData): ProcessData {
  const [process, ...others] = processes
  if (process === undefined || others.length > 0) throw new Error('not one process')
  return process
}

test('gaps and lengths are told in the order of addresses, however these are written', (t) => {
  const { spans } = onlyOf(
    dataOf([
      { ...vma, start: '02000', end: '3000' },
      vma,
      { ...vma, start: '3000', end: '3000' },
      { ...vma, start: '3000', end: '3001' },
      { ...vma, start: '3001', end: '4000' },
      { ...vma, start: '3800', end: '4000' },
      { ...vma, start: 'ffffffffff600000', end: 'ffffffffff601000' },
    ]),
  )
  t.is(spans, '1000 1000 0 1000 0 0 0 1 0 fff -800 800 ffffffffff5fc000 1000')
})

test('each mapping has its file, its state and its branch', (t) => {
  const data = dataOf([
    { ...vma, start: '3000', end: '3002', path: '/lib/b', branch: branch(1, '/l/b'), state: 'copied_up' },
    { ...vma, start: '2000', end: '2000', path: '/lib/b', branch: branch(0, '/l/a'), state: null },
    { ...vma, start: '1000', end: '1001', perms: null },
    { ...vma, start: '4000', end: '5000', path: '/lib/a', rpath: './lib/a', state: null, same_bytes: false },
    { ...vma, start: '5000', end: '6000', path: '/lib/a', state: 'replaced', same_bytes: true },
  ])
  const { mapped, perms, by, supplies } = onlyOf(data)
  const paths = pathsOf(data)
  t.deepEqual(
    mapped.map((file, i) => {
      const { text = '', isStale = null } = data.states[data.fileStates[file] ?? -1] ?? {}
      return [paths[file], data.perms[perms[i] ?? -1], supplies[by[i] ?? -1]?.label, text, isStale]
    }),
    [
      ['/bin/app', '', 'files of no union', 'current', false],
      ['/lib/b', 'r--p', 'branch 0 ro /l/a', 'state not known', false],
      ['/lib/b', 'r--p', 'branch 1 ro /l/b', 'copied up', true],
      ['/lib/a', 'r--p', 'files of a branch not known', 'with other bytes', true],
      ['/lib/a', 'r--p', 'files of no union', 'replaced, with the same bytes', false],
    ],
  )
})

test('what is of no union and what is of a branch not known are told apart', (t) => {
  const { supplies } = onlyOf(dataOf([vma, { ...vma, path: '/b', rpath: './b' }]))
  t.deepEqual(
    supplies.map(({ fill, index, perm, name }) => [fill, index, perm, name]),
    [
      ['unknown', '?', '', 'files of a branch not known'],
      ['none', '', '', 'files of no union'],
    ],
  )
})

test('a folder has the same colour wherever it is a branch, and each its own', (t) => {
  const data = dataOf([
    { ...vma, branch: branch(1, '/l/b') },
    { ...vma, branch: branch(0, '/l/a') },
    { ...vma, branch: branch(2, null) },
    { ...vma, branch: branch(3, null) },
    vma,
    table(['/l/b', '/l/c', '/l/a', null]),
  ])
  const fills = (branches: BranchData[] | undefined) => branches?.map(({ name, fill }) => [name, fill])
  t.deepEqual(fills(onlyOf(data).supplies), [
    ['/l/a', 0],
    ['/l/b', 1],
    ['(not known)', 2],
    ['(not known)', 3],
    ['files of no union', 'none'],
  ])
  t.deepEqual(fills(data.unions[0]?.branches), [
    ['/l/b', 1],
    ['/l/c', 4],
    ['/l/a', 0],
    ['(not known)', 3],
  ])
})

test('layers, images and containers are counted, with the processes that they are of', (t) => {
  const image: LayerImage = {
    ...{ store: 'docker', layer: 'sha256:a1', chain: 'sha256:b2', container: null },
    names: ['docker.io/library/nginx:1.27'],
  }
  const of = (pid: number, index: number, more: Partial<DrawnVma> = {}): DrawnVma => ({
    ...{ ...vma, pid, container: `c${pid}` },
    branch: { ...branch(index, `/l/${index}`), mount_id: pid, image },
    ...more,
  })
  const { shares } = dataOf([
    of(1, 0, { dev: '0:40' }),
    of(2, 0, { dev: '0:41', state: 'replaced' }),
    of(2, 1, { path: '/b', state: null }),
  ])
  const told = (division: keyof typeof shares) =>
    shares[division].map(({ name, processes, files, of, tallies, fill }) => [
      ...[name, fill, processes, files, of.join()],
      tallies
        .map(
          ({ text, files, isStale, isUnknown }) =>
            `${files} ${text}${isStale ? '!' : ''}${isUnknown ? '?' : ''}`,
        )
        .join(),
    ])
  t.deepEqual(told('layer'), [
    ['nginx:1.27, layer a1', 0, 2, 1, '0,1', '1 replaced!,1 current'],
    ['nginx:1.27, layer a1', 1, 1, 1, '1', '1 not known?'],
  ])
  t.deepEqual(told('image'), [['nginx:1.27', null, 2, 2, '0,1', '1 replaced!,1 current,1 not known?']])
  t.deepEqual(told('container'), [
    ['container c2', null, 1, 2, '1', '1 replaced!,1 not known?'],
    ['container c1', null, 1, 1, '0', '1 current'],
  ])
})

test('what has no branch has no colour, and a container has none of its own', (t) => {
  const { shares } = dataOf([vma, { ...vma, branch: null, rpath: './b' }])
  t.deepEqual(
    Object.entries(shares).map(([division, each]) => [division, each.map(({ fill }) => fill)]),
    [
      ['layer', ['unknown', 'none']],
      ['image', ['unknown', 'none']],
      ['container', [null]],
    ],
  )
})

test('a process is told with what it is sorted and chosen by', (t) => {
  const stale: DrawnVma = { ...vma, branch: branch(0, '/l/a'), end: '4000', path: '/b', state: 'replaced' }
  const { comm, pids, files, bytes, isOfUnion, supplies, ...process } = onlyOf(
    dataOf([
      vma,
      stale,
      { ...stale, end: '3000', state: 'deleted' },
      { ...stale, path: '/c', state: 'current' },
    ]),
  )
  t.deepEqual(
    { comm, pids, files, bytes, isOfUnion, stale: process.stale },
    { comm: 'app', pids: [7], files: 3, bytes: 0x9000, isOfUnion: true, stale: 1 },
  )
  t.deepEqual(
    supplies.map((supply) => [supply.bytes, supply.staleBytes, supply.stale]),
    [
      [0x8000, 0x5000, '1 replaced, 1 deleted'],
      [0x1000, 0, ''],
    ],
  )
  t.is(onlyOf(dataOf([{ ...vma, pid: null, comm: null }])).comm, '')
})
