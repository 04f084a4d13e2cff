/** Texts in so many columns. */
import test from 'ava'
import { pad, padLeft, shorten, widthOf } from '../../../src/view/terminal/columns.js'

for (const [text, width, short] of [
  ['/l/top', 6, '/l/top'],
  ['/l/topmost', 7, '/l/…ost'],
  ['/l/topmost', 8, '/l/t…ost'],
  ['/漢字漢字/漢字', 9, '/漢…漢字'],
  ['/a', 1, '…'],
  ['/a', 0, ''],
] as const) {
  test(`${text} in ${width} columns is ${JSON.stringify(short)}`, (t) => t.is(shorten(text, width), short))
}

test('what is padded is as wide as it should be, whatever it is made of', (t) => {
  for (const text of ['', 'abc', 'a'.repeat(99), '漢'.repeat(50), 'e\u0301'.repeat(50), '👩🚀'.repeat(9)])
    for (const width of [1, 2, 9, 10, 40]) {
      t.is(widthOf(pad(text, width)), width, text)
      t.is(widthOf(padLeft(text, width)), width, text)
    }
})
