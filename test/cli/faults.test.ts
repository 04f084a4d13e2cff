/** What goes wrong on a real machine, made to happen: each fault has its message and its exit status. */
import {
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { GoneError, Process } from '../../src/proc/process.js'
import { readEntries } from '../../src/proc/read-map-files.js'
import { tempFolder, writeTree } from '../helpers/folders.js'
import { asUser, isRoot, NOBODY, skip } from '../helpers/machine.js'
import { sleeper } from '../helpers/processes.js'
import { lines, outcome, run, shell, started } from '../helpers/run.js'

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

const reused = 'aufs-vma: pid 7: the process has ended, and its number is in use again\n'
for (const [how, stderr, status] of [
  [['--pid', '7'], reused, 1],
  [['--all'], '', 0],
] as const)
  test(`${how[0]}: the records of two processes that have one number are never mixed`, async (t) => {
    const procfs = processOf(t, { stat: STAT, mountinfo: ROOT, map_files: null })
    await outcome('mkfifo', [`${procfs}/7/maps`])
    const reading = told(procfs, ...how)
    const script =
      'exec 3> "$1/maps"; sed "s/ 100 1000/ 200 1000/" "$1/stat" > "$1/new"; mv "$1/new" "$1/stat"; exec 3>&-'
    await outcome('sh', ['-c', script, 'sh', `${procfs}/7`])
    t.deepEqual(await reading, { stdout: '', stderr, status })
  })

test('A process without memory of its own (a kernel thread) maps nothing, which is no error', async (t) => {
  if (!isRoot || readStatus(2) === '' || readStatus(2).includes('VmSize'))
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
  const pid = await sleeper(t, 'unshare', '--user', '--map-root-user')
  if (pid === null) return skip(t, 'no user namespaces here')
  const { stdout, status } = await run('aufs-vma', ['--pid', String(pid)])
  t.true(lines(stdout).some((line) => JSON.parse(line).path.endsWith('/sleep')))
  if (isRoot) t.is(status, 0)
})

test('With hidepid=2 nobody sees but their own processes, and that is no error with --all', async (t) => {
  if (!isRoot) return skip(t, 'it takes root to mount a procfs')
  const [program, script] = started('aufs-vma')
  const hidden = await outcome(
    'unshare',
    [
      ...['--mount', 'sh', '-c'],
      `mount -t proc -o hidepid=2 proc /proc && exec ${NOBODY.join(' ')} "$0" "$1" --all`,
      ...[program, script],
    ],
    '',
    { NODE_V8_COVERAGE: '' },
  )
  if (/mount:|unshare:/.test(hidden.stderr)) return skip(t, hidden.stderr)
  const paths = new Set(lines(hidden.stdout).map((line) => JSON.parse(line).path))
  t.true(paths.has(realpathSync(program)), 'its own')
  // The others are not there for it, not even to be counted as those that may not be read.
  t.regex(
    hidden.stderr,
    /^aufs-vma: pid \d+: map_files cannot be followed: [^\n]*; try sudo \(CAP_CHECKPOINT_RESTORE\)\n$/,
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
    `for i in $(seq 2000); do cat ${MOUNTINFO}; done | aufs-mounts | { sleep 0.5; sort | uniq -c; }`,
  )
  const distinct = lines(stdout)
  t.is(distinct.length, lines(readFileSync(MOUNTINFO, 'latin1')).length)
  for (const line of distinct) t.regex(line, /^ *2000 \{"mount_id":[^\n]*\}$/)
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

for (const command of [
  'aufs-mounts',
  'aufs-branches',
  'aufs-vma',
  'aufs-log',
  'aufs-remount',
  'aufs-images',
  'aufs-view',
]) {
  test(`${command}: one line of 100 MB is one message`, async (t) => {
    const { stderr, stdout } = await shell(
      `head -c 100000000 /dev/zero | tr '\\0' x | { ${command}; echo "status $?"; }`,
    )
    // A script that has not all unions fails.
    t.is(stdout, command === 'aufs-remount' ? 'false\nstatus 1\n' : 'status 1\n')
    t.is(lines(stderr).length, 1)
    t.regex(stderr, new RegExp(`^${command}: stdin:1: longer than 8388608 bytes: "x+"\xe2\x80\xa6\n$`))
  })

  test(`${command}: a NUL byte is no end of anything`, async (t) => {
    const { stderr, status } = await run(command, [], 'a\0b\n\0\n')
    t.is(status, command === 'aufs-log' ? 0 : 1)
    t.is(lines(stderr).length, command === 'aufs-log' ? 1 : 2)
    t.notRegex(stderr, /\0/)
  })
}

test('A million records are a million lines', async (t) => {
  const { stdout } = await shell(`yes "$(head -1 ${MOUNTINFO})" | head -1000000 | aufs-mounts | wc -l`)
  t.is(Number(stdout), 1_000_000)
})

/** A process to which something happens when one of its files or folders has been read. */
class Struck extends Process {
  readonly #strikes: { [name: string]: () => void }

  constructor(procfs: string, strikes: { [name: string]: () => void }) {
    super(7, procfs)
    this.#strikes = strikes
  }

  override attempt<T>(name: string, read: (path: string) => T): T {
    const result = super.attempt(name, read)
    this.#strikes[name]?.()
    return result
  }
}

/** The links of a process of two entries, to which something happens. */
function struckLinks(t: ExecutionContext, when: string, strike: (folder: string) => void): string[] {
  const procfs = processOf(t, { stat: STAT, mountinfo: ROOT, maps: MAPS, map_files: null })
  for (const range of ['400000-401000', '500000-501000'])
    symlinkSync(`/${range}`, `${procfs}/7/map_files/${range}`)
  const process = new Struck(procfs, { [when]: () => strike(`${procfs}/7`) })
  const reading = { follow: null, linksTell: true, kernels: new Map(), realFiles: null }
  return readEntries(process, [], reading, (error) => t.fail(error.message)).map(({ link }) => link)
}

test('A link that is listed, and gone when it is read, is passed over', (t) => {
  const strike = (folder: string) => rmSync(`${folder}/map_files/400000-401000`)
  t.deepEqual(struckLinks(t, 'map_files', strike), ['/500000-501000'])
})

for (const step of ['maps', 'map_files', 'map_files/400000-401000', 'map_files/500000-501000']) {
  test(`A process that ends when ${step} has been read is gone`, (t) => {
    const ends = (folder: string) => renameSync(folder, `${folder}.gone`)
    t.throws(() => struckLinks(t, step, ends), { instanceOf: GoneError, message: 'no such process' })
  })
}

test('Of processes that come and go all the time none is a message', async (t) => {
  const churn = 'for i in 1 2 3; do (while :; do /bin/true; done) & done'
  const vma = 'for i in 1 2 3 4 5; do "$@" --all > /dev/null || exit; done'
  const namespaces = ['-m', '-p', '-f', '--mount-proc', '--kill-child']
  const able = await outcome('unshare', [...namespaces, 'true'])
  if (able.status !== 0) return skip(t, `no namespaces: ${able.stderr.trim()}`)
  const script = ['sh', '-c', `${churn}\n${vma}`, 'sh', ...started('aufs-vma')]
  const { stderr, status } = await outcome('unshare', [...namespaces, ...script])
  t.deepEqual({ stderr, status }, { stderr: '', status: 0 })
})

/** Runs a program; one without privileges may not write where coverage is kept. */
function perform([program = '', ...args]: string[]) {
  return outcome(program, args, '', { NODE_V8_COVERAGE: '' })
}

/** Why this machine cannot run as nobody what has been built; null where it can. */
const obstacle = perform([...NOBODY, ...started('aufs-vma'), '--version']).then(
  ({ status, stderr }) => (status === 0 ? null : stderr.trim()),
  (error: unknown) => String(error),
)

test('A process in another user namespace is read by its owner, and not by others', async (t) => {
  const why = await obstacle
  if (why !== null) return skip(t, why)
  if ((await perform([...NOBODY, 'unshare', '-U', 'true'])).status !== 0) return skip(t, 'no user namespaces')
  const pid = await sleeper(t, ...NOBODY, 'unshare', '-U')
  const vma = [...started('aufs-vma'), '--no-stat', '--pid', String(pid)]
  const byOwner = await perform([...NOBODY, ...vma])
  t.deepEqual([byOwner.stderr, byOwner.status], ['', 0])
  t.true(byOwner.stdout.includes('/sleep"'))
  const byOther = await perform([...asUser(65533), ...vma])
  t.regex(
    byOther.stderr,
    new RegExp(
      `^aufs-vma: pid ${pid}: [a-z]+: permission denied \\(EACCES\\); try sudo \\(CAP_SYS_PTRACE\\)\\n$`,
    ),
  )
  t.deepEqual([byOther.stdout, byOther.status], ['', 1])
})

for (const [how, one, all] of [
  ['2', /: no such process that this user may see \(hidepid\); try sudo \(CAP_SYS_PTRACE\)\n$/, /^$/],
  [
    '1',
    /: [^\n]*\((EPERM|EACCES)\); try sudo \(CAP_SYS_PTRACE\)\n$/,
    /^aufs-vma: --all: \d+ of \d+ processes may not be read by this user; try sudo \(CAP_SYS_PTRACE\)\n$/,
  ],
] as const) {
  test(`What hidepid=${how} keeps from nobody is one message by its number, and as such with --all`, async (t) => {
    const hiding = (...words: string[]) =>
      perform([
        ...['unshare', '-m', 'sh', '-c', `mount -t proc -o hidepid=${how} proc /proc && exec "$@"`, 'sh'],
        ...words,
      ])
    const why = (await obstacle) ?? (await hiding('true')).stderr
    if (why !== '') return skip(t, why)
    const pid = await sleeper(t)
    // A nobody of its own: what other tests run as theirs would be seen, too.
    const asNobody = [...asUser(65532), ...started('aufs-vma'), '--no-stat']
    const ofOne = await hiding(...asNobody, '--pid', String(pid))
    t.true(ofOne.stderr.startsWith(`aufs-vma: pid ${pid}: `))
    t.regex(ofOne.stderr, one)
    t.deepEqual([ofOne.stdout, ofOne.status], ['', 1])
    const ofAll = await hiding(...asNobody, '--all')
    t.regex(ofAll.stderr, all)
    t.is(ofAll.status, ofAll.stderr === '' ? 0 : 1)
    t.true(lines(ofAll.stdout).length > 0, 'its own')
  })
}

/** Runs `aufs-branches` on a captured machine; reading br2 fails so many times. */
async function failing(t: ExecutionContext, code: string, times: number) {
  const file = `${tempFolder(t)}/fail.cjs`
  writeFileSync(
    file,
    `const fs = require('node:fs')
    const { errno } = require('node:os').constants
    const { readFileSync } = fs
    let left = ${times}
    fs.readFileSync = (file, ...options) => {
      if (!String(file).endsWith('/br2') || left-- <= 0) return readFileSync(file, ...options)
      throw Object.assign(new Error('${code}'), { code: '${code}', errno: -errno.${code} })
    }`,
  )
  const [program, script] = started('aufs-branches')
  const args = ['--sysfs', 'samples/leaky-01-docker/sys', MOUNTINFO]
  return outcome(program, ['--require', file, script, ...args])
}

for (const code of ['EBUSY', 'ENOENT', 'ENODEV']) {
  test(`A branch that gives ${code} a few times, as its union changes, is read all the same`, async (t) => {
    const well = await failing(t, code, 0)
    t.is(well.status, 0)
    t.deepEqual(await failing(t, code, 1), well)
    t.deepEqual(await failing(t, code, 3), well)
  })
}

for (const code of ['EBUSY', 'ENOENT', 'ENODEV']) {
  test(`A union of which a branch gives ${code} for ever is one message, and no table`, async (t) => {
    const { stdout, stderr, status } = await failing(t, code, Number.POSITIVE_INFINITY)
    t.is(stdout, '')
    t.regex(stderr, /^aufs-branches: [^ ]*:1: [^ ]*: it is remounted again and again[^\n]*\n$/)
    t.is(status, 1)
  })
}

for (const code of ['E2BIG', 'EIO']) {
  test(`A branch that gives ${code} in two looks is one message, and the others stand`, async (t) => {
    const { stdout, stderr, status } = await failing(t, code, 2)
    t.regex(stderr, new RegExp(`^aufs-branches: [^ ]*:1: [^ ]*/br2: [a-z /]+ \\(${code}\\)\\n$`))
    t.is(status, 1)
    const [table] = lines(stdout).map((line) => JSON.parse(line) as { branches: { path: string | null }[] })
    t.deepEqual(
      table?.branches.map(({ path }) => path !== null),
      [true, true, false, true, true],
    )
  })
}

test('A log that cannot be read to its end ends there, and what the next begins with is no part of it', async (t) => {
  const folder = tempFolder(t)
  const branch = (index: number, path: string) => `/sys/fs/aufs/si_1a/br${index} : ${path}\n`
  writeFileSync(`${folder}/a.log`, `${branch(0, '/a')}${branch(1, '/b')}/sys/fs/aufs/si_1a/br2 : /cut`)
  writeFileSync(`${folder}/b.log`, branch(2, '/other'))
  writeFileSync(
    `${folder}/fail.cjs`,
    `const fs = require('node:fs')
    const { readSync } = fs
    let reads = 0
    fs.readSync = (...args) => {
      if (++reads !== 2) return readSync(...args)
      throw Object.assign(new Error('EIO'), { code: 'EIO', errno: -require('node:os').constants.errno.EIO })
    }`,
  )
  const [program, script] = started('aufs-log')
  const args = ['--require', `${folder}/fail.cjs`, script, `${folder}/a.log`, `${folder}/b.log`]
  const { stdout, stderr, status } = await outcome(program, args)
  t.deepEqual(
    lines(stdout).map((line) => JSON.parse(line).branches.map(({ path }: { path: string }) => path)),
    [['/a', '/b']],
  )
  t.regex(stderr, /a\.log: [^\n]*\(EIO\)\n.*b\.log:1: br0 of si_1a is missing/)
  t.is(status, 1)
})

test('A pipe that somebody has made non-blocking is written to the end', async (t) => {
  const perl = 'use Fcntl; fcntl(STDOUT, F_SETFL, O_WRONLY | O_NONBLOCK) or die; exec @ARGV'
  if ((await shell(`perl -e 'use Fcntl'`)).status !== 0) return skip(t, 'no perl')
  const words = started('aufs-mounts')
    .map((word) => `'${word}'`)
    .join(' ')
  const { stdout, stderr, status } = await shell(`set -o pipefail
    perl -e '${perl}' ${words} <(yes "$(head -1 ${MOUNTINFO})" | head -n 5000) | { sleep 0.3; uniq -c; }`)
  t.regex(stdout, /^ *5000 \{"mount_id":[^\n]*\}\n$/)
  t.deepEqual({ stderr, status }, { stderr: '', status: 0 })
})

test('A pipe that somebody has made non-blocking is read to the end, however late that comes', async (t) => {
  if ((await shell(`perl -e 'use Fcntl'`)).status !== 0) return skip(t, 'no perl')
  const perl = 'use Fcntl; fcntl(STDIN, F_SETFL, O_RDONLY | O_NONBLOCK) or die; exec @ARGV'
  const words = started('aufs-mounts')
    .map((word) => `'${word}'`)
    .join(' ')
  const writing = `{ sleep 0.8; head -1 ${MOUNTINFO}; sleep 0.8; head -1 ${MOUNTINFO}; }`
  const { stdout, stderr, status } = await shell(`set -o pipefail; ${writing} | perl -e '${perl}' ${words}`)
  t.deepEqual({ count: lines(stdout).length, stderr, status }, { count: 2, stderr: '', status: 0 })
})

test('However many FILEs there are, no more than one is open', async (t) => {
  const files = Array(60).fill(MOUNTINFO).join(' ')
  const { stdout, stderr, status } = await shell(`ulimit -n 40; aufs-mounts ${files}`)
  t.is(stderr, '')
  t.is(lines(stdout).length, 60 * lines(readFileSync(MOUNTINFO, 'latin1')).length)
  t.is(status, 0)
})

test('A line of 100 MB is not held in memory', async (t) => {
  const file = `${tempFolder(t)}/peak.cjs`
  writeFileSync(
    file,
    `process.on('exit', () => require('node:fs').writeSync(1, process.resourceUsage().maxRSS + '\\n'))`,
  )
  const [program, script] = started('aufs-mounts')
  const { stdout } = await shell(
    `head -c 100000000 /dev/zero | tr '\\0' x | '${program}' --require ${file} '${script}'`,
    { NODE_V8_COVERAGE: '' },
  )
  t.true(Number(stdout) > 0 && Number(stdout) < 200_000, `${stdout.trim()} kB`)
})
