/** What the processes of one mount namespace share, and what each keeps for itself. */
import { copyFileSync, linkSync, lstatSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import type { InputError } from '../../src/errors.js'
import { deviceName } from '../../src/files/ids.js'
import { parseEntry } from '../../src/proc/map-files.js'
import { GoneError } from '../../src/proc/process.js'
import type { BranchTable } from '../../src/unions/branch-table.js'
import type { ContextOptions } from '../../src/vma/context-reader.js'
import { VmaFixer, vmaFilter } from '../../src/vma/fixer.js'
import type { Vma } from '../../src/vma/record.js'
import { aufs, sysfsOf } from '../helpers/aufs.js'
import { tell } from '../helpers/filters.js'
import { mountAt, openBelow, tempFolder, writeTree } from '../helpers/folders.js'
import { isRoot, skip } from '../helpers/machine.js'
import { launched, nameOf, until } from '../helpers/processes.js'
import { put, statLine } from '../helpers/procfs.js'
import { several } from '../helpers/tables.js'

const noWarning = (error: InputError) => {
  throw error
}

const namespace = 'mnt:[4026531999]'

const X = '00001000-00002000 r-xp 00000000 00:11 25                         /bin/x'
const Y = '00003000-00004000 r-xp 00000000 00:11 26                         /bin/y'

/** The records of processes, one after the other. */
function fixed(options: ContextOptions, pids: number[]): Vma[] {
  const fixer = new VmaFixer(options)
  try {
    return pids.flatMap((pid) => [...fixer.ofProcess(pid, noWarning)])
  } finally {
    fixer.close()
  }
}

test('A file that two processes of one namespace map is fixed once, and found below the root of each', (t) => {
  const procfs = tempFolder(t)
  const sysfs = sysfsOf(t, { '1a': ['/l/top=rw', '/l/base=ro'] })
  const tree = { mountinfo: [aufs(29, '1a', '/')], namespace, root: '/', maps: [X] }
  for (const pid of [7, 8]) put(procfs, pid, { ...tree, links: { '1000-2000': '/bin/x' } })
  t.deepEqual(
    fixed({ procfs, sysfs }, [7, 8]).map(({ pid, path, fpath }) => [pid, path, fpath]),
    [
      [7, '/bin/x', `${procfs}/7/root/bin/x`],
      [8, '/bin/x', `${procfs}/8/root/bin/x`],
    ],
  )
})

test('What was fixed before a link showed that they leak is fixed anew', (t) => {
  const procfs = tempFolder(t)
  const sysfs = sysfsOf(t, { '1a': ['/top=rw', '/=ro'] })
  const tree = { mountinfo: [aufs(29, '1a', '/')], namespace, root: '/' }
  put(procfs, 7, { ...tree, maps: [X], links: { '1000-2000': '/bin/x' } })
  put(procfs, 8, { ...tree, maps: [X, Y], links: { '1000-2000': '/bin/x', '3000-4000': '/top/bin/y' } })
  t.deepEqual(
    fixed({ procfs, sysfs }, [7, 8, 7]).map(({ pid, path, branch }) => [pid, path, branch?.path ?? null]),
    [
      [7, '/bin/x', null],
      [8, '/bin/x', '/'],
      [8, '/bin/y', '/top'],
      [7, '/bin/x', '/'],
    ],
  )
})

/** The device of a folder, and a line of mountinfo that makes its mount the root of a process. */
function placeOf(folder: string): { dev: string; mountinfo: string[] } {
  const dev = deviceName(lstatSync(folder, { bigint: true }).dev)
  return { dev, mountinfo: [`${mountAt(folder)} 1 ${dev} / / rw - ext4 /dev/sda rw`] }
}

/** Two processes of one namespace that map one file, each with a root of its own: it lies in one of them alone. */
function chrooted(t: ExecutionContext): { folder: string; procfs: string } {
  const folder = realpathSync(tempFolder(t))
  const procfs = `${folder}/proc`
  for (const root of ['one', 'other']) {
    mkdirSync(`${folder}/${root}`)
    writeFileSync(`${folder}/${root}/f`, root)
  }
  const { dev, mountinfo } = placeOf(folder)
  const [major, minor] = dev.split(':').map((number) => Number(number).toString(16))
  const { ino } = lstatSync(`${folder}/one/f`, { bigint: true })
  const maps = [`00001000-00002000 r-xp 00000000 ${major}:${minor} ${ino} ${folder}/one/f`]
  const tree = { mountinfo, namespace, maps, links: { '1000-2000': `${folder}/one/f` } }
  put(procfs, 7, { ...tree, root: `${folder}/one` })
  put(procfs, 8, { ...tree, root: `${folder}/other` })
  return { folder, procfs }
}

test('What a path shows is told by the root of each process, not by that of another in its namespace', (t) => {
  const { folder, procfs } = chrooted(t)
  const states = (pids: number[]) =>
    fixed({ procfs, sysfs: folder, stat: true }, pids).map(({ pid, state }) => [pid, state])
  t.deepEqual(states([7, 8]), [
    [7, 'current'],
    [8, null],
  ])
  t.deepEqual(states([8, 7]), [
    [8, null],
    [7, 'current'],
  ])
})

test('What is compared are the records of the process', (t) => {
  const { folder, procfs } = chrooted(t)
  const fixer = new VmaFixer({ procfs, sysfs: folder, stat: true })
  const records = [...fixer.ofProcess(7, noWarning, true)]
  t.deepEqual(
    records.map(({ path, state, same_bytes }) => [path, state, same_bytes]),
    [['/f', 'current', true]],
  )
  fixer.close()
})

test('A file of no union that is mapped twice is nowhere below the root for either mapping', (t) => {
  const procfs = tempFolder(t)
  const maps = [X, X.replace('1000-00002000', '2000-00003000')]
  const links = { '1000-2000': '/bin/x', '2000-3000': '/bin/x' }
  put(procfs, 7, { mountinfo: ['29 1 254:0 / / rw - ext4 /dev/sda rw'], maps, links })
  t.deepEqual(
    fixed({ procfs, sysfs: procfs }, [7]).map(({ start, path, fpath }) => [start, path, fpath]),
    [
      ['1000', '/bin/x', null],
      ['2000', '/bin/x', null],
    ],
  )
})

/** What stays open below a folder when a process is read: by a fixer each, as what is known is not looked at again. */
function leftOpen(t: ExecutionContext, folder: string, pid: number, options: ContextOptions): number[] {
  const reads: ((fixer: VmaFixer) => void)[] = [
    (fixer) => t.true(fixer.raw(pid, noWarning).some(({ kernel }) => kernel.ino !== null)),
    (fixer) => t.true([...fixer.ofProcess(pid, noWarning)].some(({ state }) => state === 'current')),
    (fixer) => {
      const part = fixer.ofProcess(pid, noWarning)
      t.is(part.next().value?.state, 'current')
      t.true(openBelow(folder) > 1, 'while it is read')
      part.return(undefined)
    },
  ]
  return reads.map((read) => {
    const fixer = new VmaFixer(options)
    read(fixer)
    const count = openBelow(folder)
    fixer.close()
    t.is(openBelow(folder), 0)
    return count
  })
}

test('Of processes that were read no more stays open than what tells a mount of the reader', (t) => {
  const { folder, procfs } = chrooted(t)
  t.deepEqual(leftOpen(t, folder, 7, { procfs, sysfs: folder, stat: true }), [1, 1, 1])
})

test('Of a live process nothing stays open', async (t) => {
  if (!isRoot) return skip(t, 'only root may follow the entries of others')
  const folder = tempFolder(t)
  copyFileSync('/bin/sleep', `${folder}/sleep`)
  const { pid } = launched(t, [`${folder}/sleep`, '3600'])
  await until(() => nameOf(pid) === 'sleep')
  t.deepEqual(leftOpen(t, folder, pid, {}), [0, 0, 0])
})

test('How a file is mapped may tell which copy of it is: one that may be written through it is none of a read-only layer', (t) => {
  const folder = tempFolder(t)
  const procfs = `${folder}/proc`
  writeTree(folder, { upper: null, 'lower/f': 'x', root: null })
  // As the union shows it: with the inode of the layer.
  linkSync(`${folder}/lower/f`, `${folder}/root/f`)
  const { dev, mountinfo } = placeOf(folder)
  const [line = ''] = mountinfo
  const options = `rw,lowerdir=${folder}/lower,upperdir=${folder}/upper,workdir=/nowhere,metacopy=off`
  const { ino } = lstatSync(`${folder}/lower/f`, { bigint: true })
  const [major, minor] = dev.split(':').map((number) => Number(number).toString(16))
  const mapping = (range: string, perms: string) =>
    `${range} ${perms} 00000000 ${major}:${minor} ${ino} ${folder}/root/f`
  put(procfs, 7, {
    mountinfo: [line.replace('ext4 /dev/sda rw', `overlay o ${options}`)],
    ...{
      namespace,
      root: `${folder}/root`,
      maps: [mapping('1000-2000', 'r--p'), mapping('2000-3000', 'rw-s')],
    },
    links: { '1000-2000': `${folder}/root/f`, '2000-3000': `${folder}/root/f` },
  })
  t.deepEqual(
    fixed({ procfs, sysfs: folder, stat: true }, [7]).map(({ perms, path, branch }) => [
      ...[perms, path, branch?.path ?? null],
    ]),
    [
      ['r--p', '/f', `${folder}/lower`],
      ['rw-s', '/f', null],
    ],
  )
})

test('That links name no branch of their union is told once of a process', (t) => {
  const procfs = tempFolder(t)
  const sysfs = sysfsOf(t, { '1a': ['/l/top=rw', '/l/base=ro'] })
  const links = { '1000-2000': '/m/base/bin/x', '3000-4000': '/m/base/bin/y' }
  for (const pid of [7, 8]) put(procfs, pid, { mountinfo: [aufs(29, '1a', '/')], maps: [X, Y], links })
  const fixer = new VmaFixer({ procfs, sysfs })
  const told: string[] = []
  const warn = ({ reason, text }: InputError) => told.push(`${reason}: ${text}`)
  for (const pid of [7, 8]) t.is([...fixer.ofProcess(pid, warn)].length, 2)
  const reason = 'a link names no branch of its union: the branches were read in another mount namespace'
  t.deepEqual(told, [`${reason}: /m/base/bin/x`, `${reason}: /m/base/bin/x`])
  fixer.close()
})

test('What is fixed of a process that ends meanwhile is not told to its end', (t) => {
  const procfs = tempFolder(t)
  const tree = { mountinfo: [aufs(29, '1a', '/')], maps: [X, Y], stat: statLine(100) }
  put(procfs, 7, { ...tree, links: { '1000-2000': '/bin/x', '3000-4000': '/bin/y' } })
  const fixer = new VmaFixer({ procfs, sysfs: sysfsOf(t, { '1a': ['/l/top=rw'] }) })
  const records = fixer.ofProcess(7, noWarning)
  t.false(records.next().done)
  writeFileSync(`${procfs}/7/stat`, statLine(200))
  t.throws(() => [...records], { instanceOf: GoneError, message: /in use again/ })
  fixer.close()
})

test('Of entries that somebody else has read no more processes are held open than are remembered', (t) => {
  const folder = tempFolder(t)
  writeTree(folder, { f: '' })
  const table = { ...several[0], mount_point: '/', root: '/', branches: [] } as BranchTable
  const options = { tables: [table], root: folder, stat: true }
  const raw = parseEntry('1000-2000 -> /f')
  if (raw === null) return t.fail()
  const fixer = new VmaFixer(options)
  // In less than a second: later all is looked at anew.
  for (let pid = 1; pid <= 150; pid += 1) fixer.entry({ ...raw, pid }, noWarning)
  t.true(openBelow(folder) <= 100, `${openBelow(folder)}`)
  fixer.close()
  t.is(openBelow(folder), 0)
  const lines = Array.from({ length: 3 }, (_, i) => `${i}000-${i + 1}000 -> /f`)
  t.is(tell(vmaFilter(options), lines).records.length, 3)
  t.is(openBelow(folder), 0)
})

/** What becomes of entries that somebody else has read. */
function told(options: ContextOptions, entries: object[]): Vma[] {
  const { records, errors } = tell(
    vmaFilter(options),
    entries.map((entry) => JSON.stringify({ start: '1000', end: '2000', ...entry })),
  )
  if (errors[0] !== undefined) throw errors[0]
  return records
}

test('An entry of no process, or of one that is not here, is fixed by the unions that are given, or by none', (t) => {
  const procfs = tempFolder(t)
  const entry = { link: '/l/a/f', kernel: {} }
  t.deepEqual(
    told({ procfs }, [entry]).map(({ path, rpath }) => [path, rpath]),
    [['/l/a/f', null]],
  )
  // More than are remembered, and nothing may be looked up of them.
  const pids = Array.from({ length: 150 }, (_, i) => i + 1)
  const records = told({ procfs, tables: several.slice(0, 1) }, [
    entry,
    ...pids.map((pid) => ({ ...entry, pid })),
  ])
  t.deepEqual(
    records.map(({ pid, path }) => [pid, path]),
    [null, ...pids].map((pid) => [pid, '/f']),
  )
})

test('An entry that somebody else has read of a process that is here has the unit and the cgroup of that', (t) => {
  const procfs = tempFolder(t)
  const mountinfo = ['29 1 254:0 / / rw - ext4 /dev/sda rw']
  for (const pid of [7, 8]) put(procfs, pid, { mountinfo })
  writeFileSync(`${procfs}/7/cgroup`, '0::/system.slice/x.service\n')
  const entry = { link: '/bin/x', kernel: {} }
  t.deepEqual(
    told({ procfs }, [
      { ...entry, pid: 7 },
      { ...entry, pid: 8 },
    ]).map(({ unit, cgroup }) => [unit, cgroup]),
    [
      ['x.service', '/system.slice/x.service'],
      [null, null],
    ],
  )
})

test('What was seen of a process whose entries somebody else reads is looked at anew after a second', async (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { mountinfo: ['29 1 254:0 / / rw - ext4 /dev/sda rw'] })
  const fixer = new VmaFixer({ procfs, sysfs: sysfsOf(t, { '1a': ['/l/top=rw'] }) })
  t.teardown(() => fixer.close())
  const raw = parseEntry('1000-2000 -> /l/top/f')
  if (raw === null) return t.fail()
  t.is(fixer.entry({ ...raw, pid: 7 }, noWarning).path, '/l/top/f')
  writeFileSync(`${procfs}/7/mountinfo`, `${aufs(29, '1a', '/')}\n`)
  await setTimeout(1100)
  t.is(fixer.entry({ ...raw, pid: 7 }, noWarning).path, '/f')
})

test('What follows a line that is too long is no part of the entry before it, which is told', (t) => {
  const { line, tooLong } = vmaFilter({ procfs: tempFolder(t) })
  const links: string[] = []
  const emit = ({ link }: Vma) => links.push(link)
  line({ text: '1000-2000 -> /f', number: 1 }, emit, noWarning)
  tooLong?.(emit, noWarning)
  t.deepEqual(links, ['/f'])
})

test('Raw entries of a captured tree are those of its links and its maps', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { mountinfo: [], maps: [X], links: { '1000-2000': '/l/top/bin/x' } })
  const [raw, ...others] = new VmaFixer({ procfs, sysfs: procfs }).raw(7, noWarning)
  t.like(raw, { pid: 7, link: '/l/top/bin/x', kernel: { dev: null, maps_ino: '25', maps_name: '/bin/x' } })
  t.deepEqual(others, [])
})

test('A name in maps below the root that is given was told of a chroot there', (t) => {
  const union = { ...several[0], mount_point: '/mnt/ID' } as BranchTable
  const name = '/mnt/ID/bin/sh'
  const entry = { link: name, kernel: { maps_dev: '0:17', maps_ino: '9', maps_name: name } }
  const pathsOf = (root: string) =>
    told({ procfs: tempFolder(t), tables: [union], root }, [entry]).map(({ path, fpath }) => [path, fpath])
  t.deepEqual(pathsOf('/mnt/ID'), [['/bin/sh', name]])
  t.deepEqual(pathsOf('/other'), [[name, `/other${name}`]])
})

test('A file on a mount that the process has left is looked up by the reader, as its mounts are then', (t) => {
  const folder = tempFolder(t)
  const procfs = `${folder}/proc`
  writeTree(folder, { 'one/f': '' })
  const { dev, mountinfo } = placeOf(folder)
  const { ino } = lstatSync(`${folder}/one/f`, { bigint: true })
  const [major, minor] = dev.split(':').map((number) => Number(number).toString(16))
  const maps = [`1000-2000 r-xp 00000000 ${major}:${minor} ${ino} ${folder}/one/f`]
  const elsewhere = ['999999 1 0:99 / / rw - tmpfs none rw']
  writeTree(procfs, { 'self/mountinfo': `${mountinfo[0]}\n` })
  put(procfs, 7, {
    mountinfo: elsewhere,
    namespace,
    root: '/',
    maps,
    links: { '1000-2000': `${folder}/one/f` },
  })
  const fixer = new VmaFixer({ procfs, sysfs: folder, stat: true })
  const states = () => [...fixer.ofProcess(7, noWarning)].map(({ path, state }) => [path, state])
  t.deepEqual(states(), [[`${folder}/one/f`, 'current']])
  fixer.close()
  t.is(openBelow(folder), 0)
  writeTree(procfs, { 'self/mountinfo': `${elsewhere[0]}\n` })
  // Nobody has the mount any more, but the path shows the very file.
  t.deepEqual(states(), [[`${folder}/one/f`, 'current']])
  fixer.close()
})
