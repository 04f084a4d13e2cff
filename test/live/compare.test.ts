/** What bytes tell of mapped files that were changed, replaced or removed (compare.sh says how). Needs root and overlayfs. */
import test, { type ExecutionContext } from 'ava'
import { parse } from '../../src/text/json.js'
import type { Vma } from '../../src/vma/record.js'
import { tempFolder } from '../helpers/folders.js'
import { isRoot, skip } from '../helpers/machine.js'
import { lines, type Outcome, outcome, started } from '../helpers/run.js'

/** The script's status where this machine cannot play a scenario. */
const REFUSED = 5

/** State, `same_bytes`, and the number of the branch. */
type Row = [state: Vma['state'], sameBytes: boolean | null | undefined, branch: number | null]

interface Scene extends Outcome {
  folder: string
}

async function play(t: ExecutionContext, scenario: string): Promise<Scene | null> {
  const folder = tempFolder(t)
  const namespaces = ['-m', '-p', '-f', '--mount-proc', '--kill-child']
  const script = ['bash', 'test/live/compare.sh', scenario, folder, ...started('aufs-vma')]
  const done = await outcome('unshare', [...namespaces, ...script], '', { NODE_V8_COVERAGE: '' })
  if (isRoot && done.status !== REFUSED && !/^(mount|unshare|setpriv):/m.test(done.stderr))
    return { folder, ...done }
  skip(t, isRoot ? done.stderr : 'it takes root to mount')
  return null
}

/** The records of the libraries below the folder. */
function vmasOf({ stdout, folder }: Scene): Vma[] {
  return lines(stdout)
    .map((line) => parse(line) as unknown as Vma)
    .filter(({ path }) => path.startsWith(`${folder}/`))
}

/** The rows of the libraries by name: one for each, as all mappings of a library are told alike. */
function rowsOf(t: ExecutionContext, scene: Scene): Record<string, Row> {
  const rows: Record<string, Row> = {}
  for (const { path, state, same_bytes, branch } of vmasOf(scene)) {
    const name = path.slice(scene.folder.length + 1).replace(/\.so$/, '')
    const row: Row = [state, same_bytes, branch?.index ?? null]
    t.deepEqual(rows[name] ?? row, row, name)
    rows[name] = row
  }
  return rows
}

function table(title: string, scenario: string, rows: Record<string, Row>): void {
  test(title, async (t) => {
    const scene = await play(t, scenario)
    if (scene === null) return
    t.deepEqual([scene.stderr, scene.status], ['', 0])
    t.deepEqual(rowsOf(t, scene), rows)
  })
}

table('One byte tells a copy from what it was copied of, of a process that is stopped', 'union', {
  'u/lib/keep': ['current', true, 1],
  'u/lib/edited': ['copied_up', false, 1],
  // Copied up before it was mapped: what is written into the copy, the process has as well.
  'u/lib/before': ['current', true, 0],
  // The copy has the same bytes: which of both is mapped, nothing tells, and it does not matter.
  'u/lib/chmod': [null, true, null],
  'u/lib/same': ['replaced', true, 1],
  'u/lib/other': ['replaced', false, 1],
  'u/lib/del': ['deleted', null, 1],
  // The page in which they differ is the process's own, as it has a breakpoint.
  'u/lib/patched': [null, null, null],
  'u/lib/beside': ['copied_up', false, 1],
  'u/lib/fifo': ['replaced', null, 1],
  'u/lib/gone': ['replaced', false, 1],
})

table('Of layers on several filesystems too, but no more than the bytes tell', 'apart', {
  'u/lib/edited': ['copied_up', false, 1],
  'u/lib/other': ['replaced', false, 1],
  // The same bytes are in both.
  'u/lib/same': ['replaced', true, null],
  // A copy that was removed might have had the bytes of the lower file.
  'u/lib/del': ['deleted', null, null],
  // What is mapped is in no branch any more.
  'u/lib/twice': ['replaced', false, null],
})

table('A layer that is a union itself', 'nested', {
  'u/lib/keep': ['current', true, 1],
  'u/lib/edited': ['copied_up', false, 1],
  'u/lib/chmod': ['copied_up', true, 1],
  'u/lib/same': ['replaced', true, 1],
  'u/lib/other': ['replaced', false, 1],
})

table('A file of no union is compared itself, what the process has changed of it in memory too', 'plain', {
  'plain/keep': ['current', true, null],
  'plain/same': ['replaced', true, null],
  'plain/other': ['replaced', false, null],
  'plain/data': ['replaced', false, null],
  'plain/short': ['replaced', false, null],
  // What follows the last page that is mapped does not count.
  'plain/long': ['replaced', true, null],
  'plain/del': ['deleted', null, null],
  // Neither followed nor opened.
  'plain/link': ['replaced', null, null],
  'plain/covered': ['replaced', null, null],
  'plain/seen': ['current', true, null],
})

table('--stale leaves out what has the same bytes', 'stale', {
  'plain/other': ['replaced', false, null],
  'plain/data': ['replaced', false, null],
  'plain/short': ['replaced', false, null],
  'plain/del': ['deleted', null, null],
  'plain/link': ['replaced', null, null],
  'plain/covered': ['replaced', null, null],
})

table('A page that was never touched is read from the mapped file', 'untouched', {
  'u/lib/a': ['copied_up', false, 1],
})

table('A page that was relocated tells nothing', 'relro', {
  'u/lib/a': [null, null, null],
  'u/lib/b': ['current', true, 1],
})

test('A file that is swapped all the time for a FIFO, a link or a folder is read, or it is not', async (t) => {
  const scene = await play(t, 'raced')
  if (scene === null) return
  t.deepEqual([scene.stderr, scene.status], ['', 0])
  const vmas = vmasOf(scene)
  t.true(vmas.length >= 10)
  for (const { state, same_bytes } of vmas) {
    t.true(state === 'replaced' || state === 'deleted')
    t.not(same_bytes, false, 'the only file that is ever there has the same bytes')
  }
})

test('Processes that end while they are read are a message each, and no others are wrong', async (t) => {
  const scene = await play(t, 'ends')
  if (scene === null) return
  for (const message of lines(scene.stderr)) t.regex(message, /^aufs-vma: pid \d+: no such process$/)
  for (const { path, state, same_bytes } of vmasOf(scene))
    t.deepEqual([state, same_bytes], path.includes('/plain/') ? ['replaced', true] : ['copied_up', false])
  t.true(
    lines(scene.stdout).some((line) => line.includes('"comm":"bash"')),
    'the last one is told',
  )
})

test('Without CAP_DAC_READ_SEARCH a file that is closed is a message, and the others are compared', async (t) => {
  const scene = await play(t, 'closed')
  if (scene === null) return
  t.regex(
    scene.stderr,
    /^aufs-vma: pid \d+: files cannot be read: permission denied \(EACCES\); try sudo \(CAP_DAC_READ_SEARCH\)\n$/,
  )
  t.is(scene.status, 1)
  t.deepEqual(rowsOf(t, scene), {
    'plain/a': ['replaced', null, null],
    'plain/open': ['replaced', true, null],
  })
})
