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

function read<T>(file: string): T[] {
  return lines(readFileSync(file, 'utf8')).map((line) => JSON.parse(line) as T)
}

const vmasOf = ({ stdout }: Outcome) => lines(stdout).map((line) => JSON.parse(line) as Vma)
const ndjson = (records: object[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('')

/** The records of a container, as those of a process that is only in a chroot of the union would be. */
function inChroot(root: string, file: string): RawVma[] {
  return read<RawVma>(file).map(({ link, kernel, ...entry }) => ({
    ...entry,
    link: link === kernel.maps_name ? root + link : link,
    kernel: { ...kernel, maps_name: kernel.maps_name && root + kernel.maps_name },
  }))
}

for (const [sample, pid] of [
  ['leaky-01-docker', 112],
  ['fixed-01-docker', 113],
] as const) {
  test(`Raw records of a process in a chroot are seen from the root that is given: ${sample}`, async (t) => {
    const folder = `samples/${sample}`
    const tables = `${folder}/expected/branches.ndjson`
    const root = read<BranchTable>(tables)[0]?.mount_point ?? ''
    const entries = inChroot(root, `${folder}/entries-${pid}.ndjson`)
    const done = await run('aufs-vma', ['--branches', tables, '--root', root], ndjson(entries))
    t.deepEqual([done.stderr, done.status], ['', 0])
    const expected = new Map(read<Vma>(`${folder}/expected/vma-raw.ndjson`).map((vma) => [vma.start, vma]))
    for (const { start, path, rpath, fpath, branch, kernel } of vmasOf(done)) {
      const own = expected.get(start)
      // What lies on another mount of the container is none of this union's.
      if (own?.path === '/etc/hosts') continue
      t.is(kernel.maps_name, root + own?.path)
      t.deepEqual([path, rpath, branch?.path], [own?.path, own?.rpath, own?.branch?.path])
      t.is(fpath, `${root}${path}`)
    }
  })
}

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
