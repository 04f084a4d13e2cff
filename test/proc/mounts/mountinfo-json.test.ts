import { readdirSync, readFileSync } from 'node:fs'
import test from 'ava'
import fc from 'fast-check'
import { InputError } from '../../../src/errors.js'
import { parseRecord } from '../../../src/lines/records.js'
import { parseMount, readMount } from '../../../src/proc/mounts/mountinfo.js'
import { mountJsonFilter, plainMountJson, plainMountLine } from '../../../src/proc/mounts/mountinfo-json.js'
import type { ByteString } from '../../../src/text/byte-string.js'
import { ndjsonLine } from '../../../src/text/json.js'
import { tell } from '../../helpers/filters.js'

/** What a line is by way of its record; null where it is none of a mount. */
function byRecord(line: ByteString): ByteString | null {
  try {
    return ndjsonLine(parseMount(line))
  } catch (error) {
    if (error instanceof InputError) return null
    throw error
  }
}

const plain: { name: string; line: ByteString }[] = [
  { name: 'no optional field', line: '29 21 0:17 / / rw - aufs none rw,si=18bf05b21c975f3c' },
  {
    name: 'four optional fields',
    line: '1 2 0:3 / /m rw shared:1 master:2 propagate_from:3 unbindable - x y rw',
  },
  { name: 'an empty source', line: '1 2 0:3 / /m rw - tmpfs  rw,size=1k' },
  { name: 'a source of a dash', line: '1 2 0:3 / /m rw - tmpfs - rw' },
  { name: 'a dash in each field', line: '1 2 0:3 /- /a-b r-w m-n - x-y -- -,-' },
  { name: 'a namespace for a root', line: '571 24 0:4 net:[4026531840] /run/ns rw - nsfs nsfs rw' },
  { name: 'commas at the ends', line: '1 2 0:3 / /m ,rw, - x y ,,' },
  { name: 'no super option', line: '1 2 0:3 / /m rw - x y ' },
]
for (const { name, line } of plain) {
  test(`${name}: as the record says, without it`, (t) => {
    t.not(plainMountJson(line), null)
    t.is(plainMountJson(line), byRecord(line))
  })
}

const odd: { name: string; line: ByteString }[] = [
  { name: 'an escaped space', line: '1 2 0:3 / /a\\040b rw - x y rw' },
  { name: 'a quote', line: '1 2 0:3 / /a"b rw - x y rw' },
  { name: 'a tab', line: '1 2 0:3 / /a\tb rw - x y rw' },
  { name: 'more than ASCII', line: '1 2 0:3 / /\xc3\xa9 rw - x y rw' },
  { name: 'raw spaces after the source', line: '1 2 0:3 / /m rw - 9p drvfs rw,path=C:/Program Files' },
  { name: 'an id that begins with a zero', line: '01 2 0:3 / /m rw - x y rw' },
  { name: 'five optional fields', line: '1 2 0:3 / /m rw a b c d e - x y rw' },
]
for (const { name, line } of odd) {
  test(`${name}: the record is made`, (t) => {
    t.is(plainMountJson(line), null)
    const { records } = tell(mountJsonFilter(), [line])
    t.deepEqual(records, [byRecord(line) ?? 'none'])
  })
}

const none: { name: string; line: ByteString }[] = [
  { name: 'a dash for a root', line: '1 2 0:3 - /m rw - x y rw' },
  { name: 'a dash for a mount point', line: '1 2 0:3 / - rw - x y rw' },
  { name: 'a dash for the options', line: '1 2 0:3 / /m - x - y z rw' },
  { name: 'no separator', line: '1 2 0:3 / /m rw x y rw' },
  { name: 'an id of sixteen digits', line: '1234567890123456 2 0:3 / /m rw - x y rw' },
  { name: 'a NUL', line: '1 2 0:3 / /m rw - x y rw\0' },
  { name: 'millions of fields', line: `1 2 0:3 / /m rw${' x'.repeat(4e6)}` },
]
for (const { name, line } of none) {
  test(`${name}: no mount`, (t) => {
    t.is(plainMountJson(line), null)
    t.is(byRecord(line), null)
  })
}

/** Records as they are written, a mount's plain one among them, with something changed. */
const PLAIN_RECORD =
  '{"mount_id":29,"parent_id":21,"dev":"0:17","root":"/","mount_point":"/m","mount_options":["rw","nosuid"],' +
  '"optional_fields":["shared:1","master:2"],"fs_type":"overlay","mount_source":"none","super_options":["rw","a=b"]}'

test('a plain record is its line again', (t) => {
  t.is(plainMountLine(PLAIN_RECORD), '29 21 0:17 / /m rw,nosuid shared:1 master:2 - overlay none rw,a=b')
  const bare = PLAIN_RECORD.replace('"shared:1","master:2"', '').replace('"none"', '""')
  t.is(plainMountLine(bare), '29 21 0:17 / /m rw,nosuid - overlay  rw,a=b')
})

const noLines: [name: string, from: string, to: string][] = [
  ['an escape in JSON', '"/m"', '"/m\\u0020"'],
  ['a space, which mountinfo escapes', '"/m"', '"/m n"'],
  ['a backslash, which mountinfo escapes', '"/m"', '"/m\\\\n"'],
  ['more than ASCII', '"/m"', '"/\xc3\xa9"'],
  ['exact bytes', '"/m"', '"/m","mount_point_b64":"/w=="'],
  ['a comma in an option, which would be two', '"a=b"', '"a=b,c"'],
  ['a dash for a root, which would be the separator', '"root":"/"', '"root":"-"'],
  ['a dash for the options', '["rw","nosuid"]', '["-"]'],
  ['a dash for an optional field', '"master:2"', '"-"'],
  ['no options', '["rw","nosuid"]', '[]'],
  ['an option of nothing', '["rw","a=b"]', '[""]'],
  ['five optional fields', '"master:2"', '"a","b","c","d"'],
  ['an id below 0', '"mount_id":29', '"mount_id":-29'],
  ['an id that is no whole number', '"mount_id":29', '"mount_id":2.5'],
  ['an id of sixteen digits', '"mount_id":29', '"mount_id":1234567890123456'],
  ['an id that is text', '"mount_id":29', '"mount_id":"29"'],
  ['a type that is none', '"overlay"', 'null'],
  ['another field', '"a=b"]', '"a=b"],"note":"x"'],
  ['another order', '"mount_id":29,"parent_id":21', '"parent_id":21,"mount_id":29'],
  ['a field that is missing', '"mount_source":"none",', ''],
  ['spaces', '{"mount_id"', '{ "mount_id"'],
  ['something after it', ']}', ']},'],
]
for (const [name, from, to] of noLines)
  test(`a record with ${name} is no line`, (t) => {
    const record = PLAIN_RECORD.replace(from, to)
    t.not(record, PLAIN_RECORD)
    t.is(plainMountLine(record), null)
  })

test('whatever a record holds, its line says the same', (t) => {
  let count = 0
  const odd = fc.stringMatching(/^["\\ ,a/#:=-]{0,3}$/)
  const text = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('a', '/', 'b=c', '#-:') },
    { weight: 1, arbitrary: odd },
  )
  const texts = fc.array(text, { maxLength: 3 })
  const id = fc.constantFrom(0, 7, -1, 1.5, 2 ** 53)
  fc.assert(
    fc.property(
      fc.tuple(id, text, text, texts, texts, text, text, texts),
      ([
        mount_id,
        root,
        mount_point,
        mount_options,
        optional_fields,
        fs_type,
        mount_source,
        super_options,
      ]) => {
        const ids = { mount_id, parent_id: 1, dev: '0:1' }
        const rest = { mount_options, optional_fields, fs_type, mount_source, super_options }
        const json = JSON.stringify({ ...ids, root, mount_point, ...rest })
        const line = plainMountLine(json)
        if (line === null) return
        count += 1
        t.deepEqual(parseMount(line), parseRecord(json, 'mount record', readMount))
      },
    ),
    { numRuns: 20_000 },
  )
  t.true(count > 100)
})

const piece = fc.oneof(
  fc.constantFrom(
    ...[' ', ' - ', '-', ',', '/', ':', '0:1', '1', '0', 'rw', '\\040', '"', '\\', '\xff', '\0'],
  ),
  fc.constantFrom('1 2 0:3 / /m rw - x y rw,a', '1 2 0:3 / /m rw shared:1 master:2', ' - ext4 /dev/sda1 rw'),
)

test('whatever a line holds, nothing else comes out than by way of its record', (t) => {
  let count = 0
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const line = pieces.join('')
      const json = plainMountJson(line)
      if (json === null) return
      count += 1
      t.is(byRecord(line), json)
    }),
    { numRuns: 5000 },
  )
  t.true(count > 100)
})

test('every line of the captures comes out as by way of its record, most of them without it', (t) => {
  const files = readdirSync('samples', { recursive: true, encoding: 'utf8' }).filter((path) =>
    /(^|\/)mountinfo$/.test(path),
  )
  const lines = files.flatMap((file) => readFileSync(`samples/${file}`, 'latin1').split('\n').filter(Boolean))
  const made = lines.filter((line) => plainMountJson(line) === null)
  t.true(lines.length > 100)
  t.true(made.length < lines.length / 5, `${made.length} of ${lines.length}`)
  for (const line of lines) t.is(plainMountJson(line) ?? byRecord(line), byRecord(line))
  const records = lines.flatMap((line) => plainMountJson(line)?.slice(0, -1) ?? [])
  t.true(records.filter((json) => plainMountLine(json) === null).length < records.length / 5)
  for (const json of records) {
    const line = plainMountLine(json)
    if (line !== null) t.deepEqual(parseMount(line), parseRecord(json, 'mount record', readMount))
  }
})
