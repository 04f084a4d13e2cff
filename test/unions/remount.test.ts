import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { InputError } from '../../src/errors.js'
import { ndjsonLine } from '../../src/text/json.js'
import type { Branch, BranchTable } from '../../src/unions/branch-table.js'
import { remount, remountCommands, remountFilter } from '../../src/unions/remount.js'
import { tempFolder } from '../helpers/folders.js'
import { isInstalled, skip } from '../helpers/machine.js'
import { type Outcome, outcome } from '../helpers/run.js'

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
  return {
    mount_id: 30,
    mount_point: '/',
    root: '/',
    dev: '0:18',
    fs_type: 'aufs',
    si: '1a',
    source: 'log',
    xi_path: null,
    workdir: null,
    branches,
    ...fields,
  }
}

/** The script for some tables, and what is wrong with the others. */
function scriptOf(tables: object[], root: string | null): { script: string; errors: string[] } {
  const filter = remountFilter(root)
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
  t.is(remountCommands(plain, '/mnt/restore'), 'mount -t aufs -o br:/a=rw:/b=ro+wh none /mnt/restore\n')
  t.is(remountCommands({ ...plain, mount_point: '/u' }, null), 'mount -t aufs -o br:/a=rw:/b=ro+wh none /u\n')
})

test('Permissions that are not known: the topmost rw, the others ro+wh', (t) => {
  t.is(
    remountCommands(table(['/a', '/b', '/c']), '/u'),
    'mount -t aufs -o br:/a=rw:/b=ro+wh:/c=ro+wh none /u\n',
  )
})

test('A colon needs append:, and all branches after it too', (t) => {
  t.is(
    remountCommands(table(['/a', '/b', '/co:lon', '/c']), '/u'),
    'mount -t aufs -o br:/a=rw:/b=ro+wh,append:/co:lon=ro+wh,append:/c=ro+wh none /u\n',
  )
})

test('Past one page of options the other branches follow by remounting', async (t) => {
  const paths = Array.from({ length: 127 }, (_, i) => `/${'x'.repeat(90)}${i}`)
  const { mounts } = await run(t, 'sh', remountCommands(table(paths), '/u'))
  t.deepEqual(
    mounts.map(([first]) => first),
    ['-t', '-i', '-i', '-i'],
  )
  t.true(mounts.slice(0, -1).every((words) => words.some((word) => word.length > 3800)))
})

test('What follows by remounting takes an append: for each branch, since br: alone is cut at colons', async (t) => {
  const branches = Array.from({ length: 60 }, (_, i) => `/${String(i).padStart(99, 'x')}\0ro`)
  const ran = await run(t, 'sh', remountCommands(table(branches), '/u'))
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
    const places = await run(
      t,
      shell,
      targets.map((target) => remountCommands(table(['/a,b']), target)).join(''),
    )
    t.deepEqual(
      aufsBranches(places).map(({ target }) => target),
      targets,
    )
  })

  test(`A mount that fails ends the script of ${shell} with its status, and the links are gone`, async (t) => {
    const { script } = scriptOf([table(['/a,b']), table(['/c'])], '/u')
    const ran = await run(t, shell, script, 'exit 32')
    t.deepEqual([ran.status, ran.mounts.length, ran.links.size], [32, 1, 1])
    t.true(isGone(ran))
  })

  test(`A signal ends the script of ${shell}, and the links are gone`, async (t) => {
    const { script } = scriptOf([table(['/a,b']), table(['/c'])], '/u')
    const ran = await run(t, shell, script, 'kill -TERM $PPID; exit 0')
    t.deepEqual([ran.status, ran.mounts.length, ran.links.size], [1, 1, 1])
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
      const ran = await run(t, shell, remountCommands(table(branches), '/u'))
      t.deepEqual(aufsBranches(ran), [{ target: '/u', branches }])
      t.true(ran.status === 0 && isGone(ran))
    }),
    { numRuns: 60 },
  )
})

const refused: Record<string, [table: BranchTable, message: RegExp, target?: string | null]> = {
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
  'more layers than fit': [
    table(
      Array.from({ length: 500 }, (_, i) => `/${i}\0ro`).map((path) => path.padStart(60, '/x')),
      { fs_type: 'overlay' },
    ),
    /500 layers do not fit in 4000 bytes/,
  ],
}

for (const [name, [bad, message, target = '/u']] of Object.entries(refused)) {
  test(`No command but an error for ${name}`, (t) => {
    t.throws(() => remountCommands(bad, target), { instanceOf: InputError, message })
  })
}

test('Without --root a table needs a mount point of its own', (t) => {
  t.throws(() => remountCommands(table(['/a'], { mount_point: null }), null), { message: /--root DIR/ })
  t.throws(() => remountCommands(table(['/a']), ''), { message: /no mount point/ })
  t.throws(() => remountCommands(table(['/a']), '/x'.repeat(2048)), { message: /no mount point/ })
  t.notThrows(() => remountCommands(table(['/a']), `/${'x'.repeat(4094)}`), 'as long as a path may be')
})

test('A folder that is named relative stays so, and is no option', (t) => {
  t.is(remountCommands(table(['/a']), '-x'), 'mount -t aufs -o br:/a=rw none ./-x\n')
})

test('Where only a folder of the union was mounted, that folder is put over it', (t) => {
  const commands = 'mount -t aufs -o br:/a=rw none /u\nmount --bind /u/dir /u\n'
  t.is(remountCommands(table(['/a'], { root: '/dir' }), '/u'), commands)
})

test('The first union goes to the root, one in a folder of it to that folder, one elsewhere nowhere', async (t) => {
  const places = ['/c', '/c/vol', '/cd', null, '/c']
  const tables = places.map((mount_point, i) => table([`/${i}`], { mount_point }))
  const { script, errors } = scriptOf(tables, '/u')
  t.deepEqual(
    aufsBranches(await run(t, 'sh', script)).map(({ target }) => target),
    ['/u', '/u/vol', '/u', '/u'],
  )
  t.deepEqual(errors, ['not mounted below the first union, and --root tells where that goes: "/cd"'])
})

test('One script: it stops at the first failure, and mount is told to hand options over whole', (t) => {
  const { script } = scriptOf([table(['/a']), table(['/b'])], '/u')
  t.is(script.split('\n').slice(0, 2).join('\n'), 'set -e\nexport LIBMOUNT_FORCE_MOUNT2=always')
  t.is(script.split('set -e').length, 2)
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
      .split(/mount -t aufs -o br:\/\d+=rw none \/u\n/).length - 1,
    lines.length,
  )
  t.deepEqual(
    errors.map(({ line }) => line),
    lines.map((_, i) => 2 * i + 1),
  )
  t.true(errors.every(({ message }) => /^no (JSON|branch table): "/.test(message)))
})

test('The stream writes bytes as they are', async (t) => {
  const line =
    '{"fs_type":"aufs","mount_point":"/u","root":"/","workdir":null,"branches":[{"path":"/é\ufffd","path_b64":"L8Op/w==","perm":"rw","attributes":[]}]}'
  const chunks = await Readable.from([Buffer.from(line)])
    .pipe(remount())
    .toArray()
  t.is(
    Buffer.concat(chunks).toString('latin1').split('\n')[2],
    "mount -t aufs -o 'br:/\xc3\xa9\xff=rw' none /u",
  )
})

/** A shell word, quoted in the simplest way. */
const q = (text: string) => `'${text.split("'").join("'\\''")}'`

/** Runs a script in a mount namespace of its own with an empty /tmp; null where that is not allowed. */
async function isolated(script: string): Promise<Outcome | null> {
  const prepare = 'mount -t tmpfs none /tmp && cd /tmp && mkdir /tmp/u || exit 99\n'
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
    const commands = remountCommands(
      table(branches, { fs_type: 'overlay', workdir: workdir ?? null }),
      '/tmp/u',
    )
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
  const commands = remountCommands(
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
    [at('/u'), at('/again'), at('/sub', "/d'r"), at('/sub', '/x//deleted')],
    null,
  )
  t.deepEqual(script.split('\n').slice(2), [
    'mount -t aufs -o br:/a=rw:/b=ro+wh none /u',
    'mount --bind /u /again',
    "mount --bind '/u/d'\\''r' /sub",
    '',
  ])
  t.is(errors.length, 1)
})

test('what differs in a permission or in its workdir is another union, and mounted itself', (t) => {
  const overlay = (workdir: string) => table(['/u\0rw', '/l\0ro'], { fs_type: 'overlay', workdir })
  const unions = [table(['/a\0rw', '/b\0ro']), table(['/a\0rw', '/b\0rr']), table(['/a\0rw', '/b\0ro+wh'])]
  const { script, errors } = scriptOf([...unions, overlay('/w'), overlay('/v')], null)
  t.deepEqual([script.match(/^mount -t /gm)?.length, errors], [5, []])
})
