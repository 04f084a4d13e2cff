/** What names and states are called, whatever they are made of. */
import test from 'ava'
import {
  branchText,
  headline,
  imageText,
  pathText,
  permText,
  processText,
  shown,
  staleText,
  stateText,
  supplierText,
  unionText,
} from '../../src/view/labels.js'
import { type MappedProcess, pictureOf } from '../../src/view/picture.js'
import { shorten, widthOf } from '../../src/view/terminal/columns.js'
import { utf8 } from '../helpers/bytes.js'
import { branch, image, lower, vma } from '../helpers/drawn.js'
import { table } from '../helpers/tables.js'

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

test('of a name as long as a line no more is measured than a path may have', (t) => {
  const name = shown('/x'.repeat(2_000_000))
  t.true(name.length < 10_000)
  t.is(widthOf(shorten(name, 40)), 40)
})

test('a name of 5,000 bytes is shown whole, and of a longer one its start', (t) => {
  t.is(shown('x'.repeat(5000)), 'x'.repeat(5000))
  t.is(shown('x'.repeat(5001)), `${'x'.repeat(5000)}…`)
})

test('states are told in words', (t) => {
  t.is(
    staleText([
      { state: 'copied_up', files: 2, bytes: 0n },
      { state: 'deleted', files: 1, bytes: 0n },
      { state: null, files: 3, bytes: 0n },
    ]),
    '2 copied up, 1 deleted, 3 with other bytes',
  )
  t.is(stateText(null, false), 'state not known')
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
  t.is(processText({ ...nobody, pids: [7] }).about, 'pid 7')
  const workers = { ...nobody, pids: [7, 8, 9], comm: 'nginx', unit: 'nginx.service' }
  const text = { name: '3 × nginx', about: 'pids 7 …  nginx.service' }
  t.deepEqual(processText(workers), { ...text, total: `${total} each` })
  t.deepEqual(processText({ ...workers, isEach: false }), { ...text, total: `${total} at most` })
})

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
  })
}

test('an image is called as Docker calls it, wherever it was pulled from', (t) => {
  const called = (name: string) => imageText({ names: [name] })
  t.is(called('docker.io/library/nginx:1.27'), 'nginx:1.27')
  t.is(called('docker.io/bitnami/redis:7'), 'bitnami/redis:7')
  t.is(called('mirror.example/docker.io/library/nginx:1.27'), 'mirror.example/docker.io/library/nginx:1.27')
  t.is(imageText({ names: [] }), null)
})

test('only at its start a digest tells how it was made', (t) => {
  const odd = { ...image, names: [], layer: `x-sha256:${'a1'.repeat(32)}` }
  t.is(branchText({ ...branch, image: odd }), 'layer x-sha256:a1a of no image')
})

test('where files come from is told by the branch, or by why there is none', (t) => {
  t.is(supplierText({ branch, isOfUnion: true }), '/l/top')
  t.is(supplierText({ branch: null, isOfUnion: true }), 'files of a branch not known')
  t.is(supplierText({ branch: null, isOfUnion: false }), 'files of no union')
  t.is(pathText(null), '(not known)')
})

test('a permission is told with its attributes, and nothing in it moves the cursor', (t) => {
  t.is(permText({ perm: 'ro', attributes: ['wh', 'cowolwh'] }), 'ro+wh+cowolwh')
  t.is(permText({ perm: null, attributes: ['\x1b[2J'] }), '?+\\u001b[2J')
})

test('a union is told by what is known of it', (t) => {
  t.is(unionText(table([], { si: '1a\n', mount_id: 29 })), 'aufs  si 1a\\u000a  mount 29')
  t.is(unionText(table([], { fs_type: 'overlay', si: null, mount_id: null })), 'overlay')
})

test('the headline counts the processes with stale files, each of those that are alike', (t) => {
  const said = (
    ...of: (readonly [state: MappedProcess['supplies'][0]['vmas'][0]['state'], ...pids: number[]])[]
  ) =>
    headline(
      pictureOf(of.flatMap(([state, ...pids]) => pids.map((pid) => ({ ...vma, state, pid })))).processes,
    )
  t.is(said(['current', 1], ['replaced', 2, 3]), '2 of 3 processes map stale files')
  t.is(said(['current', 1]), 'None of 1 process maps stale files')
  t.is(said(['current', 1], [null, 2]), 'None of 2 processes is known to map stale files')
  // One file of one branch is enough that not all is known.
  const others = [
    [vma, { ...vma, path: '/b', state: null }],
    [vma, { ...vma, branch: lower, state: null }],
  ]
  for (const records of others)
    t.is(headline(pictureOf(records).processes), 'None of 1 process is known to map stale files')
})
