/** Who supplies what to whom. */
import test from 'ava'
import { isWhole } from '../../src/lines/records.js'
import { type DrawnVma, readDrawnVma } from '../../src/view/drawn-records.js'
import { staleText } from '../../src/view/labels.js'
import { pictureOf } from '../../src/view/picture.js'
import { branch, lower, ofNoUnion, only, vma } from '../helpers/drawn.js'
import { table } from '../helpers/tables.js'

test('a file counts once however often it is mapped, and its bytes each time', (t) => {
  const replaced: DrawnVma = { ...vma, ino: '26', state: 'replaced' }
  const again: DrawnVma = { ...vma, start: '3000', end: '4000' }
  const { files, bytes, stale, supplies } = only([vma, again, replaced, { ...vma, ...ofNoUnion }])
  t.deepEqual({ files, bytes, stale }, { files: 2, bytes: 0x7000n, stale: 1 })
  t.deepEqual(
    supplies.map(({ files, bytes, stale }) => ({ files, bytes, stale })),
    [
      { files: 2, bytes: 0x5000n, stale: [{ state: 'replaced', files: 1, bytes: 0x2000n }] },
      { files: 1, bytes: 0x2000n, stale: [] },
    ],
  )
})

test('branches stand in the order of their union, then what is of no known branch, then what is of no union', (t) => {
  const second = { ...branch, mount_id: 30, si: '1b' }
  const places = [ofNoUnion, { branch: lower }, { branch: null }, { branch: second }, { branch }]
  t.deepEqual(
    only(places.map((place) => ({ ...vma, ...place }))).supplies.map((supply) => [
      supply.branch?.mount_id,
      supply.branch?.index,
      supply.isOfUnion,
    ]),
    [
      [29, 0, true],
      [29, 10, true],
      [30, 0, true],
      [undefined, undefined, true],
      [undefined, undefined, false],
    ],
  )
})

test('branches stand in the order of their numbers, however they are met', (t) => {
  const orders = [
    [0, 1, 10],
    [0, 10, 1],
    [1, 0, 10],
    [1, 10, 0],
    [10, 0, 1],
    [10, 1, 0],
  ]
  for (const order of orders)
    t.deepEqual(
      only(order.map((index) => ({ ...vma, branch: { ...branch, index } }))).supplies.map(
        (supply) => supply.branch?.index,
      ),
      [0, 1, 10],
      order.join(),
    )
})

for (const [what, other] of [
  ['mount', { branch: { ...branch, mount_id: 30 } }],
  ['superblock', { branch: { ...branch, si: '1b' } }],
  ['number', { branch: { ...branch, index: 1 } }],
  ['path', { branch: { ...branch, path: '/l/other' } }],
] as const) {
  test(`a branch is another one by its ${what}`, (t) => {
    t.is(only([vma, { ...vma, ...other }]).supplies.length, 2)
    t.is(only([vma, { ...vma, branch: { ...branch, id: 99, perm: 'ro' } }]).supplies.length, 1)
  })
}

for (const [what, other] of [
  ['number, where it maps another file', { pid: 8, path: '/bin/other' }],
  ['name', { comm: 'other' }],
  ['container', { container: 'c' }],
] as const) {
  test(`a process is another one by its ${what}`, (t) => {
    t.is(pictureOf([vma, { ...vma, ...other }, vma]).processes.length, 2)
  })
}

test('processes that map the same files in the same states are one', (t) => {
  const more = { ...vma, start: '3000', end: '4000', path: '/lib/a' }
  const same = (changed: Partial<DrawnVma>) => {
    const mapped = [vma, more].map((each) => ({ ...each, pid: 8, ...changed }))
    return pictureOf([vma, more, ...mapped]).processes.map(({ pids }) => pids)
  }
  t.deepEqual(same({}), [[7, 8]])
  // Where, in which parts and how often they are mapped is no matter.
  t.deepEqual(same({ start: '7f0000000000', end: '7f0000001000', perms: 'rw-p' }), [[7, 8]])
  for (const other of [
    ...[{ state: 'replaced' }, { state: null }, { ino: '26' }, { dev: '0:18' }, { same_bytes: false }],
    ...[{ branch: lower }, ofNoUnion, { comm: 'b' }, { container: 'c' }, { unit: 'b.service' }],
  ] as const)
    t.deepEqual(same(other), [[7], [8]], JSON.stringify(other))
  const stale = [
    { ...vma, state: 'replaced' as const },
    { ...vma, pid: 8, state: 'deleted' as const },
  ]
  t.is(pictureOf(stale).processes.length, 2)
  // One maps them in another order than the one before.
  const backwards = [more, vma].map((each) => ({ ...each, pid: 8 }))
  t.is(pictureOf([vma, more, ...backwards]).processes.length, 1)
})

test('tables are the unions, and records of VMAs the processes', (t) => {
  const union = table(['/l/a'])
  const { processes, unions } = pictureOf([union, vma])
  t.deepEqual([processes.map(({ pids }) => pids), unions], [[[7]], [union]])
})

test('a process has its name and its place', (t) => {
  const { comm, container, unit } = only([{ ...vma, container: 'c', unit: 'b.service' }])
  t.deepEqual([comm, container, unit], ['app', 'c', 'b.service'])
  t.is(only([vma]).unit, null)
})

test('a process is of a union by one file of it, whose place in its branches may not be known', (t) => {
  const other = { ...vma, ...ofNoUnion, path: '/b' }
  const told = (...records: DrawnVma[]) => {
    const { isOfUnion, supplies } = only(records)
    return [isOfUnion, ...supplies.map((supply) => supply.isOfUnion)]
  }
  t.deepEqual(told(other), [false, false])
  t.deepEqual(told({ ...vma, branch: null }), [true, true])
  t.deepEqual(told({ ...vma, rpath: null }), [true, true])
  t.deepEqual(told(vma, other), [true, true, false])
})

test('what is stale is counted by its state', (t) => {
  const stale = (['deleted', 'replaced', 'deleted'] as const).map((state, i) => ({
    ...{ ...vma, state, path: `/${i}` },
  }))
  t.is(staleText(only(stale).supplies[0]?.stale ?? []), '2 deleted, 1 replaced')
})

test('of alike processes the one that maps most is told', (t) => {
  const large = only([vma, { ...vma, pid: 8, end: '9000' }, { ...vma, pid: 9 }])
  t.deepEqual([large.pids, large.bytes, large.isEach], [[7, 8, 9], 0x8000n, false])
  t.is(large.supplies[0]?.bytes, 0x8000n)
  const equal = only([vma, { ...vma, pid: 8 }])
  t.deepEqual([equal.pids, equal.bytes, equal.isEach], [[7, 8], 0x2000n, true])
})

test('entries of processes that nothing tells are of one', (t) => {
  const unknown = { ...vma, pid: null, comm: null }
  t.deepEqual(only([unknown, { ...unknown, path: '/b' }]).pids, [])
  // They are like no other, for all that is known.
  const told = [
    vma,
    { ...vma, pid: null },
    { ...vma, pid: null, comm: 'b' },
    { ...vma, pid: null, container: 'c' },
  ]
  t.deepEqual(
    pictureOf(told).processes.map(({ pids }) => pids),
    [[7], [], [], []],
  )
})

test('the bytes tell what is stale where the state does not, and what is not where it does', (t) => {
  const stale = (told: Partial<DrawnVma>) => only([{ ...vma, ...told }]).supplies[0]?.stale ?? []
  t.is(staleText(stale({ state: null, same_bytes: false })), '1 with other bytes')
  t.is(staleText(stale({ state: 'replaced', same_bytes: false })), '1 replaced')
  t.deepEqual(stale({ state: 'replaced', same_bytes: true }), [])
})

test('a file is another one by its path, device or inode', (t) => {
  for (const other of [{ path: '/b' }, { dev: '0:18' }, { ino: '26' }])
    t.is(only([vma, { ...vma, ...other }]).files, 2)
  t.is(only([vma, { ...vma, rpath: './other', perms: 'rw-s' }]).files, 1)
})

test('what never had a name is not stale, as `aufs-vma --stale` says', (t) => {
  const kernel = {
    ...{ dev: '0:1', ino: '25', maps_dev: '0:1', maps_ino: '25', maps_name: null },
    ...{ mnt_id: 3, mnt_listed: false, real_dev: null, real_ino: null },
  }
  const gone: DrawnVma = { ...vma, ...ofNoUnion, state: 'deleted' }
  const stale = (record: DrawnVma) => only([record]).supplies[0]?.stale.length
  t.true(isWhole({ ...gone, kernel }, readDrawnVma))
  t.false(isWhole({ ...gone, kernel: {} }, readDrawnVma))
  t.is(stale({ ...gone, path: '/memfd:jit', kernel }), 0)
  t.is(stale({ ...gone, path: '/memfd:jit' }), 0)
  t.is(stale({ ...gone, path: '/tmp/#25' }), 0)
  t.is(stale({ ...gone, path: '/memfd:jit', kernel: { ...kernel, mnt_listed: true } }), 1)
  t.is(stale({ ...gone, path: '/tmp/#46' }), 1)
})
