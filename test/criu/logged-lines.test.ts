import test from 'ava'
import { parseLoggedBranch, parseLoggedId, parseLoggedMount } from '../../src/criu/logged-lines.js'

const branchLines: Record<string, [line: string, path: string | null]> = {
  'nothing before': ['/sys/fs/aufs/si_1a/br0 : /a', '/a'],
  'a time stamp': ['(00.014075) /sys/fs/aufs/si_1a/br0 : /a', '/a'],
  'a time stamp and a pid': ['(00.014075)      1: /sys/fs/aufs/si_1a/br0 : /a', '/a'],
  'a quoted mail': ['> > /sys/fs/aufs/si_1a/br0 : /a', '/a'],
  'a branch that cannot be read before it': ['x /sys/fs/aufs/si_2b/br3: /sys/fs/aufs/si_1a/br0 : /a', '/a'],
  'a branch /': ['/sys/fs/aufs/si_1a/br0 : /', '/'],
  'an escaped space, tab, newline and backslash': [
    '/sys/fs/aufs/si_1a/br0 : /a\\040\\011\\012\\134',
    '/a \t\n\\',
  ],
  'a name that looks like an escape': ['/sys/fs/aufs/si_1a/br0 : /lit\\134040eral', '/lit\\040eral'],
  'a raw space': ['/sys/fs/aufs/si_1a/br0 : /a b', '/a b'],
  'bytes that are no UTF-8': ['/sys/fs/aufs/si_1a/br0 : /\xff\xfe', '/\xff\xfe'],
  'signs that mean something elsewhere': ['/sys/fs/aufs/si_1a/br0 : /a:b,c=rw#d : e', '/a:b,c=rw#d : e'],
  'an escaped carriage return': ['/sys/fs/aufs/si_1a/br0 : /a\\015', '/a\r'],
  'a read error of CRIU': ['Parse error reading /sys/fs/aufs/si_1a/br0: Argument list too long', null],
  'no path': ['/sys/fs/aufs/si_1a/br0 : ', null],
  'a number with a zero before it': ['/sys/fs/aufs/si_1a/br00 : /a', null],
  'a number that no branch has': ['/sys/fs/aufs/si_1a/br123456 : /a', null],
  'an id that is none': ['/sys/fs/aufs/si_x/br0 : /a', null],
  'an id of more than 64 bits': ['/sys/fs/aufs/si_1234567890abcdef1/br0 : /a', null],
  brid: ['/sys/fs/aufs/si_1a/brid0 : /a', null],
}

for (const [name, [line, path]] of Object.entries(branchLines)) {
  test(`A branch line: ${name}`, (t) => {
    t.deepEqual(
      parseLoggedBranch(line),
      path === null ? null : { si: '1a', index: 0, path, perm: null, attributes: [] },
    )
  })
}

test('A branch may have any number that AUFS gives', (t) => {
  for (const index of [9, 10, 127, 32766])
    t.is(parseLoggedBranch(`/sys/fs/aufs/si_1a/br${index} : /a`)?.index, index)
})

const at = {
  fs_type: 'aufs',
  mount_id: 30,
  dev: '0:18',
  root: '/',
  mount_point: '/',
  options: 'si=1a',
  mount_source: 'none',
  mount_options: ['rw'],
}
const mountLines: Record<string, [line: string, mount: object | null]> = {
  'of the root': [
    '\ttype aufs source none mnt_id 30 s_dev 0x12 / @ ./ flags 0x200000 options si=1a',
    { mount_options: ['rw', 'relatime'] },
  ],
  'of a volume': [
    'type aufs source none mnt_id 30 s_dev 0x12 / @ ./vol flags 0 options si=1a',
    { mount_point: '/vol' },
  ],
  'of a disk': [
    'type aufs source none mnt_id 30 s_dev 0xfe00000 / @ ./ flags 0 options si=1a',
    { dev: '254:0' },
  ],
  'of the largest device': [
    'type aufs source n mnt_id 30 s_dev 0xffffffff / @ ./ flags 0 options si=1a',
    { dev: '4095:1048575', mount_source: 'n' },
  ],
  'of a folder of the union': [
    'type aufs source none mnt_id 30 s_dev 0x12 /d e @ ./ flags 0 options si=1a',
    { root: '/d e' },
  ],
  'with spaces in the source': [
    'type aufs source a b  c mnt_id 30 s_dev 0x12 / @ ./ flags 0 options si=1a',
    { mount_source: 'a b  c' },
  ],
  'without a source': [
    'type aufs source  mnt_id 30 s_dev 0x12 / @ ./ flags 0 options si=1a',
    { mount_source: '' },
  ],
  'with the words of the format in the source': [
    'type aufs source x flags 1 options si=2b @ ./y type ext4 source mnt_id 30 s_dev 0x12 / @ ./ flags 0 options si=1a',
    { mount_source: 'x flags 1 options si=2b @ ./y type ext4 source' },
  ],
  'with the words of the format in the mount point': [
    'type aufs source none mnt_id 30 s_dev 0x12 / @ ./x @ ./y mnt_id 3 s_dev 0x1 / flags 7 options si=2b flags 0 options si=1a',
    { mount_point: '/x @ ./y mnt_id 3 s_dev 0x1 / flags 7 options si=2b' },
  ],
  'without options': [
    'type proc source proc mnt_id 30 s_dev 0x12 / @ ./ flags 0x20000e options ',
    {
      ...{ fs_type: 'proc', mount_source: 'proc', options: '' },
      mount_options: ['rw', 'nosuid', 'nodev', 'noexec', 'relatime'],
    },
  ],
  'without its type': ['x mnt_id 30 s_dev 0x12 / @ ./ flags 0 options si=1a', null],
  'of a mount that is no number': [
    'type aufs source none mnt_id x s_dev 0x12 / @ ./ flags 0 options si=1a',
    null,
  ],
  'without where it is mounted': [
    'type aufs source none mnt_id 30 s_dev 0x12 / x flags 0 options si=1a',
    null,
  ],
  'cut off': ['type aufs source none mnt_id 30 s_dev 0x12 / @ ./ flags 0x20', null],
  'cut in two by a newline in the mount point': ['type aufs source none mnt_id 30 s_dev 0x12 / @ ./vo', null],
}

for (const [name, [line, mount]] of Object.entries(mountLines)) {
  test(`A mount line: ${name}`, (t) => {
    t.deepEqual(parseLoggedMount(`(00.154319) ${line}`), mount === null ? null : { ...at, ...mount })
  })
}

const hostileParts = [
  'type ',
  ' mnt_id 1 s_dev 0 /',
  ' flags 0 options ',
  '/sys/fs/aufs/si_1a/br0 ',
  ' @ ./',
  '\\040',
  '\r',
]

/** How long lines take in which each of these stands so many times, in milliseconds. */
function hostileTime(times: number): number {
  const start = performance.now()
  for (const part of hostileParts) {
    const line = part.repeat(times)
    for (const before of ['', '/sys/fs/aufs/si_1a/br0 : /', 'type aufs source none mnt_id 30 s_dev 0x12 /']) {
      parseLoggedBranch(before + line)
      parseLoggedMount(before + line)
    }
  }
  return performance.now() - start
}

test('Hostile lines take no more time than long ones', (t) => {
  let short = 0
  for (let round = 0; round < 100; round++) short += hostileTime(200) / 100
  // Of lines a thousand times as long a time that grows with the square is a million times as long, on any machine.
  const long = hostileTime(200_000)
  t.true(long < 30_000 * short, `${long} ms, and ${short} ms`)
})

const printed: Record<string, [line: string, branch: object | null]> = {
  'a branch': ['br0:/a=rw', { path: '/a', perm: 'rw', attributes: [] }],
  'attributes, and an escaped space': [
    'br0:/a\\040b=ro+wh',
    { path: '/a b', perm: 'ro', attributes: ['wh'] },
  ],
  'a path that holds a separator': ['br0:/a : /b=c=rr', { path: '/a : /b=c', perm: 'rr', attributes: [] }],
  'no permission': ['br0:/a', null],
  'an id': ['brid0:64', null],
}

for (const [name, [line, branch]] of Object.entries(printed))
  test(`A line of grep: ${name}`, (t) => {
    const expected = branch === null ? null : { si: '1a', index: 0, ...branch }
    t.deepEqual(parseLoggedBranch(`/sys/fs/aufs/si_1a/${line}`), expected)
  })

test('An id is told by a line of grep alone', (t) => {
  for (const index of [0, 12, 32766])
    t.deepEqual(parseLoggedId(`/sys/fs/aufs/si_1a/brid${index}:64`), { si: '1a', index, id: 64 })
  for (const line of [
    '/sys/fs/aufs/si_1a/brid0:64 ',
    '/sys/fs/aufs/si_1a/br0:/a=rw',
    '/sys/fs/aufs/si_1a/brid0:x',
    '/sys/fs/aufs/si_1a/brid0 : 64',
  ])
    t.is(parseLoggedId(line), null)
})

test('Three octal zeros are no NUL, as no name has one', (t) => {
  t.is(parseLoggedBranch('/sys/fs/aufs/si_1a/br0 : /a\\000b')?.path, '/a\\000b')
})
