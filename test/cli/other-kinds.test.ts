/** What people have at hand and give to the wrong command. */
import test from 'ava'
import { namingOtherKinds, type Reads } from '../../src/cli/other-kinds.js'
import { InputError } from '../../src/errors.js'
import { tell } from '../helpers/filters.js'

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

test('a long line is known by its start, if it is JSON', (t) => {
  const long = (start: string) => messages([start + 'x'.repeat(10_000)], 'branch tables')[0] ?? ''
  t.true(long(' [{"link":"').startsWith('this is a JSON array of records'))
  t.true(long('{"HostConfig":"').startsWith('this is JSON of docker inspect'))
  t.true(long('36 35 98:0 / / rw - ext3 /dev/').startsWith('no ok'))
  // Its first 10,000 bytes are looked at.
  const pad = (count: number) => `{${' '.repeat(count)}"RootFS":`
  t.regex(messages([pad(9_990)], 'branch tables')[0] ?? '', /^this is JSON of docker inspect/)
  t.regex(messages([pad(9_991)], 'branch tables')[0] ?? '', /^no ok/)
  t.regex(messages([`4${' 4'.repeat(4_999)}`], 'branch tables')[0] ?? '', /^this is process numbers/)
})

test('an error of another kind is none of the input', (t) => {
  const broken = namingOtherKinds(
    {
      line() {
        throw new RangeError('broken')
      },
    },
    'branch tables',
  )
  t.throws(() => tell(broken, ['36 35 98:0 / / rw - ext3 /dev/root rw']), { instanceOf: RangeError })
})

/** What is said of a line, and what it was that should have been read. */
const ways: [line: string, reads: Reads, says: string][] = [
  [
    '/dev/vda on / type ext4 (rw)',
    ['mountinfo'],
    'the output of mount, not mountinfo: give it /proc/PID/mountinfo',
  ],
  [
    '/dev/vda on / type ext4 (rw)',
    ['branch tables'],
    'the output of mount, not branch tables: give it what aufs-branches or aufs-log writes',
  ],
  [
    '/dev/vda on / type ext4 (rw)',
    ['VMA records'],
    'the output of mount, not VMA records: give it what aufs-vma writes',
  ],
  [
    '/dev/vda on / type ext4 (rw)',
    ['entries of map_files'],
    'the output of mount, not entries of map_files: name processes by --pid, or give it ls -l of a map_files folder',
  ],
  // What is read besides may be had of it.
  [
    '  {"mount_point":"/","super_options":[]}',
    ['VMA records', 'branch tables'],
    'mount records, not VMA records: pipe it through aufs-branches',
  ],
  [
    '{"start":"4","link":"/a"}',
    ['VMA records'],
    'raw VMA records, not VMA records: pipe it through aufs-vma',
  ],
  [
    '  {"branches":[],"fs_type":"aufs"}',
    ['entries of map_files'],
    'branch tables, not entries of map_files: give it by --branches',
  ],
  [
    '36 35 98:12 /a /b rw - ext3 /dev/root rw',
    ['branch tables'],
    'mountinfo, not branch tables: pipe it through aufs-branches',
  ],
  [
    '/dev/vda / ext4 rw 0 0',
    ['branch tables'],
    '/proc/mounts, not branch tables: pipe it through aufs-branches',
  ],
  [
    '(00.001069) Version: 3.17.1',
    ['mountinfo'],
    'branches as sysfs has them, or a log of CRIU, not mountinfo: aufs-log makes tables of those',
  ],
  ['total 12', ['VMA records'], 'entries of map_files, not VMA records: pipe it through aufs-vma'],
  ['1-2 -> /a', ['mountinfo'], 'entries of map_files, not mountinfo: aufs-vma makes VMA records of those'],
  [
    'lr-x------ 1 x',
    ['mountinfo'],
    'entries of map_files, not mountinfo: aufs-vma makes VMA records of those',
  ],
  [
    'l-wx------ 1 x',
    ['mountinfo'],
    'entries of map_files, not mountinfo: aufs-vma makes VMA records of those',
  ],
  [
    '1-2 r-xp 00000000 fe:00 29 /bin/sh',
    ['mountinfo'],
    'the maps of a process, not mountinfo: aufs-vma --pid PID reads it, and all that belongs to it',
  ],
  [
    '4711 4712',
    ['mountinfo'],
    'process numbers, not mountinfo: aufs-vma takes them by --pid, as in --pid "$(pgrep -d, NAME)"',
  ],
  [
    '[  {"branches":[]}]',
    ['mountinfo'],
    "a JSON array of records, not mountinfo: a record is one line (jq -c '.[]')",
  ],
  ['  {', ['mountinfo'], 'JSON of several lines, not mountinfo: a record is one line (jq -c .)'],
  [
    '  [',
    ['mountinfo'],
    'JSON of docker inspect, not mountinfo: it names the process, as docker inspect -f {{.State.Pid}} does: that one has what is needed (of records: jq -c .[])',
  ],
]

for (const [line, reads, says] of ways)
  test(`${reads[0]} cannot be read of ${JSON.stringify(line)}`, (t) => {
    t.deepEqual(messages([line], ...reads), [`this is ${says}`])
  })

const unknown: [line: string, reads?: Reads][] = [
  ['x {"fs_type":"aufs","branches":[]}'],
  ['x {"mount_point":"/","super_options":[]}'],
  ['{"branches":[]}'],
  ['{"fs_type":"aufs"}'],
  ['{"start":"4","link":"/a","path":"/a"}', ['VMA records']],
  ['  {"x":"1-2 -> /sys/fs/aufs/si_1a/br0"}'],
  ['{"x":"1-2 -> /sys/fs/aufs/si_1a/br0"}'],
  ['x [{"link":"/a"}]'],
  ['x {'],
  ['x36 35 98:0 / / rw - ext3 /dev/root rw', ['branch tables']],
  ['/dev/vda on / type ext4 (rw) x'],
  ['x TARGET SOURCE FSTYPE OPTIONS'],
  ['x (00.001069) Version'],
  ['x total 0'],
  ['total 0 x'],
  ['x 1-2 r-xp 00000000 fe:00 29 /bin/sh'],
  ['x 4711'],
  ['4711 x'],
  [`36 35 98:0 / /{ rw - ext3 /dev/${'x'.repeat(10_000)}`, ['branch tables']],
]

for (const [line, reads = ['mountinfo'] as const] of unknown)
  test(`of no known kind is ${JSON.stringify(line.slice(0, 60))}`, (t) => {
    const [said = '', ...others] = messages([line], ...reads)
    t.true(said.startsWith('no ok'), said)
    t.deepEqual(others, [])
  })

test('a line that nobody knows is a message of its own', (t) => {
  t.is(messages(['x', 'y', `${'x on /'.repeat(100_000)}`], 'mountinfo').length, 3)
})
