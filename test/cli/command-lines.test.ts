/** What the built commands make of their command lines. */
import test from 'ava'
import { commands, usages } from '../../scripts/commands.js'
import { helpOf } from '../../src/cli/help.js'
import { outcome, run, started } from '../helpers/run.js'

for (const { name } of commands)
  test(`${name}: wrong usage is one line of what is wrong, and one of where help is`, async (t) => {
    t.deepEqual(await run(name, ['--nope']), {
      ...{ stdout: '', stderr: `${name}: unknown option --nope\nTry: ${name} --help\n`, status: 2 },
    })
  })

/** The records of a captured process. */
const CAPTURED = ['--procfs', 'samples/leaky-01-docker/proc', '--sysfs', 'samples/leaky-01-docker/sys']

test('a letter does as its option does, with its value beside it or after it', async (t) => {
  const whole = await run('aufs-vma', [...CAPTURED, '--pid', '112'])
  t.is(whole.status, 0)
  for (const words of [
    ['-p', '112'],
    ['-p112'],
    ['-p=112'],
    ['-p112,112'],
    ['-p112', '--pid', '112'],
    ['-a'],
  ])
    t.deepEqual(await run('aufs-vma', [...CAPTURED, ...words]), whole, words.join(' '))
})

test('a word after a flag is no value of it, and after -- nothing is an option', async (t) => {
  const missing = (word: string) => `aufs-mounts: ${word}: no such file or directory (ENOENT)\n`
  t.is((await run('aufs-mounts', ['--strict', 'true'])).stderr, missing('true'))
  t.is((await run('aufs-mounts', ['--', '--help'])).stderr, missing('--help'))
  t.is((await run('aufs-mounts', ['--', '-pid'])).stderr, missing('-pid'))
})

test('every command takes --procfs and --sysfs, so that the same words do for all of a pipe', async (t) => {
  for (const { name, actions } of commands) {
    const words = actions === undefined ? [] : ['dump', '--print', '--', 'true']
    const { stderr, status } = await run(name, [...CAPTURED, ...words], '')
    t.deepEqual([stderr, status], ['', 0], name)
  }
})

test('a folder of --procfs that is not there ends the command, and nothing is written', async (t) => {
  for (const words of [['--pid', '1'], ['--all'], ['-']])
    t.deepEqual(await run('aufs-vma', ['--procfs', '/no/such', ...words], '1000-2000 -> /bin/sh\n'), {
      ...{ stdout: '', stderr: 'aufs-vma: /no/such: no such file or directory (ENOENT)\n', status: 1 },
    })
})

test('so does a folder of --root, where a process is looked up in it', async (t) => {
  const own = ['--pid', String(process.pid), '--root', '/no/such']
  const { stdout, stderr, status } = await run('aufs-vma', own)
  t.deepEqual([stdout, stderr, status], ['', 'aufs-vma: /no/such: no such file or directory (ENOENT)\n', 1])
  t.is((await run('aufs-vma', [...own, '--no-stat'])).status, 0)
})

for (const usage of usages)
  test(`${usage.name}: help is as wide as COLUMNS says, or else the window`, async (t) => {
    const [program, script] = started(usage.name)
    for (const [COLUMNS, width] of [
      ['60', 60],
      [undefined, 80],
    ] as const) {
      const { stdout, stderr, status } = await outcome(program, [script, '--help'], '', { COLUMNS })
      t.deepEqual({ stdout, stderr, status }, { stdout: `${helpOf(usage, width)}\n`, stderr: '', status: 0 })
    }
  })

test('help that is asked for is shown, whatever else is wrong', async (t) => {
  const { stdout, stderr, status } = await run('aufs-vma', ['--nope', '--max-line', 'x', '-h', '--pid'])
  t.regex(stdout, /^Usage: aufs-vma /)
  t.deepEqual([stderr, status], ['', 0])
})
