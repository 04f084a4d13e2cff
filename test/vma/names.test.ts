import test from 'ava'
import { isMemory, mapsName, seenFrom, withoutWhiteouts } from '../../src/vma/names.js'

const names = [
  {
    name: 'a newline',
    maps: '/d/new\\012line.dat',
    link: '/l/mid/d/new\nline.dat',
    expected: '/d/new\nline.dat',
  },
  {
    name: 'a name that truly holds \\012',
    maps: '/d/new\\012line.dat',
    link: '/l/mid/d/new\\012line.dat',
    expected: '/d/new\\012line.dat',
  },
  {
    name: 'a newline in a folder',
    maps: '/new\\012dir/f',
    link: '/o/top/new\ndir/f',
    expected: '/new\ndir/f',
  },
  { name: 'both in one name', maps: '/a\\012b\\012c', link: '/l/a\nb\\012c', expected: '/a\nb\\012c' },
  {
    name: 'both, each in a component of its own',
    maps: '/a\\012b/c\\012d',
    link: '/l/a\nb/c\\012d',
    expected: '/a\nb/c\\012d',
  },
  {
    name: 'two components that maps cannot tell apart',
    maps: '/a\\012b/a\\012b',
    link: '/l/a\nb/a\\012b',
    expected: '/a\nb/a\\012b',
  },
  {
    name: 'a deleted file',
    maps: '/d/new\\012line (deleted)',
    link: '/l/d/new\nline (deleted)',
    expected: '/d/new\nline (deleted)',
  },
  {
    name: 'a branch folder with a newline and a file that truly holds \\012',
    maps: '/f\\012',
    link: '/o/new\nline/f\\012',
    expected: '/f\\012',
  },
  {
    name: 'a renamed file, of which the link has another name',
    maps: '/d/a\\012b',
    link: '/l/d/ab',
    expected: '/d/a\\012b',
  },
  {
    name: 'a renamed file, in a folder that the link has first with a newline and then with \\012',
    maps: '/x\\012y/q',
    link: '/x\ny/l/x\\012y',
    expected: '/x\ny/q',
  },
  { name: 'no newline at all', maps: '/d/x', link: '/l/d/x', expected: '/d/x' },
]

for (const { name, maps, link, expected } of names) {
  test(`the name in maps as raw bytes: ${name}`, (t) => t.is(mapsName(maps, link), expected))
}

const chroots = [
  { name: 'below the root', root: '/u', path: '/u/bin/sh', expected: '/bin/sh' },
  { name: 'the root itself', root: '/u', path: '/u', expected: '/' },
  { name: 'outside of it', root: '/u', path: '/usr/bin/sh', expected: '/usr/bin/sh' },
  { name: 'a root that is /', root: '/', path: '/u/bin/sh', expected: '/u/bin/sh' },
  { name: 'no path', root: '/u', path: '[heap]', expected: '[heap]' },
]

for (const { name, root, path, expected } of chroots) {
  test(`a process in a chroot sees a name from its own root: ${name}`, (t) =>
    t.is(seenFrom(root, path), expected))
}

test('the name in maps of megabytes, each component escaped, is no trouble', (t) => {
  const count = 200_000
  const link = Array.from({ length: count }, (_, i) => `/a\n${i}`).join('')
  t.true(mapsName(link.replaceAll('\n', '\\012'), link) === link)
  // Nothing at the same distance from the end.
  t.true(mapsName(`${link.replaceAll('\n', '\\012')}/x`, link) === `${link}/x`)
})

const whiteouts = [
  { name: 'a removed folder', path: '/d/.wh..wh.gone.00ab/f', expected: '/d/gone/f' },
  { name: 'one in another', path: '/.wh..wh.a.0001/.wh..wh.b.c.0002/f', expected: '/a/b.c/f' },
  { name: 'a file, which AUFS does not rename', path: '/d/.wh..wh.f.00ab', expected: '/d/.wh..wh.f.00ab' },
  { name: 'too few digits', path: '/.wh..wh.a.001/f', expected: '/.wh..wh.a.001/f' },
  { name: 'no name', path: '/.wh..wh..0001/f', expected: '/.wh..wh..0001/f' },
]

for (const { name, path, expected } of whiteouts) {
  test(`a path in a branch, where AUFS has renamed what it removes: ${name}`, (t) =>
    t.is(withoutWhiteouts(path), expected))
}

test('memory is what the kernel calls so, and no file whose name only holds that', (t) => {
  const memory = ['memfd:', 'memfd:a b\nc', 'SYSV00004d41', 'dev/zero', 'anon_hugepage', '[aio]']
  for (const name of memory) t.true(isMemory(`/${name} (deleted)`), name)
  const files = [...memory.map((name) => `/${name}`), '/d/memfd:a (deleted)']
  const others = [
    '/SYSV0000 (deleted)',
    '/SYSV00004d411 (deleted)',
    '/SYSV0000000g (deleted)',
    '/dev/zero (deleted)/x',
  ]
  for (const link of [...files, ...others, '/dev/zeros (deleted)', '/memfd (deleted)'])
    t.false(isMemory(link), link)
})
