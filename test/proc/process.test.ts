import { mkdirSync, writeFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { howToGet, type InputError } from '../../src/errors.js'
import { isProcfs } from '../../src/files/ids.js'
import { ForbiddenError, GoneError, listPids, Process } from '../../src/proc/process.js'
import { inputError } from '../helpers/filters.js'
import { tempFolder } from '../helpers/folders.js'
import { NOBODY, skip } from '../helpers/machine.js'
import { put, statLine } from '../helpers/procfs.js'
import { lines, outcome, run, started } from '../helpers/run.js'

test('Processes are listed in the order of their numbers, and nothing else is', (t) => {
  const procfs = tempFolder(t)
  for (const name of ['10', '9', '100', 'self', '1x', '007', '0', 'net', '-1']) mkdirSync(`${procfs}/${name}`)
  t.deepEqual(listPids(procfs), [9, 10, 100])
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
  for (const process of [living, zombie]) t.notThrows(() => process.checkAlive())
  writeFileSync(`${procfs}/7/stat`, statLine(100, 'cat', 'Z'))
  t.throws(() => living.checkAlive(), { instanceOf: GoneError, message: 'no such process' })
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
})

test('What else cannot be read of a process that is there is no end of it', (t) => {
  for (const [name, code] of [
    ['maps', 'EINVAL'],
    ['mountinfo', 'ENOENT'],
    ['mountinfo', 'EIO'],
    ['maps', 'EACCES'],
  ] as const) {
    const error = failing(t, name, code)
    t.false(error instanceof GoneError, `${name} ${code}`)
    t.is(error instanceof ForbiddenError, code === 'EACCES')
    t.is(error.message, `${name}: ${code}${code === 'EACCES' ? `; ${howToGet('CAP_SYS_PTRACE')}` : ''}`)
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
