import test from 'ava'
import fc from 'fast-check'
import { decodeOctal, encodeOctal } from '../../src/text/octal.js'
import { anyBytes, pathBytes } from '../helpers/bytes.js'

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
