import test from 'ava'
import {
  count,
  either,
  flag,
  isRecord,
  isWhole,
  list,
  optional,
  orNull,
  parseRecord,
  record,
  text,
  texts,
  withOthers,
} from '../../src/lines/records.js'
import { utf8 } from '../helpers/bytes.js'
import { inputError } from '../helpers/filters.js'

interface Point {
  name: string
  x: number | null
}

const point = record<Point>({ name: text, x: orNull(count) })

test('a record is let in with the right fields, and with more', (t) => {
  t.deepEqual(parseRecord('{"name":"a","x":1}', 'point', point), { name: 'a', x: 1 })
  t.deepEqual(parseRecord('{"y":[2],"x":null,"name":""}', 'point', point) as unknown, {
    y: [2],
    x: null,
    name: '',
  })
  t.deepEqual(parseRecord(utf8('{"name":"\ufffd","name_b64":"/w==","x":0}'), 'point', point), {
    name: '\xff',
    x: 0,
  })
})

test('a field that may be null may be missing too, also in a record within', (t) => {
  t.deepEqual(parseRecord('{"name":"a"}', 'point', point), { name: 'a', x: null })
  const shape = record<{ points: Point[] }>({ points: list(point) })
  t.deepEqual(
    parseRecord('{"points":[{"name":"a","x":1},{"name":"b","y":2}],"z":3}', 'shape', shape) as unknown,
    {
      points: [
        { name: 'a', x: 1 },
        { name: 'b', y: 2, x: null },
      ],
      z: 3,
    },
  )
  t.throws(() => parseRecord('{"points":[{"name":"a"},{"name":7}]}', 'shape', shape), {
    message: /^no shape: "points\[1\]\.name" is no text: /,
  })
  t.throws(() => parseRecord('{"points":[{"name":"a"},{}]}', 'shape', shape), {
    message: /^no shape: "points\[1\]\.name" is missing: /,
  })
  t.throws(() => parseRecord('{"points":[null]}', 'shape', shape), {
    message: /^no shape: "points\[0\]" is no object: /,
  })
})

const bad = [
  { name: 'no JSON', line: '{"name":', reason: 'no JSON' },
  { name: 'text after the record', line: '{"name":"a","x":1} x', reason: 'no JSON' },
  { name: 'a missing field', line: '{"x":1}', reason: 'no point: "name" is missing' },
  { name: 'null where a text must be', line: '{"name":null,"x":1}', reason: 'no point: "name" is no text' },
  {
    name: 'a field of another type',
    line: '{"name":"a","x":"1"}',
    reason: 'no point: "x" is no whole number',
  },
  { name: 'a fraction', line: '{"name":"a","x":1.5}', reason: 'no point: "x" is no whole number' },
  {
    name: 'a number past 2^53',
    line: '{"name":"a","x":9007199254740993}',
    reason: 'no point: "x" is no whole number',
  },
  { name: 'a NUL in a text', line: '{"name":"a\\u0000b","x":1}', reason: 'no point: "name" is no text' },
  {
    name: 'a NUL in its exact bytes',
    line: '{"name":"a","name_b64":"AA==","x":1}',
    reason: 'no point: "name" is no text',
  },
  { name: 'an array', line: '["a",1]', reason: 'no point' },
  { name: 'null, which must not end a stream', line: 'null', reason: 'no point' },
  { name: 'a number', line: '7', reason: 'no point' },
  {
    name: 'fields that are inherited',
    line: '{"__proto__":{"name":"a","x":1}}',
    reason: 'no point: "name" is missing',
  },
]

for (const { name, line, reason } of bad) {
  test(`a record is not let in: ${name}`, (t) => {
    const error = inputError(t, () => parseRecord(line, 'point', point))
    t.deepEqual([error.reason, error.text], [reason, line])
  })
}

test('a whole record has every field itself', (t) => {
  t.false(isWhole({ name: 'a' }, point))
  t.false(isWhole(Object.create({ name: 'a', x: 1 }), point))
  t.true(isWhole(Object.assign(Object.create(null), { name: 'a', x: 1 }), point))
  t.false(isWhole({}, record<{ toString: string }>({ toString: text })))
})

test('texts are a list of texts', (t) => {
  t.true(isWhole([], texts))
  t.true(isWhole(['a', ''], texts))
  for (const other of [['a', null], ['a\0'], 'a']) t.false(isWhole(other, texts))
})

test('a record may stand behind spaces and tabs, and a line of text is none', (t) => {
  for (const line of ['{', '{"a":1}', ' {}', '\t \t{}']) t.true(isRecord(line), line)
  for (const line of ['', ' ', '[{}]', 'x {}', '\u00a0{}', '29 21 0:17 / / rw']) t.false(isRecord(line), line)
})

test('a line that is no UTF-8 is told so, and a fault of the program is none of the line', (t) => {
  t.is(inputError(t, () => parseRecord('{"name":"\xff"}', 'point', point)).message.split(':')[0], 'no UTF-8')
  const broken = record<Point>({
    name: () => {
      throw new TypeError('broken')
    },
    x: orNull(count),
  })
  t.throws(() => parseRecord('{"name":"a","x":1}', 'point', broken), { instanceOf: TypeError })
  t.throws(() => isWhole({ name: 'a', x: 1 }, broken), { instanceOf: TypeError })
})

test('a field that may be missing stays so, and is read where it is there', (t) => {
  const named = record<{ flag: boolean | undefined }>({ flag: optional(flag) })
  for (const line of ['{}', '{"flag":true}', '{"flag":false}'])
    t.is(JSON.stringify(parseRecord(line, 'one', named)), line)
  for (const line of ['{"flag":null}', '{"flag":0}'])
    t.regex(inputError(t, () => parseRecord(line, 'one', named)).message, /^no one: "flag" is no boolean: /)
})

test('one of two kinds is told by a field of its own', (t) => {
  const kind = either('list', record<{ list: string[] }>({ list: texts }), point)
  t.deepEqual(parseRecord('{"list":["a"]}', 'one', kind), { list: ['a'] })
  t.deepEqual(parseRecord('{"name":"a","x":1}', 'one', kind), { name: 'a', x: 1 })
  for (const line of ['{"list":{}}', '{"list":null}'])
    t.regex(inputError(t, () => parseRecord(line, 'one', kind)).message, /^no one: "list" is no list: /)
  for (const line of ['{}', '7', 'null', '"list"', '["list"]'])
    t.regex(inputError(t, () => parseRecord(line, 'one', kind)).message, /^no one/)
})

test('unknown fields of a source stand after those of the record, which keeps its own', (t) => {
  const made = { a: 1, b: 2 }
  t.is(withOthers(made, { a: 7 }), made)
  t.is(JSON.stringify(withOthers(made, { z: 3, b: 7, y: 4 })), '{"a":1,"b":2,"z":3,"y":4}')
  t.is(JSON.stringify(withOthers(made, { z: 3, y: 4 }, new Set(['z', 'x']))), '{"a":1,"b":2,"y":4}')
})
