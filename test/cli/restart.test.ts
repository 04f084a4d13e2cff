/** What to restart: `--stale`, `--code`, `--exit-code`, and the notes that a command ends with. */
import { mkdirSync, writeFileSync } from 'node:fs'
import test from 'ava'
import type { Kernel } from '../../src/proc/map-files.js'
import type { Vma } from '../../src/vma/record.js'
import { tempFolder, writeTree } from '../helpers/folders.js'
import { lines, run, shell } from '../helpers/run.js'

const unknown = {
  ...{ dev: null, ino: null, maps_dev: null, maps_ino: null, maps_name: null },
  ...{ mnt_id: null, mnt_listed: null, real_dev: null, real_ino: null },
} satisfies Kernel

/** A raw record, or a fixed one that is fixed anew: without a lookup only the link tells its state. */
const entry = (link: string, perms: string | null, start = '1000', pid = 7) => ({
  ...{ pid, comm: 'app', container: null, unit: 'app.service', start, end: '2000', perms, offset: '0', link },
  kernel: unknown,
})

/** Fixed by no union, and no file looked up. */
async function fixed(entries: object[] | string, ...options: string[]) {
  const input =
    typeof entries === 'string' ? entries : entries.map((each) => `${JSON.stringify(each)}\n`).join('')
  const outcome = await run('aufs-vma', ['--branches', '/dev/null', '--no-stat', ...options], input)
  const records = lines(outcome.stdout).map((line) => JSON.parse(line) as Vma)
  return { ...outcome, links: records.map(({ link }) => link), records }
}

const mixed = [
  entry('/lib/data.so (deleted)', 'r--p', '1000'),
  entry('/lib/code.so (deleted)', 'r--p', '2000'),
  entry('/lib/code.so (deleted)', 'r-xp', '3000'),
  entry('/lib/unknown.so', 'r-xp', '4000'),
  entry('/lib/unknown.dat', 'r--p', '5000'),
  entry('/memfd:jit (deleted)', 'rwxs', '6000'),
  entry('anon_inode:[perf_event]', 'rw-s', '7000'),
]

test('--stale: what is stale, less memory, and a note of how many files nothing is known', async (t) => {
  const { links, stderr, status } = await fixed([...mixed, ...mixed], '--stale')
  const stale = ['/lib/data.so (deleted)', '/lib/code.so (deleted)', '/lib/code.so (deleted)']
  t.deepEqual(links, [...stale, ...stale])
  t.is(stderr, 'aufs-vma: nothing is known of 2 files: the state is null\n')
  t.is(status, 0)
})

test('--stale --code: all mappings of files that have code, and the note is of code too', async (t) => {
  const { links, records, stderr, status } = await fixed(mixed, '--stale', '--code')
  t.deepEqual(links, ['/lib/code.so (deleted)', '/lib/code.so (deleted)'])
  t.deepEqual([...new Set(records.map(({ unit }) => unit))], ['app.service'])
  t.is(stderr, 'aufs-vma: nothing is known of 1 file: the state is null\n')
  t.is(status, 0)
})

test('--code alone: memory has code as well', async (t) => {
  const { links, stderr } = await fixed(mixed, '--code')
  t.deepEqual(links, [
    ...['/lib/code.so (deleted)', '/lib/code.so (deleted)', '/lib/unknown.so', '/memfd:jit (deleted)'],
  ])
  t.is(stderr, '')
})

test('--raw --code: raw records tell what is code', async (t) => {
  const { links, records } = await fixed(mixed, '--raw', '--code')
  t.is(links.length, 4)
  t.deepEqual(Object.keys(records[0] ?? {}), [
    ...['pid', 'comm', 'container', 'start', 'end', 'perms', 'offset', 'link', 'kernel'],
  ])
})

test('--code: what one process maps as code another may not', async (t) => {
  const { records } = await fixed([entry('/a', 'r-xp', '1000', 7), entry('/a', 'r--p', '1000', 8)], '--code')
  t.deepEqual(
    records.map(({ pid }) => pid),
    [7],
  )
})

test('--code: the records of a process come when the next one begins, so an endless input is answered', async (t) => {
  const raw = [entry('/a', 'r--p', '1000', 7), entry('/a', 'r-xp', '2000', 7), entry('/b', 'r-xp', '1000', 8)]
  const folder = tempFolder(t)
  writeFileSync(`${folder}/raw`, raw.map((each) => `${JSON.stringify(each)}\n`).join(''))
  // The input is still open when the records of the first process have to come out.
  const { stdout, status } = await shell(
    `cd ${folder}; mkfifo in out; aufs-vma --code --no-stat --branches /dev/null < in > out & ` +
      'exec 3> in 4< out; cat raw >&3; head -n 2 <&4; exec 3>&-; wait',
  )
  t.is(status, 0)
  t.is(lines(stdout).length, 2)
})

test('--code: text entries do not tell, which is a note', async (t) => {
  const text = 'l 1 r r 64 Sep 1 00:00 1000-2000 -> /a\nl 1 r r 64 Sep 1 00:00 3000-4000 -> /a (deleted)\n'
  const { links, stderr, status } = await fixed(text, '--code')
  t.deepEqual(links, [])
  t.is(stderr, 'aufs-vma: nothing tells whether 2 files hold code: their entries have no perms\n')
  t.is(status, 0)
})

for (const { options, status } of [
  { options: [], status: 0 },
  { options: ['--exit-code'], status: 3 },
  { options: ['--stale', '--exit-code'], status: 3 },
  { options: ['--stale', '--code', '--exit-code'], status: 3 },
  { options: ['--raw', '--exit-code'], status: 3 },
])
  test(`A record was written: ${options.join(' ')} gives exit status ${status}`, async (t) => {
    t.is((await fixed(mixed, ...options)).status, status)
  })

test('--exit-code: 0 where no record was written, and 1 where something was wrong', async (t) => {
  t.is((await fixed([mixed[3] ?? {}], '--stale', '--exit-code')).status, 0)
  t.is((await fixed('', '--exit-code')).status, 0)
  const wrong = `${mixed.map((each) => JSON.stringify(each)).join('\n')}\nwrong\n`
  const { links, status } = await fixed(wrong, '--exit-code')
  t.is(links.length, mixed.length)
  t.is(status, 1)
})

test('A fixed record keeps its unit and its cgroup, and a text entry has none', async (t) => {
  const [first] = (await fixed([{ ...entry('/a', 'r--p'), cgroup: '/x/app.service' }])).records
  t.like(first, { unit: 'app.service', cgroup: '/x/app.service' })
  const [text] = (await fixed('1000-2000 -> /a\n')).records
  t.like(text, { unit: null, cgroup: null })
  const { stderr, status } = await fixed([{ ...entry('/a', 'r--p'), unit: 5 }])
  t.regex(stderr, /^aufs-vma: stdin:1: no raw VMA record: /)
  t.is(status, 1)
})

/** A captured process whose library was deleted. */
function captured(procfs: string): string[] {
  writeTree(`${procfs}/7`, {
    stat: '7 (app) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 100 1000 1 18446744073709551615 1\n',
    comm: 'app\n',
    cgroup: '0::/system.slice/app.service\n',
    mountinfo: '29 21 254:0 / / rw - ext4 /dev/root rw\n',
    maps: [
      '00001000-00002000 r--p 00000000 fe:00 29 /lib/a.so (deleted)\n',
      '00002000-00003000 r-xp 00001000 fe:00 29 /lib/a.so (deleted)\n',
      '00004000-00005000 r--p 00000000 fe:00 30 /lib/b.dat (deleted)\n',
      '00005000-00006000 r--p 00000000 fe:00 46 /tmp/#46 (deleted)\n',
      '00006000-00007000 r--p 00000000 fe:00 47 /tmp/#46 (deleted)\n',
      '00007000-00008000 r--p 00000000 fe:00 48 /lib/c.so\n',
    ].join(''),
    map_files: null,
  })
  mkdirSync(`${procfs}/8`)
  return ['--procfs', procfs, '--sysfs', procfs]
}

test('Of processes: --stale leaves out what never had a name, --code what is no code', async (t) => {
  const procfs = tempFolder(t)
  const tree = captured(procfs)
  const entries = ['1000-2000', '2000-3000', '4000-5000', '5000-6000', '6000-7000', '7000-8000']
  const links = ['a.so (deleted)', 'a.so (deleted)', 'b.dat (deleted)'].map((name) => `/lib/${name}`)
  links.push('/tmp/#46 (deleted)', '/tmp/#46 (deleted)', '/lib/c.so')
  await shell(entries.map((name, i) => `ln -s '${links[i]}' '${procfs}/7/map_files/${name}'`).join('; '))
  const stale = await run('aufs-vma', [...tree, '--pid', '7', '--stale'])
  const starts = ({ stdout }: { stdout: string }) =>
    lines(stdout).map((line) => (JSON.parse(line) as Vma).start)
  // Of the two that are called #46, one has another inode: it was really called so.
  t.deepEqual(starts(stale), ['1000', '2000', '4000', '6000'])
  t.is(stale.stderr, 'aufs-vma: nothing is known of 1 file: the state is null\n')
  const code = await run('aufs-vma', [...tree, '--pid', '7', '--stale', '--code', '--exit-code'])
  t.deepEqual(starts(code), ['1000', '2000'])
  t.deepEqual([code.stderr, code.status], ['', 3])
  const both = await run('aufs-vma', [...tree, '--pid', '8,7', '--stale', '--code', '--exit-code'])
  t.deepEqual(starts(both), ['1000', '2000'])
  t.is(both.status, 1)
})

test('A --procfs without a process is a note, and no error', async (t) => {
  const folder = tempFolder(t)
  const { stdout, stderr, status } = await run('aufs-vma', ['--all', '--procfs', folder, '--exit-code'])
  t.deepEqual([stdout, stderr, status], ['', `aufs-vma: ${folder}: no process is there\n`, 0])
})

test('An option’s FILE that cannot be read ends the command, before anything is written', async (t) => {
  const folder = tempFolder(t)
  for (const [file, reason] of [
    [`${folder}/none`, 'no such file or directory (ENOENT)'],
    [folder, 'illegal operation on a directory (EISDIR)'],
  ] as const) {
    const outcome = await run('aufs-vma', ['--branches', file], '1000-2000 -> /a\n')
    t.deepEqual(outcome, { stdout: '', stderr: `aufs-vma: ${file}: ${reason}\n`, status: 1 })
    t.deepEqual(await run('aufs-vma', ['--branches', file, '--pid', String(process.pid)]), outcome)
  }
})

test('A FILE that cannot be read does not keep the others from being read', async (t) => {
  const { stdout, stderr, status } = await shell(
    'echo "1000-2000 -> /a" | aufs-vma --no-stat --branches /dev/null /nowhere -',
  )
  t.is(lines(stdout).length, 1)
  t.is(stderr, 'aufs-vma: /nowhere: no such file or directory (ENOENT)\n')
  t.is(status, 1)
})

for (const { name, text, note } of [
  { name: 'a log of somebody else', text: 'one\ntwo\n', note: true },
  { name: 'a long log of somebody else', text: 'something else\n'.repeat(10_000), note: true },
  { name: 'no line at all', text: '', note: false },
  { name: 'empty lines', text: '\n\n', note: false },
  { name: 'a log of CRIU without a union', text: 'a start\n(00.000123) Dumping\n', note: false },
  { name: 'a log with a pid column', text: '> 12 (12345.000123) Dumping\n', note: false },
  { name: 'what sysfs has', text: '/sys/fs/aufs/si_1a/br0 : /l\n', note: false },
  {
    name: 'CRIU’s words after many others',
    text: `${'something else\n'.repeat(10_000)}(00.000123) x\n${'y\n'.repeat(10_000)}`,
    note: false,
  },
])
  test(`aufs-log: a note where no line is CRIU's, and only there: ${name}`, async (t) => {
    const { stderr, status } = await run('aufs-log', [], text)
    t.is(stderr, note ? 'aufs-log: stdin: no line is of a log of CRIU\n' : '')
    t.is(status, 0)
  })

test('aufs-log: the note is of each FILE', async (t) => {
  const folder = tempFolder(t)
  writeTree(folder, { a: 'x\n', b: '(00.000123) Dumping\n', c: 'y\n' })
  const { stderr, status } = await run(
    'aufs-log',
    ['a', 'b', 'c'].map((name) => `${folder}/${name}`),
  )
  const note = (name: string) => `aufs-log: ${folder}/${name}: no line is of a log of CRIU\n`
  t.is(stderr, note('a') + note('c'))
  t.is(status, 0)
})
