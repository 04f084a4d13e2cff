import test from 'ava'
import { joinQuoted, mountOptionsOf, splitOptions } from '../../../src/proc/mounts/mount-options.js'

test('the flags of mount(2) are the options of a mount, as mountinfo has them', (t) => {
  t.deepEqual(mountOptionsOf(0), ['rw'])
  t.deepEqual(mountOptionsOf(0x200000), ['rw', 'relatime'])
  t.deepEqual(mountOptionsOf(0x50f), ['ro', 'nosuid', 'nodev', 'noexec', 'noatime', 'nosymfollow'])
  t.deepEqual(mountOptionsOf(0x800), ['rw', 'nodiratime'])
  // Its propagation, and strictatime, which mountinfo does not show.
  t.deepEqual(mountOptionsOf(0x1000000 | 0x100000 | 0x80000), ['rw'])
})

const split: Record<string, [options: string, mount: string, union: string]> = {
  'those of both are rw': ['rw,relatime,lowerdir=/a', 'rw,relatime', 'rw,lowerdir=/a'],
  'of which of them ro is, nothing tells': ['ro,noexec,dio,si=1', 'ro,noexec', 'dio,si=1'],
  'a superblock has its own words': [
    'rw,sync,lazytime,nodev,xino=on',
    'rw,nodev',
    'rw,sync,lazytime,xino=on',
  ],
  'none of them has a value': ['rw,nosuid,dio,relatime', 'rw,nosuid,relatime', 'rw,dio'],
  'a path may hold such a word': ['rw,lowerdir=/a,nodev,b', 'rw', 'rw,lowerdir=/a,nodev,b'],
  'an idmapped mount': ['rw,idmapped,lowerdir=/a', 'rw,idmapped', 'rw,lowerdir=/a'],
}

for (const [name, [options, mount, union]] of Object.entries(split))
  test(`the options of /proc/mounts: ${name}`, (t) => {
    const { mount_options, super_options } = splitOptions(options.split(','))
    t.deepEqual([mount_options.join(','), super_options.join(',')], [mount, union])
  })

test('what stands in quotes is one option', (t) => {
  t.deepEqual(joinQuoted('rw,context="a:s0:c1,c2,c3",x'.split(',')), ['rw', 'context="a:s0:c1,c2,c3"', 'x'])
  t.deepEqual(joinQuoted('rw,x,context="a,b",y'.split(',')), ['rw', 'x', 'context="a,b"', 'y'])
  t.deepEqual(joinQuoted('context="a,b"'.split(',')), ['context="a,b"'])
  t.deepEqual(joinQuoted(['lowerdir=/a,context="b', 'c']), ['lowerdir=/a,context="b', 'c'])
  t.deepEqual(joinQuoted(['lowerdir=/a"b', 'c']), ['lowerdir=/a"b', 'c'])
  t.deepEqual(joinQuoted([]), [])
})
