import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import type { BranchTable } from '../../src/unions/branch-table.js'
import { read } from '../helpers/facts.js'
import { tempFolder } from '../helpers/folders.js'
import { skip } from '../helpers/machine.js'
import { lines, outcome, run, shell, started } from '../helpers/run.js'

const DOCKER = 'samples/leaky-01-docker'
const VMAS = `aufs-vma --procfs ${DOCKER}/proc --sysfs ${DOCKER}/sys --pid 112`
const VMA_FILE = `${DOCKER}/expected/vma.ndjson`
const TABLE_FILE = `${DOCKER}/expected/branches.ndjson`

const BRANCH = {
  ...{ mount_id: 31, si: null, index: 1, id: null, path: '/l/base', perm: 'ro', attributes: [] },
}

/** The environment of no terminal, whatever the tests run in. Of colours it says nothing: to two empty words Node has one of its own. */
const PLAIN = { COLUMNS: '', TERM: 'xterm' }

function text(output: string): string {
  return Buffer.from(output, 'latin1').toString('utf8')
}

const DRAWN = {
  40: `ready  pid 112       10 files, 724.0 KiB
  0 rw     /var/lib/docke…85ed311d73bf39
    3 files   16.0 KiB  ▍
  2 ro+wh  /var/lib/docke…1729e4f4eb9041
     1 file    8.0 KiB  ▏
  3 ro+wh  /var/lib/docke…74c0ba069a3740
    2 files    8.0 KiB  ▏
  4 ro+wh  /var/lib/docke…c7d0377afdd4a2
    3 files  688.0 KiB  ███████████████▎
           files of no union
     1 file    4.0 KiB  ▏
`,
  80: `ready  pid 112                                               10 files, 724.0 KiB
  0 rw     /var/lib/docke…5ed311d73bf39  3 files   16.0 KiB  ▍
  2 ro+wh  /var/lib/docke…729e4f4eb9041   1 file    8.0 KiB  ▎
  3 ro+wh  /var/lib/docke…4c0ba069a3740  2 files    8.0 KiB  ▎
  4 ro+wh  /var/lib/docke…7d0377afdd4a2  3 files  688.0 KiB  ██████████████████
           files of no union              1 file    4.0 KiB  ▏
`,
  200: `ready  pid 112                                                                                                                                  10 files, 724.0 KiB
  0 rw     /var/lib/docker/aufs/diff/28720365c5e7476a011e4f43ac003ee5f16247a263b9d623aa85ed311d73bf39  3 files   16.0 KiB  ▉
  2 ro+wh  /var/lib/docker/aufs/diff/8a1cee436cbac1489a1883c9d886fcfc46f302c55ed4106ae31729e4f4eb9041   1 file    8.0 KiB  ▌
  3 ro+wh  /var/lib/docker/aufs/diff/2804bad6fe94a55f18b2b37e300919a5fd517b95aa81e95db574c0ba069a3740  2 files    8.0 KiB  ▌
  4 ro+wh  /var/lib/docker/aufs/diff/cae662172fd450bb0cd710a769079c05bfc5d8e35efa6576edc7d0377afdd4a2  3 files  688.0 KiB  ██████████████████████████████████████
           files of no union                                                                            1 file    4.0 KiB  ▎
`,
}

for (const [width, drawn] of Object.entries(DRAWN)) {
  test(`a container's branches are drawn in ${width} columns`, async (t) => {
    const env = { ...PLAIN, COLUMNS: width }
    const { stdout, stderr, status } = await shell(`${VMAS} | aufs-view --color never`, env)
    t.deepEqual({ drawn: text(stdout), stderr, status }, { drawn, stderr: '', status: 0 })
  })
}

test('without a terminal and without COLUMNS it is 80 columns wide', async (t) => {
  for (const COLUMNS of ['', '0', '-1', 'many'])
    t.is(text((await shell(`${VMAS} | aufs-view`, { ...PLAIN, COLUMNS })).stdout), DRAWN[80], COLUMNS)
})

test('branch tables are drawn as unions with their branches', async (t) => {
  const { stdout, stderr, status } = await shell(`aufs-view ${TABLE_FILE}`, { ...PLAIN, COLUMNS: '200' })
  t.deepEqual({ stderr, status }, { stderr: '', status: 0 })
  const tables = lines(read(TABLE_FILE)).map((line) => JSON.parse(line) as BranchTable)
  const drawn = tables.map(({ mount_point, mount_id, si, branches }) =>
    [
      `${mount_point}  aufs  si ${si}  mount ${mount_id}\n`,
      ...branches.map(({ index, perm, attributes, path }) => {
        const access = [perm, ...attributes].join('+')
        return `  ${index} ${access.padEnd('ro+wh'.length)}  ${path}\n`
      }),
    ].join(''),
  )
  t.is(text(stdout), drawn.join('\n'))
})

/** What the command shows on a terminal of 100 columns; null where there is none to be had. */
async function onTerminal(t: ExecutionContext, args: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  if ((await shell('command -v script && command -v stty')).status !== 0) {
    skip(t, 'no script or no stty here')
    return null
  }
  const words = started('aufs-view').map((word) => `'${word}'`)
  const line = `stty cols 100; ${words.join(' ')} ${args}`
  const { stdout } = await outcome('script', ['-qec', line, '/dev/null'], '', { ...PLAIN, ...env })
  return text(stdout).replaceAll('\r\n', '\n')
}

const COLOR = /\x1b\[\d+m/

for (const [what, args, env, isColored] of [
  ['by default', '', {}, true],
  ['with --color auto', '--color auto', {}, true],
  ['with NO_COLOR', '', { NO_COLOR: '1' }, false],
  ['that is dumb', '', { TERM: 'dumb' }, false],
  ['with --color never', '--color never', {}, false],
  ['with --color always and NO_COLOR', '--color always', { NO_COLOR: '1' }, true],
  ['with FORCE_COLOR and NO_COLOR', '', { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  ['with a FORCE_COLOR that says no', '', { FORCE_COLOR: '0' }, false],
  ['with --color never and FORCE_COLOR', '--color never', { FORCE_COLOR: '1' }, false],
] as const) {
  test(`on a terminal ${what}, there are ${isColored ? '' : 'no '}colours`, async (t) => {
    const shown = await onTerminal(t, `${args} ${VMA_FILE}`, env)
    if (shown === null) return
    t.true(shown.includes('files of no union'), shown)
    t.is(COLOR.test(shown), isColored, shown)
  })
}

for (const [args, env, isColored] of [
  ['', {}, false],
  ['--color always', {}, true],
  ['', { FORCE_COLOR: '1' }, true],
  ['', { FORCE_COLOR: 'true', NO_COLOR: '1', TERM: 'dumb' }, true],
  ['', { FORCE_COLOR: 'false' }, false],
  ['--color never', { FORCE_COLOR: '3' }, false],
] as const)
  test(`into a pipe with ${JSON.stringify(env)} ${args} there are ${isColored ? '' : 'no '}colours`, async (t) => {
    const { stdout, stderr } = await shell(`aufs-view ${args} ${VMA_FILE} | cat`, { ...PLAIN, ...env })
    t.is(stderr, '')
    t.true(stdout !== '')
    t.is(COLOR.test(stdout), isColored)
  })

test('it is as wide as the terminal, or as COLUMNS says', async (t) => {
  for (const [COLUMNS, width] of [
    ['', '100'],
    ['70', '70'],
  ] as const) {
    const shown = await onTerminal(t, `--color never ${VMA_FILE}`, { COLUMNS })
    if (shown === null) return
    const { stdout } = await shell(`aufs-view --color never ${VMA_FILE}`, { ...PLAIN, COLUMNS: width })
    t.is(shown, text(stdout))
  }
})

test('nothing is drawn of an empty input', async (t) => {
  t.deepEqual(await run('aufs-view', []), { stdout: '', stderr: '', status: 0 })
  t.deepEqual(await run('aufs-view', ['--color', 'always'], '\n\n'), { stdout: '', stderr: '', status: 0 })
})

test('a line that is no record is a message, and the others are drawn', async (t) => {
  const [vma = ''] = lines(read(VMA_FILE))
  const input = `${vma}\n{"pid":1}\n400000-401000 -> /bin/sh\n${vma}\n`
  const { stdout, stderr, status } = await run('aufs-view', [], input)
  t.deepEqual(lines(stderr), [
    'aufs-view: stdin:2: no VMA record or branch table: "start" is missing: "{\\"pid\\":1}"',
    'aufs-view: stdin:3: no JSON: "400000-401000 -> /bin/sh"',
  ])
  t.is(status, 1)
  t.regex(stdout, /^ready {2}pid 112 /)
})

test('--strict stops at the first, and what was read before is drawn', async (t) => {
  const [vma = ''] = lines(read(VMA_FILE))
  const { stdout, stderr, status } = await run('aufs-view', ['--strict'], `${vma}\nbad\nworse\n`)
  t.is(lines(stderr).length, 1)
  t.regex(stdout, /^ready {2}pid 112 /)
  t.is(status, 1)
})

test('a colour that there is not, and a page without a name, are wrong usage', async (t) => {
  for (const args of [['--color', 'pink'], ['--html']]) t.is((await run('aufs-view', args)).status, 2)
})

// A whole host.

/** Two workers of a container that map a replaced file, one process that has a union, and two that have none. */
const HOST = [
  { pid: 3, comm: 'shell', path: '/bin/sh', branch: BRANCH, rpath: './bin/sh', state: 'current' },
  { pid: 4, comm: 'cron', path: '/usr/sbin/cron', branch: null, state: 'current', start: '0', end: '400000' },
  { pid: 5, comm: 'sshd', path: '/usr/sbin/sshd', branch: null, state: 'replaced' },
  ...[7, 8].flatMap((pid) => [
    { pid, comm: 'web', path: '/lib/a', branch: BRANCH, rpath: './lib/a', state: 'replaced' },
    { pid, comm: 'web', path: '/lib/b', branch: null, rpath: './lib/b', state: 'current' },
    { pid, comm: 'web', path: '/lib/c', branch: BRANCH, rpath: './lib/c', state: 'copied_up' },
  ]),
]
  .map((record) => `${JSON.stringify({ start: '1000', end: '9000', perms: 'r--p', ...record })}\n`)
  .join('')

const WHOLE = `3 of 5 processes map stale files

By image or layer
  /l/base                      3 processes  3 files  █████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒
  ▒ 1 replaced, 1 copied up
  files of no union            2 processes  2 files  █████████▒▒▒▒▒▒▒▒▒
  ▒ 1 replaced
  files of a branch not known  2 processes   1 file  █████████

2 × web  pids 7 …                                         3 files, 96.0 KiB each
  1 ro  /l/base                      2 files  64.0 KiB  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒
        ▒ 1 replaced, 1 copied up
  ?     files of a branch not known   1 file  32.0 KiB  ████████

sshd  pid 5                                                     1 file, 32.0 KiB
        files of no union             1 file  32.0 KiB  ▒▒▒▒▒▒▒▒
        ▒ 1 replaced

shell  pid 3                                                    1 file, 32.0 KiB
  1 ro  /l/base                       1 file  32.0 KiB  ████████

1 process of no union, without stale files (--all)
`

test('of a whole host stale processes are first, alike ones one, and those without a union counted', async (t) => {
  t.is(await drawnHost(''), WHOLE)
})

/** The host in 80 columns. */
async function drawnHost(args: string): Promise<string> {
  const env = { ...PLAIN, COLUMNS: '80' }
  const words = args === '' ? [] : args.split(' ')
  const { stdout, stderr, status } = await outcome(...aufsView(words), HOST, env)
  return `${text(stdout)}${stderr}${status === 0 ? '' : status}`
}

function aufsView(words: string[]): [string, string[]] {
  const [program, script] = started('aufs-view')
  return [program, [script, ...words]]
}

/** The processes that are drawn, by their headings. */
function headings(drawn: string): string[] {
  return [...drawn.matchAll(/^(\S.*?) {2}pids? /gm)].map(([, name = '']) => name)
}

for (const [args, names, isCounted] of [
  ['', ['2 × web', 'sshd', 'shell'], true],
  ['--stale', ['2 × web', 'sshd'], false],
  ['--unions', ['2 × web', 'shell'], false],
  ['--stale --unions', ['2 × web'], false],
  ['--all', ['2 × web', 'sshd', 'shell', 'cron'], false],
  ['--all --sort size', ['cron', '2 × web', 'shell', 'sshd'], false],
  ['--all --sort files', ['2 × web', 'shell', 'cron', 'sshd'], false],
  ['--all --sort name', ['cron', 'shell', 'sshd', '2 × web'], false],
  ['--all --sort pid', ['shell', 'cron', 'sshd', '2 × web'], false],
] as const)
  test(`aufs-view ${args} draws ${names.join(', ')}`, async (t) => {
    const drawn = await drawnHost(args)
    t.deepEqual(headings(drawn), names)
    t.is(drawn.includes('1 process of no union, without stale files (--all)'), isCounted)
  })

test('where no process has a union or a stale file, all are drawn', async (t) => {
  const records = lines(HOST).filter((line) => /"(cron)"/.test(line))
  const host = [...records, ...records.map((line) => line.replace('"cron"', '"at"'))].join('\n')
  const { stdout } = await outcome(...aufsView([]), `${host}\n`, PLAIN)
  t.deepEqual(headings(text(stdout)), ['cron', 'at'])
  t.regex(text(stdout), /^None of 2 processes maps stale files\n/)
  const unknown = host.replaceAll('"current"', 'null')
  const told = await outcome(...aufsView([]), `${unknown}\n`, PLAIN)
  t.regex(told.stdout, /^None of 2 processes is known to map stale files\n/)
})

test('an order that there is not is wrong usage', async (t) => {
  t.is((await run('aufs-view', ['--sort', 'colour'])).status, 2)
})

// The page, as a file.

test('--html writes a page, whole, with its mode kept, and leaves nothing beside it', async (t) => {
  const folder = tempFolder(t)
  mkdirSync(`${folder}/real`)
  const file = `${folder}/real/page.html`
  t.deepEqual(await run('aufs-view', ['--html', file, VMA_FILE]), { stdout: '', stderr: '', status: 0 })
  const page = readFileSync(file, 'latin1')
  t.true(page.startsWith('<!doctype html>\n') && page.endsWith('</html>\n'))

  writeFileSync(file, 'old')
  chmodSync(file, 0o600)
  symlinkSync('real/page.html', `${folder}/link.html`)
  t.is((await run('aufs-view', ['--html', `${folder}/link.html`, VMA_FILE])).status, 0)
  t.is(readFileSync(file, 'latin1'), page)
  t.is(statSync(file).mode & 0o777, 0o600)
  t.deepEqual(readdirSync(folder).sort(), ['link.html', 'real'])
  t.deepEqual(readdirSync(`${folder}/real`), ['page.html'])

  t.is((await run('aufs-view', ['--html', '-', VMA_FILE])).stdout, page)
  t.is((await shell(`aufs-view --html /dev/stdout ${VMA_FILE} | cat`)).stdout, page)
})

test('a page that cannot be written is a message and exit status 1', async (t) => {
  const folder = tempFolder(t)
  for (const [file, reason] of [
    [`${folder}/none/page.html`, 'no such file or directory (ENOENT)'],
    [folder, 'illegal operation on a directory (EISDIR)'],
    ['/dev/full', 'no space left on device (ENOSPC)'],
  ] as const) {
    const told = await run('aufs-view', ['--html', file, VMA_FILE])
    t.deepEqual(told, { stdout: '', stderr: `aufs-view: ${file}: ${reason}\n`, status: 1 })
  }
  t.deepEqual(readdirSync(folder), [])
  t.true(statSync('/dev/full').isCharacterDevice())
})

test('a page that cannot be written whole leaves what was there, and nothing beside it', async (t) => {
  const folder = tempFolder(t)
  const file = `${folder}/page.html`
  writeFileSync(file, 'old')
  const limited = (name: string) =>
    shell(`trap '' XFSZ; ulimit -f 4; aufs-view --html '${folder}/${name}' ${VMA_FILE}`, {
      NODE_V8_COVERAGE: '',
    })
  for (const name of ['page.html', 'new.html']) {
    const { stderr, status } = await limited(name)
    t.is(stderr, `aufs-view: ${folder}/${name}: file too large (EFBIG)\n`)
    t.is(status, 1)
  }
  t.deepEqual(readdirSync(folder), ['page.html'])
  t.is(readFileSync(file, 'latin1'), 'old')
})

test('a page may have a name as long as names may be', async (t) => {
  const folder = tempFolder(t)
  const name = 'x'.repeat(255)
  t.deepEqual(await run('aufs-view', ['--html', `${folder}/${name}`, VMA_FILE]), {
    ...{ stdout: '', stderr: '', status: 0 },
  })
  t.deepEqual(readdirSync(folder), [name])
})
