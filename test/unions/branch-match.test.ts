import test from 'ava'
import fc from 'fast-check'
import type { ByteString } from '../../src/text/byte-string.js'
import { bestMatch, branchMatches } from '../../src/unions/branch-match.js'
import type { BranchTable } from '../../src/unions/branch-table.js'
import { innerPath } from '../../src/unions/mount-paths.js'
import { pathBytes } from '../helpers/bytes.js'
import { several, table } from '../helpers/tables.js'

/** What matches, each as its mount, its branch and the path. */
const told = (link: ByteString, tables: BranchTable[]) =>
  branchMatches(link, tables).map(({ table, branch, path }) => [table.mount_id, branch.index, path])

/** What is meant, in the same form. */
function best(link: ByteString, name: ByteString | null, tables: BranchTable[]) {
  const match = bestMatch(branchMatches(link, tables), name)
  return match && [match.table.mount_id, match.branch?.index ?? null, match.path]
}

// captures/leaky-05-prefix: /layers/a/b is nested by a mount of its own.
const prefix = table(['/layers/top', '/layers/a', '/layers/ab', '/layers/a/b', '/layers/b'])

test('a branch is matched by component: a string prefix is no branch', (t) => {
  t.deepEqual(told('/layers/ab/bin/mapper', [prefix]), [[31, 2, '/bin/mapper']])
  t.deepEqual(told('/layers/abc', [prefix]), [])
  t.deepEqual(told('/layers', [prefix]), [])
  t.deepEqual(told('/layers/b', [prefix]), [[31, 4, '/']])
})

test('a container whose id is the beginning of another branch is not that branch', (t) => {
  const docker = table(['/diff/ID', '/diff/ID-init', '/diff/base'])
  t.deepEqual(best('/diff/ID-init/etc/hosts', '/etc/hosts', [docker]), [31, 1, '/etc/hosts'])
})

test('of nested branches it is the one that gives the name in maps', (t) => {
  t.deepEqual(told('/layers/a/b/f_ab_nested', [prefix]), [
    [31, 1, '/b/f_ab_nested'],
    [31, 3, '/f_ab_nested'],
  ])
  t.deepEqual(best('/layers/a/b/f_ab_nested', '/b/f_ab_nested', [prefix]), [31, 1, '/b/f_ab_nested'])
  t.deepEqual(best('/layers/a/b/f_ab_nested', '/f_ab_nested', [prefix]), [31, 3, '/f_ab_nested'])
})

test('of nested branches it is the longest where maps does not tell', (t) => {
  t.deepEqual(best('/layers/a/b/f_ab_nested', null, [prefix]), [31, 3, '/f_ab_nested'])
  t.deepEqual(best('/layers/a/b/old', '/renamed', [prefix]), [31, 3, '/old'])
  t.deepEqual(best('/layers/a/b/x', null, [table(['/layers/a/b', '/layers/a'])]), [31, 0, '/x'])
})

test('a deleted file has the name that maps gives it without (deleted)', (t) => {
  t.deepEqual(best('/layers/a/b/f', '/b/f (deleted)', [prefix]), [31, 1, '/b/f'])
  t.deepEqual(best('/layers/a/b/f (deleted)', '/b/f (deleted)', [prefix]), [31, 1, '/b/f (deleted)'])
})

test('nothing matches where nothing is', (t) => {
  t.is(bestMatch([], '/x'), null)
  t.is(bestMatch([], null), null)
  t.deepEqual(told('/memfd:mymem (deleted)', [prefix]), [])
  t.deepEqual(told('/vol/vol.dat', []), [])
})

const links = [
  { link: '/l/a/bin/mapper', name: '/bin/mapper', expected: [37, 1, '/bin/mapper'] },
  { link: '/l/t1/ft1', name: '/ft1', expected: [37, 0, '/ft1'] },
  { link: '/l/b/fb', name: '/vol/fb', expected: [39, 1, '/vol/fb'] },
  { link: '/l/a/fa', name: '/again/fa', expected: [41, 1, '/again/fa'] },
  { link: '/l/a/dir/deep/fsub', name: '/dir/deep/fsub', expected: [37, 1, '/dir/deep/fsub'] },
  { link: '/l/a/dir/deep/fsub', name: '/subm/deep/fsub', expected: [40, 1, '/subm/deep/fsub'] },
  { link: '/l/common/fcommon', name: '/fcommon', expected: [37, 2, '/fcommon'] },
  { link: '/l/common/fcommon', name: '/vol/fcommon', expected: [39, 2, '/vol/fcommon'] },
]

for (const { link, name, expected } of links) {
  test(`of several unions and mounts, ${link} is ${name} as maps says`, (t) => {
    t.deepEqual(best(link, name, several), expected)
  })
}

test('a mount of a sub-folder does not show what lies beside it', (t) => {
  t.deepEqual(told('/l/a/fa', several), [
    [37, 1, '/fa'],
    [40, 1, null],
    [41, 1, '/again/fa'],
  ])
  t.deepEqual(told('/l/a/dir/deep/fsub', several), [
    [37, 1, '/dir/deep/fsub'],
    [40, 1, '/subm/deep/fsub'],
    [41, 1, '/again/dir/deep/fsub'],
  ])
})

test('where maps does not tell, it is the mount that really shows the path', (t) => {
  // Through the root's mount the path would be /again/x, but there the other mount lies.
  const tables = [
    table(['/l/t1', '/l/a', '/l/common'], { mount_id: 37 }),
    table(['/l/t1', '/l/a', '/l/common'], { mount_id: 41, mount_point: '/again' }),
  ]
  t.deepEqual(best('/l/a/again/x', null, tables), [41, 1, '/again/again/x'])
  t.deepEqual(best('/l/a/x', null, tables), [37, 1, '/x'])
})

test('where no mount holds the file, the branch is told all the same', (t) => {
  const [, , sub] = several
  t.deepEqual(best('/l/a/fa', '/fa', sub === undefined ? [] : [sub]), [40, 1, null])
})

test('a container whose root is a sub-folder', (t) => {
  const c4 = table(['/l/t1', '/l/a'], { mount_id: 55, root: '/dir', mount_point: '/' })
  t.deepEqual(told('/l/a/dir/deep/fsub', [c4]), [[55, 1, '/deep/fsub']])
  t.deepEqual(told('/l/a/dir', [c4]), [[55, 1, '/']])
  t.deepEqual(told('/l/a/director/x', [c4]), [[55, 1, null]])
})

const removed = [
  { name: 'without its (deleted)', link: '/o/co:lon/f8', expected: '/f8' },
  { name: 'with its (deleted)', link: '/o/co:lon (deleted)/f8', expected: '/f8' },
  { name: 'with the (deleted) of the file', link: '/o/co:lon/f8 (deleted)', expected: '/f8 (deleted)' },
]

for (const { name, link, expected } of removed) {
  test(`a link into a branch folder that was removed matches ${name}`, (t) => {
    t.deepEqual(told(link, [table(['/o/top', '/o/co:lon (deleted)'])]), [[31, 1, expected]])
  })
}

test('a branch folder that is truly called (deleted) matches', (t) => {
  t.deepEqual(best('/o/x (deleted)/f15', '/f15', [table(['/o/x (deleted)', '/o/x'])]), [31, 0, '/f15'])
  t.deepEqual(best('/o/x/f', '/f', [table(['/o/x'])]), [31, 0, '/f'])
  t.deepEqual(told('/o/x (deleted)/f', [table(['/o/x'])]), [])
})

test('a branch that is there goes before a removed one of its name, whichever is above', (t) => {
  const paths = ['/o/x (deleted)', '/o/x']
  t.deepEqual(best('/o/x/f', '/f', [table(paths)]), [31, 1, '/f'])
  t.deepEqual(best('/o/x/f', '/f', [table(paths.toReversed())]), [31, 0, '/f'])
  t.deepEqual(best('/o/x/f', '/f', [table(['/o/x (deleted)'])]), [31, 0, '/f'])
})

test('of two branches that are called the same none is meant, of their union that is', (t) => {
  t.deepEqual(best('/x/f', '/x/f', [table(['/', '/'])]), [31, null, '/x/f'])
  t.deepEqual(best('/x/f', '/f', [table(['/', '/', '/x'])]), [31, 2, '/f'])
})

test('a branch / holds every link', (t) => {
  const live = table(['/cow/top', '/'], { mount_point: '/' })
  t.deepEqual(told('/bin/mapper', [live]), [[31, 1, '/bin/mapper']])
  t.deepEqual(best('/cow/top/x', '/x', [live]), [31, 0, '/x'])
  t.deepEqual(best('/cow/top/x', '/cow/top/x', [live]), [31, 1, '/cow/top/x'])
  t.deepEqual(best('/cow/top/x', null, [live]), [31, 0, '/x'])
})

test('a branch that is not known holds nothing, and overlayfs never shows a layer', (t) => {
  t.deepEqual(told('/l/a/x', [table([null, '/l/a'])]), [[31, 1, '/x']])
  t.deepEqual(told('/l/a/x', [table(['/l/a'], { fs_type: 'overlay', si: null })]), [])
})

test('a table that tells no mount (a log) is that of the root', (t) => {
  const logged = table(['/l/a'], { mount_id: null, mount_point: null, root: null, dev: null, source: 'log' })
  t.deepEqual(told('/l/a/bin/sh', [logged]), [[null, 0, '/bin/sh']])
  t.is(innerPath(logged, '/bin/sh'), '/bin/sh')
})

const component = pathBytes.map((bytes) => bytes.replaceAll('/', '-')).filter((text) => text !== '')
const path = fc
  .array(component, { minLength: 1, maxLength: 3 })
  .map((components) => `/${components.join('/')}`)

test('any file of any branch is found again by its link and its name', (t) => {
  fc.assert(
    fc.property(
      fc.uniqueArray(path, { minLength: 1, maxLength: 5 }),
      fc.nat(),
      path,
      fc.oneof(fc.constant('/'), path),
      (branches, nth, inner, mount_point) => {
        const index = nth % branches.length
        const union = table(branches, { mount_point })
        const name = mount_point === '/' ? inner : mount_point + inner
        const match = bestMatch(branchMatches(`${branches[index]}${inner}`, [union]), name)
        t.is(match?.path, name)
        t.is(match && innerPath(match.table, name), inner)
      },
    ),
  )
})
