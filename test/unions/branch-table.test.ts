import { Readable } from 'node:stream'
import test from 'ava'
import { InputError } from '../../src/errors.js'
import { ndjsonLine, toText } from '../../src/text/json.js'
import type { BranchTable } from '../../src/unions/branch-table.js'
import { isBranchTable, parseTables, tableRecordFilter } from '../../src/unions/tables.js'
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
  ])
  t.is(records.length, 1)
  t.deepEqual(
    errors.map(({ reason }) => reason),
    ['no branch table: "fs_type" is missing', 'no JSON', 'no branch table'],
  )
})
