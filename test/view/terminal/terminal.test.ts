/** The picture on a terminal, of records in this process. */
import test from 'ava'
import type { DrawnVma } from '../../../src/view/drawn-records.js'
import type { Choice } from '../../../src/view/order.js'
import { type Picture, pictureOf } from '../../../src/view/picture.js'
import { widthOf } from '../../../src/view/terminal/columns.js'
import { draw as drawn } from '../../../src/view/terminal/terminal.js'
import { branch, choice, image, lower, ofNoUnion, vma } from '../../helpers/drawn.js'
import { lines } from '../../helpers/run.js'
import { table } from '../../helpers/tables.js'

function draw(picture: Picture, drawing: { width: number; color: boolean } & Partial<Choice>): string {
  return drawn(picture, { ...choice, ...drawing })
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
  const perms = ['rw', 'rw+nolwh', 'ro', 'rwx', 'ro+rw', null]
  const records = perms.map((perm, index): DrawnVma => {
    const [name = null, ...attributes] = perm?.split('+') ?? []
    return { ...vma, branch: { ...branch, index, perm: name, attributes } }
  })
  const [, ...rows] = lines(draw(pictureOf(records), { width: 80, color: true }))
  t.deepEqual(
    rows.map((row) => row.startsWith('  \x1b[32m')),
    [true, true, false, false, false, false],
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

/** Two processes; the first maps what is stale, and a file of a branch that is not known. */
const two = pictureOf([
  vma,
  { ...vma, path: '/lib/a', start: '3000', end: '4000', state: 'replaced' },
  { ...vma, path: '/lib/b', start: '4000', end: '5000', state: null, same_bytes: false },
  { ...vma, path: '/lib/c', start: '5000', end: '6000', branch: null },
  { ...vma, pid: 8, comm: 'db', ...ofNoUnion, path: '/bin/db', end: '8000' },
])

test('of two processes or more there is a summary, above all else', (t) => {
  t.is(
    draw(two, { width: 80, color: false }),
    `1 of 2 processes map stale files

By image or layer
  /l/top                       1 process  3 files  ██████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒
  ▒ 1 replaced, 1 with other bytes
  files of a branch not known  1 process   1 file  █████████▋
  files of no union            1 process   1 file  █████████▋

app  pid 7                                                     4 files, 20.0 KiB
  0 rw  /l/top                       3 files  16.0 KiB  █████████▒▒▒▒▒▒▒▒▒▒
        ▒ 1 replaced, 1 with other bytes
  ?     files of a branch not known   1 file   4.0 KiB  ████▊

1 process of no union, without stale files (--all)
`,
  )
})

test('in few columns each branch has its name above its numbers', (t) => {
  t.is(
    draw(two, { width: 40, color: false, all: true }),
    `1 of 2 processes map stale files

By image or layer
  /l/top
    1 process  3 files  █████▒▒▒▒▒▒▒▒▒▒▒
    ▒ 1 replaced, 1 with other bytes
  files of a branch not known
    1 process   1 file  █████▍
  files of no union
    1 process   1 file  █████▍

app  pid 7             4 files, 20.0 KiB
  0 rw  /l/top
    3 files  16.0 KiB  █████▒▒▒▒▒
    ▒ 1 replaced, 1 with other bytes
  ?     files of a branch not known
     1 file   4.0 KiB  ██▍

db  pid 8               1 file, 28.0 KiB
        files of no union
     1 file  28.0 KiB  █████████████████
`,
  )
})

test('what has no branch is dim, a branch that is not known is yellow, and what is stale is red', (t) => {
  const [red, yellow, cyan, dim] = [31, 33, 36, 2].map((code) => `\x1b[${code}m`)
  const rows = lines(draw(two, { width: 80, color: true, all: true }))
  const row = (start: string) =>
    rows.find((each) => each.replaceAll(/\x1b\[\d+m/g, '').startsWith(start)) ?? ''
  t.true(row('  0 rw').endsWith(`${cyan}███████\x1b[39m${red}▒▒▒▒▒▒▒\x1b[39m`), row('  0 rw'))
  t.is(row('        ▒'), `        ${red}▒ 1 replaced, 1 with other bytes\x1b[39m`)
  t.true(row('  ? ').startsWith(`  ${yellow}?   \x1b[39m  ${yellow}files of a branch not known\x1b[39m`))
  t.true(row('  ? ').endsWith(`  ${yellow}███▍\x1b[39m`), row('  ? '))
  t.true(row('        files of no union').includes(`${dim}files of no union\x1b[22m`))
  t.true(row('        files of no union').endsWith(`  ${dim}${'█'.repeat(24)}\x1b[22m`))
})

test('ten layers are listed, and besides them those with stale files', (t) => {
  const listed = (fresh: number, stale: number, all = false) => {
    const records = Array.from({ length: fresh + stale }, (_, i): DrawnVma => {
      const state = i < stale ? 'deleted' : 'current'
      return { ...vma, pid: i + 1, path: `/${i}`, state, branch: { ...branch, path: `/l/${i}` } }
    })
    const [, summary = ''] = draw(pictureOf(records), { width: 80, color: false, all }).split('\n\n')
    return [summary.match(/^ {2}\/l/gm)?.length, /^ {2}\d+ more.*$/m.exec(summary)?.[0] ?? '']
  }
  t.deepEqual(listed(10, 0), [10, ''])
  t.deepEqual(listed(12, 0), [10, '  2 more without stale files (--all)'])
  t.deepEqual(listed(12, 0, true), [12, ''])
  t.deepEqual(listed(0, 12), [12, ''])
  t.deepEqual(listed(1, 12), [12, '  1 more without stale files (--all)'])
})

test('a union is its mount and its branches', (t) => {
  const union = table(['/l/top', '/l/base'.repeat(9), null])
  t.is(
    draw(pictureOf([vma, union]), { width: 60, color: false }),
    `app  pid 7                                   1 file, 8.0 KiB
  0 rw  /l/top
    1 file  8.0 KiB  ███████████████████████████████████████

/  aufs  si f11b4637bf59a3c0  mount 31
  0 ro  /l/top
  1 ro  /l/base/l/base/l/base/l/ba…base/l/base/l/base/l/base
  2 ro  (not known)
`,
  )
})

test('a union whose name has no room has all else below it', (t) => {
  const mount_point = `/${'m'.repeat(60)}`
  t.is(
    draw(pictureOf([table(['/l/top'], { mount_point, si: 'f'.repeat(60) })]), { width: 40, color: false }),
    `/mmmmmmmmmmmmmmmmmmm…mmmmmmmmmmmmmmmmmmm
  aufs  si ffffffffff…ffffffff  mount 31
  0 ro  /l/top
`,
  )
})

test('where nothing is of a union, names stand where labels would', (t) => {
  t.is(
    draw(pictureOf([{ ...vma, ...ofNoUnion }]), { width: 80, color: false }),
    `app  pid 7                                                     1 file, 8.0 KiB
  files of no union  1 file  8.0 KiB  ████████████████████████████████████████
`,
  )
})

test('entries of nobody have no number, and mappings of no bytes no bar', (t) => {
  const nobody = { ...vma, pid: null, comm: null, end: '1000' }
  t.is(
    draw(pictureOf([nobody]), { width: 37, color: false }),
    `entries of an unknown process
  1 file, 0 B
  0 rw  /l/top
    1 file  0 B
`,
  )
})

test('the end of a bar is an eighth of a cell, or more of them', (t) => {
  const drawn = Array.from({ length: 9 }, (_, i) => {
    const part = ((i + 1) * 0x1000).toString(16)
    // 40 cells are 320 pages.
    const records = [
      { ...vma, start: '0', end: part },
      { ...vma, branch: lower, start: part, end: '140000' },
    ]
    const [, row = ''] = lines(draw(pictureOf(records), { width: 100, color: false }))
    return row.split('  ').at(-1)
  })
  t.deepEqual(drawn, ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█', '█▏'])
})

test('what is stale in many ways is told in the columns that there are', (t) => {
  const stale = (['replaced', 'copied_up', 'deleted'] as const).map((state) => ({ ...vma, state }))
  const told = lines(draw(pictureOf(stale), { width: 32, color: false })).find((line) => line.includes('…'))
  t.is(told, '    ▒ 1 replaced, …up, 1 deleted')
})
