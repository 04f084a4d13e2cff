/** `aufs-vma` on raw records, and what it says of tables that are not the process's. */
import { readFileSync, writeFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import type { RawVma } from '../../src/proc/map-files.js'
import type { BranchTable } from '../../src/unions/branch-table.js'
import type { Vma } from '../../src/vma/record.js'
import { tempFolder } from '../helpers/folders.js'
import { captured } from '../helpers/recipes.js'
import { lines, type Outcome, run } from '../helpers/run.js'

const LEAKY = 'samples/leaky-01-docker'
const [hostTable] = read<BranchTable>(`${LEAKY}/expected/branches.ndjson`)

function read<T>(file: string): T[] {
  return lines(readFileSync(file, 'utf8')).map((line) => JSON.parse(line) as T)
}

const vmasOf = ({ stdout }: Outcome) => lines(stdout).map((line) => JSON.parse(line) as Vma)
const ndjson = (records: object[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('')

/** The records of a container, as those of a process that is only in a chroot of the union would be. */
function inChroot(root: string): RawVma[] {
  return read<RawVma>(`${LEAKY}/entries-112.ndjson`).map(({ kernel, ...entry }) => ({
    ...entry,
    kernel: { ...kernel, maps_name: kernel.maps_name && root + kernel.maps_name },
  }))
}

test('Raw records of a process in a chroot are seen from the root that is given', async (t) => {
  const root = hostTable?.mount_point ?? ''
  const tables = ['--branches', `${LEAKY}/expected/branches.ndjson`, '--root', root]
  const entries = inChroot(root)
  const { stdout, stderr, status } = await run('aufs-vma', tables, ndjson(entries))
  t.deepEqual([stderr, status], ['', 0])
  const expected = new Map(read<Vma>(`${LEAKY}/expected/vma-raw.ndjson`).map((vma) => [vma.start, vma]))
  for (const { start, link, path, rpath, fpath, branch, kernel } of vmasOf({ stdout, stderr, status })) {
    // What lies on another mount of the container is none of this union's.
    if (link === '/etc/hosts') continue
    const own = expected.get(start)
    t.is(kernel.maps_name, root + own?.path)
    t.deepEqual([path, rpath, branch?.path], [own?.path, own?.rpath, own?.branch?.path])
    t.is(fpath, `${root}${path}`)
  }
})

/** A copy of the capture's tables whose branches lie elsewhere: as they are read in another mount namespace. */
function elsewhere(t: ExecutionContext): string {
  const file = `${tempFolder(t)}/tables.ndjson`
  const tables = read<BranchTable>(`${LEAKY}/expected/branches.ndjson`)
  writeFileSync(
    file,
    ndjson(
      tables.map(({ branches, ...table }) => ({
        ...table,
        branches: branches.map((branch) => ({ ...branch, path: `/elsewhere${branch.path}` })),
      })),
    ),
  )
  return file
}

const WARNING = /a link names no branch of its union: .*another mount namespace.*"\/var\/lib\/docker/

test('Where links name no branch of the tables, each process is one message', async (t) => {
  const tables = ['--branches', elsewhere(t)]
  const ofOne = await run('aufs-vma', [...captured('leaky-01-docker', 112), ...tables])
  t.is(lines(ofOne.stderr).length, 1)
  t.regex(ofOne.stderr, WARNING)
  t.is(ofOne.status, 1)
  t.true(vmasOf(ofOne).every(({ branch }) => branch === null))

  const entries = read<RawVma>(`${LEAKY}/entries-112.ndjson`)
  const both = [...entries, ...entries.map((entry) => ({ ...entry, pid: 113 })), ...entries]
  const ofTwo = await run('aufs-vma', tables, ndjson(both))
  t.is(lines(ofTwo.stderr).length, 2)
  for (const message of lines(ofTwo.stderr)) t.regex(message, WARNING)
  t.is(vmasOf(ofTwo).length, both.length)
})
