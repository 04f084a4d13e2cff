import { spawn } from 'node:child_process'
import { chmodSync, constants, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import type { Vma } from '../../src/vma/record.js'
import { bytesIn, linkFacts, read } from '../helpers/facts.js'
import { tempFolder } from '../helpers/folders.js'
import { isInstalled, isRoot, NOBODY, skip } from '../helpers/machine.js'
import { next, sleeper } from '../helpers/processes.js'
import { lines, outcome, run, shell, started } from '../helpers/run.js'

const filters = [
  'aufs-mounts',
  'aufs-branches',
  'aufs-vma',
  'aufs-log',
  'aufs-remount',
  'aufs-images',
  'aufs-view',
]
/** One of them runs another command, which has to be told. */
const commands = [...filters, 'aufs-criu']

const DOCKER = 'samples/leaky-01-docker'
const ODD = 'samples/leaky-04-odd'
const MOUNTINFO = `${DOCKER}/proc/112/mountinfo`
const IN_DOCKER = `--procfs ${DOCKER}/proc --sysfs ${DOCKER}/sys`
const IN_ODD = `--procfs ${ODD}/proc --sysfs ${ODD}/sys`
const version = (JSON.parse(read('package.json')) as { version: string }).version

/** Whether a program is on this machine; says that a test is skipped where it is not. */
function has(t: ExecutionContext, program: string): boolean {
  const isThere = isInstalled(program)
  if (!isThere) skip(t, `no ${program} here`)
  return isThere
}

function asRoot(t: ExecutionContext): boolean {
  if (!isRoot) skip(t, 'not root')
  return isRoot
}

function records(ndjson: string): Vma[] {
  return lines(ndjson).map((line) => bytesIn(JSON.parse(Buffer.from(line, 'latin1').toString('utf8'))) as Vma)
}

// The pipes.

test('mountinfo pipes into tables, by mount records and jq just as well', async (t) => {
  const direct = await shell(`cat ${MOUNTINFO} | aufs-branches --sysfs ${DOCKER}/sys`)
  t.deepEqual({ ...direct, stdout: '' }, { stdout: '', stderr: '', status: 0 })
  t.is(lines(direct.stdout).length, 1)
  if (!has(t, 'jq')) return
  const select = `jq -c 'select(.fs_type == "aufs")'`
  t.deepEqual(
    await shell(`aufs-mounts < ${MOUNTINFO} | ${select} | aufs-branches --sysfs ${DOCKER}/sys`),
    direct,
  )
})

test('raw records pipe into fixed ones, with jq in the middle too, and no byte is lost', async (t) => {
  const direct = await shell(`aufs-vma ${IN_ODD} --pid 325`)
  t.is(direct.status, 0)
  t.true(records(direct.stdout).some(({ link }) => link.includes('\xff')))
  t.deepEqual(await shell(`aufs-vma ${IN_ODD} --raw --pid 325 | aufs-vma ${IN_ODD}`), direct)
  if (!has(t, 'jq')) return
  t.deepEqual(await shell(`aufs-vma ${IN_ODD} --raw --pid 325 | jq -c . | aufs-vma ${IN_ODD}`), direct)
})

test('jq keeps the bytes of mounts and tables', async (t) => {
  if (!has(t, 'jq')) return
  const mountinfo = 'samples/overlay-6.18-odd-names/proc/1/mountinfo'
  const direct = await shell(`aufs-branches ${mountinfo}`)
  t.true(direct.stdout.includes('"path_b64":'))
  t.deepEqual(await shell(`aufs-mounts ${mountinfo} | jq -c . | aufs-branches`), direct)
})

test('ls -l of a map_files folder pipes into fixed records, whatever bytes the links hold', async (t) => {
  const links = `${ODD}/proc/325/map_files`
  const tables = `<(aufs-branches --sysfs ${ODD}/sys ${ODD}/proc/1/mountinfo)`
  const { stdout, stderr, status } = await shell(`ls -l ${links} | aufs-vma --branches ${tables} --root /u`)
  t.is(stderr, '')
  t.is(status, 0)
  const fixed = records(stdout)
  t.deepEqual(
    fixed.map(({ start, end, link }) => ({ range: `${start}-${end}`, link })),
    linkFacts(links),
  )
  for (const { link, path, rpath, fpath, pid, mnt_id, branch } of fixed) {
    const [, folder = '', rest = ''] = /^(\/o\/[^/]*)(\/.*)$/s.exec(link) ?? []
    t.is(branch?.path, folder)
    t.deepEqual({ path, rpath, fpath }, { path: rest, rpath: `.${rest}`, fpath: `/u${rest}` })
    t.deepEqual({ pid, mnt_id }, { pid: null, mnt_id: -1 })
  }
})

test('the log format is what sysfs says, with /sys, and aufs-log reads it back', async (t) => {
  const { stdout } = await shell(
    `aufs-branches --format log ${IN_ODD} <(cat ${ODD}/proc/1/mountinfo ${ODD}/proc/325/mountinfo)`,
  )
  const block = 'fs/aufs/si_a257da936bb3377a'
  const expected = Array.from({ length: 20 }, (_, n) => {
    const branch = read(`${ODD}/sys/${block}/br${n}`)
    return `(00.000000) /sys/${block}/br${n} : ${branch.slice(0, branch.lastIndexOf('='))}`
  })
  t.deepEqual(lines(stdout), expected)
  const back = await shell(`aufs-branches --format log ${IN_ODD} ${ODD}/proc/1/mountinfo | aufs-log`)
  const [table] = lines(back.stdout).map((line) => JSON.parse(line) as { branches: object[]; source: string })
  t.is(table?.branches.length, 20)
  t.is(table?.source, 'log')
})

test('a log pipes into the command that mounts its union again', async (t) => {
  const { stdout, stderr, status } = await shell(
    'aufs-log samples/criu-logs/map-deleted-top/criu/dump.log | aufs-remount --root /mnt/restore',
  )
  t.regex(stderr, /^aufs-remount: no permissions are told: [^\n]*\n$/)
  t.is(status, 0)
  t.regex(stdout, /^mount -t aufs -o br:\/m\/top=rw:\/m\/base=ro\+wh none \/mnt\/restore \|\|/m)
})

// What every command has.

for (const command of commands) {
  test(`${command}: --help has examples and exit statuses, --version the version`, async (t) => {
    const help = await run(command, ['--help'])
    t.is(help.status, 0)
    t.is(help.stderr, '')
    for (const part of [`Usage: ${command}`, 'Examples:', 'Exit status:', '--max-line', '--strict'])
      t.true(help.stdout.includes(part), part)
    t.deepEqual(await run(command, ['--version']), { stdout: `${version}\n`, stderr: '', status: 0 })
  })

  test(`${command}: an unknown option is wrong usage`, async (t) => {
    const { stdout, stderr, status } = await run(command, ['--nope'])
    t.is(stdout, '')
    t.is(status, 2)
    const [message = '', hint] = lines(stderr)
    t.regex(message, new RegExp(`^${command}: .*nope`))
    t.is(hint, `Try: ${command} --help`)
  })
}

for (const command of filters) {
  test(`${command}: empty input is no error`, async (t) => {
    t.deepEqual(await run(command, [], ''), { stdout: '', stderr: '', status: 0 })
    t.deepEqual(await run(command, ['-', '/dev/null'], '\n\n'), { stdout: '', stderr: '', status: 0 })
  })

  test(`${command}: a missing FILE and a folder are messages, and the exit status is 1`, async (t) => {
    const { stdout, stderr, status } = await run(command, ['/no/such', '/dev/null', '/'])
    t.is(stdout, '')
    t.is(status, 1)
    const [missing = '', folder = '', ...others] = lines(stderr)
    t.is(missing, `${command}: /no/such: no such file or directory (ENOENT)`)
    t.regex(folder, new RegExp(`^${command}: /: .*directory.*\\(EISDIR\\)$`))
    t.deepEqual(others, [])
  })

  test(`${command}: many FILEs are no trouble`, async (t) => {
    t.deepEqual(await run(command, Array(20).fill('/dev/null')), { stdout: '', stderr: '', status: 0 })
  })
}

const wrong: [command: string, args: string[]][] = [
  ...['x', '0', '-1', '1,', '1,x', '1.5', ' 1', '12345678901'].map((pid): [string, string[]] => [
    'aufs-vma',
    [`--pid=${pid}`],
  ]),
  ['aufs-vma', ['--pid']],
  ['aufs-vma', ['--pid', '1', '--all']],
  ['aufs-vma', ['--pid', '1', 'FILE']],
  ['aufs-vma', ['--all', '-']],
  ['aufs-vma', ['--all', '--root', '/']],
  ['aufs-vma', ['--pid', '1,2', '--root', '/']],
  ['aufs-branches', ['--type', 'ext4']],
  ['aufs-branches', ['--format', 'xml']],
  ['aufs-mounts', ['--max-line', '0']],
  ['aufs-mounts', ['--max-line', '-1']],
  ['aufs-mounts', ['--max-line', '1.5']],
  ['aufs-mounts', ['--max-line', 'x']],
  ['aufs-mounts', ['--max-line']],
  ['aufs-mounts', ['--format', 'log']],
  ['aufs-log', ['--pid', '1']],
  ['aufs-mounts', ['--strict=maybe']],
  ['aufs-mounts', ['--no-procfs']],
  ['aufs-mounts', ['--procfs.x', '1']],
  ['aufs-remount', ['--root.x', '1']],
  ['aufs-remount', ['--no-root']],
  ['aufs-mounts', ['--x\x1b[31my']],
  ['aufs-vma', ['--pid', '1', '--raw', '--stale']],
  ['aufs-vma', ['--compare']],
  ['aufs-vma', ['--compare', '--raw', '--all']],
  ['aufs-vma', ['--compare', '--no-stat', '--all']],
  ['aufs-vma', ['--compare', '--all', '--procfs', 'samples/leaky-01-docker/proc']],
]
for (const [command, args] of wrong) {
  test(`${[command, ...args].join(' ')} is wrong usage`, async (t) => {
    const { stdout, stderr, status } = await run(command, args)
    t.is(stdout, '')
    t.is(status, 2)
    t.true(stderr.startsWith(`${command}: `), stderr)
    t.is(lines(stderr).length, 2)
    t.is(lines(stderr).at(-1), `Try: ${command} --help`)
    t.notRegex(stderr, /[^\n -~]/)
  })
}

test('a word of the command line that is no UTF-8 is wrong usage, not another name', async (t) => {
  const { stdout, stderr, status } = await shell("aufs-mounts $'/tmp/\\xff'")
  t.deepEqual([stdout, status], ['', 2])
  t.regex(stderr, /^aufs-mounts: a word of the command line is no UTF-8\n/)
})

test('a flag takes no word that follows it for its value', async (t) => {
  const { stderr, status } = await run('aufs-mounts', ['--strict', 'true'])
  t.is(stderr, 'aufs-mounts: true: no such file or directory (ENOENT)\n')
  t.is(status, 1)
})

test('of an option that is given twice the last counts', async (t) => {
  const { stderr, status } = await run('aufs-mounts', ['--max-line', '5', '--max-line', '600', MOUNTINFO])
  t.deepEqual([stderr, status], ['', 0])
})

test('help and version that cannot be written are a message and exit status 1', async (t) => {
  for (const option of ['--help', '--version']) {
    const { stderr, status } = await shell(`aufs-mounts ${option} > /dev/full`)
    t.is(stderr, 'aufs-mounts: standard output: no space left on device (ENOSPC)\n')
    t.is(status, 1)
  }
})

test('where nobody hears the messages, the records are written all the same', async (t) => {
  const { stdout, status } = await shell(`{ echo bad; cat ${MOUNTINFO}; } | aufs-mounts 2> /dev/full`)
  t.is(lines(stdout).length, lines(read(MOUNTINFO)).length)
  t.is(status, 1)
})

test('a command runs where its folder is gone', async (t) => {
  for (const command of commands) {
    const { stdout, stderr } = await shell(
      `folder=$(mktemp -d) && cd "$folder" && rmdir "$folder" && ${command} --version`,
    )
    t.regex(stdout, /^\d+\.\d+\.\d+\n$/, command)
    t.is(stderr, '')
  }
})

test('a folder as standard input is a message', async (t) => {
  const { stderr, status } = await shell('aufs-mounts < /')
  t.is(stderr, 'aufs-mounts: stdin: illegal operation on a directory (EISDIR)\n')
  t.is(status, 1)
})

test('the same collection in two logs is one table, and a union in two files is mounted once', async (t) => {
  const log = 'samples/criu-logs/map-deleted-top/criu/dump.log'
  const { stdout } = await run('aufs-log', [log, log])
  t.is(lines(stdout).length, 1)
  const { stdout: script } = await shell(
    `aufs-log ${log} > /dev/null; aufs-remount --root /mnt <(aufs-log ${log}) <(aufs-log ${log})`,
  )
  t.is(script.match(/-t aufs/g)?.length, 1)
  t.is(script.match(/^failed=$/gm)?.length, 1)
})

// Lines that cannot be used.

test('a line that cannot be used is one message, with its number, and the others are written', async (t) => {
  const good = lines(read(MOUNTINFO)).slice(0, 6)
  const input = [...good, '1 2 a:b \x1b[31m\x9b rw', ...good, ''].join('\n')
  const { stdout, stderr, status } = await run('aufs-mounts', [], input)
  t.is(lines(stdout).length, 12)
  t.is(stderr, 'aufs-mounts: stdin:7: too few fields (5): "1 2 a:b \\u001b[31m\xef\xbf\xbd rw"\n')
  t.is(status, 1)
})

test('--strict stops at the first line that cannot be used, and what came before is written', async (t) => {
  const [good] = lines(read(MOUNTINFO))
  const input = [good, good, 'no mount', good, 'nor this', ''].join('\n')
  const { stdout, stderr, status } = await run('aufs-mounts', ['--strict', '-', MOUNTINFO], input)
  t.is(lines(stdout).length, 2)
  t.regex(stderr, /^aufs-mounts: stdin:3: [^\n]*"no mount"\n$/)
  t.is(status, 1)
})

test('a line longer than --max-line is one message, and the rest goes on', async (t) => {
  const [good = ''] = lines(read(MOUNTINFO))
  const input = [good, `${good}${'x'.repeat(200_000)}`, good, ''].join('\n')
  const { stdout, stderr, status } = await run('aufs-mounts', ['--max-line', '1000'], input)
  t.is(lines(stdout).length, 2)
  t.regex(stderr, /^aufs-mounts: stdin:2: longer than 1000 bytes[^\n]*\n$/)
  t.is(status, 1)
})

test('FILEs and standard input are read in their order, each with its own line numbers', async (t) => {
  const [first = '', second = ''] = lines(read(MOUNTINFO))
  const { stdout, stderr, status } = await run(
    'aufs-mounts',
    [MOUNTINFO, '-', MOUNTINFO],
    `bad\n${second}\n${first}`,
  )
  const ids = lines(stdout).map((line) => (JSON.parse(line) as { mount_id: number }).mount_id)
  const own = lines(read(MOUNTINFO)).map((line) => Number(line.split(' ')[0]))
  t.deepEqual(ids, [...own, Number(second.split(' ')[0]), Number(first.split(' ')[0]), ...own])
  t.regex(stderr, /^aufs-mounts: stdin:1: [^\n]*"bad"\n$/)
  t.is(status, 1)
})

// Writing.

test('a reader that has gone ends a command quietly and well', async (t) => {
  const [line = ''] = lines(read(MOUNTINFO))
  for (const [input, count] of [
    [`<(yes '${line}')`, 1],
    [`<(yes '${line}' | head -n 200000)`, 1],
    [MOUNTINFO, 1],
    [`<(yes '${line}')`, 3],
  ] as const) {
    const { stdout, stderr, status } = await shell(`set -o pipefail; aufs-mounts ${input} | head -n ${count}`)
    t.is(lines(stdout).length, count)
    t.deepEqual({ stderr, status }, { stderr: '', status: 0 })
  }
  const pids = Array(200).fill(112).join(',')
  const { stderr, status } = await shell(`set -o pipefail; aufs-vma ${IN_DOCKER} --pid ${pids} | head -n 1`)
  t.deepEqual({ stderr, status }, { stderr: '', status: 0 })
})

for (const [command, args] of [
  ['aufs-mounts', MOUNTINFO],
  ['aufs-branches', `--sysfs ${DOCKER}/sys ${MOUNTINFO}`],
  ['aufs-vma', `${IN_DOCKER} --pid 112`],
  ['aufs-log', 'samples/criu-logs/docker/criu/dump.log'],
  ['aufs-remount', '--root /x <(head -1 samples/leaky-07-mappings/expected/branches.ndjson)'],
  ['aufs-view', 'samples/criu-logs/docker/criu/expected/tables.ndjson'],
]) {
  test(`${command}: a full disk is a message and exit status 1`, async (t) => {
    const { stderr, status } = await shell(`${command} ${args} > /dev/full`)
    t.is(stderr, `${command}: standard output: no space left on device (ENOSPC)\n`)
    t.is(status, 1)
  })
}

test('a disk that fills up while it is written to is a message and exit status 1', async (t) => {
  if (!asRoot(t) || !has(t, 'unshare')) return
  const mount = 'mount -t tmpfs -o size=64k none /mnt'
  const able = await outcome('unshare', ['-m', 'sh', '-c', mount])
  if (able.status !== 0) return t.log('skipped: cannot mount a tmpfs here')
  const write = `"$@" ${Array(40).fill(MOUNTINFO).join(' ')} > /mnt/out; echo $?; wc -c < /mnt/out`
  const { stdout, stderr } = await outcome('unshare', [
    '-m',
    'sh',
    '-c',
    `${mount}; ${write}`,
    'sh',
    ...started('aufs-mounts'),
  ])
  t.deepEqual(lines(stdout), ['1', '65536'])
  t.true(stderr.includes('aufs-mounts: standard output: no space left on device (ENOSPC)\n'), stderr)
})

/** What a command has written by the time that it has been told so much, its input still open. */
async function answered(command: string, args: string[], input: string): Promise<string> {
  const [program, script] = started(command)
  const child = spawn(program, [script, ...args], { stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin.write(Buffer.from(input, 'latin1'))
  const [chunk] = (await next(child.stdout.setEncoding('latin1'), 'data')) as [string]
  child.stdin.end()
  await next(child, 'close')
  return chunk
}

test('records leave before the input ends', async (t) => {
  const [line = ''] = lines(read(MOUNTINFO))
  const sysfs = ['--sysfs', `${DOCKER}/sys`]
  t.is(lines(await answered('aufs-mounts', [], `${line}\n`)).length, 1)
  t.is(lines(await answered('aufs-branches', sysfs, `${line}\n`)).length, 1)
  const [entry = ''] = lines(read(`${DOCKER}/entries-112.ndjson`))
  t.is(lines(await answered('aufs-vma', ['--procfs', `${DOCKER}/proc`, ...sysfs], `${entry}\n`)).length, 1)
  t.is(lines(await answered('aufs-vma', [], '1-2 -> /a\n2-3 -> /b\n')).length, 1, 'text is one line late')
  const branch = (si: string) => `/sys/fs/aufs/si_${si}/br0 : /a\n`
  t.is(
    lines(await answered('aufs-log', [], branch('1') + branch('2'))).length,
    1,
    'logs are one collection late',
  )
})

test('a terminal as standard input gets a hint', async (t) => {
  if (!has(t, 'script')) return
  for (const command of filters) {
    const line = started(command)
      .map((word) => `'${word}'`)
      .join(' ')
    const { stdout } = await outcome('script', ['-qec', line, '/dev/null'])
    t.regex(
      stdout,
      new RegExp(`^${command}: reading from the terminal; try: ${command}|^${command}: .*try: `),
      command,
    )
  }
})

test('how far it is, is told on a terminal, and the pipe beside it stays one that waits', async (t) => {
  if (!has(t, 'script')) return
  const [program, script] = started('aufs-vma')
  const line = `'${program}' '${script}' --all | sh -c 'cat > /dev/null; grep flags /proc/self/fdinfo/0'`
  const { stdout } = await outcome('script', ['-qec', line, '/dev/null'])
  t.regex(stdout, /\d+\/\d+ processes/)
  t.regex(stdout, /processes\r\x1b\[K[^/]*$/, 'and taken away at the end')
  const shown = await outcome('script', ['-qec', `'${program}' '${script}' --no-stat --all`, '/dev/null'])
  t.true(shown.stdout.length > 0)
  t.notRegex(shown.stdout, /\d+\/\d+ processes/, 'not among the records')
  const [, flags = ''] = /flags:\s+(\d+)/.exec(stdout) ?? []
  t.is(Number.parseInt(flags, 8) & constants.O_NONBLOCK, 0)
  t.not(flags, '')
})

// Processes.

test('a running program is current, and every entry of map_files is told', async (t) => {
  const pid = await sleeper(t)
  const { stdout, stderr, status } = await run('aufs-vma', ['--pid', String(pid)])
  const found = records(stdout)
  const program = readlinkSync(`/proc/${pid}/exe`)
  const own = found.filter(({ path }) => path === program)
  t.true(own.length > 0)
  t.true(own.every(({ state, fixed, comm }) => state === 'current' && !fixed && comm === 'sleep'))
  t.deepEqual(
    found.map(({ start, end }) => `${start}-${end}`),
    readdirSync(`/proc/${pid}/map_files`).sort((a, b) => Number.parseInt(a, 16) - Number.parseInt(b, 16)),
  )
  if (!isRoot) return t.log('entries are not followed: not root')
  t.is(stderr, '')
  t.is(status, 0)
})

test('several processes are told in the order asked for, by commas or by repetition', async (t) => {
  const [one, other] = [await sleeper(t), await sleeper(t)]
  for (const args of [
    ['--pid', `${other},${one}`],
    ['--pid', `${other}`, '--pid', `${one}`],
  ]) {
    const { stdout, stderr, status } = await run('aufs-vma', ['--no-stat', ...args])
    t.deepEqual({ stderr, status }, { stderr: '', status: 0 })
    t.deepEqual([...new Set(records(stdout).map(({ pid }) => pid))], [other, one], args.join(' '))
  }
  t.is((await run('aufs-vma', ['--no-stat', '--pid', `${one},${one}`])).status, 0)
})

test('a process that has ended is one message, and the others are told', async (t) => {
  const child = spawn('true')
  await next(child, 'close')
  const pid = await sleeper(t)
  const { stdout, stderr, status } = await run('aufs-vma', ['--no-stat', '--pid', `${child.pid},${pid}`])
  t.true(records(stdout).every((record) => record.pid === pid))
  t.true(stdout !== '')
  t.is(stderr, `aufs-vma: pid ${child.pid}: no such process\n`)
  t.is(status, 1)
})

test('all processes are told, and those that may not be read are one message', async (t) => {
  const pid = await sleeper(t)
  const { stdout, stderr, status } = await run('aufs-vma', ['--no-stat', '--all'])
  t.true(records(stdout).some((record) => record.pid === pid))
  t.is(status, stderr === '' ? 0 : 1)
  t.regex(
    stderr,
    /^(aufs-vma: --all: \d+ of \d+ processes may not be read by this user; [^\n]*CAP_SYS_PTRACE[^\n]*\n)?$/,
  )
})

/** Runs a program as nobody, who may not write where coverage is kept. */
function asNobody(...words: string[]) {
  const [program = '', ...args] = [...NOBODY, ...words]
  return outcome(program, args, '', { NODE_V8_COVERAGE: '' })
}

test('as nobody, the process of somebody else is one message', async (t) => {
  if (!asRoot(t) || !has(t, 'setpriv')) return
  const pid = await sleeper(t)
  const { stdout, stderr, status } = await asNobody(...started('aufs-vma'), '--pid', String(pid))
  t.is(stdout, '')
  t.regex(
    stderr,
    new RegExp(
      `^aufs-vma: pid ${pid}: [^\\n]*permission denied \\(EACCES\\); try sudo \\(CAP_SYS_PTRACE\\)\\n$`,
    ),
  )
  t.is(status, 1)
})

test('as nobody, a FILE that may not be read is a message that says what lets it be', async (t) => {
  if (!asRoot(t) || !has(t, 'setpriv')) return
  const folder = tempFolder(t)
  chmodSync(folder, 0o711)
  writeFileSync(`${folder}/closed`, '', { mode: 0o600 })
  const pid = await sleeper(t)
  for (const [file, capability] of [
    [`${folder}/closed`, 'CAP_DAC_READ_SEARCH'],
    [`/proc/${pid}/environ`, 'CAP_SYS_PTRACE'],
  ]) {
    const { stderr, status } = await asNobody(...started('aufs-mounts'), file ?? '')
    t.is(stderr, `aufs-mounts: ${file}: permission denied (EACCES); try sudo (${capability})\n`)
    t.is(status, 1)
  }
})

test('as nobody, the own process is told as far as the kernel allows, and all that may not be read are one message', async (t) => {
  if (!asRoot(t) || !has(t, 'setpriv')) return
  const script =
    'sleep 3600 & trap "kill $!" EXIT; until grep -q sleep /proc/$!/comm; do :; done; "$@" --pid $!'
  const own = await asNobody('sh', '-c', script, 'sh', ...started('aufs-vma'))
  const found = records(own.stdout)
  t.true(found.length > 0)
  t.true(
    found.every(({ path, kernel }) => path.startsWith('/') && kernel.dev === null && kernel.mnt_id === null),
  )
  t.true(found.some(({ path, state }) => path.endsWith('/sleep') && state === 'current'))
  t.true(lines(own.stderr).length <= 1, own.stderr)
  const all = await asNobody(...started('aufs-vma'), '--no-stat', '--all')
  t.regex(
    all.stderr,
    /^aufs-vma: --all: \d+ of \d+ processes may not be read by this user; try sudo \(CAP_SYS_PTRACE\)\n$/,
  )
  t.is(all.status, 1)
})
