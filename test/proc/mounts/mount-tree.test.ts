import test from 'ava'
import { mountOver, mountPointsOf, mountsSeenFrom } from '../../../src/proc/mounts/mount-tree.js'
import type { ByteString } from '../../../src/text/byte-string.js'

const at = (mount_point: ByteString, root = '/') => ({ mount_point, root })

const places = [
  {
    name: 'the deepest mount point that holds it',
    mounts: ['/', '/u', '/u/vol'],
    path: '/u/vol/x',
    expected: 2,
  },
  { name: 'whatever their order', mounts: ['/u/vol', '/u', '/'], path: '/u/vol/x', expected: 0 },
  { name: 'the mount point itself', mounts: ['/', '/u'], path: '/u', expected: 1 },
  { name: 'no mount point that is a mere prefix', mounts: ['/', '/l/a'], path: '/l/ab', expected: 0 },
  { name: 'the last of several at one place', mounts: ['/', '/u', '/u', '/v'], path: '/u/x', expected: 2 },
  { name: 'nothing where none holds it', mounts: ['/u'], path: '/v', expected: null },
  { name: 'nothing where there is none', mounts: [], path: '/', expected: null },
]

for (const { name, mounts, path, expected } of places) {
  test(`a path lies on ${name}`, (t) => {
    const all = mounts.map((mount_point, index) => ({ mount_point, index }))
    t.is(mountOver(all, path)?.index ?? null, expected)
  })
}

const chroots = [
  {
    name: 'at a mount point',
    mounts: [at('/'), at('/u'), at('/u/vol'), at('/ux')],
    folder: '/u',
    expected: [at('/'), at('/vol')],
  },
  {
    name: 'in a folder of a mount',
    mounts: [at('/'), at('/u'), at('/u/dir/vol')],
    folder: '/u/dir',
    expected: [at('/', '/dir'), at('/vol')],
  },
  {
    name: 'in a folder of a mount of a folder',
    mounts: [at('/'), at('/u', '/sub')],
    folder: '/u/dir/x',
    expected: [at('/', '/sub/dir/x')],
  },
  { name: 'at the root', mounts: [at('/'), at('/u')], folder: '/', expected: [at('/'), at('/u')] },
  {
    name: 'at the root, where they stand in any order',
    mounts: [at('/u'), at('/', '/a'), at('/', '/b')],
    folder: '/',
    expected: [at('/u'), at('/', '/a'), at('/', '/b')],
  },
  { name: 'on no mount that is listed', mounts: [at('/u')], folder: '/v', expected: [] },
]

for (const { name, mounts, folder, expected } of chroots) {
  test(`a process with its root ${name} sees the mounts from there`, (t) => {
    t.deepEqual(mountsSeenFrom(mounts, folder), expected)
  })
}

test('A mount of which no place is told is that of the root', (t) => {
  t.deepEqual(mountsSeenFrom([{ mount_point: null, root: null }], '/u'), [{ mount_point: '/', root: '/u' }])
})

test('Of mounts at one place the last lies on top', (t) => {
  const mounts = [
    { mount_point: '/n', fs_type: 'nfs4' },
    { mount_point: '/m', fs_type: 'ext4' },
    { mount_point: '/n', fs_type: 'ext4' },
    { mount_point: '/m', fs_type: 'nfs4' },
  ]
  t.deepEqual(
    mountPointsOf(mounts, ({ fs_type }) => fs_type === 'nfs4'),
    ['/m'],
  )
  t.deepEqual(
    mountPointsOf(mounts, () => true),
    ['/n', '/m'],
  )
})
