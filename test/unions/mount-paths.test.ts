import test from 'ava'
import { innerPath, tableOver } from '../../src/unions/mount-paths.js'
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
})
