import test from 'ava'
import {
  count,
  isRecord,
  isWhole,
  list,
  orNull,
  parseRecord,
  record,
  text,
  texts,
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
