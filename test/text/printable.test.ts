import test from 'ava'
import fc from 'fast-check'
import { quote } from '../../src/text/printable.js'
import { anyBytes, utf8 } from '../helpers/bytes.js'

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
    entry: utf8('\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202eab\u2066\u2067\u2068\u2069'),
    expected:
      '"\\u061c\\u200e\\u200f\\u2028\\u2029\\u202a\\u202b\\u202c\\u202d\\u202eab\\u2066\\u2067\\u2068\\u2069"',
  },
  {
    name: 'and what stands beside that is not',
    entry: utf8('\u200d\u2010\u2027\u202f\u2065\u206a\u00a0'),
    expected: '"\u200d\u2010\u2027\u202f\u2065\u206a\u00a0"',
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
  t.is(quote(utf8('😀'.repeat(60))), `"${'😀'.repeat(60)}"`)
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
