import test from 'ava'
import fc from 'fast-check'
import { entryFilter, parseEntry, parseMapFiles, type RawVma, UNKNOWN } from '../../src/proc/map-files.js'
import type { ByteString } from '../../src/text/byte-string.js'
import { ndjsonLine } from '../../src/text/json.js'
import { pathBytes, utf8 } from '../helpers/bytes.js'
import { tell } from '../helpers/filters.js'
import { LIMIT, next } from '../helpers/processes.js'

/** What a text line tells: the rest is null, and no key is missing. */
const entry = (start: string, end: string, link: ByteString): RawVma => ({
  pid: null,
  comm: null,
  container: null,
  start,
  end,
  perms: null,
  offset: null,
  link,
  kernel: {
    dev: null,
    ino: null,
    maps_dev: null,
    maps_ino: null,
    maps_name: null,
    mnt_id: null,
    mnt_listed: null,
    real_dev: null,
    real_ino: null,
  },
})

const ls = (start: string, end: string, link: ByteString) =>
  `lr-------- 1 root root 64 Sep  1 00:00 ${start}-${end} -> ${link}`

test('an entry has its keys in the order of the contract, null what it does not tell', (t) => {
  t.is(
    JSON.stringify(parseEntry(ls('400000', '401000', '/var/lib/docker/aufs/diff/ID/bin/mapper'))),
    '{"pid":null,"comm":null,"container":null,"start":"400000","end":"401000","perms":null,"offset":null,"link":"/var/lib/docker/aufs/diff/ID/bin/mapper","kernel":{"dev":null,"ino":null,"maps_dev":null,"maps_ino":null,"maps_name":null,"mnt_id":null,"mnt_listed":null,"real_dev":null,"real_ino":null}}',
  )
})

const lines: { name: string; line: ByteString; expected: RawVma | null }[] = [
  {
    name: 'as ls -l prints it',
    line: ls('400000', '489000', '/bin/sh'),
    expected: entry('400000', '489000', '/bin/sh'),
  },
  {
    name: 'alone',
    line: '7f0035e1b000-7f0035e1c000 -> /d/f',
    expected: entry('7f0035e1b000', '7f0035e1c000', '/d/f'),
  },
  {
    name: 'as ls --time-style=full-iso prints it',
    line: 'lr-------- 1 0 0 64 2024-09-01 00:00:00.000000000 +0000 400000-489000 -> /bin/sh',
    expected: entry('400000', '489000', '/bin/sh'),
  },
  { name: 'after a tab', line: '112\t400000-401000 -> /x', expected: entry('400000', '401000', '/x') },
  { name: 'an arrow in the target', line: ls('1', '2', '/a -> b'), expected: entry('1', '2', '/a -> b') },
  {
    name: 'another entry in the target: the leftmost counts',
    line: ls('1', '2', '/a 3-4 -> /b'),
    expected: entry('1', '2', '/a 3-4 -> /b'),
  },
  {
    name: 'a deleted file',
    line: ls('1', '2', '/l/top/d (deleted)'),
    expected: entry('1', '2', '/l/top/d (deleted)'),
  },
  {
    name: 'bytes that are no UTF-8, a carriage return and spaces',
    line: ls('1', '2', '/a\xff\r b '),
    expected: entry('1', '2', '/a\xff\r b '),
  },
  { name: 'an empty target', line: '1-2 -> ', expected: entry('1', '2', '') },
  { name: 'no arrow', line: 'line.dat', expected: null },
  { name: 'an arrow alone', line: 'a -> b', expected: null },
  { name: 'no hexadecimal addresses', line: '1-g -> /x', expected: null },
  { name: 'a word before the addresses', line: 'x1-2 -> /x', expected: null },
  { name: 'total', line: 'total 0', expected: null },
]

for (const { name, line, expected } of lines) {
  test(`a line of map_files: ${name}`, (t) => t.deepEqual(parseEntry(line), expected))
}

test('any target is read back', (t) => {
  fc.assert(
    fc.property(pathBytes, (bytes) => {
      const link = `/${bytes.replaceAll('\n', ' ')}`
      t.deepEqual(parseEntry(ls('400000', '401000', link)), entry('400000', '401000', link))
    }),
  )
})

const texts: { name: string; text: ByteString; expected: RawVma[] }[] = [
  {
    name: 'total is passed over',
    text: `total 0\n${ls('1', '2', '/a')}\n`,
    expected: [entry('1', '2', '/a')],
  },
  {
    name: 'what only looks like total is part of a target',
    text: `total 12\n${ls('1', '2', '/a')}\nx total 1\ntotal 1x\ntotal\ntotal 12\n`,
    expected: [entry('1', '2', '/a\nx total 1\ntotal 1x\ntotal')],
  },
  {
    name: 'a line without an entry continues the target',
    text: `${ls('1', '2', '/l/new')}\nline\n${ls('3', '4', '/b')}\n`,
    expected: [entry('1', '2', '/l/new\nline'), entry('3', '4', '/b')],
  },
  {
    name: 'an empty line in a target is part of it',
    text: `${ls('1', '2', '/a')}\n\n\nb\n\nc\n${ls('3', '4', '/d')}`,
    expected: [entry('1', '2', '/a\n\n\nb\n\nc'), entry('3', '4', '/d')],
  },
  {
    name: 'an empty line after an entry is passed over',
    text: `${ls('1', '2', '/a')}\n\n${ls('3', '4', '/b')}\n\n`,
    expected: [entry('1', '2', '/a'), entry('3', '4', '/b')],
  },
  { name: 'the last entry is given at the end', text: ls('1', '2', '/a'), expected: [entry('1', '2', '/a')] },
  { name: 'nothing gives nothing', text: '', expected: [] },
  {
    name: 'the same entry twice is two',
    text: `${ls('1', '2', '/a')}\n${ls('1', '2', '/a')}\n`,
    expected: [entry('1', '2', '/a'), entry('1', '2', '/a')],
  },
]

for (const { name, text, expected } of texts) {
  test(`of the lines of ls: ${name}`, (t) => {
    t.deepEqual(tell(entryFilter(), text.split('\n')), { records: expected, errors: [] })
  })
}

test('any targets with newlines inside are read back', (t) => {
  const name = fc.string({ unit: fc.constantFrom('a', '\n', '/', ' ', '\xff'), maxLength: 8 })
  // A newline at its end cannot be told from an empty line.
  const target = name.map((middle) => `/${middle}x`)
  fc.assert(
    fc.property(fc.array(target, { maxLength: 6 }), (targets) => {
      const text = `total 0\n${targets.map((target) => `${ls('a', 'b', target)}\n`).join('')}`
      t.deepEqual(
        tell(entryFilter(), text.split('\n')).records.map(({ link }) => link),
        targets,
      )
    }),
  )
})

test('a line that belongs to no entry is an error, and the rest goes on', (t) => {
  const { records, errors } = tell(entryFilter(), ['total 0', 'line.dat', ls('1', '2', '/a')])
  t.deepEqual(records, [entry('1', '2', '/a')])
  t.deepEqual(
    errors.map(({ message }) => message),
    ['no map_files entry: "line.dat"'],
  )
})

const raw: RawVma = {
  pid: 77,
  comm: 'ready\xff',
  container: null,
  start: '400000',
  end: '401000',
  perms: 'r--p',
  offset: '0',
  link: '/layers/ab/bin/\xfe',
  kernel: {
    dev: '254:0',
    ino: '356',
    maps_dev: '0:18',
    maps_ino: '14',
    maps_name: '/bin/\xfe',
    mnt_id: 13,
    mnt_listed: false,
    real_dev: '254:0',
    real_ino: '356',
  },
}

test('raw records are read back, with what somebody added', (t) => {
  const lines = [raw, { host: 'web', ...raw, note: ['\xff'] }].map((record) => ndjsonLine(record).trimEnd())
  const { records, errors } = tell<unknown>(entryFilter(), lines)
  t.deepEqual(records, [raw, { host: 'web', ...raw, note: ['\xff'] }])
  t.deepEqual(errors, [])
})

test('a raw record has its fields in the order that is promised, whatever order they came in', (t) => {
  const shuffled = Object.fromEntries(Object.entries({ ...raw, host: 'web' }).reverse())
  const [record] = tell<object>(entryFilter(), [ndjsonLine(shuffled).trimEnd()]).records
  t.deepEqual(Object.keys(record ?? {}), [...Object.keys(raw), 'host'])
})

test('records and text lines may be mixed, and stay in their order', (t) => {
  const { records, errors } = tell(entryFilter(), [
    ls('1', '2', '/a'),
    ndjsonLine(raw).trimEnd(),
    ls('3', '4', '/b'),
  ])
  t.deepEqual(records, [entry('1', '2', '/a'), raw, entry('3', '4', '/b')])
  t.deepEqual(errors, [])
})

test('a raw record is one with all of its fields, each of its type', (t) => {
  const reasons = (record: object) =>
    tell(entryFilter(), [ndjsonLine(record).trimEnd()]).errors.map(({ reason }) => reason)
  t.deepEqual(
    reasons({ ...raw, pid: null, comm: null, perms: null, offset: null, kernel: { ...UNKNOWN } }),
    [],
  )
  const mustBe = ['start', 'end', 'link', 'kernel']
  for (const key of Object.keys(raw)) {
    const [wrong = ''] = reasons({ ...raw, [key]: [] })
    t.true(wrong.startsWith(`no raw VMA record: "${key}" is no `), wrong)
    const without = Object.fromEntries(Object.entries(raw).filter(([name]) => name !== key))
    t.deepEqual(reasons(without), mustBe.includes(key) ? [`no raw VMA record: "${key}" is missing`] : [], key)
  }
  for (const key of Object.keys(raw.kernel)) {
    const [wrong = ''] = reasons({ ...raw, kernel: { ...raw.kernel, [key]: [] } })
    t.true(wrong.startsWith(`no raw VMA record: "kernel.${key}" is no `), wrong)
    const without = Object.fromEntries(Object.entries(raw.kernel).filter(([name]) => name !== key))
    t.deepEqual(reasons({ ...raw, kernel: without }), [], key)
  }
  t.deepEqual(reasons({ ...raw, link: null }), ['no raw VMA record: "link" is no text'])
  t.deepEqual(reasons({ ...raw, start: null }), ['no raw VMA record: "start" is no text'])
})

test('what is really mapped is null in a raw record that does not have it', (t) => {
  const { real_dev: _, real_ino: __, ...earlier } = raw.kernel
  const { records } = tell(entryFilter(), [ndjsonLine({ ...raw, kernel: earlier }).trimEnd()])
  t.deepEqual(records, [{ ...raw, kernel: { ...raw.kernel, real_dev: null, real_ino: null } }])
})

test('bad JSON is an error, and neither it nor a good record continues a target', (t) => {
  const { records, errors } = tell(entryFilter(), [ls('1', '2', '/a'), '{"pid":', ls('3', '4', '/b')])
  t.deepEqual(records, [entry('1', '2', '/a'), entry('3', '4', '/b')])
  t.deepEqual(
    errors.map(({ reason }) => reason),
    ['no JSON'],
  )
})

test('a stream gives a text entry one line late, and a record at once', async (t) => {
  t.timeout(LIMIT)
  const stream = parseMapFiles()
  const seen: RawVma[] = []
  stream.on('data', (record) => seen.push(record))
  stream.write(`${ls('1', '2', '/a')}\n${ls('3', '4', '/ü')}\n`)
  await next(stream, 'data')
  t.deepEqual(seen, [entry('1', '2', '/a')])
  stream.write(Buffer.from(ndjsonLine(raw), 'latin1'))
  while (seen.length < 3) await next(stream, 'data')
  t.deepEqual(seen[1], entry('3', '4', '/ü'))
  t.like(seen[2], { pid: 77, link: '/layers/ab/bin/\ufffd', link_b64: 'L2xheWVycy9hYi9iaW4v/g==' } as object)
  stream.end()
  await next(stream, 'end')
  t.is(seen.length, 3)
})

test('a stream takes text as UTF-8', async (t) => {
  const stream = parseMapFiles()
  stream.end(Buffer.from(utf8(`${ls('1', '2', '/日')}\n`), 'latin1'))
  t.deepEqual(await stream.toArray(), [entry('1', '2', '/日')])
})

test('a line of arrows is no trouble, with a NUL at its end too', (t) => {
  const arrows = ' a-b -> '.repeat(1_000_000)
  t.is(parseEntry(arrows)?.start, 'a')
  t.is(parseEntry(`${arrows}\0`), null)
  t.is(parseEntry('a'.repeat(8_000_000)), null)
})

test('what follows an entry that cannot be used is no part of the one before it', (t) => {
  const lines = [ls('1', '2', '/a'), ls('3', '4', '/x\0z'), 'y', ls('5', '6', '/ok')]
  const { records, errors } = tell(entryFilter(), lines)
  t.deepEqual(
    records.map(({ link }) => link),
    ['/a', '/ok'],
  )
  t.is(errors.length, 2)
})

test('a target is no longer than the kernel writes them, whatever lines follow', (t) => {
  const linkOf = (length: number) => {
    const { records, errors } = tell(entryFilter(), [ls('1', '2', '/a'), 'x'.repeat(length)])
    return [records[0]?.link.length, errors.length]
  }
  // A page, and ` (deleted)`: of it two bytes are there, and one is the newline.
  t.deepEqual(linkOf(4103), [4106, 0])
  t.deepEqual(linkOf(4104), [2, 1])
  const { records } = tell(entryFilter(), [ls('1', '2', '/a'), ...Array(10_000).fill('x')])
  t.deepEqual(
    records.map(({ link }) => link.length <= 4106),
    [true],
  )
})

test('what follows a line that is too long is no part of the entry before it', async (t) => {
  const errors: string[] = []
  const stream = parseMapFiles({
    maxLine: 100,
    onError: ({ line, reason }) => void errors.push(`${line} ${reason}`),
  })
  stream.end(`${ls('1', '2', '/a')}\n${'x'.repeat(101)}\ny\n`)
  t.deepEqual(await stream.toArray(), [entry('1', '2', '/a')])
  t.deepEqual(errors, ['2 longer than 100 bytes', '3 no map_files entry'])
})
