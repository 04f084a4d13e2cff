import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { Readable } from 'node:stream'
import test from 'ava'
import fc from 'fast-check'
import { logFilter, parseLog } from '../../src/criu/dump-log.js'
import type { InputError } from '../../src/errors.js'
import { lineTransform } from '../../src/lines/line-transform.js'
import { type Scan, scanRoom } from '../../src/lines/scan.js'
import { stringify } from '../../src/text/json.js'
import { encodeOctal } from '../../src/text/octal.js'
import type { BranchTable } from '../../src/unions/branch-table.js'
import { tell } from '../helpers/filters.js'
import { logs } from '../helpers/sample-cases.js'
import { TABLE_KEYS } from '../helpers/tables.js'

/** What a filter makes of lines, each told whole, and what it says is wrong. */
function filtered(lines: string[]): { tables: BranchTable[]; errors: InputError[] } {
  const filter = logFilter()
  const tables: BranchTable[] = []
  const errors: InputError[] = []
  lines.forEach((text, i) => {
    filter.line(
      { text, number: i + 1 },
      (table) => tables.push(table),
      (error) => errors.push(error),
    )
  })
  filter.end?.(
    (table) => tables.push(table),
    (error) => errors.push(error),
  )
  return { tables, errors }
}

const br = (index: number, path: string, si = '1a') => `(00.0) /sys/fs/aufs/si_${si}/br${index} : ${path}`
const pathsOf = (tables: BranchTable[]) => tables.map(({ branches }) => branches.map(({ path }) => path))

function unescapeOctal(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)))
}

/** The container's root mount, and the branches that sysfs has of it, read by hand. */
function facts(folder: string) {
  const line = readFileSync(`${folder}/mountinfo`, 'latin1').split('\n')[0] ?? ''
  const [id, , dev, root, mountPoint] = line.split(' ')
  const place = { mount_id: Number(id), mount_point: mountPoint, root, dev }
  const si = /si=([0-9a-f]+)/.exec(line)?.[1]
  if (si === undefined) return { place, si: null, paths: [] }
  const sysfs = `${folder}/sys-fs-aufs/si_${si}`
  const count = readdirSync(sysfs).filter((name) => /^br\d/.test(name)).length
  const paths = Array.from({ length: count }, (_, i) => {
    const text = readFileSync(`${sysfs}/br${i}`, 'latin1')
    return unescapeOctal(text.slice(0, text.lastIndexOf('=')))
  })
  return { place, si, paths }
}

const overlayPaths: Record<string, string[]> = {
  overlay: [
    '28720365c5e7476a011e4f43ac003ee5f16247a263b9d623aa85ed311d73bf39/diff',
    'l/BBBBBBBBBBBBBBBBBBBBBBBBBB',
    'l/AAAAAAAAAAAAAAAAAAAAAAAAAA',
  ],
  'overlay-odd': ['/ov/up ,:dir', '/ov/sp ace', '/ov/com,ma', '/ov/co:lon', '/ov/base'],
}

for (const log of logs) {
  const folder = dirname(log)
  if (!existsSync(`${folder}/mountinfo`)) continue
  test(`${log}: the dump log gives what sysfs and mountinfo had`, async (t) => {
    const text = Readable.from([readFileSync(`${log}/dump.log`)])
    const tables: BranchTable[] = await text.pipe(parseLog()).toArray()
    const { place, si, paths } = facts(folder)
    t.is(tables.length, 1)
    const [table] = tables
    t.like(table, { ...place, si, source: 'log', xi_path: null, fs_type: si === null ? 'overlay' : 'aufs' })
    t.deepEqual(pathsOf(tables), [overlayPaths[basename(folder)] ?? paths])
    t.deepEqual(Object.keys(table ?? {}), TABLE_KEYS)
    if (si !== null) {
      t.true(table?.branches.every((b, i) => b.index === i && b.id === null && b.perm === null))
      t.true(table?.branches.every(({ attributes }) => attributes.length === 0))
    }
  })
}

test('What grep prints of sysfs is a table of each superblock, with permissions and ids', (t) => {
  const { tables, errors } = filtered([
    '/sys/fs/aufs/si_1a/br0:/top\\040x=rw',
    '/sys/fs/aufs/si_1a/br1:/base=ro+wh',
    '/sys/fs/aufs/si_1a/brid0:64',
    '/sys/fs/aufs/si_1a/brid1:65',
    '/sys/fs/aufs/si_2b/br0:/other=rw+nolwh',
  ])
  t.deepEqual(errors, [])
  t.deepEqual(
    tables.map(({ si, branches }) => [
      si,
      ...branches.map(({ id, path, perm, attributes }) => [id, path, perm, ...attributes]),
    ]),
    [
      ['1a', [64, '/top x', 'rw'], [65, '/base', 'ro', 'wh']],
      ['2b', [null, '/other', 'rw', 'nolwh']],
    ],
  )
})

test('The options of a mount and of its union are those that CRIU logged', (t) => {
  const { tables } = filtered([
    'type aufs source none mnt_id 30 s_dev 0x12 / @ ./ flags 0x200003 options si=1a,dio,dirperm1',
    br(0, '/a'),
    'type overlay source o mnt_id 31 s_dev 0x13 / @ ./v flags 0x400 options lowerdir=/a:/b,upperdir=/u,workdir=/w,index=on',
    br(0, '/x', '2b'),
  ])
  t.deepEqual(
    tables.map(({ mount_options, options }) => [mount_options, options]),
    [
      [
        ['ro', 'nosuid', 'relatime'],
        ['dio', 'dirperm1'],
      ],
      [['rw', 'noatime'], ['index=on']],
      [null, null],
    ],
  )
})

test('Branches are in the order of their numbers, br10 after br9', (t) => {
  const numbers = [0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9]
  const { tables } = filtered(numbers.map((n) => br(n, `/${n}`)))
  t.deepEqual(pathsOf(tables), [Array.from({ length: 12 }, (_, n) => `/${n}`)])
})

test('A collection ends at another line, another superblock, a repeated number, and the end', (t) => {
  const lines = [
    br(0, '/a'),
    br(1, '/b'),
    'x',
    br(0, '/c'),
    br(0, '/d', '2b'),
    br(1, '/e', '2b'),
    br(0, '/f', '2b'),
  ]
  t.deepEqual(pathsOf(filtered(lines).tables), [['/a', '/b'], ['/c'], ['/d', '/e'], ['/f']])
})

test('The same collection logged again is given once, in whatever order and wherever mounted', (t) => {
  const mount = (id: number) => `type aufs source none mnt_id ${id} s_dev 0x12 / @ ./ flags 0 options si=1a`
  const lines = [
    mount(1),
    br(0, '/a'),
    br(1, '/b'),
    mount(2),
    br(1, '/b'),
    br(0, '/a'),
    br(0, '/a'),
    br(1, '/c'),
  ]
  const { tables } = filtered(lines)
  t.deepEqual(pathsOf(tables), [
    ['/a', '/b'],
    ['/a', '/c'],
  ])
  t.deepEqual(
    tables.map((table) => table.mount_id),
    [1, 2],
  )
})

test('The last 10,000 collections are remembered, and no more', (t) => {
  const lines = Array.from({ length: 10_000 }, (_, i) => br(0, `/${i}`))
  t.is(filtered([br(0, '/a'), ...lines.slice(1), br(0, '/a')]).tables.length, 10_000)
  t.is(filtered([br(0, '/a'), ...lines, br(0, '/a')]).tables.length, 10_002)
})

test('A collection that is logged again is one of the last again', (t) => {
  const lines = (name: string) => Array.from({ length: 9999 }, (_, i) => br(0, `/${name}${i}`))
  const log = [br(0, '/a'), ...lines('x'), br(0, '/a'), ...lines('y'), br(0, '/a')]
  t.is(filtered(log).tables.length, 1 + 2 * 9999)
})

test('The same branches of another superblock are another table', (t) => {
  t.deepEqual(
    filtered([br(0, '/a'), br(0, '/a', '2b')]).tables.map(({ si }) => si),
    ['1a', '2b'],
  )
})

test('A line is as long as CRIU logs, and no longer', (t) => {
  const line = (length: number) => br(0, '/').padEnd(length, 'x')
  t.is(tell(logFilter(), [line(8192)]).errors.length, 0)
  t.is(tell(logFilter(), [line(8193)]).errors.length, 1)
})

test('A gap in the numbers is a message of the line where the collection began, and no table', (t) => {
  const lines = ['x', br(0, '/a'), br(2, '/c'), br(0, '/d', '2b'), br(1, '/e', '3c')]
  const { tables, errors } = filtered(lines)
  t.deepEqual(pathsOf(tables), [['/d']])
  t.deepEqual(
    errors.map(({ line, message }) => [line, message]),
    [
      [2, 'br1 of si_1a is missing in the branch lines that begin here'],
      [5, 'br0 of si_3c is missing in the branch lines that begin here'],
    ],
  )
})

test('The mount is that of the last line before the collection, not of the one that ends it', (t) => {
  const mount = (id: number, si: string) =>
    `(00.1) \ttype aufs source none mnt_id ${id} s_dev 0x12 / @ ./ flags 0x200000 options dio,si=${si},dirperm1`
  const { tables } = filtered([
    mount(1, '1a'),
    mount(2, '1a'),
    mount(3, '2b'),
    br(0, '/a'),
    mount(4, '1a'),
    br(0, '/c', '3c'),
  ])
  t.deepEqual(
    tables.map(({ mount_id, dev }) => [mount_id, dev]),
    [
      [2, '0:18'],
      [null, null],
    ],
  )
})

test('An overlay is a table at once, each mount its own, and what is none is an error', (t) => {
  const line = (id: number, options: string) =>
    `type overlay source o mnt_id ${id} s_dev 0x14 / @ ./ flags 0 options ${options}`
  const odd = 'lowerdir=/sp\\040ace:/com\\134\\054ma:/co\\134:lon::/data,upperdir=/u\\134\\054:,workdir=/w'
  const { tables } = filtered([line(1, odd), line(1, odd), line(2, odd)])
  t.deepEqual(
    tables.map(({ mount_id, workdir }) => [mount_id, workdir]),
    [
      [1, '/w'],
      [2, '/w'],
    ],
  )
  t.deepEqual(pathsOf(tables.slice(0, 1)), [['/u,:', '/sp ace', '/com,ma', '/co:lon', '/data']])
  t.deepEqual(filtered([line(1, 'userxattr')]).tables, [], 'a line that was cut')
})

test('The carriage return of a line ending is no part of what it says, and a line of nothing else ends no collection', (t) => {
  const overlay =
    'type overlay source o mnt_id 30 s_dev 0x12 / @ ./vol flags 0 options lowerdir=/a,upperdir=/u,workdir=/w\r'
  const { tables } = filtered([`${br(0, '/a')}\r`, '\r', `${br(1, '/b')}\r`, overlay])
  t.deepEqual(pathsOf(tables), [
    ['/a', '/b'],
    ['/u', '/a'],
  ])
  t.is(tables[1]?.workdir, '/w')
})

test('A line that is too long ends a collection', async (t) => {
  const errors: string[] = []
  const onError = ({ message }: Error) => errors.push(message)
  const log = Readable.from([`${br(0, '/a')}\n${'x'.repeat(100)}\n${br(1, '/b')}\n`])
  const tables = await log.pipe(parseLog({ maxLine: 80, onError })).toArray()
  t.deepEqual(pathsOf(tables), [['/a']])
  t.is(errors.length, 2)
  t.regex(errors[0] ?? '', /longer than 80 bytes/)
  t.regex(errors[1] ?? '', /br0 of si_1a is missing/)
})

test('Records are text, with their exact bytes beside what is no UTF-8', async (t) => {
  const log = Readable.from([Buffer.from(`${br(0, '/\xff')}\n${br(1, '/\xc3\xa9')}`, 'latin1')])
  const [table] = await log.pipe(parseLog()).toArray()
  t.like(table?.branches[0], { path: '/\ufffd', path_b64: 'L/8=' })
  t.like(table?.branches[1], { path: '/é' })
})

test('What sysfs would escape of any branches comes back, whatever stands before and between', (t) => {
  const byte = fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code))
  const path = fc.string({ unit: byte, maxLength: 20 }).map((name) => `/${name}`)
  const noise = fc.string({ unit: byte, maxLength: 20 }).filter((text) => !/\/sys|\n/.test(text))
  const collections = fc.array(fc.tuple(noise, fc.array(path, { minLength: 1, maxLength: 12 })), {
    maxLength: 4,
  })
  fc.assert(
    fc.property(collections, (all) => {
      const lines = all.flatMap(([before, paths], i) =>
        paths.map((each, n) => `${before}/sys/fs/aufs/si_${i}/br${n} : ${encodeOctal(each)}`).concat(before),
      )
      t.deepEqual(
        pathsOf(filtered(lines).tables),
        all.map(([, paths]) => paths),
        stringify(all),
      )
    }),
  )
})

test('A path with a NUL is an error, and the branches before it are no table', (t) => {
  const errors: string[] = []
  const tables: BranchTable[] = []
  const filter = logFilter()
  const lines = [br(0, '/a', '1'), br(0, '/a'), br(1, '/b\0'), br(2, '/c'), br(0, '/d', '2')]
  const emit = (table: BranchTable) => tables.push(table)
  const warn = ({ reason }: InputError) => errors.push(reason)
  lines.forEach((text, i) => {
    try {
      filter.line({ text, number: i + 1 }, emit, warn)
    } catch (error) {
      errors.push(String(error))
    }
  })
  filter.end?.(emit, warn)
  t.deepEqual(pathsOf(tables), [['/a'], ['/d']])
  t.regex(errors[0] ?? '', /^InputError: a NUL/)
  t.is(errors.length, 2, 'and of br2 those before it are missing')
})

test('A branch that cannot be used takes its collection with it, also where that is all there is', (t) => {
  const { records, errors } = tell(logFilter(), [br(0, '/top'), br(1, '/b\0')])
  t.deepEqual(records, [])
  t.deepEqual(
    errors.map(({ reason }) => reason),
    ['a NUL, which no path holds'],
  )
})

test('A line longer than what CRIU logs from is an error where it is of a branch or a mount, and nothing elsewhere', (t) => {
  const long = 'x'.repeat(8192)
  const mount = `type aufs source none mnt_id 30 s_dev 0x12 / @ ./${long} flags 0 options si=1a`
  const { records: tables, errors } = tell(logFilter(), [
    `${long}x`,
    `${long}\0`,
    br(0, '/a'),
    br(1, `/${long}`),
    mount,
    br(0, '/a'),
  ])
  t.deepEqual(pathsOf(tables), [['/a']])
  t.is(tables[0]?.mount_point, null)
  t.deepEqual(
    errors.map(({ reason }) => reason),
    ['longer than CRIU logs (8192 bytes)', 'longer than CRIU logs (8192 bytes)'],
  )
})

test('A line that could be of both is a branch', (t) => {
  const line =
    'type overlay source o mnt_id 30 s_dev 0x12 / @ ./ flags 0 options lowerdir=/sys/fs/aufs/si_1a/br0 : /a'
  t.deepEqual(pathsOf(tell(logFilter(), [line]).records), [['/a']])
})

test('Where chunks are looked through for lines that count, the tables are the same', (t) => {
  const other = '(00.000001) another line of the log\n'
  const overlay = 'type overlay source o mnt_id 31 s_dev 0x13 / @ ./o flags 0 options lowerdir=/x'
  const aufs = 'type aufs source none mnt_id 30 s_dev 0x12 / @ ./vol flags 0 options si=1a'
  const parts = [
    other,
    `${aufs}\n`,
    other,
    `${br(0, '/a')}\n`,
    `${br(1, '/b')}\n`,
    other,
    `${overlay}\n`,
    other,
  ]
  const chunk = Buffer.from([...parts, `${br(0, '/c')}\n`, other, `${br(1, '/d')}\n`].join(''), 'latin1')
  const room = scanRoom()
  if (room === null) return t.fail('no room to look chunks through')
  const looked: number[] = []
  const { next, ...filter } = logFilter()
  const count = (scan: Scan, start: number, end: number) => {
    const at = next?.(scan, start, end) ?? start
    looked.push(at - start)
    return at
  }
  const tables: BranchTable[] = []
  const errors: string[] = []
  const { write, flush } = lineTransform(
    { ...filter, next: count },
    (table) => {
      tables.push(table)
      return ''
    },
    { onError: ({ message }) => void errors.push(message) },
  )
  for (const _ of write(room.subarray(0, chunk.copy(room)))) t.is(_, '')
  t.is(flush(), '')
  t.deepEqual(pathsOf(tables), [['/a', '/b'], ['/x'], ['/c']])
  t.deepEqual(
    tables.map(({ mount_point }) => mount_point),
    ['/vol', '/o', '/vol'],
  )
  t.is(errors.length, 1, 'the branch without those before it')
  t.true(
    looked.some((passed) => passed === other.length),
    'another line is passed over',
  )
})
