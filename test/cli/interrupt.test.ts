/** What Ctrl-C leaves on a terminal: nothing but itself, and a command that has ended by the signal. */
import { spawn } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { commands } from '../../scripts/commands.js'
import { tempFolder } from '../helpers/folders.js'
import { isInstalled, skip } from '../helpers/machine.js'
import { environment, next } from '../helpers/processes.js'
import { put } from '../helpers/procfs.js'
import { repository, run, started } from '../helpers/run.js'

/** Runs a line of sh in a terminal, and types Ctrl-C once it says what is waited for. */
async function interrupted(
  t: ExecutionContext,
  line: string,
  said: RegExp,
): Promise<{ shown: string; status: unknown }> {
  const child = spawn('script', ['-qec', `exec ${line}`, '/dev/null'], {
    cwd: repository,
    env: environment(),
  })
  t.teardown(() => child.kill('SIGKILL'))
  let shown = ''
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    const isFirst = !said.test(shown)
    shown += text
    if (isFirst && said.test(shown)) child.stdin.write('\x03')
  })
  child.stdin.on('error', () => {})
  const [status] = await next(child, 'close')
  return { shown, status }
}

const called = (command: string) =>
  started(command)
    .map((each) => `'${each}'`)
    .join(' ')

for (const { name, actions, hint } of commands)
  test(`${name}: an interrupt of what waits for the terminal ends it by the signal, and says nothing`, async (t) => {
    if (!isInstalled('script')) return skip(t, 'no script here')
    const words = actions === undefined ? '' : 'dump -- true'
    const { shown, status } = await interrupted(t, `${called(name)} ${words}`, /\n/)
    t.is(shown, `${name}: reading from the terminal; ${hint}\r\n^C`)
    t.is(status, 130)
  })

test('an interrupt takes away the line that tells how far it is', async (t) => {
  if (!isInstalled('script')) return skip(t, 'no script here')
  const procfs = tempFolder(t)
  put(procfs, 1, {
    maps: ['1000-2000 r-xp 00000000 fe:00 29 /bin/cat'],
    links: { '1000-2000': '/bin/cat' },
    mountinfo: ['29 21 254:0 / / rw - ext4 /dev/root rw'],
  })
  for (let pid = 2; pid < 50_000; pid += 1) symlinkSync('1', `${procfs}/${pid}`)
  const line = `${called('aufs-vma')} --all --procfs ${procfs} > /dev/null`
  const { shown, status } = await interrupted(t, line, /processes/)
  t.regex(shown, /\d+\/49999 processes[^\n]*\r\x1b\[K$/)
  t.is(status, 130)
})

test('an interrupt is for the command that aufs-criu runs: its status counts', async (t) => {
  const { stderr, status } = await run(
    'aufs-criu',
    ['dump', '--', 'sh', '-c', 'kill -INT "$PPID"; exit 7'],
    '',
  )
  t.deepEqual([stderr, status], ['', 7])
})
