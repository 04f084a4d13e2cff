/** The files of all processes, each told once. */
import test from 'ava'
import type { DrawnVma } from '../../../src/view/drawn-records.js'
import { Files, frontCoded } from '../../../src/view/page/files.js'
import { pictureOf } from '../../../src/view/picture.js'
import { vma } from '../../helpers/drawn.js'
import { pathsOf } from '../../helpers/page-data.js'

test('paths share what they have in common', (t) => {
  t.deepEqual(frontCoded(['/lib/a', '/lib/a', '/lib/ab', '/x', '']), [
    ...[0, '/lib/a', 6, '', 6, 'b', 1, 'x', 0, ''],
  ])
})

test('the first path has nothing in common with another', (t) => {
  t.deepEqual(frontCoded(['Same', 'Some']), [0, 'Same', 1, 'ome'])
})

test('files stand in the order of their paths, each state of one by itself', (t) => {
  const records: DrawnVma[] = [
    { ...vma, path: '/c' },
    { ...vma, path: '/a', state: 'replaced', same_bytes: true },
    { ...vma, path: '/d', same_bytes: true },
    { ...vma, path: '/b', state: 'deleted' },
    { ...vma, path: '/a', pid: 8 },
    { ...vma, path: '/a', pid: 9 },
  ]
  const files = new Files(pictureOf(records).processes)
  const { fileStates, states } = files.data
  t.deepEqual(
    pathsOf(files.data).map((path, i) => [path, states[fileStates[i] ?? -1]]),
    [
      ['/a', { text: 'replaced, with the same bytes', isStale: false }],
      ['/a', { text: 'current', isStale: false }],
      ['/b', { text: 'deleted', isStale: true }],
      ['/c', { text: 'current', isStale: false }],
      ['/d', { text: 'current', isStale: false }],
    ],
  )
  t.deepEqual(
    records.map((record) => files.placeOf(record)),
    [3, 0, 4, 2, 1, 1],
  )
})
