/** How much there is, in words. */
import test from 'ava'
import { filesText, sizeText } from '../../src/view/amounts.js'

for (const [bytes, text] of [
  [0n, '0 B'],
  [1023n, '1,023 B'],
  [1024n, '1.0 KiB'],
  [4096n, '4.0 KiB'],
  [1_500_000n, '1.4 MiB'],
  [2n ** 40n, '1.0 TiB'],
  [2n ** 64n - 1n, '16.0 EiB'],
] as const) {
  test(`${bytes} bytes are ${text}`, (t) => t.is(sizeText(bytes), text))
}

test('files are counted in words', (t) => {
  t.deepEqual(
    [0, 1, 2].map((files) => filesText({ files })),
    ['0 files', '1 file', '2 files'],
  )
})
