/** Filesystems whose server does not answer: a FUSE that is stopped (hang.sh says how). Needs root, bindfs and /dev/fuse. */
import test, { type ExecutionContext } from 'ava'
import { parse } from '../../src/text/json.js'
import type { Vma } from '../../src/vma/record.js'
import { tempFolder } from '../helpers/folders.js'
import { skip } from '../helpers/machine.js'
import { lines, type Outcome, outcome, started } from '../helpers/run.js'

/** The last one of the script's exit statuses is that of aufs-vma. */
const HANGS = 4
const REFUSED = 5

async function play(
  t: ExecutionContext,
  scenario: string,
  command: 'aufs-vma' | 'aufs-images' = 'aufs-vma',
): Promise<Outcome & { folder: string }> {
  const folder = tempFolder(t)
  const namespaces = ['-m', '-p', '-f', '--mount-proc', '--kill-child']
  const script = ['bash', 'test/live/hang.sh', scenario, folder, ...started(command)]
  return { folder, ...(await outcome('unshare', [...namespaces, ...script])) }
}

let probed: Promise<string | null> | null = null

/** Why there can be no such filesystem here; null where there can. */
function obstacle(t: ExecutionContext): Promise<string | null> {
  probed ??= play(t, 'probe').then(
    ({ status, stderr }) => (status === 0 ? null : stderr.trim() || `status ${status}`),
    (error: unknown) => String(error),
  )
  return probed
}

/** What is told of one file: its state, whether its own device and inode are told, and the kernel's. */
interface Row {
  state: Vma['state']
  isIdentified: boolean
  asked: boolean
}

/** The files below the folder, less their `.so`, by name. */
function rowsOf(stdout: string, folder: string): Record<string, Row> {
  const vmas = lines(stdout).map((line) => parse(line) as unknown as Vma)
  const inside = vmas.filter(({ path, perms }) => path.startsWith(`${folder}/`) && perms === 'r-xp')
  return Object.fromEntries(
    inside.map(({ path, state, dev, ino, kernel }) => [
      path.slice(folder.length + 1).replace(/\.so$/, ''),
      {
        state,
        isIdentified: dev !== null && ino !== null,
        asked: kernel.dev !== null && kernel.ino !== null,
      },
    ]),
  )
}

/** A test of a scenario, passed over where there can be none. */
function scene(
  title: string,
  scenario: string,
  check: (t: ExecutionContext, done: Outcome & { folder: string }) => void,
): void {
  test(title, async (t) => {
    const reason = await obstacle(t)
    if (reason !== null) return skip(t, `it needs root, bindfs and FUSE: ${reason}`)
    const done = await play(t, scenario)
    if (done.status === REFUSED) return skip(t, done.stderr)
    t.not(done.status, HANGS, 'it hangs')
    t.deepEqual([done.stderr, done.status], ['', 0])
    check(t, done)
  })
}

const ASKED: Row = { state: 'current', isIdentified: true, asked: true }
const UNASKED: Row = { state: null, isIdentified: true, asked: false }
const DELETED: Row = { ...UNASKED, state: 'deleted' }

const UNANSWERED = { 'm/a': UNASKED, 'm/gone': DELETED, 'm/new': DELETED }

scene('A mapped file there is known by maps alone, the others as ever', 'pid', (t, { stdout, folder }) => {
  t.deepEqual(rowsOf(stdout, folder), { ...UNANSWERED, 'host/plain': ASKED })
})

scene('Nothing there is compared, neither what is mapped nor what a path shows', 'compare', (t, done) => {
  const vmas = lines(done.stdout).map((line) => parse(line) as unknown as Vma)
  const bytes = Object.fromEntries(
    vmas.map(({ path, same_bytes }) => [path.slice(done.folder.length + 1), same_bytes]),
  )
  for (const name of ['m/a.so', 'm/gone.so', 'm/new.so', 'host/covered.so']) t.is(bytes[name], null, name)
  t.is(bytes['host/plain.so'], true)
})

scene('One such process does not keep --all from the others', 'all', (t, { stdout, folder }) => {
  t.deepEqual(rowsOf(stdout, folder), { ...UNANSWERED, 'host/plain': ASKED })
})

scene('--ask: a server that answers is asked, of types given once or several times', 'ask', (t, done) => {
  t.deepEqual(rowsOf(done.stdout, done.folder), {
    'm/a': ASKED,
    'm/gone': { ...ASKED, state: 'deleted' },
    'm/new': { ...ASKED, state: 'replaced' },
    'host/plain': ASKED,
  })
})

scene('Raw records are read and fixed without being asked', 'raw', (t, { stdout, folder }) => {
  t.deepEqual(rowsOf(stdout, folder), { ...UNANSWERED, 'host/plain': ASKED })
})

scene('--root there, or a link to it: nothing is looked up', 'root', (t, { stdout, folder }) => {
  const rows = rowsOf(stdout, folder)
  t.deepEqual(rows, {
    'm/a': UNASKED,
    'm/gone': DELETED,
    'm/new': DELETED,
    'host/plain': { ...ASKED, state: null },
  })
  t.is(lines(stdout).length % 2, 0, 'both ways')
})

scene('A process that waits for a page there', 'fault', (t, { stdout, folder }) => {
  const big = lines(stdout)
    .map((line) => parse(line) as unknown as Vma)
    .find(({ path }) => path === `${folder}/m/big`)
  t.like(big, { state: null, kernel: { dev: null, ino: null, mnt_listed: true } })
})

test('A process whose maps nobody can read, as it waits with its memory locked, is a message', async (t) => {
  const reason = await obstacle(t)
  if (reason !== null) return skip(t, `it needs root, bindfs and FUSE: ${reason}`)
  const { stdout, stderr, status } = await play(t, 'locked')
  if (status === REFUSED) return skip(t, stderr)
  t.regex(
    stderr,
    /^aufs-vma: pid \d+: maps: it waits for a filesystem that does not answer, with its memory locked\n$/,
  )
  t.is(status, 1)
  t.true(lines(stdout).length > 0, 'the others are told')
})

const overlay = { 'u/lib/a': UNASKED, 'u/lib/b': UNASKED, 'u/lib/new': UNASKED }

scene('An overlay with a layer there is not asked', 'lower', (t, { stdout, folder }) => {
  t.deepEqual(rowsOf(stdout, folder), overlay)
})

scene('Nor one whose layer leads there through a link', 'behind', (t, { stdout, folder }) => {
  t.deepEqual(rowsOf(stdout, folder), overlay)
})

scene('Nor one that is mounted over such a layer of its own', 'covered', (t, { stdout, folder }) => {
  t.deepEqual(rowsOf(stdout, folder), { 'm/lib/a': UNASKED, 'm/lib/b': UNASKED })
})

scene('Nor one with its upper folder there', 'upper', (t, { stdout, folder }) => {
  t.deepEqual(rowsOf(stdout, folder), { 'u/lib/b': UNASKED })
})

scene('A process with its root there', 'chroot', (t, { stdout }) => {
  const vmas = lines(stdout).map((line) => parse(line) as unknown as Vma)
  const program = vmas.find(({ path }) => path === '/bin/run')
  t.like(program, { state: null, kernel: { dev: null, ino: null } })
  t.deepEqual(new Set(vmas.map(({ state }) => state)), new Set([null]))
})

scene('Branches there of a union that nobody here has mounted are not looked into', 'branches', (t, done) => {
  const vmas = lines(done.stdout).map((line) => parse(line) as unknown as Vma)
  t.is(vmas.length, 2)
  for (const vma of vmas) t.like(vma, { path: '/lib/a.so', state: null, branch: null })
})

scene('A mount that is in no mountinfo any more, and a link that looks like memory', 'hidden', (t, done) => {
  const vmas = lines(done.stdout).map((line) => parse(line) as unknown as Vma)
  const found = vmas.find(({ link }) => link === '/memfd:x (deleted)')
  t.like(found, { state: 'deleted', kernel: { dev: null, ino: null, mnt_listed: false } })
})

scene(
  'A mount that is in no mountinfo any more, of a filesystem that is mounted elsewhere too',
  'bound',
  (t, done) => {
    const vmas = lines(done.stdout).map((line) => parse(line) as unknown as Vma)
    const found = vmas.find(({ link }) => link.endsWith('/a.so'))
    t.like(found, { state: null, kernel: { dev: null, ino: null, mnt_listed: false } })
  },
)

scene('An overlay of a user namespace, whose layers nobody can see', 'user', (t, { stdout, folder }) => {
  t.deepEqual(rowsOf(stdout, folder), { 'u/lib/a': UNASKED })
})

scene(
  'An overlay of a user namespace, whose layer is mounted elsewhere by now',
  'moved',
  (t, { stdout, folder }) => {
    t.deepEqual(rowsOf(stdout, folder), { 'u/lib/a': UNASKED })
  },
)

scene(
  'An overlay of a user namespace, into which root has entered without it (nsenter --mount)',
  'entered',
  (t, { stdout, folder }) => {
    t.deepEqual(rowsOf(stdout, folder), { 'u/lib/a': UNASKED })
  },
)

scene('An overlay of a user namespace beside a FUSE of root', 'roots', (t, { stdout, folder }) => {
  t.deepEqual(rowsOf(stdout, folder), { 'u/lib/a': ASKED })
})

scene('An overlay of a user namespace beside a FUSE of a user', 'users', (t, { stdout, folder }) => {
  t.deepEqual(rowsOf(stdout, folder), { 'u/lib/a': UNASKED })
})

test('A store in a home there is one message, and no layer is known', async (t) => {
  const reason = await obstacle(t)
  if (reason !== null) return skip(t, `it needs root, bindfs and FUSE: ${reason}`)
  const { stdout, stderr, status, folder } = await play(t, 'images', 'aufs-images')
  t.not(status, HANGS, 'it hangs')
  const message =
    'on a filesystem whose server may not answer, which is asked only for a store that an option names'
  t.regex(
    stderr,
    new RegExp(`^aufs-images: stdin:1: ${message}: "${folder}/m/share/containers/storage/.*"\n$`),
  )
  t.like(parse(stdout), { branch: { image: null } })
  t.is(status, 1)
})
