/** What the built commands say of an input of another kind. */
import test from 'ava'
import { lines as linesOf, run } from '../helpers/run.js'

const MOUNTINFO = '36 35 98:0 / / rw,noatime - ext3 /dev/root rw\n'
const commands: [command: string, words: string[], reads: string, given: string][] = [
  ['aufs-mounts', [], 'mountinfo', '/dev/vda / ext4 rw,relatime 0 0\n'],
  ['aufs-branches', [], 'mountinfo', '/dev/vda on / type ext4 (rw,relatime)\n'],
  ['aufs-vma', [], 'entries of map_files', MOUNTINFO],
  ['aufs-remount', [], 'branch tables', MOUNTINFO],
  ['aufs-images', [], 'branch tables', MOUNTINFO],
  ['aufs-criu', ['dump', '--print', '--', 'criu', 'dump'], 'VMA records', MOUNTINFO],
  ['aufs-view', [], 'VMA records', MOUNTINFO],
]

/** What is given, what reads it, and what it says to do. */
const cures: [given: string, command: string, words: string[], says: string][] = [
  [MOUNTINFO, 'aufs-remount', [], 'this is mountinfo, not branch tables: pipe it through aufs-branches'],
  [
    '/dev/vda / ext4 rw 0 0\n',
    'aufs-images',
    [],
    'this is /proc/mounts, not branch tables: pipe it through aufs-branches',
  ],
  [
    '{"mount_id":1,"mount_point":"/","super_options":[]}\n',
    'aufs-view',
    [],
    'this is mount records, not VMA records: pipe it through aufs-branches',
  ],
  [
    '1-2 -> /bin/sh\n',
    'aufs-view',
    [],
    'this is entries of map_files, not VMA records: pipe it through aufs-vma',
  ],
  [
    '1-2 -> /bin/sh\n',
    'aufs-mounts',
    [],
    'this is entries of map_files, not mountinfo: aufs-vma makes VMA records of those',
  ],
  [
    '{"pid":1,"start":"4","end":"5","link":"/a","kernel":{}}\n',
    'aufs-criu',
    ['dump', '--', 'true'],
    'this is raw VMA records, not VMA records: pipe it through aufs-vma',
  ],
  [
    '{"fs_type":"aufs","branches":[]}\n',
    'aufs-vma',
    [],
    'this is branch tables, not entries of map_files: give it by --branches',
  ],
  [
    '(00.001069) Version: 3.17.1\n',
    'aufs-branches',
    [],
    'this is branches as sysfs has them, or a log of CRIU, not mountinfo: aufs-log makes tables of those',
  ],
  [
    '1-2 r-xp 00000000 fe:00 29 /bin/sh\n',
    'aufs-vma',
    [],
    'this is the maps of a process, not entries of map_files: aufs-vma --pid PID reads it, and all that belongs to it',
  ],
  [
    '4711\n',
    'aufs-vma',
    [],
    'this is process numbers, not entries of map_files: aufs-vma takes them by --pid, as in --pid "$(pgrep -d, NAME)"',
  ],
]

test('a record with a fault is of its own kind, whatever its path is called, and the next faults are told too', async (t) => {
  const link = '/1-2 -> /sys/fs/aufs/si_1a/br0'
  const record = { start: 'x', end: '5', link, path: link, kernel: { ino: 1 } }
  const given = `${JSON.stringify(record)}\n`.repeat(3)
  for (const [command, ...words] of [
    ['aufs-criu', 'dump', '--print', '--', 'criu', 'dump'],
    ['aufs-view'],
  ] as const) {
    const { stderr, status } = await run(command, words, given)
    t.is(linesOf(stderr).length, 3, stderr)
    t.notRegex(stderr, /this is/)
    t.is(status, 1)
  }
})

for (const [given, command, words, says] of cures)
  test(`${command}: ${says}`, async (t) => {
    const { stderr, status } = await run(command, words, given.repeat(3))
    t.deepEqual([stderr, status], [`${command}: stdin:1: ${says}\n`, 1])
  })

for (const [command, words, reads, given] of commands)
  test(`${command}: another kind of input is one message, however many lines it has`, async (t) => {
    const { stderr, status } = await run(command, words, given.repeat(3))
    const [said = '', ...others] = linesOf(stderr)
    t.regex(said, new RegExp(`^${command}: stdin:1: this is .*, not ${reads}: `))
    t.deepEqual([others, status], [[], 1])
  })
