import test from 'ava'
import { namingOtherKinds, type Reads } from '../../src/cli/other-kinds.js'
import { InputError } from '../../src/errors.js'
import { tell } from '../helpers/filters.js'
import { lines as linesOf, run } from '../helpers/run.js'

/** A filter that can use lines of `ok` alone. */
const picky = (...reads: Reads) =>
  namingOtherKinds<string>(
    {
      line({ text }, emit) {
        if (text !== 'ok') throw new InputError('no ok', text)
        emit(text)
      },
    },
    ...reads,
  )

const messages = (lines: string[], ...reads: Reads) =>
  tell(picky(...reads), lines).errors.map(({ message }) => message)

const kinds: Record<string, [name: string, ...lines: string[]]> = {
  mount: ['the output of mount', '/dev/vda on / type ext4 (rw,relatime)', 'proc on /proc type proc (rw)'],
  'mount -l': ['the output of mount', '/dev/vda on /a b type ext4 (rw,relatime) [root]'],
  findmnt: [
    'the output of findmnt',
    'TARGET                SOURCE     FSTYPE      OPTIONS',
    '/                     /dev/vda   ext4        rw,relatime',
    '\xe2\x94\x9c\xe2\x94\x80/proc               proc       proc        rw,relatime',
  ],
  'findmnt -n': ['the output of findmnt', '\xe2\x94\x9c\xe2\x94\x80/proc  proc  proc  rw,relatime'],
  'findmnt -J': ['JSON of several lines', '{', '   "filesystems": ['],
  'docker inspect': ['JSON of docker inspect', '[', '    {', '        "Id": "b2"'],
  "docker inspect -f '{{json .}}'": [
    'JSON of docker inspect',
    '{"Id":"b2","GraphDriver":{"Name":"overlay2"}}',
  ],
  'cat /proc/mounts': ['/proc/mounts', 'overlay / overlay rw,lowerdir=/a 0 0'],
  'VMA records': ['VMA records', '{"pid":1,"start":"4","end":"5","link":"/a","kernel":{}}'],
  'mount records': ['mount records', '{"mount_id":1,"mount_point":"/","super_options":[]}'],
  mountinfo: ['mountinfo', '36 35 98:0 / / rw,noatime - ext3 /dev/root rw'],
  'jq -sc': ['a JSON array of records', '[{"pid":1,"start":"4","end":"5","link":"/a"}]'],
  'a long one': ['a JSON array of records', `[{"link":"/a"}${',{"link":"/a"}'.repeat(10_000)}]`],
  'a log of CRIU': [
    'branches as sysfs has them, or a log of CRIU',
    '(00.001069) Version: 3.17.1 (gitid 0)',
    '(00.002004) Running on x',
  ],
  'ls -l of map_files': [
    'entries of map_files',
    'total 0',
    'lr-------- 1 root root 64 Nov 27 19:21 400000-401000 -> /bin/sh',
  ],
  'ls -l of map_files without its first line': [
    'entries of map_files',
    'lrw------- 1 root root 64 Nov 27 19:21 400000-401000 -> /bin/sh',
  ],
  'cat /proc/PID/maps': ['the maps of a process', '400000-401000 r-xp 00000000 fe:00 29      /bin/sh'],
  pgrep: ['process numbers', '1', '4711'],
  pidof: ['process numbers', '4711 1'],
  'grep of sysfs': ['branches as sysfs has them, or a log of CRIU', '/sys/fs/aufs/si_1a/br0:/a=rw'],
}

for (const [what, [name, ...lines]] of Object.entries(kinds))
  test(`one message says what a file is: ${what}`, (t) => {
    const [said = '', ...others] = messages([...lines, 'anything else'], 'branch tables')
    t.true(said.startsWith(`this is ${name}, not branch tables: `), said)
    t.deepEqual(others, [])
  })

test('what the command reads is no other kind, however wrong', (t) => {
  const lines = ['{"fs_type":"aufs","branches":7}', '36 35 98:0 / / rw - ext3 /dev/root rw']
  t.deepEqual(messages(lines, 'branch tables', 'mountinfo').length, 2)
})

test('what can be used is used, and then every message counts', (t) => {
  const lines = [
    '36 35 98:0 / / rw - ext3 /dev/root rw',
    'x',
    'ok',
    'y',
    '36 35 98:0 / / rw - ext3 /dev/root rw',
  ]
  const { records, errors } = tell(picky('branch tables'), lines)
  t.deepEqual(records, ['ok'])
  t.deepEqual(
    errors.map(({ reason }) => reason.slice(0, 17)),
    ['this is mountinfo', 'no ok', 'no ok'],
  )
})

test('a line that nobody knows is a message of its own', (t) => {
  t.is(messages(['x', 'y', `${'x on /'.repeat(100_000)}`], 'mountinfo').length, 3)
})

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
