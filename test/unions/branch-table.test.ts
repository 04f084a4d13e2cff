import { Readable } from 'node:stream'
import test from 'ava'
import { InputError } from '../../src/errors.js'
import { isWhole } from '../../src/lines/records.js'
import { ndjsonLine, toText } from '../../src/text/json.js'
import { type BranchTable, isData, mayBeWritable, readImage } from '../../src/unions/branch-table.js'
import { isBranchTable, parseTables, tableRecordFilter } from '../../src/unions/tables.js'
import { typeOfTable } from '../../src/unions/types.js'
import { tell } from '../helpers/filters.js'

const table: BranchTable = {
  mount_id: 90,
  mount_point: '/',
  root: '/',
  dev: '0:33',
  fs_type: 'aufs',
  si: '4476a910a24617e6',
  source: 'sysfs',
  xi_path: '/dev/shm/aufs.xino',
  workdir: null,
  mount_options: null,
  options: null,
  branches: [{ index: 0, id: 64, path: '/o/\xff', perm: 'rw', attributes: ['moo'] }],
}

test('a table from NDJSON is the table that was written', (t) => {
  const { records, errors } = tell(tableRecordFilter(), [ndjsonLine(table).trimEnd()])
  t.deepEqual(records, [table])
  t.deepEqual(errors, [])
})

test('a stream of saved tables gives them as text, checked', async (t) => {
  const saved = JSON.stringify(toText(table))
  const { mount_options: _, ...older } = table
  const stream = Readable.from([`${saved}\n${JSON.stringify(toText(older))}\n`]).pipe(parseTables())
  t.deepEqual(await stream.toArray(), [toText(table), toText(table)])
  const other = Readable.from(['{"path":"/bin/sh"}\n']).pipe(parseTables())
  await t.throwsAsync(other.toArray(), {
    instanceOf: InputError,
    message: /no branch table: "fs_type" is missing/,
  })
})

test('a table is a record with all of its fields, each of its type', (t) => {
  t.true(isBranchTable(table))
  t.true(
    isBranchTable({
      ...table,
      mount_id: null,
      mount_point: null,
      root: null,
      dev: null,
      si: null,
      xi_path: null,
    }),
  )
  t.true(
    isBranchTable({ ...table, branches: [{ index: 0, id: null, path: null, perm: null, attributes: [] }] }),
  )
  for (const key of Object.keys(table)) {
    t.false(isBranchTable({ ...table, [key]: {} }), key)
    t.false(isBranchTable(Object.fromEntries(Object.entries(table).filter(([name]) => name !== key))), key)
  }
  const [branch] = table.branches
  for (const key of ['index', 'id', 'path', 'perm', 'attributes']) {
    t.false(isBranchTable({ ...table, branches: [{ ...branch, [key]: {} }] }), key)
  }
  t.false(isBranchTable({ ...table, fs_type: 'ext4' }))
  t.throws(() => typeOfTable({ fs_type: 'ext4' }), { instanceOf: TypeError, message: /ext4/ })
  for (const source of ['sysfs', 'mountinfo', 'log']) t.true(isBranchTable({ ...table, source }), source)
  t.false(isBranchTable({ ...table, branches: [{ ...branch, path: '/a\0' }] }))
  t.false(isBranchTable({ ...table, branches: [null] }))
})

test('a table of a time when it had fewer fields is read, with null for those', (t) => {
  const { mount_options: _, options: __, ...old } = table
  const { records, errors } = tell(tableRecordFilter(), [ndjsonLine(old).trimEnd()])
  t.deepEqual([records, errors], [[table], []])
})

test('what is no table is an error of its line', (t) => {
  const { records, errors } = tell(tableRecordFilter(), [
    '{"mount_id":1}',
    'x',
    ndjsonLine(table).trimEnd(),
    '[]',
    ndjsonLine({ ...table, source: 'x' }).trimEnd(),
    ndjsonLine({ ...table, fs_type: 'ext4' }).trimEnd(),
  ])
  t.is(records.length, 1)
  t.deepEqual(
    errors.map(({ reason }) => reason),
    [
      'no branch table: "fs_type" is missing',
      'no JSON',
      'no branch table',
      'no branch table: "source" is no source of tables',
      'no branch table: "fs_type" is no type of union',
    ],
  )
})

test('A branch may be written to where it is rw, and where nobody tells', (t) => {
  t.deepEqual(
    ['rw', null, 'ro', 'rr'].map((perm) => mayBeWritable({ perm })),
    [true, true, false, false],
  )
})

test('A layer with the attribute data has data alone', (t) => {
  t.true(isData({ attributes: ['relative', 'data'] }))
  t.false(isData({ attributes: ['relative', 'metadata'] }))
})

test('The image of a branch is of one of three stores, and has all of its fields', (t) => {
  const image = {
    store: 'docker',
    layer: 'sha256:1',
    chain: 'sha256:2',
    names: ['debian:13'],
    container: 'c1',
  }
  const isImage = (value: unknown) => isWhole(value, readImage)
  for (const store of ['docker', 'containerd', 'podman']) t.true(isImage({ ...image, store }), store)
  t.true(isImage({ ...image, layer: null, chain: null, names: [], container: null }))
  for (const store of ['', 'crio', null]) t.false(isImage({ ...image, store }))
  for (const key of Object.keys(image)) t.false(isImage({ ...image, [key]: 1 }), key)
})
