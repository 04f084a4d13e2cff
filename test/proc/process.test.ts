import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { InputError } from '../../src/errors.js'
import { GoneError, isProcfs, listPids, Process } from '../../src/proc/process.js'
import { type Reading, readEntries } from '../../src/proc/read-map-files.js'
import { parseProcStat } from '../../src/proc/stat.js'
import { ContextReader } from '../../src/vma/context-reader.js'
import { lines, outcome, run, started } from '../helpers/run.js'

const noWarning = (error: InputError) => {
  throw error
}

/** What the links say, and nothing followed. */
const links = (): Reading => ({ follow: false, linksTell: true, kernels: new Map() })

function temporary(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'process-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A stat line of a process, which began at a number of ticks. */
const statLine = (start: number, name = 'cat', state = 'S') =>
  `7 (${name}) ${state} 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 ${start} 1000 1 18446744073709551615 1\n`

interface Tree {
  links?: { [range: string]: string }
  maps?: string[]
  mountinfo?: string[]
  stat?: string
  namespace?: string
  root?: string
}

/** A process as a capture has it. */
function put(
  procfs: string,
  pid: number,
  { links = {}, maps = [], mountinfo, stat, namespace, root }: Tree,
): void {
  const folder = `${procfs}/${pid}`
  mkdirSync(`${folder}/map_files`, { recursive: true })
  for (const [range, target] of Object.entries(links)) symlinkSync(target, `${folder}/map_files/${range}`)
  writeFileSync(`${folder}/maps`, maps.map((line) => `${line}\n`).join(''))
  if (mountinfo !== undefined)
    writeFileSync(`${folder}/mountinfo`, mountinfo.map((line) => `${line}\n`).join(''))
  if (stat !== undefined) writeFileSync(`${folder}/stat`, stat)
  if (root !== undefined) symlinkSync(root, `${folder}/root`)
  if (namespace === undefined) return
  mkdirSync(`${folder}/ns`)
  symlinkSync(namespace, `${folder}/ns/mnt`)
}

/** A program that runs until the test is over. */
function launched(t: ExecutionContext, program: string, args: string[]): ChildProcess & { pid: number } {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const { pid } = child
  if (pid === undefined) throw new Error(`${program} did not start`)
  return Object.assign(child, { pid })
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (condition()) return
    await sleep(10)
  }
  throw new Error('waited in vain')
}

const stateOf = (pid: number | string) => parseProcStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.state

for (const name of ['cat', 'a b', ') R 1 (', '(sd-pam)', 'new\nline', ')', '', '\xff)) Z 9']) {
  test(`The name ${JSON.stringify(name)} leads no stat line astray`, (t) => {
    t.deepEqual(parseProcStat(statLine(12345, name, 'S')), { state: 'S', start: '12345' })
  })
}

test('What is no stat line is none', (t) => {
  for (const text of ['', '1 (cat', '1 (cat)', '1 (cat) S 1 2 3', 'cat']) t.is(parseProcStat(text), null)
})

const ID = '3fd2a1b0c4e528720365c5e7476a011e4f43ac003ee5f16247a263b9d623aa85'
test('Processes are listed in the order of their numbers, and nothing else is', (t) => {
  const procfs = temporary(t)
  for (const name of ['10', '9', '100', 'self', '1x', '007', '0', 'net', '-1']) mkdirSync(`${procfs}/${name}`)
  t.deepEqual(listPids(procfs), [9, 10, 100])
})

test('A captured tree is no procfs', (t) => {
  t.false(isProcfs(temporary(t)))
  t.false(isProcfs('/nowhere'))
  t.true(isProcfs('/proc'))
})

test('Entries come in the order of their addresses', (t) => {
  const procfs = temporary(t)
  const ranges = [
    '7f0000000000-7f0000001000',
    'ffffffff600000-ffffffff601000',
    '1000-2000',
    '400000-401000',
    'f000-10000',
  ]
  put(procfs, 7, { links: Object.fromEntries(ranges.map((range) => [range, '/bin/cat'])) })
  const entries = readEntries(new Process(procfs, 7), [], links(), noWarning)
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

test('An entry that maps does not list is told with nulls, a mapping without an entry is not told', (t) => {
  const procfs = temporary(t)
  put(procfs, 7, {
    links: { '1000-2000': '/bin/cat', '3000-4000': '/lib/x.so' },
    maps: [
      '00001000-00002000 r-xp 00001000 fe:00 29                    /bin/cat',
      '00005000-00006000 r--p 00000000 fe:00 30                    /lib/y.so',
      '00007000-00008000 rw-p 00000000 00:00 0                     [heap]',
    ],
  })
  const nothing = { dev: null, ino: null, mnt_id: null, mnt_listed: null }
  t.deepEqual(readEntries(new Process(procfs, 7), [], links(), noWarning), [
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

test('The name, the container, the unit and the cgroup are told, newlines within a name kept', (t) => {
  const procfs = temporary(t)
  put(procfs, 7, { links: { '1000-2000': '/bin/cat' } })
  writeFileSync(`${procfs}/7/comm`, 'a\nb\n')
  writeFileSync(`${procfs}/7/cgroup`, `0::/system.slice/docker-${ID}.scope\n`)
  t.like(readEntries(new Process(procfs, 7), [], links(), noWarning)[0], {
    comm: 'a\nb',
    container: ID,
    unit: `docker-${ID}.scope`,
    cgroup: `/system.slice/docker-${ID}.scope`,
  })
})

test('A line of maps that is none is a message, and the others stand', (t) => {
  const procfs = temporary(t)
  const good = '00001000-00002000 r-xp 00001000 fe:00 29 /bin/cat'
  put(procfs, 7, { links: { '1000-2000': '/bin/cat' }, maps: ['nonsense', good] })
  const reasons: string[] = []
  const entries = readEntries(new Process(procfs, 7), [], links(), ({ reason }) => reasons.push(reason))
  t.deepEqual(
    entries.map(({ perms }) => perms),
    ['r-xp'],
  )
  t.deepEqual(reasons, ['maps:1: no mapping'])
})

test('There is no such process', (t) => {
  t.throws(() => new Process(temporary(t), 7), { instanceOf: GoneError, message: /no such process/ })
  t.throws(() => new Process('/proc', 2 ** 31 - 1), { instanceOf: GoneError })
})

test('A process that ends while it is read is gone', (t) => {
  const procfs = temporary(t)
  put(procfs, 7, { links: { '1000-2000': '/bin/cat' }, stat: statLine(100) })
  const process = new Process(procfs, 7)
  rmSync(`${procfs}/7`, { recursive: true })
  t.throws(() => readEntries(process, [], links(), noWarning), { instanceOf: GoneError })
  t.throws(() => process.mounts(noWarning), { instanceOf: GoneError })
})

test('A process whose number is used again is not taken for the other', (t) => {
  const procfs = temporary(t)
  put(procfs, 7, { links: { '1000-2000': '/bin/cat' }, stat: statLine(100) })
  const process = new Process(procfs, 7)
  t.notThrows(() => process.checkAlive())
  writeFileSync(`${procfs}/7/stat`, statLine(101))
  t.throws(() => readEntries(process, [], links(), noWarning), {
    instanceOf: InputError,
    message: /in use again/,
  })
})

test('A process that does something else meanwhile is still the same', (t) => {
  const procfs = temporary(t)
  put(procfs, 7, { links: { '1000-2000': '/bin/cat' }, stat: statLine(100, 'cat', 'S') })
  const process = new Process(procfs, 7)
  writeFileSync(`${procfs}/7/stat`, statLine(100, 'dog', 'R'))
  t.is(readEntries(process, [], links(), noWarning).length, 1)
})

test('Processes that share a mount namespace and a root have their mountinfo read once', (t) => {
  const procfs = temporary(t)
  const namespace = 'mnt:[4026531840]'
  const mountinfo = ['29 21 0:17 / / rw - ext4 /dev/sda1 rw', '30 29 0:18 / /proc rw - proc proc rw']
  put(procfs, 7, { mountinfo, namespace, root: '/' })
  put(procfs, 8, { namespace, root: '/' })
  put(procfs, 9, { namespace, root: '/jail' })
  put(procfs, 10, { namespace: 'mnt:[4026531999]', root: '/' })
  const reader = new ContextReader({ procfs, sysfs: procfs })
  const idsOf = (pid: number) =>
    reader.ofProcess(new Process(procfs, pid), noWarning).context.mounts.map(({ mount_id }) => mount_id)
  t.deepEqual(idsOf(7), [29, 30])
  t.deepEqual(idsOf(8), [29, 30])
  // Neither of these has a mountinfo, and another's is not theirs.
  t.throws(() => idsOf(9), { instanceOf: InputError })
  t.throws(() => idsOf(10), { instanceOf: InputError })
})

test('A live process is read as it is', (t) => {
  const own = new Process('/proc', process.pid)
  const entries = readEntries(own, own.mounts(noWarning), links(), noWarning)
  t.true(entries.length > 0)
  t.true(entries.some(({ perms }) => perms === 'r-xp'))
  // Newer Nodes map io_uring's rings, which have no path.
  t.true(entries.every(({ pid, link }) => pid === process.pid && /^(\/|anon_inode:)/.test(link)))
  t.is(own.root(), '/')
  t.regex(own.namespace('pid') ?? '', /^pid:\[\d+\]$/)
})

test('A zombie maps nothing, and that is no error', async (t) => {
  if (process.getuid?.() !== 0) {
    t.log('passed over: only root may read what a zombie maps')
    t.pass()
    return
  }
  // The child waits until its parent is sleep: a shell would take note of its end.
  const child = 'while read -r name < /proc/$$/comm && [ "$name" != sleep ]; do :; done'
  const { pid: parent, stdout } = launched(t, 'sh', ['-c', `(${child}) & echo $!; exec sleep 1000`])
  let told = ''
  stdout?.on('data', (data: Buffer) => (told += data.toString()))
  await until(() => /\n/.test(told))
  const pid = Number(told)
  await until(() => readFileSync(`/proc/${parent}/comm`, 'latin1') === 'sleep\n' && stateOf(pid) === 'Z')
  const zombie = new Process('/proc', pid)
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
  if (pid === undefined || process.getuid?.() !== 0) {
    t.log('passed over: no thread of the kernel that may be read')
    t.pass()
    return
  }
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
  const folder = temporary(t)
  writeFileSync(`${folder}/leaderless.c`, LEADERLESS)
  try {
    execFileSync('cc', ['-o', `${folder}/leaderless`, `${folder}/leaderless.c`, '-pthread'], {
      stdio: 'pipe',
    })
  } catch (error) {
    t.log(`passed over, as it needs a C compiler: ${error}`)
    t.pass()
    return
  }
  const { pid } = launched(t, `${folder}/leaderless`, [])
  await until(() => stateOf(pid) === 'Z' && existsSync(`/proc/${pid}/task`))
  const leaderless = new Process('/proc', pid)
  t.not(leaderless.folder, `/proc/${pid}`)
  t.true(leaderless.mounts(noWarning).length > 0)
  const entries = readEntries(leaderless, [], links(), noWarning)
  t.true(entries.some(({ link, pid: told }) => link === `${folder}/leaderless` && told === pid))
})

test('A process that has ended is an error where it was asked for, and the others are told', async (t) => {
  const { stdout, stderr, status } = await run('aufs-vma', [
    ...['--raw', '--no-stat', '--pid', `2147483647,${process.pid}`],
  ])
  t.is(stderr, 'aufs-vma: pid 2147483647: no such process\n')
  t.is(status, 1)
  t.true(lines(stdout).length > 0)
})

test('Processes that may not be read are one message with --all', async (t) => {
  const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all', '--']
  const isPossible = await outcome('setpriv', [...asNobody, ...started('aufs-vma'), '--version']).then(
    ({ status }) => status === 0,
    () => false,
  )
  if (!isPossible) {
    t.log('passed over, as it needs root, setpriv, and a build that others may read')
    t.pass()
    return
  }
  const { stderr, status } = await outcome('setpriv', [...asNobody, ...started('aufs-vma'), '--all', '--raw'])
  const messages = lines(stderr)
  const count = messages.filter((line) => /may not be read/.test(line))
  t.is(count.length, 1)
  t.regex(count[0] ?? '', /^aufs-vma: --all: \d+ of \d+ processes may not be read by this user$/)
  t.is(status, 1)
})
