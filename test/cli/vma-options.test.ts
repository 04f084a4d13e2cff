/** What the command line of `aufs-vma` asks for. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { UsageError } from '../../src/cli/arguments.js'
import { checkFolders, viewOptions, wantedPids } from '../../src/cli/vma-options.js'
import { InputError } from '../../src/errors.js'
import { ndjsonLine } from '../../src/text/json.js'
import { openBelow, tempFolder } from '../helpers/folders.js'
import { isRoot, skip } from '../helpers/machine.js'
import { put } from '../helpers/procfs.js'
import { table } from '../helpers/tables.js'

type Asked = Parameters<typeof wantedPids>[0]

/** Nothing is asked for. */
const nothing: Asked = {
  ...{ pid: undefined, all: false, container: undefined, stale: false, compare: false, raw: false },
  ...{ branches: undefined, root: undefined, stat: undefined, ask: undefined, bpf: undefined },
  ...{ 'overlay-base': undefined, procfs: '/proc', sysfs: '/sys' },
}

/** What is said of options that contradict each other; null where nothing is wrong. */
function fault(options: Partial<Asked>, files: string[] = []): string | null {
  try {
    wantedPids({ ...nothing, ...options }, files)
    return null
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
}

const ZERO = '--pid 0 is no process: docker inspect tells it of a container that is not running'
const ONE = '--root goes with one --pid only'
const NOT_LIVE = '--compare reads running processes and their files: no captured tree, nor with --no-stat'
const NOT_HERE = '--compare reads memory, so it goes with --pid, --all or --container'
const NO_FILE = '--pid and --all read no FILE'
const wrong: [options: Partial<Asked>, files: string[], says: string | null][] = [
  [{ pid: ['1,0'] }, [], ZERO],
  [{ pid: ['x', '0'] }, [], '--pid takes process numbers, not "x"'],
  [{ pid: ['1', '2,'] }, [], '--pid takes process numbers, not ""'],
  [{ pid: ['01'] }, [], '--pid takes process numbers, not "01"'],
  [{ pid: ['1x'] }, [], '--pid takes process numbers, not "1x"'],
  [{ pid: ['12345678901'] }, [], '--pid takes process numbers, not "12345678901"'],
  [{ pid: ['1234567890'] }, [], null],
  [{}, ['a', '4711'], 'there is no FILE 4711: did you mean --pid 4711?'],
  [{}, ['04711', '4711x', 'x4711'], null],
  [{ container: '1f0' }, ['-'], null],
  [{ container: 'f'.repeat(64) }, ['-'], null],
  [
    { container: 'f'.repeat(65) },
    ['-'],
    `--container takes the id of one, or how it begins, not "${'f'.repeat(65)}"`,
  ],
  [{ container: 'web' }, [], '--container takes the id of one, or how it begins, not "web"'],
  [{ container: 'fg' }, [], '--container takes the id of one, or how it begins, not "fg"'],
  [{ all: true, pid: ['1'] }, [], '--all goes without --pid'],
  [{ container: '1f', pid: ['1'] }, [], '--container goes without --pid'],
  [{ pid: ['1'] }, ['-'], NO_FILE],
  [{ all: true }, ['-'], NO_FILE],
  [{ root: '/r', pid: ['1'] }, [], null],
  [{ root: '/r' }, ['-'], null],
  [{ root: '/r', container: '1f' }, ['-'], null],
  [{ root: '/r', pid: ['1,2'] }, [], ONE],
  [{ root: '/r', all: true }, [], ONE],
  [{ root: '/r', container: '1f' }, [], ONE],
  [{ stale: true, raw: true }, [], '--raw tells no state, so it goes without --stale'],
  [{ stale: true }, [], null],
  [{ raw: true }, [], null],
  [{ compare: true }, [], NOT_HERE],
  [{ compare: true, container: '1f' }, ['-'], NOT_HERE],
  [{ compare: true, pid: ['1'] }, [], null],
  [{ compare: true, all: true }, [], null],
  [{ compare: true, pid: ['1'], stat: true }, [], null],
  [
    { compare: true, pid: ['1'], raw: true },
    [],
    '--raw tells nothing of the files, so it goes without --compare',
  ],
  [{ compare: true, pid: ['1'], stat: false }, [], NOT_LIVE],
  [{ compare: true, pid: ['1'], procfs: 'samples' }, [], NOT_LIVE],
]

for (const [options, files, says] of wrong)
  test(`${says === null ? 'not wrong' : 'wrong'}: ${JSON.stringify(options)} ${files.join(' ')}`, (t) => {
    t.is(fault(options, files), says)
  })

test('each process that is asked for is one, all are those of the procfs, and entries are of none', (t) => {
  const procfs = tempFolder(t)
  const container = 'c1'.repeat(32)
  for (const pid of [7, 8, 9]) put(procfs, pid, { maps: [], links: {}, mountinfo: [] })
  for (const pid of [7, 9]) writeFileSync(`${procfs}/${pid}/cgroup`, `0::/docker/${container}\n`)
  const wanted = (options: Partial<Asked>, files: string[] = []) =>
    wantedPids({ ...nothing, procfs, ...options }, files)
  t.deepEqual(wanted({ pid: ['112,7', '8', '7'] }), [112, 7, 8])
  t.deepEqual(wanted({ all: true }), [7, 8, 9])
  t.deepEqual(wanted({ container: 'c1c' }), [7, 9])
  t.is(wanted({ container: 'c1c' }, ['-']), null)
  t.is(wanted({}), null)
})

test('the options that name folders and types are read as they are meant', (t) => {
  const options = (more: Partial<Asked>) =>
    viewOptions({ ...nothing, procfs: '/p', sysfs: '/s', ...more }, () => {})
  t.deepEqual(options({}), { procfs: '/p', sysfs: '/s' })
  t.deepEqual(options({ 'overlay-base': 'é/b' }), {
    ...{ procfs: '/p', sysfs: '/s', overlayBase: `${process.cwd()}/\xc3\xa9/b` },
  })
  for (const [root, is] of [
    ['/', '/'],
    ['//', '/'],
    ['/a//', '/a'],
    ['/a/b', '/a/b'],
  ] as const)
    t.is(options({ root }).root, is)
  t.deepEqual(options({ ask: ['nfs,fuse.x', '9p'], stat: false, root: '/é/' }), {
    ...{ procfs: '/p', sysfs: '/s', ask: ['nfs', 'fuse.x', '9p'], stat: false, root: '/\xc3\xa9' },
  })
})

test('tables of an option are read, and a file that cannot be is told', (t) => {
  const folder = tempFolder(t)
  writeFileSync(`${folder}/bpf`, '')
  const seen: string[] = []
  const options = viewOptions(
    { ...nothing, branches: 'tables.ndjson', bpf: `${folder}/bpf` },
    (file, transformOf) => {
      seen.push(file)
      const errors: string[] = []
      const lines = transformOf({ maxLine: 1000, onError: ({ message }) => errors.push(message) }, () => {})
      const mountinfo = '36 35 98:0 / / rw - ext3 /dev/root rw\n'
      for (const text of [mountinfo, ndjsonLine(table(['/a'])), ndjsonLine(table(['/b']))])
        for (const written of lines.write(Buffer.from(text, 'latin1'))) seen.push(written)
      seen.push(lines.flush(), ...errors)
    },
  )
  t.deepEqual(
    seen.filter((text) => text !== ''),
    ['tables.ndjson', 'this is mountinfo, not branch tables: pipe it through aufs-branches'],
  )
  t.deepEqual(
    options.tables?.map(({ branches }) => branches[0]?.path),
    ['/a', '/b'],
  )
  t.is(options.bpf, `${folder}/bpf`)
  t.throws(() => viewOptions({ ...nothing, bpf: `${folder}/none` }, () => {}), {
    instanceOf: InputError,
    message: `${folder}/none: no such file or directory (ENOENT)`,
  })
})

test('folders that are read have to be there: a root only where a process is looked up in it', (t) => {
  const folder = tempFolder(t)
  const none = `${folder}/none`
  const check = (options: Partial<Asked>, pids: number[] | null) =>
    checkFolders({ ...nothing, ...options }, pids)
  const missing = { instanceOf: InputError, message: `${none}: no such file or directory (ENOENT)` }
  for (const pids of [null, [7]]) t.throws(() => check({ procfs: none }, pids), missing)
  t.throws(() => check({ root: none }, [7]), missing)
  t.throws(() => check({ root: none, stat: true }, [7]), missing)
  t.notThrows(() => check({ root: folder }, [7]))
  t.is(openBelow(folder), 0)
  t.notThrows(() => check({}, [7]))
  t.notThrows(() => check({ root: none }, null))
  t.notThrows(() => check({ root: none, stat: false }, [7]))
  t.notThrows(() => check({ root: none, procfs: folder }, [7]))
})

test('a folder that may not be entered is told with what cures it', (t) => {
  if (isRoot) return skip(t, 'root may enter every folder')
  const folder = tempFolder(t)
  mkdirSync(`${folder}/shut`)
  chmodSync(`${folder}/shut`, 0o600)
  t.throws(() => checkFolders({ ...nothing, root: `${folder}/shut` }, [7]), {
    instanceOf: InputError,
    message: `${folder}/shut: permission denied (EACCES); try sudo (CAP_DAC_READ_SEARCH)`,
  })
})
