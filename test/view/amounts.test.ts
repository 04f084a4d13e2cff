/** How much there is, in words. */
import test from 'ava'
import { amountText, filesText, greatest, processesText, sizeText } from '../../src/view/amounts.js'

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

test('processes are counted in words, and what they map', (t) => {
  t.deepEqual([1, 1200].map(processesText), ['1 process', '1,200 processes'])
  t.is(amountText({ files: 2, bytes: 8192n }), '2 files, 8.0 KiB')
})

test('the greatest size is found wherever it stands, and is 0 where there is none', (t) => {
  t.deepEqual(
    [greatest([]), greatest([3n, 1n, 2n]), greatest([1n, 3n, 2n]), greatest([1n, 2n, 3n])],
    [0n, 3n, 3n, 3n],
  )
})
