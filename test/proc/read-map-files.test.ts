import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { InputError } from '../../src/errors.js'
import { parseMount } from '../../src/proc/mounts/mountinfo.js'
import type { Follow } from '../../src/proc/open-entries.js'
import { GoneError, listPids, Process } from '../../src/proc/process.js'
import { type Reading, readEntries } from '../../src/proc/read-map-files.js'
import { RealFiles } from '../../src/proc/real-files.js'
import { parseProcStat } from '../../src/proc/stat.js'
import { mountAt, openBelow, tempFolder, writeTree } from '../helpers/folders.js'
import { isInstalled, isRoot, skip } from '../helpers/machine.js'
import { launched, nameOf, until } from '../helpers/processes.js'
import { put, statLine } from '../helpers/procfs.js'
import { outcome, run } from '../helpers/run.js'

const noWarning = (error: InputError) => {
  throw error
}

/** What the links say, and nothing followed. */
const links = (): Reading => ({ follow: null, linksTell: true, kernels: new Map(), realFiles: null })

const stateOf = (pid: number | string) => parseProcStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.state

const ID = '3fd2a1b0c4e528720365c5e7476a011e4f43ac003ee5f16247a263b9d623aa85'
test('Entries come in the order of their addresses', (t) => {
  const procfs = tempFolder(t)
  const ranges = [
    '7f0000000000-7f0000001000',
    'ffffffff600000-ffffffff601000',
    '1000-2000',
    '400000-401000',
    'f000-10000',
  ]
  put(procfs, 7, { links: Object.fromEntries(ranges.map((range) => [range, '/bin/cat'])) })
  const entries = readEntries(new Process(7, procfs), [], links(), noWarning)
  t.deepEqual(
    entries.map(({ start, end }) => `${start}-${end}`),
    [
      '1000-2000',
      'f000-10000',
      '400000-401000',
      '7f0000000000-7f0000001000',
      'ffffffff600000-ffffffff601000',
    ],
  )
})

test('A captured zombie maps nothing, whatever else was captured of it', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { links: { '1000-2000': '/bin/cat' }, stat: statLine(100, 'cat', 'Z') })
  t.deepEqual(readEntries(new Process(7, procfs), [], links(), noWarning), [])
})

test('The target of an entry has any bytes, and what is no link is an error', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, {})
  symlinkSync(Buffer.from('/l/\xff', 'latin1'), `${procfs}/7/map_files/1000-2000`)
  const read = () => readEntries(new Process(7, procfs), [], links(), noWarning).map(({ link }) => link)
  t.deepEqual(read(), ['/l/\xff'])
  writeFileSync(`${procfs}/7/map_files/2000-3000`, '')
  t.throws(read, { instanceOf: InputError, message: /^map_files\/2000-3000: / })
})

test('A process that waits for a server with its memory locked is an error, and is not waited for', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, {})
  writeTree(procfs, { '7/task/7/stat': statLine(1, 'cat', 'D') })
  rmSync(`${procfs}/7/maps`)
  const { status } = spawnSync('mkfifo', [`${procfs}/7/maps`])
  t.is(status, 0)
  t.throws(() => readEntries(new Process(7, procfs), [], links(), noWarning), {
    instanceOf: InputError,
    message: 'maps: it waits for a filesystem that does not answer, with its memory locked',
  })
})

test('Which files are really mapped is told for each mapping, where something tells it', (t) => {
  const folder = tempFolder(t)
  const procfs = `${folder}/proc`
  put(procfs, 7, {
    stat: statLine(3652),
    maps: ['00400000-00401000 r-xp 00000000 00:21 25 /x', '00500000-00501000 r-xp 00000000 00:21 26 /y'],
    links: { '400000-401000': '/x', '500000-501000': '/y', '600000-601000': '/z' },
  })
  mkdirSync(`${procfs}/7/ns`)
  symlinkSync('pid:[4026531836]', `${procfs}/7/ns/pid`)
  writeFileSync(`${procfs}/7/status`, 'Name:\tcat\nNSpid:\t47\n')
  const printed = [
    'aufs-filters vmas 1: ',
    '4026531836 47 36528935795 400000-401000 254:0 364 0:33 25',
    '4026531836 47 36528935795 600000-601000 254:0 366 0:33 27',
  ]
  writeFileSync(`${folder}/vmas`, printed.map((line) => `${line}\n`).join(''))
  const realFiles = new RealFiles(`${folder}/vmas`)
  t.deepEqual(
    readEntries(new Process(7, procfs), [], { ...links(), realFiles }, noWarning).map(({ link, kernel }) => [
      ...[link, kernel.real_dev, kernel.real_ino],
    ]),
    [
      ['/x', '254:0', '364'],
      ['/y', null, null],
      ['/z', null, null],
    ],
  )
})

test('The mount of an entry that was opened is listed where the process has it', (t) => {
  const folder = tempFolder(t)
  writeTree(folder, { f: 'x' })
  put(`${folder}/proc`, 7, { links: { '1000-2000': `${folder}/f` } })
  const isListed = (mount_id: number) => {
    const mounts = [parseMount(`${mount_id} 1 0:18 / / rw - ext4 none rw`)]
    const reading = { ...links(), follow: following(true) }
    return readEntries(new Process(7, `${folder}/proc`), mounts, reading, noWarning)[0]?.kernel.mnt_listed
  }
  t.true(isListed(mountAt(folder)))
  t.false(isListed(mountAt(folder) + 1))
})

test('An entry that maps does not list is told with nulls, a mapping without an entry is not told', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, {
    links: { '1000-2000': '/bin/cat', '3000-4000': '/lib/x.so' },
    maps: [
      '00001000-00002000 r-xp 00001000 fe:00 29                    /bin/cat',
      '00005000-00006000 r--p 00000000 fe:00 30                    /lib/y.so',
      '00007000-00008000 rw-p 00000000 00:00 0                     [heap]',
    ],
  })
  const nothing = { dev: null, ino: null, mnt_id: null, mnt_listed: null, real_dev: null, real_ino: null }
  t.deepEqual(readEntries(new Process(7, procfs), [], links(), noWarning), [
    {
      pid: 7,
      comm: null,
      container: null,
      unit: null,
      cgroup: null,
      start: '1000',
      end: '2000',
      perms: 'r-xp',
      offset: '1000',
      link: '/bin/cat',
      kernel: { ...nothing, maps_dev: '254:0', maps_ino: '29', maps_name: '/bin/cat' },
    },
    {
      pid: 7,
      comm: null,
      container: null,
      unit: null,
      cgroup: null,
      start: '3000',
      end: '4000',
      perms: null,
      offset: null,
      link: '/lib/x.so',
      kernel: { ...nothing, maps_dev: null, maps_ino: null, maps_name: null },
    },
  ])
})

test('The name and the container are told, newlines within a name kept', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { links: { '1000-2000': '/bin/cat' } })
  writeFileSync(`${procfs}/7/comm`, 'a\nb\n')
  writeFileSync(`${procfs}/7/cgroup`, `0::/docker/${ID}\n`)
  t.like(readEntries(new Process(7, procfs), [], links(), noWarning)[0], {
    comm: 'a\nb',
    container: ID,
  })
})

test('A line of maps that is none is a message, and the others stand', (t) => {
  const procfs = tempFolder(t)
  const good = '00001000-00002000 r-xp 00001000 fe:00 29 /bin/cat'
  put(procfs, 7, { links: { '1000-2000': '/bin/cat' }, maps: ['nonsense', good] })
  const reasons: string[] = []
  const entries = readEntries(new Process(7, procfs), [], links(), ({ reason }) => reasons.push(reason))
  t.deepEqual(
    entries.map(({ perms }) => perms),
    ['r-xp'],
  )
  t.deepEqual(reasons, ['maps:1: no mapping'])
})

test('A process that ends while it is read is gone', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { links: { '1000-2000': '/bin/cat' }, stat: statLine(100) })
  const process = new Process(7, procfs)
  rmSync(`${procfs}/7`, { recursive: true })
  t.throws(() => readEntries(process, [], links(), noWarning), { instanceOf: GoneError })
  t.throws(() => process.mounts(noWarning), { instanceOf: GoneError })
})

test('A process whose number is used again is not taken for the other', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { links: { '1000-2000': '/bin/cat' }, stat: statLine(100) })
  const process = new Process(7, procfs)
  t.notThrows(() => process.checkAlive())
  writeFileSync(`${procfs}/7/stat`, statLine(101))
  t.throws(() => readEntries(process, [], links(), noWarning), {
    instanceOf: InputError,
    message: /in use again/,
  })
})

test('A process that does something else meanwhile is still the same', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { links: { '1000-2000': '/bin/cat' }, stat: statLine(100, 'cat', 'S') })
  const process = new Process(7, procfs)
  writeFileSync(`${procfs}/7/stat`, statLine(100, 'dog', 'R'))
  t.is(readEntries(process, [], links(), noWarning).length, 1)
})

test('A live process is read as it is', (t) => {
  const own = new Process(process.pid)
  const entries = readEntries(own, own.mounts(noWarning), links(), noWarning)
  t.true(entries.length > 0)
  t.true(entries.some(({ perms }) => perms === 'r-xp'))
  // Newer Nodes map io_uring's rings, which have no path.
  t.true(entries.every(({ pid, link }) => pid === process.pid && /^(\/|anon_inode:)/.test(link)))
  t.is(own.root(), '/')
  t.regex(own.namespace('pid') ?? '', /^pid:\[\d+\]$/)
})

/** How entries are opened, and asked or not. */
const following = (mayAsk: boolean | null, more: Partial<Follow> = {}): Follow => ({
  asking: { mayAsk: () => mayAsk, mayPass: () => true },
  mayOpen: () => true,
  mayAskDevice: () => false,
  close() {},
  ...more,
})

test('An entry is opened to be asked, and does not stay open, whether it is asked or not', (t) => {
  const folder = tempFolder(t)
  writeTree(folder, { f: 'x' })
  put(`${folder}/proc`, 7, { links: { '1000-2000': `${folder}/f`, '2000-3000': `${folder}/none` } })
  const { ino } = lstatSync(`${folder}/f`, { bigint: true })
  for (const mayAsk of [true, false]) {
    const reading = { follow: following(mayAsk), linksTell: true, kernels: new Map(), realFiles: null }
    const [there, gone] = readEntries(new Process(7, `${folder}/proc`), [], reading, noWarning)
    t.is(there?.kernel.ino, mayAsk ? String(ino) : null)
    t.is(typeof there?.kernel.mnt_id, 'number')
    t.is(there?.kernel.mnt_listed, false)
    t.like(gone?.kernel, { dev: null, ino: null, mnt_id: null, mnt_listed: null })
    t.is(openBelow(folder), 0)
  }
})

const asked: { name: string; dev: string; follow: Follow; isAsked: boolean; isOpened?: boolean }[] = [
  { name: 'whose mount may be asked', dev: '00:30', follow: following(true), isAsked: true },
  { name: 'whose mount may not', dev: 'fe:00', follow: following(false), isAsked: false },
  { name: 'of memory, which has no server', dev: '00:01', follow: following(false), isAsked: true },
  { name: 'of a disk whose mount nobody lists', dev: 'fe:00', follow: following(null), isAsked: true },
  { name: 'of another mount that nobody lists', dev: '00:30', follow: following(null), isAsked: false },
  {
    name: 'of such a mount, whose device may be asked',
    dev: '00:30',
    follow: following(null, { mayAskDevice: (dev) => dev === '0:48' }),
    isAsked: true,
  },
  {
    name: 'of a device that must not even be opened',
    dev: '00:30',
    follow: following(true, { mayOpen: (dev) => dev !== '0:48' }),
    isAsked: false,
    isOpened: false,
  },
]

for (const { name, dev, follow, isAsked, isOpened = true } of asked) {
  test(`An entry is ${isAsked ? 'asked' : isOpened ? 'opened' : 'left alone'}: one ${name}`, (t) => {
    const folder = tempFolder(t)
    writeTree(folder, { f: 'x' })
    const maps = [`00001000-00002000 r-xp 00000000 ${dev} 29 ${folder}/f`]
    put(`${folder}/proc`, 7, { links: { '1000-2000': `${folder}/f` }, maps })
    const reading = { follow, linksTell: true, kernels: new Map(), realFiles: null }
    const [entry] = readEntries(new Process(7, `${folder}/proc`), [], reading, noWarning)
    t.deepEqual([entry?.kernel.ino !== null, entry?.kernel.mnt_id !== null], [isAsked, isOpened])
  })
}

test('Entries share what the kernel says of a file only where it says the same', (t) => {
  const procfs = tempFolder(t)
  const same = '00001000-00002000 r-xp 00000000 fe:00 29 /f'
  const maps = [
    same,
    same.replace('1000-00002000', '2000-00003000'),
    '00003000-00004000 r-xp 00000000 fe:00 29 /f (deleted)',
    '00004000-00005000 r-xp 00000000 fe:01 29 /f',
    '00005000-00006000 r-xp 00000000 fe:00 30 /f',
    '00006000-00007000 r-xp 00000000 fe:00 29 /f',
  ]
  const link = (range: string) => (range === '6000-7000' ? '/l/f' : '/f')
  const ranges = ['1000-2000', '2000-3000', '3000-4000', '4000-5000', '5000-6000', '6000-7000']
  put(procfs, 7, { maps, links: Object.fromEntries(ranges.map((range) => [range, link(range)])) })
  const kernels = readEntries(new Process(7, procfs), [], links(), noWarning).map(({ kernel }) => kernel)
  t.is(kernels[0], kernels[1])
  t.is(new Set(kernels).size, 5)
  t.deepEqual(
    kernels.map(({ maps_dev, maps_ino, maps_name }) => `${maps_dev} ${maps_ino} ${maps_name}`),
    ['254:0 29 /f', '254:0 29 /f', '254:0 29 /f (deleted)', '254:1 29 /f', '254:0 30 /f', '254:0 29 /f'],
  )
})

test('Where links tell nothing more than maps, they are read only for what maps does not tell', (t) => {
  const procfs = tempFolder(t)
  const maps = [
    '00001000-00002000 r-xp 00000000 fe:00 29 /plain',
    '00002000-00003000 r-xp 00000000 fe:00 30 /new\\012line',
    '00003000-00004000 rw-s 00000000 00:0e 31 anon_inode:[io_uring]',
    '00004000-00005000 rw-s 00000000 00:0e 32 ',
    '00005000-00006000 rw-s 00000000 00:0e 33 /gone\\012',
  ]
  const read = {
    '1000-2000': '/not read',
    '2000-3000': '/new\nline',
    '3000-4000': 'uring',
    '4000-5000': '/x',
  }
  put(procfs, 7, { maps, links: read })
  const reading = { ...links(), linksTell: false }
  t.deepEqual(
    readEntries(new Process(7, procfs), [], reading, noWarning).map(({ link }) => link),
    ['/plain', '/new\nline', 'uring', '/x'],
  )
})

test('A zombie maps nothing, and that is no error', async (t) => {
  if (!isRoot) return skip(t, 'only root may read what a zombie maps')
  // The child waits until its parent is sleep: a shell would take note of its end.
  const child = 'while read -r name < /proc/$$/comm && [ "$name" != sleep ]; do :; done'
  const { pid: parent, stdout } = launched(t, ['sh', '-c', `(${child}) & echo $!; exec sleep 3600`])
  let told = ''
  stdout?.on('data', (data: Buffer) => (told += data.toString()))
  await until(() => /\n/.test(told))
  const pid = Number(told)
  await until(() => nameOf(parent) === 'sleep' && stateOf(pid) === 'Z')
  const zombie = new Process(pid)
  t.deepEqual(zombie.mounts(noWarning), [])
  t.deepEqual(readEntries(zombie, [], links(), noWarning), [])
  const { stdout: written, stderr, status } = await run('aufs-vma', ['--pid', String(pid)])
  t.deepEqual([written, stderr, status], ['', '', 0])
})

test('A thread of the kernel maps nothing, and that is no error', async (t) => {
  const isThread = (pid: number) => {
    try {
      return /^\d+ \(.*\) \S 2 /s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
    } catch {
      return false
    }
  }
  const pid = listPids('/proc').find(isThread)
  if (pid === undefined || !isRoot) return skip(t, 'no thread of the kernel that may be read')
  const { stdout, stderr, status } = await run('aufs-vma', ['--pid', String(pid)])
  t.deepEqual([stdout, stderr, status], ['', '', 0])
})

const LEADERLESS = `
#include <pthread.h>
#include <unistd.h>
static void *live(void *unused) { for (;;) pause(); return unused; }
int main(void) { pthread_t thread; pthread_create(&thread, 0, live, 0); pthread_exit(0); }
`

test('A process whose leader has ended is read through a live thread', async (t) => {
  const folder = tempFolder(t)
  writeFileSync(`${folder}/leaderless.c`, LEADERLESS)
  if (!isInstalled('cc')) return skip(t, 'no C compiler')
  const compiled = await outcome('cc', ['-o', `${folder}/leaderless`, `${folder}/leaderless.c`, '-pthread'])
  t.is(compiled.status, 0, compiled.stderr)
  const { pid } = launched(t, [`${folder}/leaderless`])
  await until(() => stateOf(pid) === 'Z' && existsSync(`/proc/${pid}/task`))
  const leaderless = new Process(pid)
  t.not(leaderless.folder, `/proc/${pid}`)
  t.true(leaderless.mounts(noWarning).length > 0)
  const entries = readEntries(leaderless, [], links(), noWarning)
  t.true(entries.some(({ link, pid: told }) => link === `${folder}/leaderless` && told === pid))
})
