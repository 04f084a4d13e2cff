import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import test from 'ava'
import fc from 'fast-check'
import {
  isMount,
  type Mount,
  mountFilter,
  parseMount,
  parseMounts,
} from '../../../src/proc/mounts/mountinfo.js'
import type { ByteString } from '../../../src/text/byte-string.js'
import { pathBytes, utf8 } from '../../helpers/bytes.js'
import { inputError, tell } from '../../helpers/filters.js'

test('a line of mountinfo becomes a mount record, its keys in the order of the fields', (t) => {
  const mount = parseMount('90 61 0:33 / / rw,relatime shared:1 - aufs none rw,si=4476a910a24617e6')
  t.is(
    JSON.stringify(mount),
    '{"mount_id":90,"parent_id":61,"dev":"0:33","root":"/","mount_point":"/","mount_options":["rw","relatime"],"optional_fields":["shared:1"],"fs_type":"aufs","mount_source":"none","super_options":["rw","si=4476a910a24617e6"]}',
  )
})

const cases: { name: string; entry: ByteString; expected: Partial<Mount> }[] = [
  {
    name: 'no optional field',
    entry: '29 21 0:17 / / rw,relatime - aufs none rw,si=18bf05b21c975f3c,dio,dirperm1',
    expected: {
      mount_id: 29,
      parent_id: 21,
      dev: '0:17',
      optional_fields: [],
      super_options: ['rw', 'si=18bf05b21c975f3c', 'dio', 'dirperm1'],
    },
  },
  {
    name: 'several optional fields',
    entry: '104 63 0:39 /m15 /ovl/t/m16 rw,relatime shared:2 master:1 - tmpfs tmpfs rw',
    expected: { root: '/m15', mount_point: '/ovl/t/m16', optional_fields: ['shared:2', 'master:1'] },
  },
  {
    name: 'unknown optional fields',
    entry: '1 2 0:3 / / rw shared:1 propagate_from:2 unbindable novelty:x=1 flag - tmpfs t rw',
    expected: {
      optional_fields: ['shared:1', 'propagate_from:2', 'unbindable', 'novelty:x=1', 'flag'],
      fs_type: 'tmpfs',
    },
  },
  {
    name: 'an empty source',
    entry: '96 71 0:62 / /ovl/t/m2 rw,relatime - tmpfs  rw',
    expected: { fs_type: 'tmpfs', mount_source: '', super_options: ['rw'] },
  },
  {
    name: 'a source -',
    entry: '97 63 0:63 / /ovl/t/m9 rw,relatime - tmpfs - rw',
    expected: { fs_type: 'tmpfs', mount_source: '-', super_options: ['rw'] },
  },
  {
    name: 'a source #hash, escaped by newer kernels and not in the mount point',
    entry: '98 63 0:64 / /ovl/t/m10#x rw,relatime - tmpfs \\043hash rw',
    expected: { mount_point: '/ovl/t/m10#x', mount_source: '#hash' },
  },
  {
    name: 'a source #hash as it is',
    entry: '98 63 0:64 / /m rw - tmpfs #hash rw',
    expected: { mount_source: '#hash' },
  },
  {
    name: 'a source and a mount point with spaces, commas, = and :',
    entry: '20 13 0:17 / /m\\040nt/po=in,t:x rw,relatime - aufs so\\040urce=1,2 rw,si=1a',
    expected: { mount_point: '/m nt/po=in,t:x', mount_source: 'so urce=1,2', super_options: ['rw', 'si=1a'] },
  },
  {
    name: 'a namespace for a root',
    entry: '571 24 0:4 net:[4026531840] /run/docker/netns/default rw shared:100 - nsfs nsfs rw',
    expected: { root: 'net:[4026531840]', mount_point: '/run/docker/netns/default', fs_type: 'nsfs' },
  },
  {
    name: 'a root that was deleted',
    entry: '105 63 0:39 /x//deleted /ovl/t/m17 rw,relatime - tmpfs tmpfs rw',
    expected: { root: '/x//deleted' },
  },
  {
    name: 'a root in a sub-folder',
    entry: '55 27 0:17 /dir / rw,relatime - aufs aufs1 rw,si=d30a29d3fad273c7',
    expected: { root: '/dir', mount_point: '/' },
  },
  {
    name: 'a newline and a tab in a mount point',
    entry: '101 63 0:67 / /t/m13\\012x\\011 rw,relatime - tmpfs tmpfs rw',
    expected: { mount_point: '/t/m13\nx\t' },
  },
  {
    name: 'a backslash that is followed by digits',
    entry: '101 63 0:67 / /a\\134040b rw - tmpfs tmpfs rw',
    expected: { mount_point: '/a\\040b' },
  },
  {
    name: 'a carriage return in a path',
    entry: '100 63 0:66 / /ovl/t/m12\rx rw,relatime - tmpfs tmpfs rw',
    expected: { mount_point: '/ovl/t/m12\rx' },
  },
  {
    name: 'a carriage return at the end of the line',
    entry: '92 63 0:56 / /m rw - overlay o ro,lowerdir=/a:/b\r',
    expected: { super_options: ['ro', 'lowerdir=/a:/b\r'] },
  },
  {
    name: 'bytes that are no UTF-8',
    entry: '99 63 0:65 / /ovl/t/m11\xff rw,relatime - tmpfs \xc3 rw,x=\xfe',
    expected: { mount_point: '/ovl/t/m11\xff', mount_source: '\xc3', super_options: ['rw', 'x=\xfe'] },
  },
  {
    name: 'raw spaces after the source (9p on WSL, drvfs of Docker Desktop)',
    entry:
      '560 77 0:138 / /Docker/host rw,noatime - 9p drvfs rw,dirsync,aname=drvfs;path=C:\\Program Files\\Docker\\Docker\\resources;symlinkroot=/mnt/,mmap,access=client,msize=65536,trans=fd,rfd=3,wfd=3',
    expected: {
      fs_type: '9p',
      mount_source: 'drvfs',
      super_options: [
        'rw',
        'dirsync',
        'aname=drvfs;path=C:\\Program Files\\Docker\\Docker\\resources;symlinkroot=/mnt/',
        'mmap',
        'access=client',
        'msize=65536',
        'trans=fd',
        'rfd=3',
        'wfd=3',
      ],
    },
  },
  {
    name: 'a source that is a drive (9p on WSL)',
    entry:
      '113 104 0:66 / /mnt/c rw,noatime - 9p C:\\134 rw,dirsync,aname=drvfs;path=C:\\;uid=1000;gid=1000;symlinkroot=/mnt/,mmap,access=client,msize=262144,trans=virtio',
    expected: { mount_source: 'C:\\' },
  },
  {
    name: 'a separator and a whole mount inside of a branch path',
    entry:
      '20 13 0:17 / /u rw,relatime - aufs none rw,si=f4e03aba4a47d9ac,br:/o/top=rw:/o/- aufs none rw,si=1234=ro+wh',
    expected: {
      fs_type: 'aufs',
      mount_source: 'none',
      super_options: ['rw', 'si=f4e03aba4a47d9ac', 'br:/o/top=rw:/o/- aufs none rw', 'si=1234=ro+wh'],
    },
  },
  {
    name: 'the same, escaped as AUFS does',
    entry: '20 13 0:17 / /u rw - aufs none rw,si=f4,br:/o/-\\040aufs\\040none\\040rw,si=1234=ro+wh',
    expected: { super_options: ['rw', 'si=f4', 'br:/o/- aufs none rw', 'si=1234=ro+wh'] },
  },
  {
    name: 'an escaped comma, which does not split',
    entry: '76 63 0:46 / /m rw - overlay o rw,upperdir=/ovl/t/u3:\\054,workdir=/ovl/t/w3',
    expected: { super_options: ['rw', 'upperdir=/ovl/t/u3:,', 'workdir=/ovl/t/w3'] },
  },
  {
    name: 'options that repeat and are empty, in their order',
    entry: '1 2 0:3 / / rw,nosuid,rw - overlay o ro,lowerdir+=/b,lowerdir+=/a,,ro',
    expected: {
      mount_options: ['rw', 'nosuid', 'rw'],
      super_options: ['ro', 'lowerdir+=/b', 'lowerdir+=/a', '', 'ro'],
    },
  },
  {
    name: 'a type with a subtype',
    entry: '1 2 0:3 / /m rw - fuse.sshfs me@host:/x rw,user_id=0',
    expected: { fs_type: 'fuse.sshfs', mount_source: 'me@host:/x' },
  },
  {
    name: 'an errors= option, which is no error',
    entry: '1 2 254:0 / / rw - ext4 /dev/root rw,errors=remount-ro',
    expected: { super_options: ['rw', 'errors=remount-ro'] },
  },
  {
    name: 'a si= of 14 digits, which stays text',
    entry: '1 2 0:3 / / rw - aufs none rw,si=1956a7d9c240c0',
    expected: { super_options: ['rw', 'si=1956a7d9c240c0'] },
  },
  {
    name: 'the largest numbers',
    entry: '2147483647 2147483646 4095:1048575 / / rw - tmpfs t rw',
    expected: { mount_id: 2147483647, parent_id: 2147483646, dev: '4095:1048575' },
  },
]

for (const { name, entry, expected } of cases) {
  test(`mountinfo has ${name}`, (t) => {
    const mount = parseMount(entry)
    t.deepEqual({ ...mount, ...expected }, mount)
    t.deepEqual(Object.keys(mount).length, 10)
    t.true(isMount(mount))
  })
}

const badLines = [
  { name: 'five fields', entry: '29 21 0:17 / /', reason: 'too few fields (5)' },
  { name: 'one word', entry: 'x', reason: 'too few fields (1)' },
  { name: 'no mount point', entry: '29 21 0:17 / - aufs none rw', reason: /too few fields/ },
  { name: 'nothing after the separator', entry: '29 21 0:17 / / rw - aufs', reason: /too few fields/ },
  { name: 'no options after the source', entry: '29 21 0:17 / / rw - aufs none', reason: /too few fields/ },
  { name: 'no separator after the last of six fields', entry: '36 35 98:0 / /m rw', reason: /separator/ },
  { name: 'no separator', entry: '29 21 0:17 / / rw,relatime shared:1 aufs none rw', reason: /separator/ },
  { name: 'a separator at the end', entry: '29 21 0:17 / / rw -', reason: /separator/ },
  { name: 'a word for a mount id', entry: 'x9 21 0:17 / / rw - aufs none rw', reason: /mount id/ },
  { name: 'a negative mount id', entry: '-1 21 0:17 / / rw - aufs none rw', reason: /mount id/ },
  { name: 'a space before the mount id', entry: ' 29 21 0:17 / / rw - aufs none rw', reason: /mount id/ },
  { name: 'a hexadecimal mount id', entry: '0x1d 21 0:17 / / rw - aufs none rw', reason: /mount id/ },
  { name: 'a mount id past 2^53', entry: '9007199254740993 21 0:17 / / rw - a n rw', reason: /mount id/ },
  { name: 'a word for a parent', entry: '29 1e3 0:17 / / rw - aufs none rw', reason: /parent/ },
  { name: 'a device without a colon', entry: '29 21 17 / / rw - aufs none rw', reason: /device/ },
  { name: 'a hexadecimal device', entry: '29 21 fe:00 / / rw - aufs none rw', reason: /device/ },
  { name: 'a NUL', entry: '29 21 0:17 / /a\0b rw - aufs none rw', reason: /a NUL/ },
  { name: 'a device of three numbers', entry: '29 21 0:1:7 / / rw - aufs none rw', reason: /device/ },
]

for (const { name, entry, reason } of badLines) {
  test(`mountinfo never has ${name}`, (t) => {
    const error = inputError(t, () => parseMount(entry))
    if (typeof reason === 'string') t.is(error.reason, reason)
    else t.regex(error.reason, reason)
    t.is(error.text, entry)
  })
}

test('the message of a bad line shows its start', (t) => {
  t.is(inputError(t, () => parseMount('29 21 0:17 / /')).message, 'too few fields (5): "29 21 0:17 / /"')
})

/** What captures/leaky-09-brs0/many has: 127 branches in a line of 9.4 kB, their names those of Docker. */
function manyBranches(): ByteString {
  const folder = (n: number) => createHash('sha256').update(`l${n}`).digest('hex')
  const lower = Array.from({ length: 126 }, (_, i) => `:/q/${folder(i + 1)}=ro+wh`)
  return `23 13 0:21 / /u3 rw,relatime - aufs none rw,si=f4e03aba4a48c9ac,br:/q/t=rw${lower.join('')}`
}

test('a line of 9.4 kB is a line like others', (t) => {
  const line = manyBranches()
  t.is(line.length, 9398)
  const { super_options } = parseMount(line)
  t.deepEqual(super_options.slice(0, 2), ['rw', 'si=f4e03aba4a48c9ac'])
  t.is(super_options.length, 3)
  t.true(
    super_options[2]?.endsWith('/q/a66566caf7bf7f977fb2160f2cffdada77aa2e9119df44e0deb211c586c15fe9=ro+wh'),
  )
})

test('overlayfs on Linux 6.18: odd names', async (t) => {
  const mounts: Mount[] = await createReadStream('samples/overlay-6.18-odd-names/proc/1/mountinfo')
    .pipe(parseMounts())
    .toArray()
  t.deepEqual(
    mounts.map(({ mount_id }) => mount_id),
    [63, 68, 71, 76, 79, 83, 88, 92, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105],
  )
  const byId = new Map(mounts.map((mount) => [mount.mount_id, mount]))
  t.deepEqual(byId.get(76)?.super_options, [
    'ro',
    'lowerdir=/ovl/t/l\\:colon:/ovl/t/l#hash:/ovl/t/l sp:/ovl/t/l=eq',
    'redirect_dir=on',
  ])
  t.deepEqual(byId.get(79)?.super_options[1], 'lowerdir=/ovl/t/l\\,comma:/ovl/t/l1')
  t.deepEqual(byId.get(83)?.super_options[1], 'lowerdir=/ovl/t/l\\\\bs:/ovl/t/l1')
  t.is(byId.get(95)?.mount_point, '/ovl/t/m tab\tnl')
  t.is(byId.get(95)?.mount_source, 'src with space')
  t.is(byId.get(96)?.mount_source, '')
  t.is(byId.get(97)?.mount_source, '-')
  t.is(byId.get(98)?.mount_source, '#hash')
  t.is(byId.get(100)?.mount_point, '/ovl/t/m12\rx')
  t.is(byId.get(101)?.mount_point, '/ovl/t/m13\nx')
  t.deepEqual(byId.get(102)?.optional_fields, ['unbindable'])
  t.is(byId.get(105)?.root, '/del//deleted')
  t.like(byId.get(99), {
    mount_point: '/ovl/t/m11\ufffd',
    mount_point_b64: Buffer.from('/ovl/t/m11\xff', 'latin1').toString('base64'),
  })
  const lower = 'lowerdir=/ovl/t/l\xc3\xa9:/ovl/t/l\xffx:/ovl/t/cr\rx'
  t.like(byId.get(92), {
    super_options: ['ro', 'lowerdir=/ovl/t/lé:/ovl/t/l\ufffdx:/ovl/t/cr\rx', 'redirect_dir=on'],
    super_options_b64: [null, Buffer.from(lower, 'latin1').toString('base64'), null],
  })
})

test('overlayfs on Linux 6.18: lowerdir+= many times, in a line of several kilobytes', async (t) => {
  const mounts: Mount[] = await createReadStream('samples/overlay-6.18-lowerdir-plus/proc/1/mountinfo')
    .pipe(parseMounts())
    .toArray()
  t.is(mounts.length, 5)
  t.is(mounts[4]?.super_options.filter((option) => option.startsWith('lowerdir+=/ovl/t/long')).length, 60)
  t.deepEqual(mounts[2]?.super_options.slice(0, 5), [
    'ro',
    'lowerdir+=/ovl/t/x1',
    'lowerdir+=/ovl/t/a:b,c =d\\e',
    'datadir+=/ovl/t/d1',
    'datadir+=/ovl/t/d2',
  ])
})

/** The kernel's mangle(): what seq_escape() does with these characters. */
function mangle(bytes: ByteString, escaped: string): ByteString {
  return [...bytes]
    .map((byte) => (escaped.includes(byte) ? `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}` : byte))
    .join('')
}

/** As show_mountinfo() in fs/proc_namespace.c prints it; options as seq_show_option() does. */
function print(mount: Mount): ByteString {
  const path = (bytes: ByteString) => mangle(bytes, ' \t\n\\')
  const name = (bytes: ByteString) => mangle(bytes, ' \t\n\\#')
  const option = (bytes: ByteString) => mangle(bytes, ', \t\n\\')
  return [
    mount.mount_id,
    mount.parent_id,
    mount.dev,
    path(mount.root),
    path(mount.mount_point),
    mount.mount_options.join(','),
    ...mount.optional_fields,
    '-',
    name(mount.fs_type),
    name(mount.mount_source),
    mount.super_options.map(option).join(','),
  ].join(' ')
}

const path = pathBytes.map((bytes) => `/${bytes}`)
const anyMount: fc.Arbitrary<Mount> = fc.record({
  mount_id: fc.nat(),
  parent_id: fc.nat(),
  dev: fc.tuple(fc.nat(4095), fc.nat(1_048_575)).map(([major, minor]) => `${major}:${minor}`),
  root: fc.oneof(path, fc.constantFrom('net:[4026531840]', '/x//deleted')),
  mount_point: path,
  mount_options: fc.array(fc.constantFrom('rw', 'ro', 'relatime', 'nosuid'), { minLength: 1, maxLength: 4 }),
  optional_fields: fc.array(fc.constantFrom('shared:1', 'master:2', 'unbindable', 'x'), { maxLength: 4 }),
  fs_type: fc.oneof(
    fc.constantFrom('aufs', 'overlay', 'fuse.sshfs'),
    pathBytes.map((bytes) => `fuse.${bytes}`),
  ),
  mount_source: pathBytes,
  super_options: fc.array(fc.oneof(fc.constantFrom('rw', 'si=1a'), pathBytes), {
    minLength: 1,
    maxLength: 6,
  }),
})

test('any mount, printed as the kernel does, is read back', (t) => {
  fc.assert(
    fc.property(anyMount, (mount) => {
      t.deepEqual(parseMount(print(mount)), mount)
    }),
    { numRuns: 1000 },
  )
})

test('any mount, printed as the kernel does, is one line that a stream reads back', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyMount, { maxLength: 5 }), async (mounts) => {
      const stream = parseMounts()
      stream.end(Buffer.from(mounts.map((mount) => `${print(mount)}\n`).join(''), 'latin1'))
      const ids = (await stream.toArray()).map(({ mount_id }) => mount_id)
      t.deepEqual(
        ids,
        mounts.map(({ mount_id }) => mount_id),
      )
    }),
    { numRuns: 50 },
  )
})

test('this machine has mounts, and each of them can be used', (t) => {
  const lines = readFileSync('/proc/self/mountinfo', 'latin1').split('\n')
  const { records, errors } = tell(mountFilter(), lines)
  t.deepEqual(errors, [])
  t.is(records.length, lines.length - 1)
})

const good = parseMount('90 61 0:33 / / rw shared:1 - aufs none rw,si=1a')

test('a mount record is one with all of its fields, each of its type', (t) => {
  t.true(isMount(good))
  t.true(isMount({ ...good, note: 'unknown' }))
  t.true(isMount({ ...good, mount_point: utf8('/ü') }))
  for (const key of Object.keys(good)) {
    t.false(isMount({ ...good, [key]: undefined }), key)
    t.false(isMount({ ...good, [key]: null }), key)
    t.false(isMount({ ...good, [key]: {} }), key)
    t.false(isMount(Object.fromEntries(Object.entries(good).filter(([name]) => name !== key))), key)
  }
  t.false(isMount({ ...good, mount_id: 1.5 }))
  t.false(isMount({ ...good, mount_point: '/a\0b' }))
  t.false(isMount({ ...good, super_options: ['rw', 3] }))
  t.false(isMount([good]))
  t.false(isMount(null))
  t.false(isMount('x'))
})
