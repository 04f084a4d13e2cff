import test from 'ava'
import fc from 'fast-check'
import { type Json, ndjsonLine, parse, stringify, toBytes, toText } from '../../src/text/json.js'
import { anyBytes, utf8 } from '../helpers/bytes.js'
import { isInstalled, skip } from '../helpers/machine.js'
import { lines, outcome } from '../helpers/run.js'

const records: { name: string; entry: Json; expected: string }[] = [
  {
    name: 'ASCII',
    entry: { path: '/bin/sh', n: 1, no: null },
    expected: '{"path":"/bin/sh","n":1,"no":null}',
  },
  { name: 'UTF-8', entry: { path: '/\xc3\xbcml' }, expected: '{"path":"/üml"}' },
  {
    name: 'no UTF-8, its bytes right after it',
    entry: { path: '/o/bad\xffbyte', perm: 'ro' },
    expected: '{"path":"/o/bad\ufffdbyte","path_b64":"L28vYmFk/2J5dGU=","perm":"ro"}',
  },
  {
    name: 'a truncated character',
    entry: { path: '\xe6\x97' },
    expected: '{"path":"\ufffd","path_b64":"5pc="}',
  },
  {
    name: 'a surrogate as bytes, which is no UTF-8',
    entry: { path: '\xed\xa0\x80' },
    expected: '{"path":"\ufffd\ufffd\ufffd","path_b64":"7aCA"}',
  },
  { name: 'U+FFFD itself, which is UTF-8', entry: { path: '\xef\xbf\xbd' }, expected: '{"path":"\ufffd"}' },
  { name: 'control bytes', entry: { path: 'a\nb\0\x7f' }, expected: '{"path":"a\\nb\\u0000\x7f"}' },
  {
    name: 'an array: one of the same length, null for what needs none',
    entry: { options: ['rw', '\xff', '\xc3\xa9'] },
    expected: '{"options":["rw","\ufffd","é"],"options_b64":[null,"/w==",null]}',
  },
  {
    name: 'an array that needs none',
    entry: { options: ['rw', 3, null] },
    expected: '{"options":["rw",3,null]}',
  },
  {
    name: 'nested records',
    entry: { kernel: { maps_name: '\xff' }, list: [{ path: '\xfe' }] },
    expected:
      '{"kernel":{"maps_name":"\ufffd","maps_name_b64":"/w=="},"list":[{"path":"\ufffd","path_b64":"/g=="}]}',
  },
]

for (const { name, entry, expected } of records) {
  test(`a record is written as one line of UTF-8 JSON: ${name}`, (t) => {
    t.is(stringify({ entry }), `{"entry":${expected}}`)
    t.is(ndjsonLine({ entry }), utf8(`{"entry":${expected}}\n`))
    t.deepEqual(parse(utf8(expected)), entry)
  })
}

test('reading, _b64 wins over the text beside it', (t) => {
  t.deepEqual(parse('{"path":"/else","path_b64":"/w=="}'), { path: '\xff' })
  t.deepEqual(parse('{"path_b64":"/w==","path":"/else"}'), { path: '\xff' })
  t.deepEqual(parse('{"o":["a","b"],"o_b64":[null,"/w=="]}'), { o: ['a', '\xff'] })
})

test('a _b64 field with nothing beside it is a field like others', (t) => {
  t.deepEqual(parse('{"key_b64":"/w=="}'), { key_b64: '/w==' })
})

test('a field that is called as if it were the bytes of a number passes through', (t) => {
  t.deepEqual(parse('{"size":3,"size_b64":"Mw=="}'), { size: 3, size_b64: 'Mw==' })
})

test('bytes that are not of the same kind as the field beside them are a field like others', (t) => {
  for (const record of [
    { o: ['a'], o_b64: '/w==' },
    { o: 'a', o_b64: ['/w=='] },
    { o: null, o_b64: '/w==' },
    { o: { a: 'b' }, o_b64: '/w==' },
  ])
    t.deepEqual(parse(JSON.stringify(record)), record)
})

test('lone surrogates, which are no text, are read as U+FFFD', (t) => {
  t.deepEqual(parse('{"path":"a\\ud800b\\udc00"}'), { path: 'a\xef\xbf\xbdb\xef\xbf\xbd' })
})

test('a record with the keys of Object.prototype is a record like others', (t) => {
  const line = '{"__proto__":{"path":"x"},"constructor":"c","toString":"t","hasOwnProperty":"h"}'
  t.is(stringify(parse(line) as object), line)
  const odd = '{"__proto__":"\ufffd","__proto___b64":"/w==","constructor":"\ufffd","constructor_b64":"/g=="}'
  const read = parse(utf8(odd)) as object
  t.deepEqual(Object.entries(read), [
    ['__proto__', '\xff'],
    ['constructor', '\xfe'],
  ])
  t.is(Object.getPrototypeOf(read), Object.prototype)
  t.is(stringify(read), odd)
})

test('keys beyond ASCII are kept', (t) => {
  const line = '{"ключ":"\ufffd","ключ_b64":"/w==","é":[{"日":"é"}]}'
  t.is(ndjsonLine(parse(utf8(line)) as object), utf8(`${line}\n`))
})

for (const line of ['', '{', '{"a":1}}', 'null x', "{'a':1}", '{"a":"\n"}']) {
  test(`no JSON is a SyntaxError: ${JSON.stringify(line)}`, (t) => {
    t.throws(() => parse(line), { instanceOf: SyntaxError })
  })
}

const keys = fc.constantFrom('path', 'a b', 'é', 'constructor', 'toString', '', 'x')

/** Records as filters have them: strings of any bytes, at any depth (of arrays in arrays, see below). */
const { node } = fc.letrec<{ leaf: Json; object: Json; node: Json }>((tie) => ({
  leaf: fc.oneof(
    anyBytes,
    fc.string({ unit: 'binary' }).map(utf8),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  ),
  object: fc.dictionary(keys, tie('node'), { maxKeys: 4, noNullPrototype: true }),
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    tie('object'),
    fc.array(fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('object')), { maxLength: 4 }),
  ),
}))
const record = fc.dictionary(keys, node, { maxKeys: 5, noNullPrototype: true })

test('a record of any bytes, written and read again, is the same', (t) => {
  fc.assert(
    fc.property(record, (value) => {
      t.deepEqual(parse(utf8(stringify(value))), value)
      t.deepEqual(toBytes(JSON.parse(JSON.stringify(toText(value)))), value)
    }),
  )
})

test('arrays in arrays keep their bytes', (t) => {
  const value = { rows: [['a', '\xff'], ['\xc3\xa9'], [[['\xfe']]]] }
  t.deepEqual(parse(utf8(stringify(value))), value)
})

test('a line is one line, well-formed, and says _b64 only where it must', (t) => {
  fc.assert(
    fc.property(record, (value) => {
      const line = stringify(value)
      return !line.includes('\n') && !/\p{Cs}/u.test(line)
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (path) => !stringify({ path: utf8(path) }).includes('_b64')),
  )
  t.pass()
})

test('records of any bytes survive jq in the middle of a pipe', async (t) => {
  if (!isInstalled('jq')) return skip(t, 'there is no jq')
  const values = fc.sample(record, 500)
  const { stdout, status } = await outcome(
    'jq',
    ['-c', '.'],
    values.map((value) => ndjsonLine(value)).join(''),
  )
  t.is(status, 0)
  t.deepEqual(
    lines(stdout).map((line) => parse(line)),
    values,
  )
})
