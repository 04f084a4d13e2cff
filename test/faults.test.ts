/** What goes wrong on a real machine, made to happen: each fault has its message and its exit status. */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { skip, tempFolder, writeTree } from './helpers.js'
import { lines, outcome, run, shell, started } from './run.js'

const MOUNTINFO = 'samples/leaky-01-docker/proc/112/mountinfo'
const STAT = '7 (cat) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 100 1000 1 18446744073709551615 1\n'
const MAPS = '00400000-00401000 r-xp 00000000 fe:00 29 /bin/cat\n'
const ROOT = '29 21 254:0 / / rw - ext4 /dev/root rw\n'

/** A process that has some of its files: what a read finds of one that ends in between. */
function processOf(t: ExecutionContext, files: Record<string, string | null>): string {
  const procfs = tempFolder(t)
  writeTree(`${procfs}/7`, files)
  return procfs
}

const told = (procfs: string, ...args: string[]) => run('aufs-vma', ['--procfs', procfs, ...args])

const endings: { name: string; files: Record<string, string | null>; message: RegExp }[] = [
  { name: 'before anything is read', files: {}, message: /pid 7: no such process/ },
  {
    name: 'after its stat',
    files: { stat: STAT },
    message: /pid 7: mountinfo: no such file or directory \(ENOENT\)/,
  },
  {
    name: 'after its mounts',
    files: { stat: STAT, mountinfo: ROOT },
    message: /pid 7: maps: no such file or directory \(ENOENT\)/,
  },
  {
    name: 'after its maps',
    files: { stat: STAT, mountinfo: ROOT, maps: MAPS },
    message: /pid 7: map_files: no such file or directory \(ENOENT\)/,
  },
]
for (const { name, files, message } of endings) {
  test(`A process that ends ${name} is one message and exit status 1`, async (t) => {
    const procfs = processOf(t, files)
    if (Object.keys(files).length === 0) mkdirSync(`${procfs}/8`)
    const { stdout, stderr, status } = await told(
      procfs,
      '--pid',
      name === 'before anything is read' ? '9' : '7',
    )
    t.is(stdout, '')
    t.regex(stderr.replace('pid 9', 'pid 7'), message)
    t.is(lines(stderr).length, 1)
    t.is(status, 1)
  })
}

test('Half of maps is used as far as it goes', async (t) => {
  const half = `${MAPS}00500000-0050`
  const procfs = processOf(t, { stat: STAT, mountinfo: ROOT, maps: half, map_files: null })
  const { stdout, stderr, status } = await told(procfs, '--pid', '7')
  t.is(stdout, '')
  t.is(stderr, 'aufs-vma: pid 7: maps:2: no mapping: "00500000-0050"\n')
  t.is(status, 1)
})

test('A process that becomes a zombie while it is read has ended', async (t) => {
  const procfs = processOf(t, { stat: STAT, mountinfo: ROOT, map_files: null })
  // maps is a FIFO: who writes it knows that it is being read.
  await outcome('mkfifo', [`${procfs}/7/maps`])
  const reading = told(procfs, '--pid', '7')
  const script = 'exec 3> "$1/maps"; sed "s/) S/) Z/" "$1/stat" > "$1/new"; mv "$1/new" "$1/stat"; exec 3>&-'
  await outcome('sh', ['-c', script, 'sh', `${procfs}/7`])
  const { stdout, stderr, status } = await reading
  t.deepEqual([stdout, stderr, status], ['', 'aufs-vma: pid 7: no such process\n', 1])
})

test('A number that another process has by now is a message, not the records of both', async (t) => {
  const procfs = processOf(t, { stat: STAT, mountinfo: ROOT, map_files: null })
  await outcome('mkfifo', [`${procfs}/7/maps`])
  const reading = told(procfs, '--pid', '7')
  const script =
    'exec 3> "$1/maps"; sed "s/ 100 1000/ 200 1000/" "$1/stat" > "$1/new"; mv "$1/new" "$1/stat"; exec 3>&-'
  await outcome('sh', ['-c', script, 'sh', `${procfs}/7`])
  const { stdout, stderr, status } = await reading
  t.is(stdout, '')
  t.is(stderr, 'aufs-vma: pid 7: the process has ended, and its number is in use again\n')
  t.is(status, 1)
})

test('A process without memory of its own (a kernel thread) maps nothing, which is no error', async (t) => {
  if (process.getuid?.() !== 0 || readStatus(2) === '' || readStatus(2).includes('VmSize'))
    return skip(t, 'there is no kernel thread that may be read')
  t.deepEqual(await run('aufs-vma', ['--pid', '2']), { stdout: '', stderr: '', status: 0 })
})

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1')
  } catch {
    return ''
  }
}

test('A process in another user namespace is read as any other', async (t) => {
  const child = spawn('unshare', ['--user', '--map-root-user', 'sleep', '60'], { stdio: 'ignore' })
  t.teardown(() => child.kill('SIGKILL'))
  const name = () => readStatus(child.pid ?? 0).split('\n')[0]
  for (let i = 0; i < 200 && name() !== 'Name:\tsleep' && child.exitCode === null; i++)
    await new Promise((resolve) => setTimeout(resolve, 10))
  if (child.exitCode !== null || name() !== 'Name:\tsleep') return skip(t, 'no user namespaces here')
  const { stdout, status } = await run('aufs-vma', ['--pid', String(child.pid)])
  t.true(lines(stdout).some((line) => JSON.parse(line).path.endsWith('/sleep')))
  if (process.getuid?.() === 0) t.is(status, 0)
})

test('With hidepid=2 nobody sees but their own processes, and that is no error with --all', async (t) => {
  if (process.getuid?.() !== 0) return skip(t, 'it takes root to mount a procfs')
  const [program, script] = started('aufs-vma')
  const hidden = await outcome(
    'unshare',
    [
      ...['--mount', 'sh', '-c'],
      'mount -t proc -o hidepid=2 proc /proc && ' +
        'exec setpriv --reuid=65534 --regid=65534 --clear-groups "$0" "$1" --all',
      ...[program, script],
    ],
    '',
    { NODE_V8_COVERAGE: '' },
  )
  if (/mount:|unshare:/.test(hidden.stderr)) return skip(t, hidden.stderr)
  const comms = new Set(lines(hidden.stdout).map((line) => JSON.parse(line).comm))
  t.true(comms.has('node') || comms.has('MainThread'), 'its own')
  // The others are not there for it, not even to be counted as those that may not be read.
  t.regex(
    hidden.stderr,
    /^aufs-vma: pid \d+: map_files cannot be followed without CAP_CHECKPOINT_RESTORE[^\n]*\n$/,
  )
})

for (const bytes of [0, 1, 100, 4095, 65_537]) {
  test(`A reader that goes away after ${bytes} bytes ends a command quietly and well`, async (t) => {
    const many = `for i in $(seq 200); do cat ${MOUNTINFO}; done`
    const { stderr, stdout } = await shell(
      `set -o pipefail; { ${many}; } 2> /dev/null | { aufs-mounts; echo "status $?" >&2; } | head -c ${bytes}`,
    )
    t.is(stdout.length, bytes)
    t.is(stderr, 'status 0\n')
  })
}

test('A slow reader gets all of it', async (t) => {
  const { stdout } = await shell(
    `for i in $(seq 2000); do cat ${MOUNTINFO}; done | aufs-mounts | { sleep 0.5; wc -l; }`,
  )
  t.is(Number(stdout), 2000 * lines(readFileSync(MOUNTINFO, 'latin1')).length)
})

test('An input that ends in the middle of a line says so of that line, and gives the others', async (t) => {
  const whole = readFileSync(MOUNTINFO, 'latin1')
  const { stdout, stderr, status } = await run('aufs-mounts', [], `${whole}29 21 0:17 / /mnt rw,rel`)
  t.is(lines(stdout).length, lines(whole).length)
  t.is(
    stderr,
    `aufs-mounts: stdin:${lines(whole).length + 1}: no separator " - ": "29 21 0:17 / /mnt rw,rel"\n`,
  )
  t.is(status, 1)
})

for (const command of ['aufs-mounts', 'aufs-branches', 'aufs-vma', 'aufs-log', 'aufs-remount', 'aufs-view']) {
  test(`${command}: one line of 100 MB is one message`, async (t) => {
    const { stderr, stdout } = await shell(
      `head -c 100000000 /dev/zero | tr '\\0' x | { ${command}; echo "status $?"; }`,
    )
    t.is(stdout, 'status 1\n')
    t.is(lines(stderr).length, 1)
    t.regex(stderr, new RegExp(`^${command}: stdin:1: longer than 8388608 bytes: "x+"\xe2\x80\xa6\n$`))
  })

  test(`${command}: a NUL byte is no end of anything`, async (t) => {
    const { stderr, status } = await run(command, [], 'a\0b\n\0\n')
    t.is(status, command === 'aufs-log' ? 0 : 1)
    t.is(lines(stderr).length, command === 'aufs-log' ? 0 : 2)
    t.notRegex(stderr, /\0/)
  })
}

test('A million records are a million lines', async (t) => {
  t.timeout(120_000)
  const { stdout } = await shell(`yes "$(head -1 ${MOUNTINFO})" | head -1000000 | aufs-mounts | wc -l`)
  t.is(Number(stdout), 1_000_000)
})
