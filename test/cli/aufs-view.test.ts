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

/** The environment of no terminal, whatever the tests run in. */
const PLAIN = { COLUMNS: '', NO_COLOR: '', TERM: 'xterm' }

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
] as const) {
  test(`on a terminal ${what}, there are ${isColored ? '' : 'no '}colours`, async (t) => {
    const shown = await onTerminal(t, `${args} ${VMA_FILE}`, env)
    if (shown === null) return
    t.true(shown.includes('files of no union'), shown)
    t.is(COLOR.test(shown), isColored, shown)
  })
}

test('into a pipe there are no colours, but with --color always', async (t) => {
  const { stdout } = await run('aufs-view', [VMA_FILE])
  t.true(stdout !== '')
  t.notRegex(stdout, COLOR)
  t.regex((await run('aufs-view', ['--color', 'always', VMA_FILE])).stdout, COLOR)
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
