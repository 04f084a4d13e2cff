import { rmSync } from 'node:fs'
import test from 'ava'
import { lineTransform } from '../../src/lines/line-transform.js'
import { parseMount, parseMounts } from '../../src/proc/mounts/mountinfo.js'
import type { ByteString } from '../../src/text/byte-string.js'
import { ndjsonLine } from '../../src/text/json.js'
import type { BranchTable } from '../../src/unions/branch-table.js'
import { branchTables, type TableOptions, Tables, tableFilter } from '../../src/unions/tables.js'
import { isOtherMount } from '../../src/unions/types.js'
import { aufs, sysfsOf } from '../helpers/aufs.js'
import { utf8 } from '../helpers/bytes.js'
import { inputError, tell } from '../helpers/filters.js'
import { tempFolder, writeTree } from '../helpers/folders.js'
import { next } from '../helpers/processes.js'
import { TABLE_KEYS } from '../helpers/tables.js'

/** The tables of some lines. */
function tablesOf(lines: ByteString[], options: TableOptions) {
  return tell(tableFilter(options), lines)
}

const pathsOf = ({ branches }: BranchTable) => branches.map(({ path }) => path)

test('a line of mountinfo becomes a table, its keys in the order of the contract', (t) => {
  const sysfs = sysfsOf(t, { '4476a910a24617e6': ['/var/lib/docker/aufs/diff/ID=rw', '/base=ro+wh'] })
  const { records, errors } = tablesOf([aufs(90, '4476a910a24617e6', '/')], { sysfs })
  t.deepEqual(errors, [])
  t.is(
    records.map(ndjsonLine).join(''),
    '{"mount_id":90,"mount_point":"/","root":"/","dev":"0:17","fs_type":"aufs","si":"4476a910a24617e6","source":"sysfs","xi_path":"/xino/4476a910a24617e6","workdir":null,"mount_options":["rw","relatime"],"options":["rw"],"branches":[{"index":0,"id":64,"path":"/var/lib/docker/aufs/diff/ID","perm":"rw","attributes":[]},{"index":1,"id":65,"path":"/base","perm":"ro","attributes":["wh"]}]}\n',
  )
})

test('the superblock is told by the option si=, not by what looks so within another', (t) => {
  const sysfs = sysfsOf(t, { '1a': ['/a=rw'], beef: ['/other=rw'] })
  const { records, errors } = tablesOf(['1 2 0:17 / /u rw - aufs none rw,xino=/x/si=beef,si=1a'], { sysfs })
  t.deepEqual(errors, [])
  t.deepEqual(
    records.map((table) => [table.si, ...pathsOf(table)]),
    [['1a', '/a']],
  )
})

test('the shortest line of a mount that is no union is passed over, and what is no mount is not', (t) => {
  t.true(isOtherMount('1 1 0:1 / / rw - ext4 /dev/sda rw'))
  t.false(isOtherMount('1 1 0:1 / / rw - aufs none rw'))
  t.false(isOtherMount('1 1 0:1 / / w - ext4 /dev/sda rw'))
  for (const first of ['x', '/', ':'])
    t.false(isOtherMount(`${first} 1 0:1 / / rw - ext4 /dev/sda rw`), first)
  for (const first of ['0', '9']) t.true(isOtherMount(`${first} 1 0:1 / / rw - ext4 /dev/sda rw`), first)
})

test('a table keeps the options of the mount, and those of the union that no other field tells', (t) => {
  const sysfs = sysfsOf(t, { a1: ['/a=rw'], f4: [] })
  const lines = [
    '1 0 0:17 / /u ro,nosuid,nodev,relatime - aufs none rw,si=a1,noxino,dio,dirperm1,udba=none,create=mfsrr:1000:10',
    '2 0 0:18 / /v rw - aufs none rw,si=f4,sum,br:/o/top=rw:/o/dio,sum=ro+wh',
    '3 0 0:19 / /w rw - overlay o rw,context="a:b:s0:c1,c2",lowerdir=/a:/b,upperdir=/u,workdir=/w,userxattr',
  ]
  const record = (line: ByteString) => ndjsonLine(parseMount(line)).trimEnd()
  for (const given of [lines, lines.map(record)]) {
    const { records } = tablesOf(given, { sysfs })
    t.deepEqual(
      records.map(({ mount_options, options }) => [mount_options, options]),
      [
        [
          ['ro', 'nosuid', 'nodev', 'relatime'],
          ['rw', 'noxino', 'dio', 'dirperm1', 'udba=none', 'create=mfsrr:1000:10'],
        ],
        [['rw'], ['rw', 'sum']],
        [['rw'], ['rw', 'context="a:b:s0:c1,c2"', 'userxattr']],
      ],
    )
  }
})

test('lines of /proc/mounts give tables too, without what does not stand there', (t) => {
  const sysfs = sysfsOf(t, { a1: ['/a=rw', '/b=ro+wh'] })
  const lines = [
    '10.0.0.1:/x /nfs nfs4 rw,relatime,vers=4.2 0 0',
    '/dev/root / ext4 rw,relatime 0 0',
    'none /u\\040u aufs rw,nosuid,relatime,si=a1,dio 0 0',
    'overlay /o overlay ro,noexec,relatime,lowerdir=/a:/b\\\\:c,upperdir=/u,workdir=/w,index=on 0 0',
  ].map((line) => line.replaceAll('\\\\', '\\134').replaceAll('\\040', '\\040'))
  const { records, errors } = tablesOf(lines, { sysfs })
  t.deepEqual(errors, [])
  const nowhere = { mount_id: null, root: null, dev: null }
  t.like(records[0], {
    ...{ ...nowhere, mount_point: '/u u', fs_type: 'aufs', si: 'a1', source: 'sysfs' },
    ...{ mount_options: ['rw', 'nosuid', 'relatime'], options: ['rw', 'dio'] },
  })
  t.like(records[1], {
    ...{ ...nowhere, mount_point: '/o', fs_type: 'overlay', source: 'mountinfo', workdir: '/w' },
    ...{ mount_options: ['ro', 'noexec', 'relatime'], options: ['index=on'] },
  })
  t.deepEqual(records.map(pathsOf), [
    ['/a', '/b'],
    ['/u', '/a', '/b:c'],
  ])
})

test('mountinfo lines and mount records may be mixed', (t) => {
  const sysfs = sysfsOf(t, { a1: ['/a=rw'], b2: ['/b\\040=rw'] })
  const record = (line: ByteString) => ndjsonLine(parseMount(line)).trimEnd()
  const { records, errors } = tablesOf(
    [
      aufs(1, 'a1'),
      record(aufs(2, 'b2')),
      record('3 1 0:3 / /p rw - proc proc rw'),
      aufs(4, 'a1'),
      record(aufs(5, 'a1')),
    ],
    { sysfs },
  )
  t.deepEqual(errors, [])
  t.deepEqual(
    records.map((table) => [table.mount_id, table.mount_point, ...pathsOf(table)]),
    [
      [1, '/u', '/a'],
      [2, '/u', '/b '],
      [4, '/u', '/a'],
      [5, '/u', '/a'],
    ],
  )
})

test('what somebody added to a mount record goes on into its table', (t) => {
  const sysfs = sysfsOf(t, { a1: ['/a=rw'] })
  const line = `${JSON.stringify({ host: 'web', ...parseMount(aufs(1, 'a1')), note: { a: [1, 'x'] }, odd: '\ufffd', odd_b64: '/w==' })}`
  const { records } = tablesOf([utf8(line)], { sysfs })
  t.deepEqual(Object.entries(records[0] ?? {}).slice(12), [
    ['host', 'web'],
    ['note', { a: [1, 'x'] }],
    ['odd', '\xff'],
  ])
  t.deepEqual(Object.keys(records[0] ?? {}).slice(0, 12), TABLE_KEYS)
})

test('what somebody added never stands for what the table tells', (t) => {
  const sysfs = sysfsOf(t, { a1: ['/a=rw'] })
  const line = `{"__proto__":{"si":"x"},"si":"evil","branches":[],"source":"x",${JSON.stringify(parseMount(aufs(1, 'a1'))).slice(1)}`
  const { records } = tablesOf([line], { sysfs })
  t.like(records[0], { si: 'a1', source: 'sysfs' })
  t.deepEqual(records.map(pathsOf), [['/a']])
})

test('a record is read back byte by byte, so that its branches are those of the line', (t) => {
  const line =
    '20 13 0:17 / /u\xff rw - aufs none rw,si=f4,br:/o/top=rw:/o/com,ma=ro+wh:/o/bad\xffbyte=ro+wh:/o/-\\040aufs\\040none\\040rw,si=1234=ro+wh:/o/\xc3\xbcml=ro+wh'
  const direct = tablesOf([line], { sysfs: '/nowhere' })
  const piped = tablesOf([ndjsonLine(parseMount(line)).trimEnd()], { sysfs: '/nowhere' })
  t.deepEqual(piped, direct)
  t.deepEqual(direct.records.map(pathsOf), [
    ['/o/top', '/o/com,ma', '/o/bad\xffbyte', '/o/- aufs none rw,si=1234', '/o/\xc3\xbcml'],
  ])
  t.like(direct.records[0], { source: 'mountinfo', si: 'f4', mount_point: '/u\xff', xi_path: null })
  t.deepEqual(direct.errors, [])
})

test('with branches from the mount options, xi_path is told all the same', (t) => {
  const sysfs = sysfsOf(t, { f4: [] })
  const { records, errors } = tablesOf([aufs(1, 'f4', '/u', ',br:/o/top=rw:/o/base=ro+wh')], { sysfs })
  t.deepEqual(errors, [])
  t.like(records[0], { source: 'mountinfo', xi_path: '/xino/f4' })
})

test('mounts that are no union are passed over in silence', (t) => {
  const lines = [
    '13 1 254:0 / / rw,relatime - ext4 /dev/root rw',
    '14 13 0:12 / /proc rw,relatime - proc proc rw',
    '15 13 0:13 / /m rw - fuse.sshfs o rw',
    '16 13 0:14 / /aufs rw - tmpfs aufs rw,si=1a',
  ]
  t.deepEqual(tablesOf(lines, { sysfs: '/nowhere' }), { records: [], errors: [] })
})

const overlay = '68 63 0:40 / /m1 rw - overlay overlay rw,lowerdir=/l1:/l2,upperdir=/u,workdir=/w,uuid=on'

test('an overlay mount gives a table, too', (t) => {
  const { records } = tablesOf([overlay], { sysfs: '/nowhere' })
  t.is(
    records.map(ndjsonLine).join(''),
    '{"mount_id":68,"mount_point":"/m1","root":"/","dev":"0:40","fs_type":"overlay","si":null,"source":"mountinfo","xi_path":null,"workdir":"/w","mount_options":["rw"],"options":["rw","uuid=on"],"branches":[{"index":0,"id":null,"path":"/u","perm":"rw","attributes":[]},{"index":1,"id":null,"path":"/l1","perm":"ro","attributes":[]},{"index":2,"id":null,"path":"/l2","perm":"ro","attributes":[]}]}\n',
  )
})

test('relative layers stay relative, unless a base tells where they are', (t) => {
  const line = '71 63 0:42 / /m2 rw - overlay overlay ro,lowerdir=l1:l2,redirect_dir=on'
  t.deepEqual(
    tablesOf([line], {}).records.map(({ branches }) =>
      branches.map(({ path, attributes }) => [path, ...attributes]),
    ),
    [
      [
        ['l1', 'relative'],
        ['l2', 'relative'],
      ],
    ],
  )
  t.deepEqual(
    tablesOf([line], { overlayBase: '/ovl/\xff' }).records.map(({ branches }) =>
      branches.map(({ path, attributes }) => [path, ...attributes]),
    ),
    [[['/ovl/\xff/l1'], ['/ovl/\xff/l2']]],
  )
})

test('one type of union can be wanted alone', (t) => {
  const sysfs = sysfsOf(t, { a1: ['/a=rw'] })
  const lines = [aufs(1, 'a1'), overlay]
  const ids = (options: TableOptions) =>
    tablesOf(lines, { sysfs, ...options }).records.map(({ mount_id }) => mount_id)
  t.deepEqual(ids({}), [1, 68])
  t.deepEqual(ids({ types: ['aufs'] }), [1])
  t.deepEqual(ids({ types: ['overlay'] }), [68])
})

test('of what is wanted, a table without branches has what the mount itself tells', (t) => {
  const mounts = [aufs(1, 'a1'), overlay, '3 1 0:3 / /p rw - proc proc rw'].map(parseMount)
  const told = (options: TableOptions) => {
    const tables = new Tables({ sysfs: '/nowhere', ...options })
    return mounts.map((mount) => {
      const table = tables.withoutBranches(mount)
      t.is(tables.wants(mount)?.fsType, table?.fs_type)
      return table && [table.fs_type, table.si, table.source, table.workdir, ...table.branches]
    })
  }
  const [ofAufs, ofOverlay] = [
    ['aufs', 'a1', 'sysfs', null],
    ['overlay', null, 'mountinfo', null],
  ]
  t.deepEqual(told({}), [ofAufs, ofOverlay, null])
  t.deepEqual(told({ types: ['overlay'] }), [null, ofOverlay, null])
})

test('a stream has the base of relative layers as text', async (t) => {
  const stream = branchTables({ overlayBase: '/ovl/ü' })
  stream.end('71 63 0:42 / /m2 rw - overlay overlay ro,lowerdir=l1:l2\n')
  t.deepEqual((await stream.toArray()).map(pathsOf), [['/ovl/ü/l1', '/ovl/ü/l2']])
})

test('a superblock that is mounted several times gives a table for each, and sysfs is read once', async (t) => {
  const sysfs = sysfsOf(t, { a1: ['/a=rw'], b2: ['/b=rw'] })
  const stream = branchTables({ sysfs })
  const tableOf = async (line: string) => {
    stream.write(`${line}\n`)
    const [table] = (await next(stream, 'data')) as [BranchTable]
    return table
  }
  t.deepEqual(pathsOf(await tableOf(aufs(1, 'a1', '/one'))), ['/a'])
  rmSync(`${sysfs}/fs/aufs/si_a1`, { recursive: true })
  writeTree(`${sysfs}/fs/aufs/si_b2`, { br0: '/changed=rw\n' })
  const again = await tableOf(aufs(2, 'a1', '/two'))
  t.deepEqual([again.mount_id, again.mount_point, ...pathsOf(again)], [2, '/two', '/a'])
  t.deepEqual(pathsOf(await tableOf(aufs(3, 'b2'))), ['/changed'])
  stream.end()
})

test('the last 1,000 superblocks are kept', (t) => {
  const names = Array.from({ length: 1001 }, (_, i) => (i + 1).toString(16))
  const sysfs = tempFolder(t)
  for (const si of names) writeTree(`${sysfs}/fs/aufs/si_${si}`, { br0: '/old=rw\n' })
  const tables = new Tables({ sysfs })
  const path = (si: string) => tables.table(parseMount(aufs(1, si)), () => {})?.branches[0]?.path
  for (const si of names) t.is(path(si), '/old')
  for (const si of ['1', '2', '3e9']) writeTree(`${sysfs}/fs/aufs/si_${si}`, { br0: '/new=rw\n' })
  t.is(path('2'), '/old')
  t.is(path('3e9'), '/old')
  t.is(path('1'), '/new')
})

test('a branch that cannot be read is told once for a superblock, with its line', async (t) => {
  const sysfs = sysfsOf(t, { a1: ['/a=rw'] })
  writeTree(`${sysfs}/fs/aufs/si_a1`, { br1: null, brid1: '65\n' })
  const messages: string[] = []
  const stream = branchTables({
    sysfs,
    onError({ line, message }) {
      messages.push(`${line}: ${message}`)
    },
  })
  stream.end(`${overlay}\n${aufs(1, 'a1')}\n${aufs(2, 'a1')}\n`)
  const tables: BranchTable[] = await stream.toArray()
  t.deepEqual(tables.slice(1).map(pathsOf), [
    ['/a', null],
    ['/a', null],
  ])
  t.is(messages.length, 1)
  t.regex(messages[0] ?? '', /^2: .*si_a1\/br1: no file/)
})

test('a union none of whose branches can be read is one error, and no table', (t) => {
  const sysfs = sysfsOf(t, { a1: [] })
  writeTree(`${sysfs}/fs/aufs/si_a1`, { br0: null })
  const { records, errors } = tablesOf([aufs(1, 'a1')], { sysfs })
  t.deepEqual(records, [])
  t.deepEqual(
    errors.map(({ message }) => /br0: no file/.test(message)),
    [true],
  )
})

test('a union without branches in sysfs and in its options is an error', (t) => {
  const sysfs = sysfsOf(t, { a1: [] })
  const { records, errors } = tablesOf([aufs(1, 'a1')], { sysfs })
  t.deepEqual([records.length, errors.length], [0, 1])
})

const badLines = [
  { name: 'a union that is gone', entry: aufs(1, 'dead'), reason: /si_dead: no such union/ },
  { name: 'a si= that leads elsewhere', entry: aufs(1, '../x'), reason: /hexadecimal.*"\.\.\/x"/ },
  { name: 'no si=', entry: '1 2 0:3 / / rw - aufs none rw,dio', reason: /without si=/ },
  {
    name: 'branches that end in no permission',
    entry: aufs(1, 'a1', '/u', ',br:/a=rw:/b'),
    reason: /permission.*"\/b"/,
  },
  { name: 'an overlay without layers', entry: '1 2 0:3 / / rw - overlay o rw', reason: /lowerdir/ },
  { name: 'a bad line', entry: '29 21 0:17 / /', reason: /^too few fields \(5\): "29 21 0:17 \/ \/"$/ },
  { name: 'bad JSON', entry: '{"mount_id":1', reason: /^no JSON: / },
  { name: 'another record', entry: '{"pid":1}', reason: /^no mount record: / },
]

for (const { name, entry, reason } of badLines) {
  test(`${name} is an error of its line, and the rest goes on`, (t) => {
    const sysfs = sysfsOf(t, { a1: ['/a=rw'] })
    writeTree(sysfs, { 'fs/x/br0': '/evil=rw\n', 'x/br0': '/evil=rw\n' })
    const { records, errors } = tablesOf([aufs(1, 'a1'), entry, aufs(3, 'a1')], { sysfs })
    t.deepEqual(
      records.map(({ mount_id }) => mount_id),
      [1, 3],
    )
    t.is(errors.length, 1)
    t.regex(errors[0]?.message ?? '', reason)
  })
}

test('where nobody says otherwise, sysfs is /sys', (t) => {
  const error = inputError(t, () => new Tables().table(parseMount(aufs(1, 'fffffffffffffff')), () => {}))
  t.regex(error.message, /^\/sys\/fs\/aufs/)
})

test('tables of a stream of mounts are those of their lines', async (t) => {
  const sysfs = sysfsOf(t, { a1: ['/a=rw', '/o/bad\xffbyte=ro+wh'] })
  const text = Buffer.from(
    `${aufs(1, 'a1')}\n\n${overlay.replace('/l1', '/l\xff')}\n${aufs(3, 'a1')}`,
    'latin1',
  )
  const direct = branchTables({ sysfs })
  direct.end(text)
  const mounts = parseMounts()
  mounts.end(text)
  const records = (await mounts.toArray()).map((mount) => `${JSON.stringify(mount)}\n`)
  const piped = branchTables({ sysfs })
  piped.end(records.join(''))
  const tables: BranchTable[] = await direct.toArray()
  t.deepEqual(await piped.toArray(), tables)
  t.deepEqual(tables.map(pathsOf), [
    ['/a', '/o/bad\ufffdbyte'],
    ['/u', '/l\ufffd', '/l2'],
    ['/a', '/o/bad\ufffdbyte'],
  ])
  t.like(tables[0]?.branches[1], { path_b64: 'L28vYmFk/2J5dGU=' })
})

test('what is said of lines that are passed over does not depend on where the input is cut, too long ones included', (t) => {
  const input = Buffer.from(
    ['17 14 014 / /sys rw - sysfs sysfs rw', `18 14 0:14 /${'x'.repeat(200)} / rw - ext4 none rw`, 'bad', '']
      .join('\n')
      .repeat(2),
  )
  const said = (...chunks: Buffer[]) => {
    const messages: string[] = []
    const onError = ({ line, reason }: { line: number | null; reason: string }) => {
      messages.push(`${line}: ${reason}`)
    }
    const { write, flush } = lineTransform(tableFilter(), ndjsonLine, { maxLine: 100, onError })
    for (const each of chunks) t.is([...write(each)].join(''), '')
    flush()
    return messages
  }
  const expected = ['2: longer than 100 bytes', '3: too few fields (1)']
  const again = ['5: longer than 100 bytes', '6: too few fields (1)']
  for (let at = 0; at <= input.length; at++)
    t.deepEqual(said(input.subarray(0, at), input.subarray(at)), [...expected, ...again], `${at}`)
})
