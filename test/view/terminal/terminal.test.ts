/** The picture on a terminal, of records in this process. */
import test from 'ava'
import type { DrawnVma } from '../../../src/view/drawn-records.js'
import { type Picture, pictureOf } from '../../../src/view/picture.js'
import { widthOf } from '../../../src/view/terminal/columns.js'
import { draw as drawn } from '../../../src/view/terminal/terminal.js'
import { branch, choice, image, lower, ofNoUnion, vma } from '../../helpers/drawn.js'
import { lines } from '../../helpers/run.js'

function draw(picture: Picture, { width, color }: { width: number; color: boolean }): string {
  return drawn(picture, { ...choice, width, color })
}

test('a bar is the part of what the process maps, and its stale part is hatched', (t) => {
  const part = (start: string, end: string, each: Partial<DrawnVma>) => ({ ...vma, start, end, ...each })
  const records = [
    part('0', '5000', {}),
    part('5000', '6000', { branch: lower, path: '/a' }),
    part('6000', '8000', { branch: lower, path: '/b', state: 'copied_up' }),
    part('8000', '8000', ofNoUnion),
  ]
  t.is(
    draw(pictureOf(records), { width: 100, color: false }),
    `app  pid 7                                                               3 files, 32.0 KiB
   0 rw     /l/top              1 file  20.0 KiB  █████████████████████████
  10 ro+wh  /l/base            2 files  12.0 KiB  █████▒▒▒▒▒▒▒▒▒▒
            ▒ 1 copied up
            files of no union   1 file       0 B
`,
  )
})

for (const [fresh, stale, bar] of [
  ['ff000', '1000', `${'█'.repeat(39)}▒`],
  ['1000', 'ff000', `█${'▒'.repeat(39)}`],
  ['0', '1000', '▒'.repeat(40)],
] as const) {
  test(`of 0x${fresh} bytes and 0x${stale} stale ones what there is of both is seen, in a bar that is no longer for it`, (t) => {
    const records: DrawnVma[] = [
      { ...vma, start: '0', end: fresh },
      { ...vma, start: '0', end: stale, state: 'deleted' },
    ]
    const [, row = ''] = lines(draw(pictureOf(records), { width: 100, color: false }))
    t.is(row.split('  ').at(-1), bar)
  })
}

test('colours stand around the text, and change nothing of it', (t) => {
  const picture = pictureOf([vma, { ...vma, branch: lower, state: 'deleted' }, { ...vma, ...ofNoUnion }])
  const colored = draw(picture, { width: 80, color: true })
  t.true(colored.includes('\x1b['))
  t.is(colored.replaceAll(/\x1b\[\d+m/g, ''), draw(picture, { width: 80, color: false }))
})

test('a branch has one line from 64 columns on, and two where there are fewer', (t) => {
  const linesIn = (width: number) => lines(draw(pictureOf([vma]), { width, color: false })).length
  t.deepEqual([linesIn(63), linesIn(64)], [3, 2])
})

test('a heading has one line where it fits exactly, and what has no room stands below', (t) => {
  const drawn = (width: number) =>
    lines(draw(pictureOf([{ ...vma, comm: 'a'.repeat(40) }]), { width, color: false }))
  // Of 40 columns, 5 and 15, with two between.
  t.is(drawn(64)[0], `${'a'.repeat(40)}  pid 7  1 file, 8.0 KiB`)
  t.deepEqual(drawn(63).slice(0, 2), [`${'a'.repeat(40)}  pid 7`, '  1 file, 8.0 KiB'])
  t.deepEqual(drawn(47).slice(0, 2), [`${'a'.repeat(40)}  pid 7`, '  1 file, 8.0 KiB'])
  t.deepEqual(drawn(46).slice(0, 3), ['a'.repeat(40), '  pid 7', '  1 file, 8.0 KiB'])
})

test('no picture is narrower than 32 columns', (t) => {
  const wide = { ...vma, comm: 'a'.repeat(90), branch: { ...branch, path: '/l'.repeat(90) } }
  const drawn = (width: number) => draw(pictureOf([wide]), { width, color: false })
  t.is(drawn(1), drawn(32))
  t.not(drawn(33), drawn(32))
  t.is(Math.max(...lines(drawn(1)).map((line) => widthOf(line))), 32)
})

test('a label takes ten columns at most, and beside it there is a bar of eight at least', (t) => {
  const odd = { ...branch, index: 10 ** 11, perm: 'y'.repeat(11), path: '/l'.repeat(90) }
  const one: DrawnVma = { ...vma, branch: odd, start: '0', end: 'b5000' }
  const [, row = ''] = lines(draw(pictureOf([one]), { width: 64, color: false }))
  t.is(row, '  10000…0000 yyyyy…yyyy  /l/l/…/l/l  1 file  724.0 KiB  ████████')
})

test('what is writable is green, and other branches are dim', (t) => {
  const perms = ['rw', 'rw+nolwh', 'ro', 'rwx', null]
  const records = perms.map((perm, index): DrawnVma => {
    const [name = null, ...attributes] = perm?.split('+') ?? []
    return { ...vma, branch: { ...branch, index, perm: name, attributes } }
  })
  const [, ...rows] = lines(draw(pictureOf(records), { width: 80, color: true }))
  t.deepEqual(
    rows.map((row) => row.startsWith('  \x1b[32m')),
    [true, true, false, false, false],
  )
  t.true(rows.slice(2).every((row) => row.startsWith('  \x1b[2m')))
})

test('the least that is mapped is seen', (t) => {
  const records = [vma, { ...vma, branch: lower, start: '0', end: 'ffffffffffff' }]
  const [, row = ''] = lines(draw(pictureOf(records), { width: 80, color: false }))
  t.is(row.split('  ').at(-1), '▏')
})

test('nothing is drawn of nothing', (t) => t.is(draw(pictureOf([]), { width: 80, color: true }), ''))

test('a branch is drawn by its image where it has one', (t) => {
  const [, row] = lines(
    draw(pictureOf([{ ...vma, branch: { ...branch, image } }]), { width: 120, color: false }),
  )
  t.true(row?.includes('  debian:12 and 1 more, layer a1a1a1a1a1a1  '), row)
})
