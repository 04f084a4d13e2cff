import test from 'ava'
import { isWhole } from '../../src/lines/records.js'
import type { BranchTable, LayerImage } from '../../src/unions/branch-table.js'
import { filesText, sizeText } from '../../src/view/amounts.js'
import { type DrawnVma, drawnFilter, readDrawnVma, sizeOf } from '../../src/view/drawn-records.js'
import { branchText, processText, shown, staleText } from '../../src/view/labels.js'
import type { Choice } from '../../src/view/order.js'
import { type MappedProcess, type Picture, pictureOf } from '../../src/view/picture.js'
import { pad, padLeft, shorten, widthOf } from '../../src/view/terminal/columns.js'
import { draw as drawn } from '../../src/view/terminal/terminal.js'
import type { VmaBranch } from '../../src/vma/record.js'
import { utf8 } from '../helpers/bytes.js'
import { read } from '../helpers/facts.js'
import { tell } from '../helpers/filters.js'
import { lines } from '../helpers/run.js'

const branch: VmaBranch = {
  mount_id: 29,
  si: '1a',
  index: 0,
  id: 64,
  path: '/l/top',
  perm: 'rw',
  attributes: [],
}
const lower: VmaBranch = { ...branch, index: 10, id: 74, path: '/l/base', perm: 'ro', attributes: ['wh'] }
const vma: DrawnVma = {
  pid: 7,
  comm: 'app',
  container: null,
  start: '1000',
  end: '3000',
  perms: 'r--p',
  path: '/bin/app',
  rpath: './bin/app',
  dev: '0:17',
  ino: '25',
  state: 'current',
  branch,
}
const ofNoUnion: Partial<DrawnVma> = { branch: null, rpath: null }

const choice: Choice = { sort: 'stale', stale: false, unions: false, all: false }

function draw(picture: Picture, { width, color }: { width: number; color: boolean }): string {
  return drawn(picture, { ...choice, width, color })
}

function only(records: (DrawnVma | BranchTable)[]): MappedProcess {
  const [process, ...others] = pictureOf(records).processes
  if (process === undefined || others.length > 0) throw new Error('not one process')
  return process
}

for (const [what, wrong] of [
  ['nothing', null],
  ['an address that is no hexadecimal', { ...vma, start: '0x10' }],
  ['an address of more than 64 bits', { ...vma, end: '10000000000000000' }],
  ['an address that is a number', { ...vma, end: 12288 }],
  ['a state of its own', { ...vma, state: 'stale' }],
  ['a branch without a path', { ...vma, branch: { ...branch, path: undefined } }],
  ['a branch without a mount', { ...vma, branch: { ...branch, mount_id: undefined } }],
  ['an image that is a text', { ...vma, branch: { ...branch, image: 'nginx' } }],
  ['an image whose names are none', { ...vma, branch: { ...branch, image: { names: [7] } } }],
  ['no path', { ...vma, path: null }],
  ['a raw record', { pid: 7, comm: 'app', container: null, start: '1', end: '2', link: '/a' }],
] as const) {
  test(`no VMA record is ${what}`, (t) => {
    t.true(isWhole(vma, readDrawnVma))
    t.false(isWhole(wrong, readDrawnVma))
  })
}

test('both kinds are read in any order, and all else is an error of its line', (t) => {
  const [table = ''] = lines(read('samples/leaky-01-docker/expected/branches.ndjson'))
  const backwards = JSON.stringify({ ...vma, start: '3000', end: '1000' })
  const { records, errors } = tell(drawnFilter(), [table, JSON.stringify(vma), '{}', 'ls', backwards, table])
  t.deepEqual(
    records.map((record) => Object.keys(record)[0]),
    ['mount_id', 'pid', 'mount_id'],
  )
  t.deepEqual(
    errors.map(({ reason }) => reason),
    ['no VMA record or branch table: "start" is missing', 'no JSON', 'a mapping that ends before it starts'],
  )
})

test('a mapping of no bytes is one', (t) => {
  const { records, errors } = tell(drawnFilter(), [JSON.stringify({ ...vma, start: '1000', end: '1000' })])
  t.deepEqual([records.length, errors], [1, []])
})

test('addresses may pass 2^53', (t) => {
  t.is(sizeOf({ start: '0', end: 'ffffffffffffffff' }), 2n ** 64n - 1n)
  t.is(sizeOf({ start: 'fffffffffffff001', end: 'fffffffffffff002' }), 1n)
})

test('a file counts once however often it is mapped, and its bytes each time', (t) => {
  const replaced: DrawnVma = { ...vma, ino: '26', state: 'replaced' }
  const again: DrawnVma = { ...vma, start: '3000', end: '4000' }
  const { files, bytes, stale, supplies } = only([vma, again, replaced, { ...vma, ...ofNoUnion }])
  t.deepEqual({ files, bytes, stale }, { files: 2, bytes: 0x7000n, stale: 1 })
  t.deepEqual(
    supplies.map(({ files, bytes, stale }) => ({ files, bytes, stale })),
    [
      { files: 2, bytes: 0x5000n, stale: [{ state: 'replaced', files: 1, bytes: 0x2000n }] },
      { files: 1, bytes: 0x2000n, stale: [] },
    ],
  )
})

test('branches stand in the order of their union, then what is of no known branch, then what is of no union', (t) => {
  const second = { ...branch, mount_id: 30, si: '1b' }
  const places = [ofNoUnion, { branch: lower }, { branch: null }, { branch: second }, { branch }]
  t.deepEqual(
    only(places.map((place) => ({ ...vma, ...place }))).supplies.map((supply) => [
      supply.branch?.mount_id,
      supply.branch?.index,
      supply.isOfUnion,
    ]),
    [
      [29, 0, true],
      [29, 10, true],
      [30, 0, true],
      [undefined, undefined, true],
      [undefined, undefined, false],
    ],
  )
})

for (const [what, other] of [
  ['mount', { branch: { ...branch, mount_id: 30 } }],
  ['superblock', { branch: { ...branch, si: '1b' } }],
  ['number', { branch: { ...branch, index: 1 } }],
  ['path', { branch: { ...branch, path: '/l/other' } }],
] as const) {
  test(`a branch is another one by its ${what}`, (t) => {
    t.is(only([vma, { ...vma, ...other }]).supplies.length, 2)
    t.is(only([vma, { ...vma, branch: { ...branch, id: 99, perm: 'ro' } }]).supplies.length, 1)
  })
}

for (const [what, other] of [
  ['number, where it maps another file', { pid: 8, path: '/bin/other' }],
  ['name', { comm: 'other' }],
  ['container', { container: 'c' }],
] as const) {
  test(`a process is another one by its ${what}`, (t) => {
    t.is(pictureOf([vma, { ...vma, ...other }, vma]).processes.length, 2)
  })
}

test('processes that map the same files in the same states are one', (t) => {
  const more = { ...vma, start: '3000', end: '4000', path: '/lib/a' }
  const same = (changed: Partial<DrawnVma>) => {
    const mapped = [vma, more].map((each) => ({ ...each, pid: 8, ...changed }))
    return pictureOf([vma, more, ...mapped]).processes.map(({ pids }) => pids)
  }
  t.deepEqual(same({}), [[7, 8]])
  // Where, in which parts and how often they are mapped is no matter.
  t.deepEqual(same({ start: '7f0000000000', end: '7f0000001000', perms: 'rw-p' }), [[7, 8]])
  for (const other of [
    ...[{ state: 'replaced' }, { state: null }, { ino: '26' }, { dev: '0:18' }, { same_bytes: false }],
    ...[{ branch: lower }, ofNoUnion, { comm: 'b' }, { container: 'c' }, { unit: 'b.service' }],
  ] as const)
    t.deepEqual(same(other), [[7], [8]], JSON.stringify(other))
  const stale = [
    { ...vma, state: 'replaced' as const },
    { ...vma, pid: 8, state: 'deleted' as const },
  ]
  t.is(pictureOf(stale).processes.length, 2)
})

test('of alike processes the one that maps most is told', (t) => {
  const large = only([vma, { ...vma, pid: 8, end: '9000' }, { ...vma, pid: 9 }])
  t.deepEqual([large.pids, large.bytes, large.isEach], [[7, 8, 9], 0x8000n, false])
  t.is(large.supplies[0]?.bytes, 0x8000n)
  const equal = only([vma, { ...vma, pid: 8 }])
  t.deepEqual([equal.pids, equal.bytes, equal.isEach], [[7, 8], 0x2000n, true])
})

test('entries of processes that nothing tells are of one', (t) => {
  const unknown = { ...vma, pid: null, comm: null }
  t.deepEqual(only([unknown, { ...unknown, path: '/b' }]).pids, [])
})

test('the bytes tell what is stale where the state does not, and what is not where it does', (t) => {
  const stale = (told: Partial<DrawnVma>) => only([{ ...vma, ...told }]).supplies[0]?.stale ?? []
  t.is(staleText(stale({ state: null, same_bytes: false })), '1 with other bytes')
  t.is(staleText(stale({ state: 'replaced', same_bytes: false })), '1 replaced')
  t.deepEqual(stale({ state: 'replaced', same_bytes: true }), [])
})

test('a file is another one by its path, device or inode', (t) => {
  for (const other of [{ path: '/b' }, { dev: '0:18' }, { ino: '26' }])
    t.is(only([vma, { ...vma, ...other }]).files, 2)
  t.is(only([vma, { ...vma, rpath: './other', perms: 'rw-s' }]).files, 1)
})

for (const [bytes, text] of [
  ['/usr/bin/env', '/usr/bin/env'],
  [utf8('/é/漢'), '/é/漢'],
  ['/\xff', '/\ufffd'],
  ['\x1b[2J\r\n\t', '\\u001b[2J\\u000d\\u000a\\u0009'],
  [utf8('\u0085\u202e\u2066'), '\\u0085\\u202e\\u2066'],
  [utf8('a\u200bb\ufeff\u00ad'), 'a\\u200bb\\ufeff\\u00ad'],
  [utf8('👩\u200d🚀'), '👩\\u200d🚀'],
  [utf8('\u{e0041}'), '\\udb40\\udc41'],
  [utf8('🇩🇪'), '\\ud83c\\udde9\\ud83c\\uddea'],
] as const) {
  test(`${JSON.stringify(text)} is what is shown`, (t) => t.is(shown(bytes), text))
}

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

test('of a name as long as a line no more is measured than a path may have', (t) => {
  const name = shown('/x'.repeat(2_000_000))
  t.true(name.length < 10_000)
  t.is(widthOf(shorten(name, 40)), 40)
})

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

test('files are counted in words, and states are told in them', (t) => {
  t.deepEqual(
    [0, 1, 2].map((files) => filesText({ files })),
    ['0 files', '1 file', '2 files'],
  )
  t.is(
    staleText([
      { state: 'copied_up', files: 2, bytes: 0n },
      { state: 'deleted', files: 1, bytes: 0n },
    ]),
    '2 copied up, 1 deleted',
  )
})

test('a name of 5,000 bytes is shown whole, and of a longer one its start', (t) => {
  t.is(shown('x'.repeat(5000)), 'x'.repeat(5000))
  t.is(shown('x'.repeat(5001)), `${'x'.repeat(5000)}…`)
})

test('a process is told by what is known of it', (t) => {
  const amount = { files: 1, bytes: 8192n, isEach: true }
  const nobody = { ...amount, pids: [], comm: null, container: null, unit: null }
  const total = '1 file, 8.0 KiB'
  t.deepEqual(processText(nobody), { name: 'entries of an unknown process', about: '', total })
  t.deepEqual(
    processText({ ...nobody, pids: [7], comm: 'a\n', container: '1f'.repeat(32), unit: 'a.scope' }),
    {
      ...{ name: 'a\\u000a', about: 'pid 7  container 1f1f1f1f1f1f', total },
    },
  )
  const workers = { ...nobody, pids: [7, 8, 9], comm: 'nginx', unit: 'nginx.service' }
  const text = { name: '3 × nginx', about: 'pids 7 …  nginx.service' }
  t.deepEqual(processText(workers), { ...text, total: `${total} each` })
  t.deepEqual(processText({ ...workers, isEach: false }), { ...text, total: `${total} at most` })
})

/** What was made up to spoil a picture. */
const HOSTILE: string[] = [
  '\x1b[31m\x1b[2J\x1b]0;title\x07',
  '\u202e\u2066gnp.exe',
  '漢字かな交じり文'.repeat(30),
  'e\u0301\u0302\u0303'.repeat(80),
  '👩\u200d👩\u200d👧🇩🇪👍🏽❤\ufe0f1\ufe0f\u20e3',
  '\u200b\u00ad\ufeff\u2028\u{e0041}',
  'x'.repeat(4000),
  '\n\r\t\v\f\b',
  '</script><script>alert(1)</script>',
]

for (const width of [1, 32, 40, 63, 64, 80, 200, 99_999]) {
  test(`hostile names break nothing in ${width} columns`, (t) => {
    const records = HOSTILE.map(utf8).flatMap((name, i): DrawnVma[] => [
      { ...vma, comm: name, container: name, path: name, state: 'deleted' },
      {
        ...vma,
        start: '0',
        end: 'ffffffffffffffff',
        branch: { ...lower, index: 10 ** (i + 5), path: `/l/${name}`, perm: name, attributes: [name] },
      },
      { ...vma, branch: { ...branch, path: `/l/${name}` } },
      { ...vma, branch: { ...lower, path: `/l/${name}`, index: i }, state: 'copied_up' },
    ])
    const text = draw(pictureOf(records), { width, color: false })
    t.notRegex(text, /[^\P{C}\n]|[\p{Zl}\p{Zp}]/u)
    for (const line of text.split('\n')) t.true(widthOf(line) <= Math.max(32, width), line)
    // Whatever stands before them, the bars of a process begin below each other.
    const ofOne = draw(pictureOf(records.filter(({ comm }) => comm === 'app')), { width, color: false })
    const starts = ofOne.split('\n').flatMap((line) => {
      const [, before] = /^(.*B {2})[▏▎▍▌▋▊▉█]/u.exec(line) ?? []
      return before === undefined ? [] : [widthOf(before)]
    })
    t.is(new Set(starts).size, 1)
  })
}

test('what never had a name is not stale, as `aufs-vma --stale` says', (t) => {
  const kernel = {
    ...{ dev: '0:1', ino: '25', maps_dev: '0:1', maps_ino: '25', maps_name: null },
    ...{ mnt_id: 3, mnt_listed: false, real_dev: null, real_ino: null },
  }
  const gone: DrawnVma = { ...vma, ...ofNoUnion, state: 'deleted' }
  const stale = (record: DrawnVma) => only([record]).supplies[0]?.stale.length
  t.true(isWhole({ ...gone, kernel }, readDrawnVma))
  t.false(isWhole({ ...gone, kernel: {} }, readDrawnVma))
  t.is(stale({ ...gone, path: '/memfd:jit', kernel }), 0)
  t.is(stale({ ...gone, path: '/memfd:jit' }), 0)
  t.is(stale({ ...gone, path: '/tmp/#25' }), 0)
  t.is(stale({ ...gone, path: '/memfd:jit', kernel: { ...kernel, mnt_listed: true } }), 1)
  t.is(stale({ ...gone, path: '/tmp/#46' }), 1)
})

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

const image: LayerImage = {
  store: 'docker',
  layer: `sha256:${'a1'.repeat(32)}`,
  chain: `sha256:${'b2'.repeat(32)}`,
  names: ['debian:12', 'nginx:1.27'],
  container: null,
}
const ownLayer = { ...image, layer: null, chain: null, names: [] }
for (const [text, told] of [
  ['/l/top', undefined],
  ['/l/top', null],
  ['debian:12 and 1 more, layer a1a1a1a1a1a1', image],
  ['nginx:1.27, layer a1a1a1a1a1a1', { ...image, names: ['nginx:1.27'] }],
  ['layer b2b2b2b2b2b2 of no image', { ...image, layer: null, names: [] }],
  ['container 9c9c9c9c9c9c, its own layer', { ...ownLayer, container: '9c'.repeat(32) }],
  ['/l/top', ownLayer],
  ['a\\u001b[31m, layer a1a1a1a1a1a1', { ...image, names: ['a\x1b[31m'] }],
] as const) {
  test(`a branch is told by its image where it has one: ${text} of ${JSON.stringify(told)}`, (t) => {
    const known = {
      ...branch,
      ...(told === undefined ? {} : { image: told === null ? null : { ...told, names: [...told.names] } }),
    }
    t.is(branchText(known), text)
    const [, drawn] = lines(draw(pictureOf([{ ...vma, branch: known }]), { width: 120, color: false }))
    t.true(drawn?.includes(text), drawn)
  })
}
