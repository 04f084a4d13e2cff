import test from 'ava'
import { parseMount } from '../../src/proc/mounts/mountinfo.js'
import { innerPath, placedBy, seenBelow, tableOver } from '../../src/unions/mount-paths.js'
import { several, table } from '../helpers/tables.js'

test('a path through a mount is another one in the union itself', (t) => {
  const [root, vol, sub] = several
  if (root === undefined || vol === undefined || sub === undefined) return t.fail()
  t.is(innerPath(root, '/bin/sh'), '/bin/sh')
  t.is(innerPath(vol, '/vol/fb'), '/fb')
  t.is(innerPath(vol, '/vol'), '/')
  t.is(innerPath(vol, '/volume/fb'), null)
  t.is(innerPath(sub, '/subm/deep/fsub'), '/dir/deep/fsub')
  t.is(innerPath(sub, '/subm'), '/dir')
  t.is(innerPath(sub, '/submarine'), null)
})

test('of all mounts of one superblock, the table is that of the mount over the path', (t) => {
  const [root, vol, sub, again] = several
  if (root === undefined || vol === undefined || sub === undefined || again === undefined) return t.fail()
  t.is(tableOver(root, several, '/again/fa').mount_id, 41)
  t.is(tableOver(again, several, '/fa').mount_id, 37)
  t.is(tableOver(root, several, '/subm/deep').mount_id, 40)
  t.is(tableOver(root, several, '/submarine').mount_id, 37)
  t.is(tableOver(vol, several, '/vol/x').mount_id, 39)
  t.is(tableOver(vol, several, '/fa').mount_id, 39)
  const overlays = [
    table(['/u'], { si: null, fs_type: 'overlay', dev: '0:40' }),
    table(['/v'], { si: null, fs_type: 'overlay', dev: '0:41', mount_id: 9, mount_point: '/v' }),
  ]
  const [first] = overlays
  if (first === undefined) return t.fail()
  t.is(tableOver(first, overlays, '/v/x').mount_id, 31)
  const twice = { ...first, mount_id: 10, mount_point: '/v' }
  t.is(tableOver(first, [...overlays, twice], '/v/x').mount_id, 10)
  // Of a log, which tells no devices.
  const [logged, other] = ['1a', '2b'].map((si) => table(['/u'], { si, dev: null, mount_point: null }))
  if (logged === undefined || other === undefined) return t.fail()
  t.is(tableOver(logged, [logged, { ...other, mount_point: '/v' }], '/v/x').si, '1a')
})

test('a table that somebody else made is placed by each mount of its union, and stays where there is none', (t) => {
  const mounts = [
    '50 1 0:20 / / rw - aufs none rw,si=1a',
    '51 50 0:20 /dir /sub rw - aufs none rw,si=1a',
    '52 50 0:21 / /other rw - aufs none rw,si=2b',
    '53 50 0:22 / /o rw - overlay o rw,lowerdir=/l',
    // Of another kind, with what would tell the others.
    '54 50 0:22 / /t rw - tmpfs none rw,si=1a',
    '55 50 0:23 / /p rw - overlay o rw,lowerdir=/l,x=si=1a',
  ].map(parseMount)
  const placed = (more: Parameters<typeof table>[1]) =>
    placedBy(mounts, [table(['/l'], more)]).map(({ mount_id, mount_point, root, dev }) => [
      ...[mount_id, mount_point, root, dev],
    ])
  t.deepEqual(placed({ si: '1a' }), [
    [50, '/', '/', '0:20'],
    [51, '/sub', '/dir', '0:20'],
  ])
  t.deepEqual(placed({ si: '1' }), [[31, '/', '/', '0:18']])
  t.deepEqual(placed({ si: null, fs_type: 'overlay', dev: '0:22' }), [[53, '/o', '/', '0:22']])
  t.deepEqual(placed({ si: null, fs_type: 'overlay', dev: '0:20' }), [[31, '/', '/', '0:20']])
  t.deepEqual(placedBy([], several), several)
})

test('tables are seen from a root, and those that are not mounted below it stay as they are', (t) => {
  const places = (root: string | null) =>
    seenBelow(several, root).map(({ mount_id, mount_point, root: inner }) => [mount_id, mount_point, inner])
  const asTheyAre = [
    [37, '/', '/'],
    [39, '/vol', '/'],
    [40, '/subm', '/dir'],
    [41, '/again', '/'],
  ]
  t.deepEqual(places(null), asTheyAre)
  t.deepEqual(places('/nowhere'), asTheyAre)
  t.deepEqual(places('/vol'), [
    [39, '/', '/'],
    [37, '/', '/'],
    [40, '/subm', '/dir'],
    [41, '/again', '/'],
  ])
})
