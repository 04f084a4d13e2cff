import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { InputError } from '../../../src/errors.js'
import { ndjsonLine } from '../../../src/text/json.js'
import type { Branch, BranchTable } from '../../../src/unions/branch-table.js'
import { remount, remountCommands, remountFilter } from '../../../src/unions/remount/remount.js'
import { tell } from '../../helpers/filters.js'
import { tempFolder } from '../../helpers/folders.js'
import { isInstalled, skip } from '../../helpers/machine.js'
import { type Outcome, outcome } from '../../helpers/run.js'
import { table as plainTable } from '../../helpers/tables.js'

const SHELLS = ['sh', 'dash', 'bash'].filter(isInstalled)
const ALL_BYTES = Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1))
const NAME_BYTES = ALL_BYTES.filter((byte) => byte !== '/')

/** Branches of these paths; what follows a NUL is the permission. */
function table(paths: (string | null)[], fields: Partial<BranchTable> = {}): BranchTable {
  const branches = paths.map((text, index): Branch => {
    const [path = null, permission] = text?.split('\0') ?? []
    const [perm = null, ...attributes] = permission?.split('+') ?? []
    return { index, id: null, path, perm, attributes }
  })
  return plainTable([], { mount_id: 30, si: '1a', source: 'log', branches, ...fields })
}

/** The commands of a script, without what stands before and after those of every script. */
const commandsIn = (script: string) =>
  script.replace(/^export LIBMOUNT_FORCE_MOUNT2=always\nfailed=\n/, '').replace(/test -z "\$failed"\n$/, '')

/** The commands for one table. */
const commandsOf = (one: BranchTable, root: string | null) => commandsIn(remountCommands(one, { root }))

const FAILED = ' || failed="$failed 0 "\n'

/** The script for some tables, and what is wrong with the others. */
function scriptOf(tables: object[], root: string | null): { script: string; errors: string[] } {
  const filter = remountFilter({ root })
  let script = ''
  const errors: string[] = []
  tables.forEach((each, i) => {
    try {
      const line = { text: ndjsonLine(each).trimEnd(), number: i + 1 }
      filter.line(
        line,
        (text) => (script += text),
        (t) => errors.push(t.message),
      )
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      errors.push(error.message)
    }
  })
  filter.end?.(
    (text) => (script += text),
    () => {},
  )
  return { script, errors }
}

interface Ran {
  status: number | null
  stderr: string
  /** The words of each mount that was run. */
  mounts: string[][]
  /** Where the links led while it ran. */
  links: Map<string, string>
}

/**
 * Writes down its words, and where the links in them lead. It is run for a thousand mounts, so only where there are links
 * does it run another program.
 */
const RECORDER = `#!/bin/sh
LC_ALL=C
printf '%s\\0' "$#" "$@" >> "$RECORD.words"
words=$*
case $words in */tmp/aufs-remount.*)
  name=\${words#*/tmp/aufs-remount.}
  find "/tmp/aufs-remount.\${name%%/*}" -type l -printf '%p\\0%l\\0' >> "$RECORD.links"
esac
`

/** Runs a script with a mount that only writes down its words, and where the links in them lead. */
async function run(t: ExecutionContext, shell: string, script: string, then = 'exit 0'): Promise<Ran> {
  const folder = tempFolder(t)
  writeFileSync(`${folder}/mount`, `${RECORDER}${then}\n`, { mode: 0o755 })
  const record = `${folder}/record`
  for (const kind of ['words', 'links']) writeFileSync(`${record}.${kind}`, '')
  const env = { PATH: `${folder}:${process.env.PATH}`, RECORD: record }
  // As in helpers/run.ts: of a socket bash would read ~/.bashrc.
  const { status, stderr } = await outcome(shell, shell === 'bash' ? ['--norc'] : [], script, env)
  const read = (kind: string) => readFileSync(`${record}.${kind}`, 'latin1').split('\0').slice(0, -1)
  return { status, stderr, mounts: callsOf(read('words')), links: pairs(read('links')) }
}

function callsOf(words: string[]): string[][] {
  const calls: string[][] = []
  for (let i = 0; i < words.length; ) {
    const count = Number(words[i])
    calls.push(words.slice(i + 1, i + 1 + count))
    i += 1 + count
  }
  return calls
}

function pairs(texts: string[]): Map<string, string> {
  return new Map(texts.flatMap((text, i) => (i % 2 === 0 ? [[text, texts[i + 1] ?? '']] : [])))
}

interface MountedUnion {
  target: string
  /** Each as `PATH\0PERM`. */
  branches: string[]
}

/** What AUFS would mount: a model of how mount and AUFS were seen to read options. */
function aufsBranches({ mounts, links }: Ran): MountedUnion[] {
  const unions: MountedUnion[] = []
  for (const words of mounts) {
    const [options = '', source, target = ''] = words.slice(words.indexOf('-o') + 1)
    if (options.length > 4000 || options.includes('"') || source !== 'none') throw new Error(options)
    if (isNewMount(words)) unions.push({ target, branches: [] })
    const union = unions.at(-1)
    if (union?.target !== target) throw new Error('another target')
    for (const member of membersIn(words, options)) union.branches.push(branchOf(member, links))
  }
  return unions
}

const isNewMount = (words: string[]) => words[0] === '-t' && words[1] === 'aufs' && words.length === 6

/** The branches in the options of one mount, each as `PATH=PERM`. Only a new mount may have `br:`. */
function membersIn(words: string[], options: string): string[] {
  const [first = '', ...others] = options.split(',')
  const isNew = isNewMount(words)
  const isRemount = words[0] === '-i' && first === 'remount' && words.length === 5
  if (!isNew && !isRemount) throw new Error(words.join(' '))
  return (isNew ? [first, ...others] : others).flatMap((option) => {
    const [, name, value = ''] = /^([a-z]+):(.*)$/s.exec(option) ?? []
    if (name === 'append') return [value]
    if (name === 'br' && isNew) return value.split(':')
    throw new Error(option)
  })
}

function branchOf(member: string, links: Ran['links']): string {
  const cut = member.indexOf('=')
  const [path, perm] = [member.slice(0, cut), member.slice(cut + 1)]
  if (!path.startsWith('/') || !/^r[wor](\+[a-z]+)*$/.test(perm)) throw new Error(member)
  return `${links.get(path) ?? path}\0${perm}`
}

const isGone = ({ links }: Ran) => [...links.keys()].every((link) => !existsSync(link.replace(/\/\d+$/, '')))

test('The command is the one that people write by hand, where nothing is odd', (t) => {
  const plain = table(['/a\0rw', '/b\0ro+wh'])
  t.is(commandsOf(plain, '/mnt/restore'), `mount -t aufs -o br:/a=rw:/b=ro+wh none /mnt/restore${FAILED}`)
  t.is(
    commandsOf({ ...plain, mount_point: '/u' }, null),
    `mount -t aufs -o br:/a=rw:/b=ro+wh none /u${FAILED}`,
  )
})

test('Permissions that are not known: the topmost rw, the others ro+wh, which the script and a note say', (t) => {
  const notes: string[] = []
  const script = remountCommands(table(['/a', '/b', '/c']), { root: '/u', note: (note) => notes.push(note) })
  const said = 'no permissions are told: the topmost branch is mounted rw, the others as they mostly are'
  t.is(commandsIn(script), `# ${said}\nmount -t aufs -o br:/a=rw:/b=ro+wh:/c=ro+wh none /u${FAILED}`)
  t.deepEqual(notes, [said])
})

test('What is right of many tables but not all that was, is said once', (t) => {
  const notes: string[] = []
  const filter = remountFilter({ root: '/u', note: (note) => notes.push(note) })
  const tables = ['/a', '/c'].map((path) => JSON.stringify({ ...table([path, '/b']), si: path.slice(1) }))
  t.deepEqual(tell(filter, tables).errors, [])
  t.is(notes.length, 1)
})

test('A colon needs append:, and all branches after it too', (t) => {
  t.is(
    commandsOf(table(['/a\0rw', '/b\0ro', '/co:lon\0ro', '/c\0ro']), '/u'),
    `mount -t aufs -o br:/a=rw:/b=ro,append:/co:lon=ro,append:/c=ro none /u${FAILED}`,
  )
})

test('Past one page of options the other branches follow by remounting', async (t) => {
  const paths = Array.from({ length: 127 }, (_, i) => `/${'x'.repeat(90)}${i}`)
  const { mounts } = await run(t, 'sh', commandsOf(table(paths), '/u'))
  t.deepEqual(
    mounts.map(([first]) => first),
    ['-t', '-i', '-i', '-i'],
  )
  t.true(mounts.slice(0, -1).every((words) => words.some((word) => word.length > 3800)))
})

test('What follows by remounting takes an append: for each branch, since br: alone is cut at colons', async (t) => {
  const branches = Array.from({ length: 60 }, (_, i) => `/${String(i).padStart(99, 'x')}\0ro`)
  const ran = await run(t, 'sh', remountCommands(table(branches), { root: '/u' }))
  t.is(ran.mounts.length, 2)
  t.deepEqual(aufsBranches(ran), [{ target: '/u', branches }])
})

for (const shell of SHELLS) {
  test(`Every byte in every place comes through ${shell}`, async (t) => {
    const names = NAME_BYTES.flatMap((byte) => [`/o/${byte}`, `/p/a${byte}`, `/q/${byte}z`])
    const all = [
      ...names,
      `/${'l'.repeat(4090)}`,
      '/-o',
      '/$HOME`id`$(id)',
      '/*',
      '/~',
      `/${NAME_BYTES.join('')}`,
    ]
    const targets = NAME_BYTES.map((byte) => `/m/${byte}m${byte}`)
    const tops = all.map((path) => table([path, '/base'], { mount_point: '/m' }))
    const { script, errors } = scriptOf(
      [
        table(
          all.map((path) => `${path}\0ro`),
          { mount_point: '/m' },
        ),
        ...tops,
      ],
      '/u',
    )
    t.deepEqual(errors, [])
    const ran = await run(t, shell, script)
    t.deepEqual([ran.status, ran.stderr], [0, ''])
    const [together, ...each] = aufsBranches(ran)
    t.deepEqual(
      together?.branches,
      all.map((path) => `${path}\0ro`),
    )
    t.deepEqual(
      each.map(({ branches }) => branches),
      all.map((path) => [`${path}\0rw`, '/base\0ro+wh']),
    )
    t.true(ran.links.size > all.length / 100 && isGone(ran))
    const places = await run(t, shell, targets.map((target) => commandsOf(table(['/a,b']), target)).join(''))
    t.deepEqual(
      aufsBranches(places).map(({ target }) => target),
      targets,
    )
  })

  test(`A mount that fails fails the script of ${shell}, and the links are gone`, async (t) => {
    const { script } = scriptOf([table(['/a,b']), table(['/c'])], '/u')
    const ran = await run(t, shell, script, 'exit 32')
    t.deepEqual([ran.status, ran.mounts.length, ran.links.size], [1, 2, 1])
    t.true(isGone(ran))
  })

  test(`A signal ends the script of ${shell}, and the links are gone`, async (t) => {
    const { script } = scriptOf([table(['/a,b']), table(['/c'])], '/u')
    const ran = await run(t, shell, script, 'case $* in */tmp/*) kill -TERM $PPID ;; esac; exit 0')
    t.deepEqual([ran.status, ran.mounts.length, ran.links.size], [1, 2, 1])
    t.true(isGone(ran))
  })
}

test('Any table comes back: the same paths and permissions, in their order', async (t) => {
  const odd = fc.constantFrom(...',:="\\\' \n\t$`(;', '\xc3\xa9', '\xff', 'a')
  const byte = fc.oneof(odd, fc.constantFrom(...ALL_BYTES))
  const path = fc.string({ unit: byte, minLength: 1, maxLength: 300 }).map((name) => `/p${name}`)
  const paths = fc.uniqueArray(path, { minLength: 1, maxLength: 40 })
  const perms = fc.array(fc.constantFrom('rw', 'ro', 'rr+wh', 'ro+coo_reg+wh', 'rw+nolwh'), {
    minLength: 40,
    maxLength: 40,
  })
  await fc.assert(
    fc.asyncProperty(paths, perms, fc.constantFrom(...SHELLS), async (all, permissions, shell) => {
      const branches = all.map((each, i) => `${each}\0${permissions[i]?.replace('_', '')}`)
      const ran = await run(t, shell, commandsOf(table(branches), '/u'))
      t.deepEqual(aufsBranches(ran), [{ target: '/u', branches }])
      t.true(ran.status === 0 && isGone(ran))
    }),
    { numRuns: 60 },
  )
})

const refused: Record<string, [table: BranchTable, message: RegExp, target?: string | null]> = {
  'a layer on a detached mount': [table(['/a\0rw', '/\0ro+detached']), /branch 1 is on a mount of its own/],
  'a volatile overlay': [
    table(['/a\0rw', '/b\0ro'], { fs_type: 'overlay', workdir: '/w', options: ['volatile'] }),
    /volatile: overlayfs takes no upper folder again/,
  ],
  'an idmapped mount': [table(['/a'], { mount_options: ['rw', 'idmapped'] }), /cannot be set: "idmapped"/],
  'a relative mount point': [table(['/a']), /no mount point: "u"/, 'u'],
  'a branch that is not known': [table(['/a', null]), /path of branch 1 is not known/],
  'a root that was removed': [
    table(['/a'], { root: '/dir//deleted' }),
    /root was removed: "\/dir\/\/deleted"/,
  ],
  'a mount point that was removed': [table(['/a']), /mount point was removed/, '/u//deleted'],
  'a folder of the union over /, where its look-up would find the folder of the host': [
    table(['/a'], { root: '/home' }),
    /cannot be put over \/: "\/home"/,
    '/',
  ],
  'the same path twice': [table(['/a', '/b', '/a']), /branch 2 is there twice: "\/a"/],
  'a writable /': [table(['/\0rw', '/b']), /branch 0 is a writable \//],
  'a writable / by another name': [table(['//./..\0rw', '/b']), /branch 0 is a writable \//],
  'a topmost / that would be writable': [table(['/', '/b']), /branch 0 is a writable \//],
  'a removed folder': [table(['/a', '/b (deleted)']), /branch 1 was removed/],
  'a relative path': [table(['/a', 'l/B']), /branch 1 is no absolute path/],
  'an empty path': [table(['/a', '']), /branch 1 is no absolute path/],
  'no branches': [table([]), /without branches/],
  'a permission that ends its option': [table(['/a\0rw,exec']), /no permission of AUFS: "rw,exec"/],
  'an attribute that no kernel would read back': [table(['/a\0rw+x1']), /no permission of AUFS: "rw\+x1"/],
  'a permission without an end': [table([`/a\0rw${'+wh'.repeat(5000)}`]), /no permission of AUFS/],
  'a removed root': [table(['/a'], { root: '/x (deleted)' }), /the root was removed/],
  'an upper folder without a workdir': [
    table(['/a\0rw', '/b\0ro'], { fs_type: 'overlay' }),
    /without a workdir/,
  ],
  'a relative workdir': [
    table(['/a\0rw', '/b\0ro'], { fs_type: 'overlay', workdir: 'w' }),
    /the workdir is no absolute path/,
  ],
  'two upper folders': [
    table(['/a\0rw', '/b\0rw'], { fs_type: 'overlay', workdir: '/w' }),
    /only the topmost layer/,
  ],
  'more layers than overlayfs takes': [
    table(
      Array.from({ length: 501 }, (_, i) => `/${i}\0ro`),
      { fs_type: 'overlay' },
    ),
    /501 lower layers, of which overlayfs takes 500/,
  ],
}

for (const [name, [bad, message, target = '/u']] of Object.entries(refused)) {
  test(`No command but an error for ${name}`, (t) => {
    t.throws(() => commandsOf(bad, target), { instanceOf: InputError, message })
  })
}

test('Without --root a table needs a mount point of its own', (t) => {
  t.throws(() => commandsOf(table(['/a'], { mount_point: null }), null), { message: /--root DIR/ })
  t.throws(() => commandsOf(table(['/a']), ''), { message: /no mount point/ })
  t.throws(() => commandsOf(table(['/a']), '/x'.repeat(2048)), { message: /no mount point/ })
})

test('A folder of the union is bound from a place where all of it is mounted for a moment', (t) => {
  const commands = commandsOf(table(['/a\0rw'], { root: "/d'r" }), '/u').split('\n')
  const shown = commands.filter((line) => /^ *(mkdir|mount|within|needs) /.test(line))
  t.deepEqual(shown, [
    'mkdir "$all"/0 &&',
    'mount -t aufs -o br:/a=rw none "$all"/0 || failed="$failed 0 "',
    'needs 0 /u &&',
    `within "$all"/0 "$all"/0'/d'\\''r' &&`,
    `mount --bind "$all"/0'/d'\\''r' /u || failed="$failed 1 "`,
  ])
})

test('The first union goes to the root, one in a folder of it to that folder, one elsewhere nowhere', async (t) => {
  const folder = tempFolder(t)
  mkdirSync(`${folder}/vol`)
  symlinkSync('/etc', `${folder}/out`)
  const places = ['/c', '/c/vol', '/cd', null, '/c/out', '/c']
  const tables = places.map((mount_point, i) => table([`/${i}`], { mount_point }))
  const { script, errors } = scriptOf(tables, folder)
  const ran = await run(t, 'sh', script)
  t.deepEqual(
    aufsBranches(ran).map(({ target }) => target),
    [folder, `${folder}/vol`, folder, folder],
  )
  t.deepEqual(errors, ['not mounted below the first union, and --root tells where that goes: "/cd"'])
  t.is(ran.stderr, `aufs-remount: ${folder}/out: does not lead to a place below ${folder}\n`)
})

test('One script: it goes on after a failure, fails at its end, and mount is told to hand options over whole', async (t) => {
  const { script } = scriptOf([table(['/a']), table(['/b'])], '/u')
  t.is(script.split('\n')[0], 'export LIBMOUNT_FORCE_MOUNT2=always')
  for (const shell of SHELLS) {
    const ran = await run(t, shell, script, 'case $* in *br:/a=*) exit 32 ;; esac')
    t.deepEqual([ran.status, ran.mounts.length], [1, 2])
  }
})

test('what lies in what could not be mounted, or is bound from it, is not mounted anywhere else', async (t) => {
  const at = (mount_point: string, path: string) => table([`${path}\0rw`], { mount_point })
  const { script } = scriptOf(
    [at('/c', '/a'), at('/c/vol', '/b'), at('/c/again', '/a'), at('/c', '/d')],
    null,
  )
  for (const shell of SHELLS) {
    const ran = await run(t, shell, script, 'case $* in *br:/a=*) exit 32 ;; esac')
    t.deepEqual(
      ran.mounts.map((words) => words.at(-1)),
      ['/c', '/c'],
    )
    t.deepEqual(ran.stderr.match(/(?<=aufs-remount: )[^:]*/g), ['/c/vol', '/c/again'])
  }
})

test('a table that is refused does not keep the others from being mounted, and the script fails', async (t) => {
  const { script, errors } = scriptOf([table(['/a\0rw']), table([null]), table(['/b\0rw'])], '/u')
  t.is(errors.length, 1)
  const ran = await run(t, 'sh', script)
  t.deepEqual([ran.status, ran.mounts.length], [1, 2])
})

const hostile: Record<string, string> = {
  'no JSON': '{"branches"',
  'a number': '7',
  null: 'null',
  'an array': '[]',
  'an object without branches': '{"fs_type":"aufs","mount_point":"/","root":"/","workdir":null}',
  'branches that are no array': JSON.stringify({ ...table([]), branches: { length: 1 } }),
  'a branch that is none': JSON.stringify({ ...table([]), branches: [null] }),
  'a branch without a path': JSON.stringify({ ...table([]), branches: [{ perm: null, attributes: [] }] }),
  'a path that is a number': JSON.stringify({
    ...table([]),
    branches: [{ path: 1, perm: null, attributes: [] }],
  }),
  'attributes that are text': JSON.stringify({
    ...table([]),
    branches: [{ path: '/a', perm: 'ro', attributes: 'wh' }],
  }),
  'a NUL in a path': JSON.stringify({
    ...table([]),
    branches: [{ path: '/a\0/b', perm: 'ro', attributes: [] }],
  }),
  'a NUL in base64': JSON.stringify({
    ...table([]),
    branches: [{ path: '/a', path_b64: 'AA==', perm: 'ro', attributes: [] }],
  }),
  'a type that is no union': JSON.stringify({ ...table(['/a']), fs_type: 'ext4' }),
  'fields of a prototype': `{"__proto__":${JSON.stringify(table(['/a']))}}`,
  'a mount record': '{"mount_id":1,"root":"/","mount_point":"/","fs_type":"aufs"}',
  'many brackets': '['.repeat(100_000),
}

test('What is no branch table is an error of its line, and the others go on', async (t) => {
  const lines = Object.values(hostile).map((line, i) => `${line}\n${ndjsonLine(table([`/${i}`]))}`)
  const errors: InputError[] = []
  const stream = remount({ root: '/u', onError: (error) => void errors.push(error) })
  const chunks = await Readable.from([Buffer.from(lines.join(''))])
    .pipe(stream)
    .toArray()
  t.is(
    Buffer.concat(chunks)
      .toString()
      .split(/mount -t aufs -o br:\/\d+=rw none \/u \|\|/).length - 1,
    lines.length,
  )
  t.deepEqual(
    errors.map(({ line }) => line),
    lines.map((_, i) => 2 * i + 1),
  )
  for (const { message } of errors)
    t.regex(message, /^(no (JSON|branch table): |the path of branch 0 is not known$)/)
})

test('The stream writes bytes as they are', async (t) => {
  const line =
    '{"fs_type":"aufs","mount_point":"/u","root":"/","workdir":null,"branches":[{"path":"/é\ufffd","path_b64":"L8Op/w==","perm":"rw","attributes":[]}]}'
  const chunks = await Readable.from([Buffer.from(line)])
    .pipe(remount())
    .toArray()
  t.is(
    Buffer.concat(chunks).toString('latin1').split('\n')[2],
    `mount -t aufs -o 'br:/\xc3\xa9\xff=rw' none /u || failed="$failed 0 "`,
  )
})

/** A shell word, quoted in the simplest way. */
const q = (text: string) => `'${text.split("'").join("'\\''")}'`

/** Runs a script in a mount namespace of its own with an empty /tmp; null where that is not allowed. */
async function isolated(script: string): Promise<Outcome | null> {
  const prepare =
    'mount -t tmpfs none /tmp && mount -t tmpfs none /run && cd /tmp && mkdir /tmp/u || exit 99\n'
  const ran = await outcome('unshare', ['-m', 'sh'], prepare + script)
  return ran.status === 99 || ran.stderr.includes('unshare') ? null : ran
}

interface Real {
  layers: string[]
  upper?: string
  workdir?: string
}

const long = (name: string) => `/tmp/${name.padEnd(200, 'x')}`
const many = Array.from({ length: 100 }, (_, i) => long(`l${i}`))
const oddNames = [
  'com,ma',
  'co:lon',
  'back\\slash',
  'both\\,',
  'both\\:',
  '\\,',
  'end,',
  'end\\',
  'qu"ote',
  'two"q"s',
  '"',
  'sp ace',
]
const odder = [
  'new\nline',
  '=',
  'a=b',
  "'",
  '$HOME`',
  '*',
  '#',
  '\xff',
  '\\040',
  '\\\\',
  ':',
  ',',
  '::',
  'x"a,b"',
]

const overlays: Record<string, Real> = {
  'with odd names of every kind': { layers: [...oddNames, ...odder].map((name) => `/tmp/${name}`) },
  'with bytes of all kinds, the first half': {
    layers: NAME_BYTES.slice(0, 127).map((byte) => `/tmp/z${byte}`),
  },
  'with bytes of all kinds, the second half': {
    layers: NAME_BYTES.slice(127).map((byte) => `/tmp/${byte}z`),
  },
  'with more layers than a page holds': { layers: many, upper: '/tmp/up', workdir: '/tmp/wk' },
}
for (const name of [...oddNames, ...odder]) {
  const real = { layers: [`/tmp/L${name}`], upper: `/tmp/U${name}`, workdir: `/tmp/W${name}` }
  overlays[`with ${JSON.stringify(name)} above and below`] = real
}

for (const [name, { layers, upper, workdir }] of Object.entries(overlays)) {
  test(`A real overlay ${name}`, async (t) => {
    const folders = [...(upper === undefined ? [] : [upper]), ...layers]
    const branches = folders.map((path) => `${path}\0${path === upper ? 'rw' : 'ro'}`)
    const commands = commandsOf(table(branches, { fs_type: 'overlay', workdir: workdir ?? null }), '/tmp/u')
    const made = folders.map((path, i) => `mkdir ${q(path)}; echo ${i} > ${q(path)}/f${i}\n`).join('')
    const work = workdir === undefined ? '' : `mkdir ${q(workdir)}\n`
    const wrote = upper === undefined ? '' : `echo w > /tmp/u/w; cat ${q(upper)}/w\n`
    const ran = await isolated(
      `set -e\n${made}${work}${commands}cat /tmp/u/f* | sort -n\n${wrote}ls -d /tmp/aufs-remount* || :`,
    )
    if (ran === null) return skip(t, 'no mount namespace here')
    const numbers = folders.map((_, i) => `${i}\n`).join('')
    t.is(ran.stdout, numbers + (upper === undefined ? '' : 'w\n'), ran.stderr)
  })
}

test('A real overlay with data-only layers, and of a folder', async (t) => {
  const branches = ['/tmp/up\0rw', '/tmp/a:b\0ro', '/tmp/d1\0ro+data', '/tmp/d,2\0ro+data']
  const commands = commandsOf(
    table(branches, { fs_type: 'overlay', workdir: '/tmp/wk', root: '/sub dir' }),
    '/tmp/u',
  )
  const made = `mkdir up a:b d1 d,2 wk 'a:b/sub dir'; echo in > 'a:b/sub dir/f'; echo hidden > d1/g\n`
  const ran = await isolated(`set -e\n${made}${commands}ls /tmp/u; grep -c metacopy=on /proc/self/mountinfo`)
  if (ran === null) return skip(t, 'no mount namespace here')
  t.is(ran.stdout, 'f\n2\n', ran.stderr)
})

test('a union that is mounted at several places is mounted once, and bound to the others', (t) => {
  const at = (mount_point: string, root = '/') => table(['/a\0rw', '/b\0ro+wh'], { mount_point, root })
  const { script, errors } = scriptOf(
    [at('/u'), at('/again'), at('/sub', '/d'), at('/other', '/e'), at('/sub', '/x//deleted')],
    null,
  )
  t.deepEqual(
    script.split('\n').filter((line) => /^ *(mount|mkdir) /.test(line)),
    [
      'mount -t aufs -o br:/a=rw:/b=ro+wh none /u || failed="$failed 0 "',
      'mount --bind /u /again || failed="$failed 1 "',
      'mkdir "$all"/0 &&',
      'mount --bind /u "$all"/0 || failed="$failed 2 "',
      'mount --bind "$all"/0/d /sub || failed="$failed 3 "',
      'mount --bind "$all"/0/e /other || failed="$failed 4 "',
    ],
  )
  t.is(errors.length, 1)
})

test('a union that is seen first by a folder of it is mounted once, as the kernel takes an upper folder once', (t) => {
  const at = (mount_point: string, root = '/') =>
    table(['/a\0rw', '/b\0ro'], { mount_point, root, fs_type: 'overlay', workdir: '/w' })
  const mounts = (tables: BranchTable[]) => scriptOf(tables, null).script.match(/^mount .*(?= \|\|)/gm)
  const whole = 'mount -t overlay -o lowerdir=/b,upperdir=/a,workdir=/w overlay "$all"/0'
  const part = 'mount --bind "$all"/0/sub /s'
  t.deepEqual(mounts([at('/s', '/sub'), at('/u')]), [whole, part, 'mount --bind "$all"/0 /u'])
  t.deepEqual(mounts([at('/s', '/sub'), at('/e', '/else')]), [whole, part, 'mount --bind "$all"/0/else /e'])
})

test('a union that can be written to is one, whether or not its options are told; one that cannot is another with others', (t) => {
  const counted = (perm: string) => {
    const at = (mount_point: string, options: string[] | null) =>
      table([`/a\0${perm}`, '/b\0ro'], { mount_point, options, fs_type: 'overlay', workdir: '/w' })
    const { script } = scriptOf([at('/u', null), at('/v', ['rw', 'userxattr'])], null)
    return script.match(/mount -t overlay/g)?.length
  }
  t.deepEqual([counted('rw'), counted('ro')], [1, 2])
})

test('a place in / is a place below it', async (t) => {
  const folder = tempFolder(t)
  const { script } = scriptOf(
    [table(['/a\0rw'], { mount_point: '/' }), table(['/b\0rw'], { mount_point: folder })],
    '/',
  )
  const ran = await run(t, 'sh', script)
  t.deepEqual([ran.status, ran.mounts.length], [0, 2])
})

test('a union that is hidden by now is no other union to be mounted a second time', (t) => {
  const at = (mount_point: string, path: string) => table([`${path}\0rw`], { mount_point })
  t.deepEqual(scriptOf([at('/u', '/a'), at('/u', '/b'), at('/v', '/a')], null).errors, [
    'its union is mounted already, below what lies over it: "/u"',
  ])
})

const flags: Record<string, [fields: Partial<BranchTable>, options: string, then?: string]> = {
  'the mount’s own options': [
    { mount_options: ['rw', 'nosuid', 'nodev', 'noexec', 'noatime'], options: ['rw'] },
    'nosuid,nodev,noexec,noatime,',
  ],
  'no time at all being told': [{ mount_options: ['rw'], options: ['rw'] }, 'strictatime,'],
  'the union’s own options': [
    {
      mount_options: ['rw', 'relatime'],
      options: ['rw', 'noxino', 'dio', 'udba=none', 'create=mfsrr:1000:10'],
    },
    'noxino,dio,udba=none,create=mfsrr:1000:10,',
  ],
  'a union that is read-only': [
    { mount_options: ['ro', 'relatime'], options: ['ro', 'dirperm1'] },
    'ro,dirperm1,',
  ],
  'a mount that is read-only of a union that is not': [
    { mount_options: ['ro', 'relatime'], options: ['rw'] },
    '',
    'ro',
  ],
  'a mount that is not read-only of a union that is': [
    { mount_options: ['rw', 'nosuid', 'relatime'], options: ['ro'] },
    'ro,nosuid,',
    'rw,nosuid',
  ],
  'a filesystem with labels, which is no option': [
    { mount_options: ['rw', 'relatime'], options: ['rw', 'seclabel'] },
    '',
  ],
}

for (const [name, [fields, options, then]] of Object.entries(flags)) {
  test(`Options are kept: ${name}`, (t) => {
    const commands = commandsOf(table(['/a\0rw', '/b\0ro'], fields), '/u')
    const first = q(`${options}br:/a=rw:/b=ro`).replace(/^'([\w=,:/]*)'$/, '$1')
    const last = then === undefined ? '' : ` &&\nmount -i -o remount,bind,${then} none /u`
    t.is(commands, `mount -t aufs -o ${first} none /u${last}${FAILED}`)
  })
}

test('A label with a comma is kept, where there is SELinux; else the script says that there is none', (t) => {
  const fields = {
    mount_options: ['rw', 'relatime'],
    options: ['rw', 'context="system_u:object_r:t:s0:c1,c2"'],
  }
  const commands = commandsOf(table(['/a\0rw'], fields), '/u')
  t.regex(commands, /^labels\(\) \{\n {2}test -e \/sys\/fs\/selinux\/enforce && return\n/)
  t.true(
    commands.endsWith(
      `labels &&\nmount -t aufs -o 'context="system_u:object_r:t:s0:c1,c2",br:/a=rw' none /u${FAILED}`,
    ),
  )
})

test('A remount does not drop the flags of a mount', (t) => {
  const paths = Array.from({ length: 60 }, (_, i) => `/${'x'.repeat(90)}${i}\0ro`)
  const commands = commandsOf(table(paths, { mount_options: ['ro', 'nosuid'], options: ['ro', 'dio'] }), '/u')
  t.regex(commands, /^mount -t aufs -o ro,nosuid,strictatime,dio,br:/)
  t.regex(commands, /\nmount -i -o remount,ro,nosuid,strictatime,append:/)
})

for (const option of ['remount', 'lowerdir=/', 'x"', 'a,b', 'nofail', 'br:/etc=rw', 'a=\\', '-o', ''])
  test(`No command but an error for the option ${JSON.stringify(option)}`, (t) => {
    t.throws(() => commandsOf(table(['/a\0rw'], { mount_options: ['rw'], options: [option] }), '/u'), {
      message: /no option of a union/,
    })
  })

test('Read-only: no branch is writable, and nor is the union', (t) => {
  const aufs = table(['/a\0rw+nolwh', '/b\0ro+wh'], {
    mount_options: ['rw', 'relatime'],
    options: ['rw', 'dio'],
  })
  t.is(
    commandsIn(remountCommands(aufs, { root: '/u', readOnly: true })),
    `mount -t aufs -o ro,dio,br:/a=ro+wh:/b=ro+wh none /u${FAILED}`,
  )
  const fields = {
    fs_type: 'overlay',
    workdir: '/w',
    mount_options: ['rw', 'relatime'],
    options: ['rw', 'volatile'],
  }
  const overlay = table(['/a\0rw', '/b\0ro'], fields)
  t.is(
    commandsIn(remountCommands(overlay, { root: '/u', readOnly: true })),
    `mount -t overlay -o ro,lowerdir=/a:/b overlay /u${FAILED}`,
  )
})

test('With a prefix all layers are there, and none may lead elsewhere', (t) => {
  const commands = commandsIn(
    remountCommands(table(['/a\0rw', '/b\0ro'], { fs_type: 'overlay', workdir: '/w' }), {
      root: '/u',
      prefix: '/disk',
    }),
  )
  t.regex(commands, /within \/disk \/disk\/a &&\nwithin \/disk \/disk\/b &&\nwithin \/disk \/disk\/w &&/)
  t.regex(commands, /lowerdir=\/disk\/b,upperdir=\/disk\/a,workdir=\/disk\/w overlay \/u/)
})
