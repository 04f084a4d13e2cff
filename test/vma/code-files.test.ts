import test from 'ava'
import type { InputError } from '../../src/errors.js'
import { type RawVma, UNKNOWN } from '../../src/proc/map-files.js'
import { CodeFiles } from '../../src/vma/code-files.js'

/** An entry of a file, by its number. */
const entry = (pid: number | null, start: string, perms: string, file: number, dev = '254:0'): RawVma => ({
  ...{ pid, comm: 'cat', container: null, start, end: 'ffff', perms, offset: '0' },
  link: `/lib/${file}.so`,
  kernel: { ...UNKNOWN, maps_dev: dev, maps_ino: String(file) },
})

/** The addresses of what each record gives, then those of the end. */
function run(records: RawVma[], mostHeld?: number): { given: string[][]; warnings: string[] } {
  const files = new CodeFiles<RawVma>(mostHeld)
  const warnings: string[] = []
  const warn = ({ message }: InputError) => warnings.push(message)
  const given = [...records.map((record) => files.add(record, true, warn)), files.end()]
  return { given: given.map((each) => each.map(({ start }) => start)), warnings }
}

const cases: { name: string; records: RawVma[]; given: string[][] }[] = [
  {
    name: 'data before the code of its file, and after it',
    records: [entry(1, '1', 'r--p', 1), entry(1, '2', 'r-xp', 1), entry(1, '3', 'rw-s', 1)],
    given: [[], [], [], ['1', '2', '3']],
  },
  {
    name: 'data of a file without code',
    records: [entry(1, '1', 'r--p', 1), entry(1, '2', 'r-xp', 2), entry(1, '3', 'rw-s', 3)],
    given: [[], [], [], ['2']],
  },
  {
    name: 'two files of one name',
    records: [entry(1, '1', 'r--p', 1, '254:1'), entry(1, '2', 'r-xp', 1)],
    given: [[], [], ['2']],
  },
  {
    name: 'code of another process',
    records: [entry(1, '1', 'r--p', 1), entry(2, '1', 'r-xp', 1), entry(1, '2', 'rwxp', 2)],
    given: [[], [], ['1'], ['2']],
  },
  {
    name: 'a process that is read once more',
    records: [entry(1, '1', 'r-xp', 1), entry(1, '2', 'r--p', 1), entry(1, '1', 'r-xp', 1)],
    given: [[], [], ['1', '2'], ['1']],
  },
  {
    name: 'an entry of which no permissions are told shows none',
    records: [{ ...entry(1, '1', 'r--p', 1), perms: null }, entry(1, '2', 'r--p', 1)],
    given: [[], [], []],
  },
  { name: 'nothing', records: [], given: [[]] },
]

for (const { name, records, given } of cases)
  test(`Which records are of code: ${name}`, (t) => t.deepEqual(run(records), { given, warnings: [] }))

test('What is not wanted shows code all the same, and is not given', (t) => {
  const files = new CodeFiles<RawVma>()
  files.add(entry(1, '1', 'r--p', 1), true, () => {})
  files.add(entry(1, '2', 'r-xp', 1), false, () => {})
  t.deepEqual(
    files.end().map(({ start }) => start),
    ['1'],
  )
})

test('Of a process with more mappings than may be held each part is looked at, and said so', (t) => {
  const data = entry(1, '1', 'r--p', 1)
  const records = [entry(1, '0', 'r-xp', 1), data, { ...data, start: '2' }, { ...data, start: '3' }]
  t.deepEqual(run(records, 3), {
    given: [[], [], ['0', '1'], [], []],
    warnings: ['more than 3 mappings of one process: --code sees them in parts'],
  })
})
