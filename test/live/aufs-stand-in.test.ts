/** State and branch on live processes, with a tree that stands for an AUFS (live-aufs.sh says how). Needs root. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { parse } from '../../src/text/json.js'
import type { Vma } from '../../src/vma/record.js'
import { lines, type Outcome, outcome, started } from '../helpers/run.js'

/** The path, the state, and the branch's folder below the tree's own. */
type Row = [path: string, state: string | null, branch: string | null]

/** What a scenario wrote, and the folder in which it was. */
interface Scene extends Outcome {
  folder: string
}

async function play(scenario: string): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'live-aufs-'))
  try {
    const namespaces = ['-m', '-p', '-f', '--mount-proc', '--kill-child']
    const script = ['sh', 'test/live/live-aufs.sh', scenario, folder, ...started('aufs-vma')]
    return { folder, ...(await outcome('unshare', [...namespaces, ...script])) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Why there can be no such tree here; null where there can. */
const obstacle = play('probe').then(
  ({ status, stderr }) => (status === 0 ? null : stderr.trim()),
  (error: unknown) => String(error),
)

/** A test of a scenario, passed over where there can be no tree. */
function scene(title: string, scenario: string, check: (t: ExecutionContext, scene: Scene) => void): void {
  test(title, async (t) => {
    const reason = await obstacle
    if (reason !== null) {
      t.log(`passed over, as it needs root and overlayfs: ${reason}`)
      t.pass()
      return
    }
    check(t, await play(scenario))
  })
}

/** The records of the libraries' code: one mapping of each file. */
function codeOf(stdout: string): Vma[] {
  return lines(stdout)
    .map((line) => parse(line) as unknown as Vma)
    .filter(({ perms }) => perms === 'r-xp')
}

/** The rows of the files below the tree. */
function rowsOf({ stdout, folder }: Scene, root = folder): Row[] {
  const inTree = (path: string) => (path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path)
  return codeOf(stdout)
    .filter(({ path }) => path.startsWith(`${root}/`))
    .map(
      ({ path, state, branch }): Row => [
        inTree(path),
        state,
        branch === null ? null : inTree(branch.path ?? ''),
      ],
    )
    .sort(byPath)
}

function byPath([a]: Row, [b]: Row): number {
  return a < b ? -1 : 1
}

/** A scenario all of whose files are told in a table. */
function table(title: string, scenario: string, rows: Row[], root?: string): void {
  scene(title, scenario, (t, done) => {
    t.is(done.stderr, '')
    t.is(done.status, 0)
    t.deepEqual(rowsOf(done, root), rows.sort(byPath))
  })
}

scene('Each kind of file of a union is told as it is by now', 'kinds', (t, done) => {
  t.is(done.stderr, '')
  t.is(done.status, 0)
  const expected: Row[] = [
    ['u/lib/ro.so', 'current', 'base'],
    ['u/lib/over.so', 'current', 'mid'],
    // Below the opaque folder in mid, and the whiteout there, is another of the same name.
    ['u/lib/opq/y.so', 'current', 'mid'],
    ['u/lib/wh.so', null, null],
    ['u/lib/new.so', null, null],
    ['u/lib/new-renamed.so', null, null],
    ['u/lib/moved-away/x.so', null, null],
    // A lower file that was renamed is copied up, and maps has the new name: the copy is not what is mapped.
    ['u/lib/renamed.so', null, null],
    // Copied up after it was mapped or before: nothing tells.
    ['u/lib/cow.so', null, null],
    ['u/lib/chm.so', null, null],
    ['u/lib/old.so', null, null],
    ['u/lib/del.so', 'deleted', null],
    ['u/lib/new-del.so', 'deleted', null],
    ['u/lib/hl1.so', 'deleted', null],
    ['u/lib/rep.so', 'replaced', null],
    ['u/lib/new-rep.so', 'replaced', null],
    // Something else has the name now, which is not opened and not followed.
    ['u/lib/lnk.so', 'replaced', null],
    ['u/lib/fifo.so', 'replaced', null],
    ['u/lib/dev.so', 'replaced', null],
    ['u/lib/folder.so', 'replaced', null],
    // Of the folder's name there is a link to a folder of the host that has such a file, or a FIFO.
    ['u/lib/gone/x.so', 'deleted', null],
    ['u/lib/gone-fifo/x.so', 'deleted', null],
    ['host/plain.so', 'current', null],
    ['host/plain-del.so', 'deleted', null],
    ['host/plain-rep.so', 'replaced', null],
  ]
  t.deepEqual(rowsOf(done), expected.sort(byPath))
})

scene(
  'A union file has the paths and the ids of the union, any other none',
  'kinds',
  (t, { stdout, folder }) => {
    for (const { path, rpath, fpath, dev, ino, kernel, pid, fixed, mnt_id, branch } of codeOf(stdout)) {
      if (!path.startsWith(`${folder}/`)) continue
      const isUnion = path.startsWith(`${folder}/u/`)
      t.is(rpath, isUnion ? `.${path}` : null)
      t.is(fpath, isUnion ? `/proc/${pid}/root${path}` : null)
      t.deepEqual([dev, ino], [kernel.maps_dev, kernel.maps_ino])
      t.is(mnt_id, kernel.mnt_id)
      t.false(fixed)
      if (branch !== null) t.is(branch.mount_id, kernel.mnt_id)
    }
  },
)

scene('Names with every kind of byte are found, and reach no terminal raw', 'names', (t, done) => {
  t.is(done.stderr, '')
  t.is(done.status, 0)
  const rows: Row[] = [
    'new\nline',
    'back\\slash',
    'lit\\012eral',
    'real (deleted)',
    'bad\xffbyte',
    'esc\x1b[31m',
    ' spaces ',
    '\xc3\xbcn\xc3\xafcode',
  ].map((name) => [`u/bin/${name}`, 'current', 'base'])
  rows.push(['u/bin/was (deleted)', 'deleted', null], ['u/bin/other', 'deleted', null])
  t.deepEqual(rowsOf(done), rows.sort(byPath))
  t.notRegex(done.stdout, /[\0-\x09\x0b-\x1f\x7f]/)
})

table('Of several writable branches none is certain', 'writable', [
  ['u/lib/b.so', 'current', 'base'],
  ['u/lib/m.so', null, null],
  ['u/lib/mb.so', null, null],
  ['u/lib/t.so', null, null],
  ['u/lib/w.so', null, null],
])

table('A branch without the attribute wh hides nothing', 'no-wh', [['u/lib/f.so', 'current', 'base']])

table(
  'What a mount covers in a branch is not looked at, and what lies above in a read-only one is',
  'covered',
  [
    ['u/lib/open.so', 'current', 'base'],
    ['u/lib/cov/both.so', 'current', 'mid'],
    ['u/lib/cov/low.so', 'current', null],
    ['u/lib/cov/copied.so', null, null],
    ['u/lib/cov/new.so', null, null],
  ],
)

table('A branch folder that was removed holds nothing, and hides nothing', 'removed', [
  ['u/lib/b.so', 'current', 'base'],
  ['u/lib/m.so', null, null],
])

scene('Where link and maps leak, the branch is told and the union is looked up', 'leak', (t, done) => {
  t.is(done.stderr, '')
  t.is(done.status, 0)
  const rows: Row[] = [
    // Of nested branches it is the inner one.
    ['u/lib/n.so', 'current', 'base/nest'],
    ['u/lib/b.so', 'current', 'base'],
    ['u/lib/t.so', 'current', 'top'],
    ['u/lib/copied.so', null, 'base'],
    ['u/lib/replaced.so', null, 'base'],
    ['u/lib/deleted.so', 'deleted', 'base'],
    ['u/lib/t-deleted.so', 'deleted', 'top'],
    ['u/lib/t-replaced.so', 'replaced', 'top'],
  ]
  t.deepEqual(rowsOf(done), rows.sort(byPath))
  for (const { path, mnt_id, fixed, link } of codeOf(done.stdout)) {
    if (!path.startsWith(`${done.folder}/`)) continue
    t.not(link, path)
    t.is(mnt_id, -1)
    t.true(fixed)
  }
})

table('Where links alone leak, branch and state are told of every file', 'leaking-links', [
  ['u/lib/ro.so', 'current', 'base'],
  ['u/lib/over.so', 'current', 'mid'],
  ['u/lib/new.so', 'current', 'top'],
  ['u/lib/cow.so', 'copied_up', 'base'],
  ['u/lib/renamed.so', 'copied_up', 'base'],
  ['u/lib/rep.so', 'replaced', 'base'],
  ['u/lib/del.so', 'deleted', 'base'],
  ['u/lib/hl1.so', 'deleted', 'base'],
])

scene(
  'A live system, whose union is the root of all, has its branches below the old root',
  'live-cd',
  (t, done) => {
    t.is(done.stderr, '')
    t.is(done.status, 0)
    const old = `/oldroot${done.folder}`
    const rows = codeOf(done.stdout)
      .filter(({ path }) => path.startsWith('/live/'))
      .map(({ path, state, branch }): Row => [path, state, branch?.path ?? null])
    const expected: Row[] = [
      ['/live/ro.so', 'current', `${old}/base`],
      ['/live/over.so', 'current', `${old}/mid`],
      ['/live/new.so', null, null],
      ['/live/cow.so', null, null],
      ['/live/del.so', 'deleted', null],
    ]
    t.deepEqual(rows.sort(byPath), expected.sort(byPath))
  },
)
/** What the bytes tell of each file, below the folder of the union. */
function compared({ stdout, folder }: Scene): Record<string, unknown[]> {
  const inside = codeOf(stdout).filter(({ path }) => path.startsWith(`${folder}/u/lib/`))
  return Object.fromEntries(
    inside.map(({ path, state, same_bytes, branch }) => [
      path.slice(`${folder}/u/lib/`.length),
      [state, same_bytes, branch?.path?.slice(folder.length + 1) ?? null],
    ]),
  )
}

scene('Where branches are hidden, the bytes tell which is mapped', 'compare', (t, done) => {
  t.deepEqual([done.stderr, done.status], ['', 0])
  t.deepEqual(compared(done), {
    'ro.so': ['current', true, 'base'],
    'edited.so': ['copied_up', false, 'base'],
    'chm.so': [null, true, null],
    'same.so': ['replaced', true, null],
    'other.so': ['replaced', false, 'base'],
    'del.so': ['deleted', null, null],
  })
})

scene('Where link and maps leak, the bytes tell what the path shows', 'leak-compare', (t, done) => {
  t.deepEqual([done.stderr, done.status], ['', 0])
  t.deepEqual(compared(done), {
    'n.so': ['current', true, 'base/nest'],
    'b.so': ['current', true, 'base'],
    't.so': ['current', true, 'top'],
    'copied.so': [null, true, 'base'],
    'replaced.so': [null, true, 'base'],
    'deleted.so': ['deleted', null, 'base'],
    't-deleted.so': ['deleted', null, 'top'],
    't-replaced.so': ['replaced', true, 'top'],
  })
})

table(
  'What was copied up before the first process of a pid namespace may be mapped all the same',
  'namespace',
  [
    ['u/lib/before.so', null, null],
    ['u/lib/after.so', null, null],
    ['u/lib/new.so', null, null],
  ],
)

/** Of an overlay the attributes tell that a file was never copied up. */
const inRoot = (isOverlay: boolean): Row[] => [
  ['/bin/run', 'current', 'base'],
  ['/bin/new', isOverlay ? 'current' : null, isOverlay ? 'top' : null],
]

table(
  'A process in a chroot has the names of its own root, out of which no link leads',
  'chroot',
  [
    ...inRoot(false),
    ['/bin/gone', 'deleted', null],
    ['/bin/replaced', 'replaced', null],
    ['/bin/folder/run', 'deleted', null],
  ],
  '/bin',
)

for (const scenario of ['root', 'root-overlay']) {
  const rows: Row[] = [...inRoot(scenario === 'root-overlay'), ['/bin/copied', null, null]]
  table(`A union at the root of a process (${scenario})`, scenario, rows, '/bin')
}

scene('Raw records, fixed elsewhere, are the same records', 'raw', (t, { stdout, stderr, status }) => {
  t.is(stderr, '')
  t.is(status, 0)
  const records = lines(stdout)
  const half = records.length / 2
  t.true(half > 2)
  t.deepEqual(records.slice(half), records.slice(0, half))
})

scene('Of all processes only what is stale is told, by container', 'stale', (t, done) => {
  t.is(done.stderr, '')
  t.is(done.status, 0)
  const stale = codeOf(done.stdout).map(({ path, state, comm, container }) => [
    path.replace(`${done.folder}/`, ''),
    state,
    comm,
    container,
  ])
  const first = `${'0'.repeat(63)}1`
  t.deepEqual(stale.sort(), [
    ['u/lib/del.so', 'deleted', 'sleep', first],
    ['u/lib/rep.so', 'replaced', 'sleep', first],
  ])
})

scene('The recipe for what to restart tells it by unit, container and process', 'restart', (t, done) => {
  t.is(done.stderr, '')
  t.is(done.status, 0)
  const told = lines(done.stdout).map((line) => line.split('\t'))
  const container = `${'0'.repeat(63)}1`
  const [unit = '', , , pid = ''] = told[0] ?? []
  t.regex(pid, /^\d+$/)
  t.deepEqual(told, [
    [unit, container, 'sleep', pid, 'deleted', `${done.folder}/u/lib/del.so`],
    [unit, container, 'sleep', pid, 'replaced', `${done.folder}/u/lib/rep.so`],
  ])
})

scene(
  'A folder on the path that turns into a link to the host and back never leads there',
  'race',
  (t, done) => {
    t.is(done.stderr, '')
    t.is(done.status, 0)
    const [hostIno] = lines(done.stdout).slice(-1)
    const vmas = codeOf(lines(done.stdout).slice(0, -1).join('\n').concat('\n')).filter(({ path }) =>
      path.startsWith(`${done.folder}/`),
    )
    t.is(vmas.length, 40)
    for (const { path, state, ino } of vmas) {
      t.regex(path, /\/u\/lib\/(d|away)\/x\.so$/)
      // Replaced would mean that the host's file was looked at.
      t.true(state === null || state === 'current' || state === 'deleted', `${state}`)
      t.not(ino, hostIno ?? '')
    }
  },
)
