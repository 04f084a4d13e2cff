/** Which records `aufs-view` draws. */
import test from 'ava'
import { isWhole } from '../../src/lines/records.js'
import { drawnFilter, readDrawnVma, sizeOf } from '../../src/view/drawn-records.js'
import { branch, vma } from '../helpers/drawn.js'
import { read } from '../helpers/facts.js'
import { tell } from '../helpers/filters.js'
import { lines } from '../helpers/run.js'

for (const [what, wrong] of [
  ['nothing', null],
  ['an address that is no hexadecimal', { ...vma, start: '0x10' }],
  ['an address of more than 64 bits', { ...vma, end: '10000000000000000' }],
  ['an address that is a number', { ...vma, end: 12288 }],
  ['a state of its own', { ...vma, state: 'stale' }],
  ['a branch without a path', { ...vma, branch: { ...branch, path: undefined } }],
  ['a branch without a mount', { ...vma, branch: { ...branch, mount_id: undefined } }],
  ['an image that is a text', { ...vma, branch: { ...branch, image: 'nginx' } }],
  ['an image whose names are none', { ...vma, branch: { ...branch, image: { names: [7] } } }],
  ['no path', { ...vma, path: null }],
  ['a raw record', { pid: 7, comm: 'app', container: null, start: '1', end: '2', link: '/a' }],
] as const) {
  test(`no VMA record is ${what}`, (t) => {
    t.true(isWhole(vma, readDrawnVma))
    t.false(isWhole(wrong, readDrawnVma))
  })
}

test('both kinds are read in any order, and all else is an error of its line', (t) => {
  const [table = ''] = lines(read('samples/leaky-01-docker/expected/branches.ndjson'))
  const backwards = JSON.stringify({ ...vma, start: '3000', end: '1000' })
  const faulty = [
    ...['{}', 'ls', backwards, table.replace('"source":"sysfs"', '"source":"hearsay"')],
    ...[{ start: '0x10' }, { state: 'old' }].map((fault) => JSON.stringify({ ...vma, ...fault })),
  ]
  const { records, errors } = tell(drawnFilter(), [table, JSON.stringify(vma), ...faulty, table])
  t.deepEqual(
    records.map((record) => Object.keys(record)[0]),
    ['mount_id', 'pid', 'mount_id'],
  )
  t.deepEqual(
    errors.map(({ reason }) => reason),
    [
      'no VMA record or branch table: "start" is missing',
      'no JSON',
      'a mapping that ends before it starts',
      'no VMA record or branch table: "source" is no source of tables',
      'no VMA record or branch table: "start" is no address',
      'no VMA record or branch table: "state" is no state',
    ],
  )
})

test('a mapping of no bytes is one', (t) => {
  const { records, errors } = tell(drawnFilter(), [JSON.stringify({ ...vma, start: '1000', end: '1000' })])
  t.deepEqual([records.length, errors], [1, []])
})

test('addresses may pass 2^53', (t) => {
  t.is(sizeOf({ start: '0', end: 'ffffffffffffffff' }), 2n ** 64n - 1n)
  t.is(sizeOf({ start: 'fffffffffffff001', end: 'fffffffffffff002' }), 1n)
})
