import { symlinkSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { InputError } from '../../src/errors.js'
import { parseEntry, type RawVma, UNKNOWN } from '../../src/proc/map-files.js'
import { parseMount } from '../../src/proc/mounts/mountinfo.js'
import { Process } from '../../src/proc/process.js'
import { type ContextOptions, ContextReader } from '../../src/vma/context-reader.js'
import { aufs, sysfsOf } from '../helpers/aufs.js'
import { tempFolder, writeTree } from '../helpers/folders.js'
import { put } from '../helpers/procfs.js'
import { table } from '../helpers/tables.js'

const noWarning = (error: InputError) => {
  throw error
}

test('Processes that share a mount namespace and a root have their mountinfo read once', (t) => {
  const procfs = tempFolder(t)
  const namespace = 'mnt:[4026531840]'
  const mountinfo = ['29 21 0:17 / / rw - ext4 /dev/sda1 rw', '30 29 0:18 / /proc rw - proc proc rw']
  put(procfs, 7, { mountinfo, namespace, root: '/' })
  put(procfs, 8, { namespace, root: '/' })
  put(procfs, 9, { namespace, root: '/jail' })
  put(procfs, 10, { namespace: 'mnt:[4026531999]', root: '/' })
  const reader = new ContextReader({ procfs, sysfs: procfs })
  const idsOf = (pid: number) =>
    reader.ofProcess(new Process(pid, procfs), noWarning).context.mounts.map(({ mount_id }) => mount_id)
  t.deepEqual(idsOf(7), [29, 30])
  t.deepEqual(idsOf(8), [29, 30])
  // Neither of these has a mountinfo, and another's is not theirs.
  t.throws(() => idsOf(9), { instanceOf: InputError })
  t.throws(() => idsOf(10), { instanceOf: InputError })
})

const line = (id: number, point: string) => `${id} 1 0:${id} / ${point} rw - tmpfs none rw`
const [ours, theirs] = ['mnt:[1]', 'mnt:[2]']

/** What is known of processes: where each has its mounts, and its root. */
function known(
  procfs: string,
  pids: number[],
  reader = new ContextReader({ procfs, sysfs: procfs }),
): unknown[] {
  return pids.map((pid) => {
    const { mounts, chroot } = reader.ofProcess(new Process(pid, procfs), noWarning).context
    return [chroot, ...mounts.map(({ mount_id, mount_point }) => `${mount_id} ${mount_point}`)]
  })
}

test('A process in a chroot that lists no root has the mounts that the reader has there, in the reader’s own namespace', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { namespace: ours, root: '/jail', mountinfo: [line(31, '/vol')] })
  put(procfs, 8, { namespace: theirs, root: '/jail', mountinfo: [line(32, '/vol')] })
  put(procfs, 9, { namespace: ours, root: '/jail/own', mountinfo: [line(33, '/')] })
  const reader = ['29 1 0:29 / / rw - ext4 /dev/sda rw', line(31, '/jail/vol')]
  put(procfs, 1, { namespace: ours, root: '/', mountinfo: reader })
  symlinkSync('1', `${procfs}/self`)
  t.deepEqual(known(procfs, [7, 8, 9]), [
    ['/jail', '29 /', '31 /vol'],
    ['/jail', '32 /vol'],
    ['/jail/own', '33 /'],
  ])
})

test('Processes whose root or namespace is not told share nothing', (t) => {
  for (const tree of [{ namespace: theirs }, { root: '/' }, {}]) {
    const procfs = tempFolder(t)
    put(procfs, 7, { ...tree, mountinfo: [line(31, '/')] })
    put(procfs, 8, { ...tree, mountinfo: [line(32, '/')] })
    t.deepEqual(known(procfs, [7, 8]), [
      ['/', '31 /'],
      ['/', '32 /'],
    ])
  }
})

test('A union whose branches cannot be read is one without branches, and a warning', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { mountinfo: [line(30, '/'), aufs(29, 'dead', '/u')] })
  const warnings: string[] = []
  const { context } = new ContextReader({ procfs, sysfs: sysfsOf(t, { '1a': [] }) }).ofProcess(
    new Process(7, procfs),
    ({ reason }) => warnings.push(reason),
  )
  t.deepEqual(
    context.unions.map(({ mount_id, si, branches }) => [mount_id, si, branches]),
    [[29, 'dead', []]],
  )
  t.is(warnings.length, 1)
  t.regex(warnings[0] ?? '', /si_dead: no such union/)
})

test('Unions that are given are where the process has them mounted', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { mountinfo: [line(30, '/'), aufs(29, '1a', '/u')] })
  const given = table(['/l/a'], { si: '1a', mount_id: null, mount_point: null, root: null, dev: null })
  const reader = new ContextReader({ procfs, sysfs: procfs, tables: [given] })
  const { context } = reader.ofProcess(new Process(7, procfs), noWarning)
  t.deepEqual(context.unions, [{ ...given, mount_id: 29, mount_point: '/u', root: '/', dev: '0:17' }])
})

test('Where a captured process had its root is told by where the reader has the same mount', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 1, { mountinfo: [line(29, '/'), line(31, '/jail')] })
  symlinkSync('1', `${procfs}/self`)
  put(procfs, 7, { mountinfo: [line(31, '/'), line(32, '/vol')] })
  put(procfs, 8, { mountinfo: [line(33, '/')] })
  put(procfs, 9, { mountinfo: [line(34, '/vol')] })
  t.deepEqual(known(procfs, [7, 8, 9]), [
    ['/jail', '31 /', '32 /vol'],
    ['/', '33 /'],
    ['/', '34 /vol'],
  ])
})

test('What was seen is forgotten when the reader is closed', (t) => {
  const procfs = tempFolder(t)
  const tree = { namespace: ours, mountinfo: [line(29, '/')] }
  put(procfs, 1, { ...tree, root: '/' })
  symlinkSync('1', `${procfs}/self`)
  put(procfs, 7, { ...tree, root: '/', mountinfo: [line(29, '/')] })
  put(procfs, 8, { ...tree, root: '/jail', mountinfo: [] })
  const reader = new ContextReader({ procfs, sysfs: procfs })
  const before = [
    ['/', '29 /'],
    ['/jail', '29 /'],
  ]
  t.deepEqual(known(procfs, [7, 8], reader), before)
  for (const pid of [1, 7]) writeFileSync(`${procfs}/${pid}/mountinfo`, `${line(30, '/')}\n`)
  t.deepEqual(known(procfs, [7, 8], reader), before)
  reader.close()
  t.deepEqual(known(procfs, [7, 8], reader), [
    ['/', '30 /'],
    ['/jail', '30 /'],
  ])
})

test('Where /proc is may be told with slashes at its end', (t) => {
  for (const [procfs, told] of [
    ['/x/proc', '/x/proc'],
    ['/x/proc//', '/x/proc'],
    ['/', '/'],
  ] as const)
    t.is(new ContextReader({ procfs }).procfs, told)
})

test('Links of a live /proc tell more than maps where there is AUFS, and those of a captured one always may', (t) => {
  const folder = tempFolder(t)
  writeTree(folder, { 'with/fs/aufs': null, without: null, proc: null })
  const tell = (options: ContextOptions) => new ContextReader(options).reading.linksTell
  t.true(tell({ sysfs: `${folder}/with` }))
  t.false(tell({ sysfs: `${folder}/without` }))
  t.true(tell({ procfs: `${folder}/proc`, sysfs: `${folder}/without` }))
})

test('Nothing is asked without a stat, and the links of a captured tree are followed only with one', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { mountinfo: [line(29, '/')] })
  const follows = (options: ContextOptions) => {
    const reader = new ContextReader(options)
    const pid = options.procfs === undefined ? process.pid : 7
    const { context, follow } = reader.ofProcess(new Process(pid, options.procfs), noWarning)
    const isOwnRoot = context.lookup?.isOwnRoot ?? null
    const mayAsk = follow?.mayAskDevice('0:99999999') ?? null
    context.lookup?.close()
    reader.close()
    return [reader.stat, mayAsk, isOwnRoot]
  }
  t.deepEqual(follows({}), [true, false, true])
  t.deepEqual(follows({ stat: false }), [false, null, null])
  t.deepEqual(follows({ procfs }), [false, null, null])
  t.deepEqual(follows({ procfs, stat: true }), [true, true, true])
  t.deepEqual(follows({ procfs, stat: true, root: procfs }), [true, true, false])
})

test('What may hang is told by all kinds of unions, whichever are wanted, unless it is to be asked', (t) => {
  const mounts = [
    '2 1 0:9999950 / /srv rw - nfs4 host:/ rw',
    '3 1 0:9999951 / /u rw - overlay none rw,lowerdir=/srv/a:/b',
    '4 1 0:9999952 / /fuse rw - fuse.sshfs host: rw',
  ].map(parseMount)
  const opened = (options: ContextOptions) => {
    const reader = new ContextReader(options)
    const follow = reader.follow(new Process(process.pid), mounts)
    t.teardown(() => {
      follow?.close()
      reader.close()
    })
    return ['0:9999950', '0:9999951', '0:9999952'].filter((dev) => follow?.mayOpen(dev))
  }
  t.deepEqual(opened({}), ['0:9999952'])
  t.deepEqual(opened({ types: ['aufs'] }), ['0:9999952'])
  t.deepEqual(opened({ ask: ['nfs4'] }), ['0:9999950', '0:9999951', '0:9999952'])
})

test('The reader’s own context is the same for all processes: its mounts and unions, from its own root', (t) => {
  const procfs = tempFolder(t)
  const sysfs = sysfsOf(t, { '1a': ['/l/top=rw'] })
  put(procfs, 1, { namespace: ours, root: '/', mountinfo: [aufs(29, '1a', '/')] })
  symlinkSync('1', `${procfs}/self`)
  for (const pid of [7, 8]) put(procfs, pid, { namespace: theirs, root: '/', mountinfo: [line(31, '/')] })
  const contexts = new ContextReader({ procfs, sysfs, stat: true })
  t.teardown(() => contexts.close())
  const [first, second] = [7, 8].map((pid) => {
    const { context } = contexts.ofProcess(new Process(pid, procfs), noWarning)
    t.teardown(() => context.lookup?.close())
    return context.reader
  })
  t.is(first, second)
  t.like(first, { chroot: '/', root: '/', leaky: false, reader: null })
  t.deepEqual(
    [first?.mounts.map(({ mount_id }) => mount_id), first?.unions.map(({ si }) => si)],
    [[29], ['1a']],
  )
  t.true(first?.lookup?.isOwnRoot)
})

test('Of a process of which an entry alone is known there is where it may be, and what was given', (t) => {
  const procfs = tempFolder(t)
  const tables = [table(['/l/a'])]
  const nothing = { mounts: [], unions: [], chroot: '/', lookup: null, leaky: false, reader: null }
  const reader = new ContextReader({ procfs, stat: true })
  t.deepEqual(reader.ofEntry(null), { ...nothing, root: null })
  t.deepEqual(reader.ofEntry(7), { ...nothing, root: `${procfs}/7/root` })
  const rooted = new ContextReader({ procfs, tables, root: procfs, stat: true })
  const { lookup, ...known } = rooted.ofEntry(7)
  t.deepEqual(known, { mounts: [], unions: tables, chroot: '/', root: procfs, leaky: false, reader: null })
  t.false(lookup?.isOwnRoot)
  lookup?.close()
  t.is(new ContextReader({ procfs, tables, root: procfs }).ofEntry(7).lookup, null)
})

test('Names below the root that is given were told of a chroot there, where the unions are given too', (t) => {
  const procfs = tempFolder(t)
  const raw = parseEntry('1000-2000 -> /l/a/f')
  if (raw === null) return t.fail()
  const named = (maps_name: string | null): RawVma => ({ ...raw, kernel: { ...UNKNOWN, maps_name } })
  const tables = [table(['/l/a'])]
  const chrootOf = (options: ContextOptions, name: string | null) =>
    new ContextReader({ procfs, ...options }).chrootOf(named(name))
  t.is(chrootOf({ tables, root: '/mnt/ID' }, '/mnt/ID/f'), '/mnt/ID')
  t.is(chrootOf({ tables, root: '/mnt/ID' }, '/mnt/IDS/f'), null)
  t.is(chrootOf({ tables, root: '/mnt/ID' }, null), null)
  t.is(chrootOf({ tables }, '/mnt/ID/f'), null)
  t.is(chrootOf({ root: '/mnt/ID' }, '/mnt/ID/f'), null)
})
