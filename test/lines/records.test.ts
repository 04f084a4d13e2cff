import test from 'ava'
import {
  hasFields,
  isCount,
  isRecord,
  isText,
  isTexts,
  orNull,
  parseRecord,
} from '../../src/lines/records.js'
import { utf8 } from '../helpers/bytes.js'
import { inputError } from '../helpers/filters.js'

interface Point {
  name: string
  x: number | null
}

function isPoint(value: unknown): value is Point {
  return hasFields<Point>(value, { name: isText, x: orNull(isCount) })
}

test('a record is let in with the right fields, and with more', (t) => {
  t.deepEqual(parseRecord('{"name":"a","x":1}', 'point', isPoint), { name: 'a', x: 1 })
  t.deepEqual(parseRecord('{"y":[2],"x":null,"name":""}', 'point', isPoint) as unknown, {
    y: [2],
    x: null,
    name: '',
  })
  t.deepEqual(parseRecord(utf8('{"name":"\ufffd","name_b64":"/w==","x":0}'), 'point', isPoint), {
    name: '\xff',
    x: 0,
  })
})

const bad = [
  { name: 'no JSON', line: '{"name":', reason: 'no JSON' },
  { name: 'text after the record', line: '{"name":"a","x":1} x', reason: 'no JSON' },
  { name: 'a missing field', line: '{"name":"a"}', reason: 'no point' },
  { name: 'a field of another type', line: '{"name":"a","x":"1"}', reason: 'no point' },
  { name: 'a fraction', line: '{"name":"a","x":1.5}', reason: 'no point' },
  { name: 'a number past 2^53', line: '{"name":"a","x":9007199254740993}', reason: 'no point' },
  { name: 'a NUL in a text', line: '{"name":"a\\u0000b","x":1}', reason: 'no point' },
  { name: 'a NUL in its exact bytes', line: '{"name":"a","name_b64":"AA==","x":1}', reason: 'no point' },
  { name: 'an array', line: '["a",1]', reason: 'no point' },
  { name: 'null, which must not end a stream', line: 'null', reason: 'no point' },
  { name: 'a number', line: '7', reason: 'no point' },
  { name: 'fields that are inherited', line: '{"__proto__":{"name":"a","x":1}}', reason: 'no point' },
]

for (const { name, line, reason } of bad) {
  test(`a record is not let in: ${name}`, (t) => {
    const error = inputError(t, () => parseRecord(line, 'point', isPoint))
    t.deepEqual([error.reason, error.text], [reason, line])
  })
}

test('fields must be the own ones of a record', (t) => {
  t.false(isPoint(Object.create({ name: 'a', x: 1 })))
  t.true(isPoint(Object.assign(Object.create(null), { name: 'a', x: 1 })))
  t.false(hasFields<{ toString: string }>({}, { toString: () => true }))
})

test('texts are an array of texts', (t) => {
  t.true(isTexts([]))
  t.true(isTexts(['a', '']))
  t.false(isTexts(['a', null]))
  t.false(isTexts(['a\0']))
  t.false(isTexts('a'))
})

test('a record may stand behind spaces and tabs, and a line of text is none', (t) => {
  for (const line of ['{', '{"a":1}', ' {}', '\t \t{}']) t.true(isRecord(line), line)
  for (const line of ['', ' ', '[{}]', 'x {}', '\u00a0{}', '29 21 0:17 / / rw']) t.false(isRecord(line), line)
})
