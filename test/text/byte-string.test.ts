import { spawnSync } from 'node:child_process'
import test from 'ava'
import fc from 'fast-check'
import { bytesOf, textOf } from '../../src/text/byte-string.js'
import { type Json, ndjsonLine, parse, stringify, toBytes, toText } from '../../src/text/json.js'
import { decodeOctal, encodeOctal } from '../../src/text/octal.js'
import { quote } from '../../src/text/printable.js'
import { anyBytes, pathBytes, utf8 } from '../helpers/bytes.js'
import { skip } from '../helpers/machine.js'

const escapes = [
  { name: 'a space', entry: '/o/sp\\040ace', expected: '/o/sp ace' },
  { name: 'a tab', entry: '/o/t\\011ab', expected: '/o/t\tab' },
  { name: 'a newline', entry: '/o/new\\012line', expected: '/o/new\nline' },
  { name: 'a backslash', entry: '/o/back\\134slash', expected: '/o/back\\slash' },
  {
    name: 'a folder whose name looks like an escape',
    entry: '/o/lit\\134040eral',
    expected: '/o/lit\\040eral',
  },
  { name: 'DEL', entry: '/o/del\\177ete', expected: '/o/del\x7fete' },
  { name: 'control bytes', entry: '/o/ctl\\001\\033[31m', expected: '/o/ctl\x01\x1b[31m' },
  { name: 'a space at the end', entry: '/o/trail.\\040', expected: '/o/trail. ' },
  { name: 'a hash, as mountinfo has it', entry: '\\043hash', expected: '#hash' },
  { name: 'the highest byte', entry: '\\377', expected: '\xff' },
  { name: 'digits that follow an escape', entry: '\\0401', expected: ' 1' },
  { name: 'escapes next to each other', entry: '\\134\\134\\054', expected: '\\\\,' },
  { name: 'bytes over 0x7f, which are never escaped', entry: '/o/bad\xffbyte', expected: '/o/bad\xffbyte' },
]

for (const { name, entry, expected } of escapes) {
  test(`an octal escape is decoded: ${name}`, (t) => t.is(decodeOctal(entry), expected))
}

const noEscapes = ['C:\\Users', '\\', '\\04', '\\4', '\\089', '\\400', '\\777', '\\x20', '\\n', '\\ 40']

for (const text of noEscapes) {
  test(`a backslash that begins no escape stays: ${text}`, (t) => t.is(decodeOctal(text), text))
}

// The exact texts of captures/leaky-04-odd, less the permission.
const sysfsTexts = [
  { path: '/o/sp ace', text: '/o/sp\\040ace' },
  { path: '/o/t\tab', text: '/o/t\\011ab' },
  { path: '/o/new\nline', text: '/o/new\\012line' },
  { path: '/o/back\\slash', text: '/o/back\\134slash' },
  { path: '/o/lit\\040eral', text: '/o/lit\\134040eral' },
  { path: '/o/eq=rw', text: '/o/eq=rw' },
  { path: '/o/com,ma', text: '/o/com,ma' },
  { path: '/o/co:lon', text: '/o/co:lon' },
  { path: '/o/#hash', text: '/o/#hash' },
  { path: '/o/del\x7fete', text: '/o/del\\177ete' },
  { path: '/o/ctl\x01\x1b[31m', text: '/o/ctl\\001\\033[31m' },
  { path: '/o/trail. ', text: '/o/trail.\\040' },
  { path: '/o/x (deleted)', text: '/o/x\\040(deleted)' },
  { path: '/o/bad\xffbyte', text: '/o/bad\xffbyte' },
  { path: `/o/q"u'o`, text: `/o/q"u'o` },
  { path: '/o/100%d%s', text: '/o/100%d%s' },
  { path: '/o/*?[a]', text: '/o/*?[a]' },
]

for (const { path, text } of sysfsTexts) {
  test(`sysfs escapes ${JSON.stringify(path)} as ${text}`, (t) => t.is(encodeOctal(path), text))
}

test('sysfs escapes 0x01 to 0x20, backslash and 0x7f, and nothing else', (t) => {
  for (let byte = 1; byte < 256; byte += 1) {
    const isEscaped = byte <= 0x20 || byte === 0x5c || byte === 0x7f
    const expected = isEscaped ? `\\${byte.toString(8).padStart(3, '0')}` : String.fromCharCode(byte)
    t.is(encodeOctal(String.fromCharCode(byte)), expected, `byte ${byte}`)
  }
})

test('whatever bytes are encoded, decoding gives them back', (t) => {
  fc.assert(fc.property(fc.oneof(anyBytes, pathBytes), (bytes) => decodeOctal(encodeOctal(bytes)) === bytes))
  t.pass()
})

test('bytes become text and text becomes bytes', (t) => {
  t.is(bytesOf('é日'), '\xc3\xa9\xe6\x97\xa5')
  t.is(textOf('\xc3\xa9\xe6\x97\xa5'), 'é日')
  t.is(bytesOf('/plain\0\x7f'), '/plain\0\x7f')
  t.is(textOf('/plain\0\x7f'), '/plain\0\x7f')
  t.is(textOf('/bad\xffbyte'), '/bad\ufffdbyte')
})

test('any well-formed text survives as bytes', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const bytes = bytesOf(text)
      return textOf(bytes) === text && [...bytes].every((byte) => byte <= '\xff')
    }),
  )
  t.pass()
})

const quotes = [
  { name: 'plain text stands in quotes', entry: '29 21 0:17 / /', expected: '"29 21 0:17 / /"' },
  { name: 'a colour is no colour', entry: 'a\x1b[31m', expected: '"a\\u001b[31m"' },
  { name: 'quotes and newlines are escaped', entry: 'a"b\n\t\r', expected: '"a\\"b\\n\\t\\r"' },
  {
    name: 'DEL and the C1 controls are escaped',
    entry: `\x7f${utf8('\x80\x9b\x9f')}`,
    expected: '"\\u007f\\u0080\\u009b\\u009f"',
  },
  {
    name: 'what turns the direction of writing is escaped',
    entry: utf8('\u202eab\u2066\u200f\u061c'),
    expected: '"\\u202eab\\u2066\\u200f\\u061c"',
  },
  { name: 'text beyond ASCII is shown', entry: utf8('/o/ümläut-日'), expected: '"/o/ümläut-日"' },
  { name: 'what is no UTF-8 is U+FFFD', entry: '/bad\xff', expected: '"/bad\ufffd"' },
  { name: 'nothing is two quotes', entry: '', expected: '""' },
]

for (const { name, entry, expected } of quotes) {
  test(`in a message, ${name}`, (t) => t.is(quote(entry), expected))
}

test('in a message, a long text is cut after so many characters, whatever their bytes', (t) => {
  t.is(quote('x'.repeat(60)), `"${'x'.repeat(60)}"`)
  t.is(quote('x'.repeat(61)), `"${'x'.repeat(60)}"…`)
  t.is(quote('x'.repeat(1_000_000), 3), '"xxx"…')
  t.is(quote(utf8('日'.repeat(60))), `"${'日'.repeat(60)}"`)
  t.is(quote(utf8('日'.repeat(61))), `"${'日'.repeat(60)}"…`)
  t.is(quote(utf8('😀'.repeat(61))), `"${'😀'.repeat(60)}"…`)
  t.is(quote(utf8(`${'x'.repeat(59)}😀😀`)), `"${'x'.repeat(59)}😀"…`)
})

test('a message holds no control character and no lone half of a character, whatever the bytes', (t) => {
  fc.assert(
    fc.property(fc.oneof(anyBytes, fc.string({ unit: 'binary', maxLength: 200 }).map(utf8)), (bytes) => {
      const shown = quote(bytes, 20)
      return !/[\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/.test(shown) && !/\p{Cs}/u.test(shown)
    }),
  )
  t.pass()
})

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

test('records of any bytes survive jq in the middle of a pipe', (t) => {
  if (spawnSync('jq', ['--version']).error !== undefined) return skip(t, 'there is no jq')
  const values = fc.sample(record, 500)
  const { stdout, status } = spawnSync('jq', ['-c', '.'], {
    input: Buffer.from(values.map((value) => ndjsonLine(value)).join(''), 'latin1'),
    maxBuffer: 1 << 28,
  })
  t.is(status, 0)
  const lines = stdout.toString('latin1').split('\n').slice(0, -1)
  t.deepEqual(
    lines.map((line) => parse(line)),
    values,
  )
})
