/** aufs-criu, with a stand-in for criu that tells its words and its descriptors. */
import { realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { utf8 } from '../helpers/bytes.js'
import { tempFolder, writeTree } from '../helpers/folders.js'
import { isInstalled, isRoot, skip } from '../helpers/machine.js'
import { launched, until } from '../helpers/processes.js'
import { lines, outcome, run, shell } from '../helpers/run.js'

/** A record of a file that AUFS shows by its branch. */
const vma = (path: string, ino: string, rest: object = {}) =>
  utf8(
    `${JSON.stringify({
      perms: 'r-xp',
      link: `/l/base${path}`,
      path,
      dev: '0:17',
      ino,
      mnt_id: -1,
      state: 'current',
      kernel: { dev: '254:0', ino, mnt_id: 13, mnt_listed: false },
      ...rest,
    })}\n`,
  )

/** Tells its words, then for each descriptor from 3 on what it is and how it was opened. Its status is 7. */
const STAND_IN = `printf '<%s>\\n' "$@"
n=3; while [ -e /proc/self/fd/$n ]; do
  printf '%s %s ' $n "$(readlink /proc/self/fd/$n)"; grep flags /proc/self/fdinfo/$n; n=$((n + 1))
done; exit 7`
const standIn = ['sh', '-c', STAND_IN, 'criu']

test('dump runs the command with an --external for each file, after its action', async (t) => {
  const records = vma('/bin/sh', '9350') + vma('/bin/sh', '9350') + vma('/lib/x.so', '16')
  const expected = ['<dump>', ...external('d:2486'), ...external('d:10'), '<-t>', '<4711>', '<-D>', '<i m g>']
  const words = ['dump', '--', ...standIn, 'dump', '-t', '4711', '-D', 'i m g']
  t.deepEqual(await run('aufs-criu', words, records), { stdout: told(expected), stderr: '', status: 7 })
  const folder = tempFolder(t)
  writeTree(folder, { one: vma('/bin/sh', '9350'), two: vma('/lib/x.so', '16') })
  const files = ['dump', `${folder}/one`, `${folder}/two`, ...words.slice(1)]
  t.deepEqual(await run('aufs-criu', files), { stdout: told(expected), stderr: '', status: 7 })
})

const external = (key: string) => ['<--external>', `<file[${key}]>`]
const told = (words: string[]) => words.map((word) => `${word}\n`).join('')

test('no shell reads the words, whatever they hold', async (t) => {
  const odd = ['$(exit 3)', "it's", '*', '', 'new\nline', '--', '--external', '\u001b[31m']
  const { stdout } = await run('aufs-criu', ['dump', '--', ...standIn, 'dump', ...odd], '')
  t.is(stdout, told(['dump', ...odd].map((word) => `<${word}>`)))
})

test('where CRIU finds all files by itself, the command is run as it is', async (t) => {
  const listed = vma('/bin/sh', '25', {
    mnt_id: 29,
    kernel: { dev: '0:17', ino: '25', mnt_id: 29, mnt_listed: true },
  })
  for (const input of ['', listed])
    t.is(
      (await run('aufs-criu', ['dump', '--', ...standIn, 'dump', '-t', '1'], input)).stdout,
      '<dump>\n<-t>\n<1>\n',
    )
})

test('restore opens each file below DIR, and hands it over', async (t) => {
  const root = tempFolder(t)
  writeTree(root, { 'bin/sh': 'one', 'data/sp ace': 'two' })
  writeFileSync(Buffer.from(`${root}/new\nline \xff`, 'latin1'), 'three')
  const odd = vma('/new\nline \u{fffd}', '18', {
    path_b64: Buffer.from('/new\nline \xff', 'latin1').toString('base64'),
  })
  const records = vma('/bin/sh', '16') + vma('/data/sp ace', '17', { perms: 'rw-s' }) + odd
  const words = ['restore', '--root', `${root}/./`, '--', ...standIn, 'restore', '-D', 'img']
  const { stdout, stderr, status } = await run('aufs-criu', words, records)
  t.deepEqual([stderr, status], ['', 7])
  const inherited = ['3:file[d:10]', '4:file[d:11]', '5:file[d:12]'].flatMap((fd) => [
    '<--inherit-fd>',
    `<fd[${fd.replace(':', ']:')}>`,
  ])
  const given = ['<restore>', '<--root>', `<${root}>`, ...inherited, '<-D>', '<img>']
  // 02: it can be written to as well (O_RDWR); 0100000 is O_LARGEFILE.
  const [one, two, three] = ['bin/sh 0100000', 'data/sp ace 0100002', 'new\nline \xff 0100000'].map(
    (each, i) => {
      const [, file, flags] = /^(.*) (\d+)$/s.exec(each) ?? []
      return `${3 + i} ${root}/${file} flags:\t${flags}`
    },
  )
  t.is(stdout, told([...given, `${one}`, `${two}`, `${three}`]))
})

test('many files are handed over, and none is left open', async (t) => {
  const root = tempFolder(t)
  const names = Array.from({ length: 300 }, (_, i) => `/d${i % 7}/f${i}`)
  writeTree(root, Object.fromEntries(names.map((name) => [name, name])))
  const records = names.map((name, i) => vma(name, String(i))).join('')
  const script = 'cd /proc/self/fd && exec ls -l'
  const { stdout, status } = await run(
    'aufs-criu',
    ['restore', '--root', root, '--', 'sh', '-c', script],
    records,
  )
  t.is(status, 0)
  const open = new Map(
    lines(stdout)
      .flatMap((line) => [...line.matchAll(/ (\d+) -> (.*)$/g)])
      .map(([, n, to]) => [n, to]),
  )
  for (const [i, name] of names.entries()) t.is(open.get(String(3 + i)), root + name)
  t.is([...open.values()].filter((to) => to?.startsWith(root)).length, names.length)
})

test('what does not lie below DIR, or is no regular file, is a message each, and nothing is run', async (t) => {
  const root = tempFolder(t)
  const outside = tempFolder(t)
  writeTree(outside, { file: '' })
  writeTree(root, { 'a/b': '' })
  symlinkSync(`${outside}/file`, `${root}/link`)
  symlinkSync(outside, `${root}/folder`)
  await outcome('mkfifo', [`${root}/fifo`])
  const paths = [
    '/a/b',
    '/a/../a/b',
    '/../file',
    '/link',
    '/folder/file',
    '/fifo',
    '/a',
    '/new\n\u001b',
    'a/b',
    '/a/b\\',
  ]
  const records = paths.map((path, i) => vma(path, String(i))).join('')
  const { stdout, stderr, status } = await run(
    'aufs-criu',
    ['restore', '--root', root, '--', ...standIn],
    records,
  )
  t.deepEqual([stdout, status], ['', 1])
  const missing = (path: string) => `aufs-criu: ${root}: not there, or below a symbolic link: "${path}"`
  const other = (path: string) => `aufs-criu: ${root}: no regular file: "${path}"`
  t.deepEqual(lines(stderr), [
    ...[missing('/a/../a/b'), missing('/../file'), other('/link'), missing('/folder/file'), other('/fifo')],
    ...[other('/a'), missing('/new\\n\\u001b'), missing('a/b'), missing('/a/b\\\\')],
  ])
  const strict = await run('aufs-criu', ['restore', '--strict', '--root', root, '--', ...standIn], records)
  t.is(strict.stderr, `${missing('/a/../a/b')}\n`)
  const devices = await run('aufs-criu', ['restore', '--root', '/dev', '--', ...standIn], vma('/null', '1'))
  t.deepEqual(devices, { stdout: '', stderr: 'aufs-criu: /dev: no regular file: "/null"\n', status: 1 })
  const nowhere = await run('aufs-criu', ['restore', '--root', '/no/such', '--', ...standIn], vma('/a', '1'))
  t.deepEqual([nowhere.stdout, nowhere.status], ['', 1])
})

test('a file that is not current is a message that names it, and nothing is run', async (t) => {
  const stale = vma('/lib/\u001b.so', '16', { state: 'copied_up' })
  for (const words of [['dump'], ['restore', '--root', '/'], ['dump', '--print']]) {
    const { stdout, stderr, status } = await run(
      'aufs-criu',
      [...words, '--', ...standIn],
      vma('/bin/sh', '9350') + stale + stale + vma('/bin/ls', '7', { state: null }),
    )
    t.deepEqual([stdout, status], ['', 1])
    t.deepEqual(lines(stderr), [
      'aufs-criu: stdin:2: not to be restored from its path, which shows the copy of a higher branch by now (copied_up): "/lib/\\u001b.so"',
      'aufs-criu: stdin:4: not to be restored from its path, as it is not known what that shows: "/bin/ls"',
    ])
  }
})

test('what is no record, or cannot be read, is a message, and nothing is run', async (t) => {
  const broken: [args: string[], input: string, message: RegExp][] = [
    [[], `${vma('/bin/sh', '9350')}{"path":"/x"}\n`, /^aufs-criu: stdin:2: no VMA record: /],
    [[], 'bad\n', /^aufs-criu: stdin:1: no JSON: "bad"$/],
    [['/no/such'], '', /^aufs-criu: \/no\/such: .*ENOENT/],
    [[], 'a\0b', /^aufs-criu: stdin:1: no JSON: "a\\u0000b"$/],
    [['--max-line', '5'], '{"path":1}', /^aufs-criu: stdin:1: longer than 5 bytes/],
  ]
  for (const [args, input, message] of broken) {
    const { stdout, stderr, status } = await run('aufs-criu', ['dump', ...args, '--', ...standIn], input)
    t.deepEqual([stdout, status], ['', 1])
    t.regex(stderr.trimEnd(), message)
  }
})

test('the status is that of the command, or of the signal that ended it', async (t) => {
  const status = async (...command: string[]) =>
    (await run('aufs-criu', ['dump', '--', ...command], '')).status
  t.is(await status('true'), 0)
  t.is(await status('sh', '-c', 'exit 42'), 42)
  t.is(await status('sh', '-c', 'kill -KILL $$'), 137)
  t.is(await status('sh', '-c', 'kill -TERM $$'), 143)
  const { stderr, status: missing } = await run('aufs-criu', ['dump', '--', '/no/such/criu'], '')
  t.deepEqual([stderr, missing], ['aufs-criu: /no/such/criu: no such file or directory (ENOENT)\n', 1])
})

test('standard input is the command`s where the records are in a FILE', async (t) => {
  const folder = tempFolder(t)
  writeTree(folder, { records: vma('/bin/sh', '9350') })
  const { stdout } = await run('aufs-criu', ['dump', `${folder}/records`, '--', 'cat', '-'], 'mine')
  t.is(stdout, '')
  t.is((await run('aufs-criu', ['dump', '/dev/null', '--', 'cat'], 'mine')).stdout, 'mine')
})

test('--print writes the command for a shell, and runs nothing', async (t) => {
  const records = vma('/bin/sh', '16') + vma('/new\n\u001b é', '17', { perms: 'rw-s' })
  const dump = await run('aufs-criu', ['dump', '--print', '--', 'criu', 'dump', '-D', "it's\n$x"], records)
  t.is(dump.stdout, `criu dump --external 'file[d:10]' --external 'file[d:11]' -D 'it'\\''s\n$x'\n`)
  const words = (await outcome('sh', ['-c', dump.stdout.replace(/^criu/, "printf '<%s>\\n'")])).stdout
  t.is(words, told(['<dump>', ...external('d:10'), ...external('d:11'), '<-D>', "<it's\n$x>"]))
  const restore = await run(
    'aufs-criu',
    ['restore', '--print', '--root', '/m', '--', 'criu', 'restore'],
    records,
  )
  t.deepEqual(restore, {
    stdout: utf8(`# descriptor 3: "/m/bin/sh", read
# descriptor 4: "/m/new\\n\\u001b é", read and written
criu restore --root /m --inherit-fd 'fd[3]:file[d:10]' --inherit-fd 'fd[4]:file[d:11]'
`),
    stderr: '',
    status: 0,
  })
  const full = await shell('aufs-criu dump --print -- criu dump < /dev/null > /dev/full')
  t.deepEqual(
    [full.stderr, full.status],
    ['aufs-criu: standard output: no space left on device (ENOSPC)\n', 1],
  )
})

const wrong: [words: string[], message: string][] = [
  [[], 'the first word is dump or restore'],
  [['--', 'criu', 'dump'], 'the first word is dump or restore'],
  [['checkpoint', '--', 'criu'], 'the first word is dump or restore'],
  [['dump'], 'the command that is to be run is missing, after --'],
  [['dump', '--'], 'the command that is to be run is missing, after --'],
  [['restore', '--root', '/'], 'the command that is to be run is missing, after --'],
  [['restore', '--', 'criu'], 'restore needs --root'],
  [['dump', '--root', '/', '--', 'criu'], '--root goes with restore; that of criu dump goes after --'],
]
for (const [words, message] of wrong)
  test(`${['aufs-criu', ...words].join(' ')} is wrong usage`, async (t) => {
    const stderr = `aufs-criu: ${message}\nTry: aufs-criu --help\n`
    t.deepEqual(await run('aufs-criu', words, ''), { stdout: '', stderr, status: 2 })
  })

/** pivot_root and umount2(MNT_DETACH), which Perl has to call by their numbers. */
const [PIVOT_ROOT, UMOUNT2] = process.arch === 'x64' ? [155, 166] : [41, 39]

/** A process whose root is another mount than the one of which it has mapped files; null where that cannot be. */
async function leftBehind(t: ExecutionContext): Promise<number | null> {
  if (!isRoot || !isInstalled('perl')) return null
  const folder = tempFolder(t)
  const leave = `$| = 1; my $here = "."; syscall(${PIVOT_ROOT}, $here, $here) == 0 && syscall(${UMOUNT2}, $here, 2) == 0
    or die "pivot_root: $!"; print "ready\n"; sleep 3600`
  const enter = 'mount --rbind / "$1" && cd "$1" && exec perl -e "$0"'
  const own = ['unshare', '--mount', '--propagation', 'private']
  const child = launched(t, [...own, 'sh', '-c', enter, leave, folder])
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  await until(() => output !== '' || child.exitCode !== null)
  return child.exitCode === null ? child.pid : null
}

test('the records of a process that left its mount behind pipe into a dump and a restore', async (t) => {
  const pid = await leftBehind(t)
  if (pid === null) return skip(t, 'it takes root, perl and a mount namespace')
  const { stdout: records } = await run('aufs-vma', ['--pid', String(pid)])
  const perl = realpathSync((await outcome('sh', ['-c', 'command -v perl'])).stdout.trim())
  const dump = await shell(`aufs-vma --pid ${pid} | aufs-criu dump --print -- criu dump -t ${pid}`)
  t.deepEqual([dump.stderr, dump.status], ['', 0])
  t.regex(dump.stdout, /^criu dump( --external 'file\[[0-9a-f]+:[0-9a-f]+\]'){3,} -t \d+\n$/)
  const words = ['restore', '--root', '/', '--', ...standIn, 'restore']
  const { stdout, stderr, status } = await run('aufs-criu', words, records)
  t.deepEqual([stderr, status], ['', 7])
  t.true(lines(stdout).includes(`3 ${perl} flags:\t0100000`), stdout)
  t.is(stdout.match(/<--inherit-fd>/g)?.length, dump.stdout.match(/--external/g)?.length)
})
