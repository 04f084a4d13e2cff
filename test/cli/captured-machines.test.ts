/** What the options of the built commands choose, on captured machines. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { ndjsonLine } from '../../src/text/json.js'
import type { BranchTable } from '../../src/unions/branch-table.js'
import type { Vma } from '../../src/vma/record.js'
import { tempFolder } from '../helpers/folders.js'
import { put } from '../helpers/procfs.js'
import { lines, run, shell } from '../helpers/run.js'
import { table } from '../helpers/tables.js'

const DOCKER = 'samples/leaky-01-docker'
const IN_DOCKER = ['--procfs', `${DOCKER}/proc`, '--sysfs', `${DOCKER}/sys`]

const vmas = (stdout: string) => lines(stdout).map((line) => JSON.parse(line) as Vma)

/** A process, as a capture has it: a file that is there, and one that is deleted. */
const tree = {
  maps: ['1000-2000 r-xp 00000000 fe:00 29 /bin/cat', '2000-3000 r-xp 00000000 fe:00 30 /lib/x.so (deleted)'],
  links: { '1000-2000': '/bin/cat', '2000-3000': '/lib/x.so (deleted)' },
  mountinfo: ['29 21 254:0 / / rw - ext4 /dev/root rw'],
}

test('--stale: only what is known not to be current, of processes and of entries alike', async (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, tree)
  for (const args of [['--pid', '7'], ['--all']]) {
    const { stdout, stderr, status } = await run('aufs-vma', ['--procfs', procfs, '--stale', ...args])
    t.regex(stderr, /^aufs-vma: nothing is known of 1 file: [^\n]*\n$/)
    t.is(status, 0)
    t.deepEqual(
      vmas(stdout).map(({ path, state }) => [path, state]),
      [['/lib/x.so', 'deleted']],
    )
  }
  const entries = '1-2 -> /bin/cat\n2-3 -> /lib/x.so (deleted)\n'
  const { stdout } = await run('aufs-vma', ['--procfs', procfs, '--stale'], entries)
  t.deepEqual(
    vmas(stdout).map(({ path }) => path),
    ['/lib/x.so'],
  )
})

test('a process that is asked for twice is told once', async (t) => {
  const once = await run('aufs-vma', [...IN_DOCKER, '--pid', '112'])
  t.true(lines(once.stdout).length > 2)
  t.deepEqual(await run('aufs-vma', [...IN_DOCKER, '--pid', '112,112', '--pid', '112']), once)
})

test('--strict: the first process that cannot be read is the last message, and no other is read', async (t) => {
  const pids = ['--pid', '999998,112,999999']
  const all = await run('aufs-vma', [...IN_DOCKER, ...pids])
  t.deepEqual([lines(all.stderr).length, lines(all.stdout).length > 2, all.status], [2, true, 1])
  t.deepEqual(await run('aufs-vma', [...IN_DOCKER, '--strict', ...pids]), {
    ...{ stdout: '', stderr: 'aufs-vma: pid 999998: no such process\n', status: 1 },
  })
})

test('--strict: an entry that warns is the last, and what came before it is written', async (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { ...tree, maps: ['nonsense', ...tree.maps] })
  put(procfs, 8, tree)
  const { stdout, stderr, status } = await run('aufs-vma', ['--procfs', procfs, '--strict', '--pid', '7,8'])
  t.deepEqual([stdout, status], ['', 1])
  t.is(stderr, 'aufs-vma: pid 7: maps:1: no mapping: "nonsense"\n')
})

test('--strict ends while its input goes on', async (t) => {
  // Who writes knows how much was taken: far less than there is.
  const writing = 'trap "" PIPE; i=0; while [ $i -lt 300000 ] && echo more; do i=$((i + 1)); done 2>/dev/null'
  const { stderr } = await shell(`{ ${writing}; echo "$i" >&2; } | aufs-mounts --strict`)
  const [message, count] = lines(stderr)
  t.regex(message ?? '', /^aufs-mounts: stdin:1: /)
  t.true(Number(count) < 300_000, count)
})

test('--root: below it files are found, with or without a slash at its end', async (t) => {
  const tables = `${tempFolder(t)}/tables`
  writeFileSync(tables, ndjsonLine(table(['/l'])))
  for (const [root, fpath] of [
    ['/mnt/ID', '/mnt/ID/bin/x'],
    ['/mnt/ID/', '/mnt/ID/bin/x'],
    ['/mnt/ID///', '/mnt/ID/bin/x'],
    ['/', '/bin/x'],
    ['//', '/bin/x'],
  ] as const) {
    const { stdout } = await run('aufs-vma', ['--branches', tables, '--root', root], '1-2 -> /l/bin/x\n')
    t.is(vmas(stdout)[0]?.fpath, fpath, root)
  }
})

test('--overlay-base is a folder as seen from where the command runs', async (t) => {
  const line = '29 21 0:17 / / rw - overlay o ro,lowerdir=l/A:/abs\n'
  for (const [base, folder] of [
    ['/b', '/b'],
    ['samples', `${process.cwd()}/samples`],
  ] as const) {
    const { stdout } = await run('aufs-branches', ['--overlay-base', base], line)
    const { branches } = JSON.parse(stdout) as BranchTable
    t.deepEqual(
      branches.map(({ path, attributes }) => [path, ...attributes]),
      [[`${folder}/l/A`], ['/abs']],
    )
  }
})

test('a FILE whose name is odd is quoted in its messages', async (t) => {
  const folder = tempFolder(t)
  for (const [name, told] of [
    ['plain', `${folder}/plain`],
    ['a b', `"${folder}/a b"`],
    ['esc\x1b[31m', `"${folder}/esc\\u001b[31m"`],
  ] as const) {
    mkdirSync(`${folder}/${name}`)
    const { stderr } = await run('aufs-mounts', [`${folder}/${name}`])
    t.is(stderr, `aufs-mounts: ${told}: illegal operation on a directory (EISDIR)\n`)
  }
})

test('--all passes over processes that are gone, and one that may not be read is none of them', async (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, tree)
  mkdirSync(`${procfs}/8`)
  symlinkSync('7', `${procfs}/self`)
  const { stdout, stderr, status } = await run('aufs-vma', ['--procfs', procfs, '--all'])
  t.deepEqual([...new Set(vmas(stdout).map(({ pid }) => pid))], [7])
  t.deepEqual([stderr, status], ['aufs-vma: pid 8: mountinfo: no such file or directory (ENOENT)\n', 1])
})

test('a FILE may have a number for its name, and is no process', async (t) => {
  const folder = tempFolder(t)
  writeFileSync(`${folder}/7`, '1-2 -> /bin/cat\n')
  const { stdout, stderr } = await shell(`cd '${folder}' && aufs-vma --no-stat 7`)
  t.deepEqual([vmas(stdout).map(({ path }) => path), stderr], [['/bin/cat'], ''])
})
