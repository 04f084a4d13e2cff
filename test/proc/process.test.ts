import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { howToGet, InputError } from '../../src/errors.js'
import { isProcfs } from '../../src/files/ids.js'
import { ForbiddenError, GoneError, listPids, Process, readerOf } from '../../src/proc/process.js'
import { inputError } from '../helpers/filters.js'
import { tempFolder, writeTree } from '../helpers/folders.js'
import { NOBODY, skip } from '../helpers/machine.js'
import { put, statLine } from '../helpers/procfs.js'
import { lines, outcome, run, started } from '../helpers/run.js'

const noWarning = (error: InputError) => {
  throw error
}

test('Processes are listed in the order of their numbers, and nothing else is', (t) => {
  const procfs = tempFolder(t)
  for (const name of ['10', '9', '100', 'self', '1x', '007', '0', 'net', '-1']) mkdirSync(`${procfs}/${name}`)
  t.deepEqual(listPids(procfs), [9, 10, 100])
})

test('Of a /proc that is not there it is said why there are no processes; the usual one has this', (t) => {
  const folder = tempFolder(t)
  t.is(
    inputError(t, () => listPids(`${folder}/none`)).message,
    `${folder}/none: no such file or directory (ENOENT)`,
  )
  t.true(listPids().includes(process.pid))
  t.is(new Process(process.pid).folder, `/proc/${process.pid}`)
})

test('A captured tree is no procfs', (t) => {
  t.false(isProcfs(tempFolder(t)))
  t.false(isProcfs('/nowhere'))
  t.true(isProcfs('/proc'))
})

test('There is no such process', (t) => {
  t.throws(() => new Process(7, tempFolder(t)), { instanceOf: GoneError, message: /no such process/ })
  t.throws(() => new Process(2 ** 31 - 1), { instanceOf: GoneError })
})

test('A process that becomes a zombie has ended, and one that was a zombie has not', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { stat: statLine(100, 'cat', 'S') })
  put(procfs, 8, { stat: statLine(100, 'cat', 'Z') })
  const [living, zombie] = [new Process(7, procfs), new Process(8, procfs)]
  t.deepEqual([living.isZombie, zombie.isZombie], [false, true])
  t.deepEqual(zombie.mounts(noWarning), [])
  for (const process of [living, zombie]) t.notThrows(() => process.checkAlive())
  writeFileSync(`${procfs}/7/stat`, statLine(100, 'cat', 'Z'))
  t.throws(() => living.checkAlive(), { instanceOf: GoneError, message: 'no such process' })
})

test('A process of which there is no stat any more has ended', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { stat: statLine(100) })
  const process = new Process(7, procfs)
  rmSync(`${procfs}/7/stat`)
  t.throws(() => process.checkAlive(), { instanceOf: GoneError, message: 'no such process' })
})

test('A number that is in use again is that of another process; of one that tells no start nothing is known', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { stat: statLine(100) })
  put(procfs, 8, {})
  const [known, unknown] = [new Process(7, procfs), new Process(8, procfs)]
  for (const pid of [7, 8]) writeFileSync(`${procfs}/${pid}/stat`, statLine(200))
  const message = 'the process has ended, and its number is in use again'
  t.throws(() => known.checkAlive(), { instanceOf: GoneError, message })
  t.notThrows(() => unknown.checkAlive())
})

test('A process is read by its own folder, unless its leader has ended and a thread has not', (t) => {
  const procfs = tempFolder(t)
  const thread = { '71/stat': statLine(100, 'cat', 'S'), '7/task/71/stat': statLine(100, 'cat', 'S') }
  writeTree(procfs, { ...thread, '7/stat': statLine(100, 'cat', 'S') })
  t.is(new Process(7, procfs).folder, `${procfs}/7`)
  writeTree(procfs, { '7/stat': statLine(100, 'cat', 'Z') })
  const leaderless = new Process(7, procfs)
  t.deepEqual([leaderless.folder, leaderless.pid, leaderless.isZombie], [`${procfs}/71`, 7, false])
})

test('The root of a process has a name of any bytes; what is not told of a process is null', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { namespace: 'mnt:[1]' })
  put(procfs, 8, {})
  writeTree(procfs, { '7/comm': '\xff\n' })
  symlinkSync(Buffer.from('/r\xff', 'latin1'), `${procfs}/7/root`)
  const told = (pid: number) => {
    const process = new Process(pid, procfs)
    return [process.root(), process.namespace('mnt'), process.namespace('pid'), process.text('comm')]
  }
  t.deepEqual(told(7), ['/r\xff', 'mnt:[1]', null, '\xff\n'])
  t.deepEqual(told(8), [null, null, null, null])
})

const NSPID = 'Name:\tcat\nNSpid:\t4711\t47\nTgid:\t4711\n'

const tasks: [
  name: string,
  namespace: string | null,
  status: string | null,
  stat: string | null,
  task: string | null,
][] = [
  ['all is told', 'pid:[4026531836]', NSPID, statLine(100), '4026531836 47'],
  ['its own namespace is this reader`s', 'pid:[4]', '\nNSpid:\t123\n', statLine(100), '4 123'],
  ['it has no pid namespace', null, NSPID, statLine(100), null],
  ['its namespace has no number', 'pid:[x]', NSPID, statLine(100), null],
  ['its namespace is none of pids', 'xpid:[4]', NSPID, statLine(100), null],
  ['its namespace is more than that', 'pid:[4] ', NSPID, statLine(100), null],
  ['it has no status', 'pid:[4]', null, statLine(100), null],
  ['it has a status without NSpid', 'pid:[4]', 'Name:\tcat\n', statLine(100), null],
  ['its number is none', 'pid:[4]', '\nNSpid:\t4711\tx\n', statLine(100), null],
  ['its start is not told', 'pid:[4]', NSPID, null, null],
]

for (const [name, namespace, status, stat, task] of tasks)
  test(`Which task a process is: ${name}`, (t) => {
    const procfs = tempFolder(t)
    put(procfs, 7, stat === null ? {} : { stat })
    mkdirSync(`${procfs}/7/ns`)
    if (namespace !== null) symlinkSync(namespace, `${procfs}/7/ns/pid`)
    if (status !== null) writeFileSync(`${procfs}/7/status`, status)
    t.deepEqual(new Process(7, procfs).task(), task === null ? null : { task, start: '100' })
  })

test('The reader is who a procfs says it is; of a captured tree without one nothing is known', (t) => {
  const procfs = tempFolder(t)
  t.deepEqual(readerOf(procfs), { mounts: [], namespace: null })
  put(procfs, 7, { namespace: 'mnt:[1]', mountinfo: ['29 1 254:0 / / rw - ext4 /dev/sda rw', 'nonsense'] })
  symlinkSync('7', `${procfs}/self`)
  const { mounts, namespace } = readerOf(procfs)
  t.deepEqual([mounts.map(({ mount_id }) => mount_id), namespace], [[29], 'mnt:[1]'])
  t.is(new Process('self', procfs).pid, null)
  t.is(new Process(7, procfs).pid, 7)
})

test('A line that cannot be used is left out, and what is no fault of the line is thrown', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { maps: ['1', '', 'x', '3'] })
  const process = new Process(7, procfs)
  const warnings: string[] = []
  const parse = (line: string) => {
    if (line === 'x') throw new InputError('no number', line)
    return Number(line)
  }
  t.deepEqual(
    process.lines('maps', parse, ({ message }) => warnings.push(message)),
    [1, 3],
  )
  t.deepEqual(warnings, ['maps:3: no number: "x"'])
  const fail = () => {
    throw new TypeError('a fault of ours')
  }
  t.throws(() => process.lines('maps', fail, () => {}), { instanceOf: TypeError })
})

/** What reading a file of a process that is there becomes, where the system says so. */
function failing(t: ExecutionContext, name: string, code: string): InputError {
  const procfs = tempFolder(t)
  mkdirSync(`${procfs}/7`)
  const fail = () => {
    throw Object.assign(new Error(code), { code })
  }
  return inputError(t, () => new Process(7, procfs).attempt(name, fail))
}

test('A process that is ending has lost its mounts (EINVAL) before its folder goes', (t) => {
  t.true(failing(t, 'mountinfo', 'EINVAL') instanceof GoneError)
  t.true(failing(t, 'mountinfo', 'ESRCH') instanceof GoneError)
  t.true(failing(t, 'map_files/1-2', 'ESRCH') instanceof GoneError)
  t.true(failing(t, 'maps', 'ENOENT') instanceof GoneError)
  t.is(failing(t, 'maps', 'ENOENT').message, 'maps: ENOENT')
})

test('A folder that is there, but may not be read, is no process that has ended', (t) => {
  const procfs = tempFolder(t)
  mkdirSync(`${procfs}/7`)
  const process = new Process(7, procfs)
  rmSync(`${procfs}/7`, { recursive: true })
  writeFileSync(`${procfs}/7`, '')
  const fail = () => {
    throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' })
  }
  t.is(inputError(t, () => process.attempt('mountinfo', fail)).message, 'mountinfo: ENOENT')
})

test('What else cannot be read of a process that is there is no end of it', (t) => {
  for (const [name, code] of [
    ['maps', 'EINVAL'],
    ['mountinfo', 'ENOENT'],
    ['mountinfo', 'EIO'],
    ['maps', 'EACCES'],
    ['maps', 'EPERM'],
  ] as const) {
    const error = failing(t, name, code)
    const isForbidden = code === 'EACCES' || code === 'EPERM'
    t.false(error instanceof GoneError, `${name} ${code}`)
    t.is(error instanceof ForbiddenError, isForbidden)
    t.is(error.message, `${name}: ${code}${isForbidden ? `; ${howToGet('CAP_SYS_PTRACE')}` : ''}`)
  }
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
  const [program, ...nobody] = [...NOBODY, '--inh-caps=-all', '--', ...started('aufs-vma')]
  const isPossible = await outcome(program, [...nobody, '--version']).then(
    ({ status }) => status === 0,
    () => false,
  )
  if (!isPossible) return skip(t, 'it takes root, setpriv, and a build that others may read')
  const { stderr, status } = await outcome(program, [...nobody, '--all', '--raw'])
  const messages = lines(stderr)
  const count = messages.filter((line) => /may not be read/.test(line))
  t.is(count.length, 1)
  t.regex(
    count[0] ?? '',
    /^aufs-vma: --all: \d+ of \d+ processes may not be read by this user; try sudo \(CAP_SYS_PTRACE\)$/,
  )
  t.is(status, 1)
})
