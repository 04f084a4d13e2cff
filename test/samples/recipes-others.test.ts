/** The recipes that hand records to other tools: databases, jc. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { utf8 } from '../helpers/bytes.js'
import { tempFolder } from '../helpers/folders.js'
import { isInstalled, skip } from '../helpers/machine.js'
import { captured, recipeFolder } from '../helpers/recipes.js'
import { lines, outcome, run } from '../helpers/run.js'

const { folder, path, recipe } = recipeFolder()
const duckdb = fileURLToPath(new URL('../helpers/duckdb.js', import.meta.url))
writeFileSync(`${folder}/duckdb`, `#!/bin/sh\nexec '${process.execPath}' '${duckdb}' "$@"\n`, { mode: 0o755 })

/** What a mapping is, for the sums: whose, from where, and how many bytes. */
interface Sum {
  bytes: string
  container: string
  layer: string
  layer_b64: string | null
}

const parsed = (stdout: string) =>
  lines(Buffer.from(stdout, 'latin1').toString()).map((line) => JSON.parse(line))
/** JSON numbers past 2^53 are read to the digit, as their text. */
const sumsOf = (stdout: string) =>
  parsed(stdout.replace(/"bytes": ?(\d+)/g, '"bytes":"$1"')).map(
    (sum): Sum => ({ ...sum, layer_b64: sum.layer_b64 ?? null }),
  )

const table = {
  ...{ mount_id: 29, mount_point: '/', root: '/', dev: '0:17', fs_type: 'aufs', si: '1a', source: 'sysfs' },
  ...{ xi_path: null, workdir: null, mount_options: null, options: null },
}
const branchOf = (layer: Partial<Sum>, index: number) => ({
  ...{ index, id: null, path: layer.layer },
  ...(layer.layer_b64 == null ? {} : { path_b64: layer.layer_b64 }),
  ...{ perm: 'ro', attributes: [] },
})
const kernel = {
  ...{ dev: null, ino: null, maps_dev: null, maps_ino: null, maps_name: null },
  ...{ mnt_id: null, mnt_listed: null, real_dev: null, real_ino: null },
}
const b64 = (bytes: string) => Buffer.from(bytes, 'latin1').toString('base64')

const WEB = 'a'.repeat(64)
const plain = { layer: '/l/base', layer_b64: null }
const hostile = { layer: '/l/a\nb\t\x1f"c\\d\' $(id);\u2028,{}', layer_b64: null }
const number = { layer: '/l/0x10', layer_b64: null }
const bad = { layer: '/l/bad\ufffd', layer_b64: b64('/l/bad\xff') }
const worse = { layer: '/l/bad\ufffd', layer_b64: b64('/l/bad\xfe') }

/** Mappings, and the sums that are right of them. */
const mappings: [
  start: string,
  end: string,
  container: string | null,
  layer: Omit<Sum, 'bytes' | 'container'>,
][] = [
  ['fffffffffff000', '100000000000000', WEB, plain],
  ['0', '1000', WEB, plain],
  ['7ffffffff000', '800000000000', null, plain],
  ['0', '20000000001000', null, hostile],
  ['ffffff0000000', 'ffffff0002000', '1e5', number],
  ['10', '1f', '0x1f', number],
  ['0', '3000', null, bad],
  ['fff0000000000000', 'fff0000000009000', null, worse],
]
const sums: Sum[] = [
  { bytes: '9007199254745088', container: '-', ...hostile },
  { bytes: '36864', container: '-', ...worse },
  { bytes: '12288', container: '-', ...bad },
  { bytes: '8192', container: '1e5', ...number },
  { bytes: '8192', container: WEB, ...plain },
  { bytes: '4096', container: '-', ...plain },
  { bytes: '15', container: '0x1f', ...number },
]

const databases: [title: string, name: string, tool: string][] = [
  ['SQLite', 'bytes-sqlite', 'sqlite3'],
  ['Miller', 'bytes-miller', 'mlr'],
  ['DuckDB', 'bytes-duckdb', `${folder}/duckdb`],
]

/** Writes the mappings, and the union that they are of, for `aufs-vma` to read. */
function written(dir: string): string[] {
  const layers = [plain, hostile, number, bad, worse]
  writeFileSync(`${dir}/tables`, JSON.stringify({ ...table, branches: layers.map(branchOf) }))
  const raw = mappings.map(([start, end, container, { layer, layer_b64 }]) => {
    const link = Buffer.from(
      layer_b64 === null ? utf8(layer) : Buffer.from(layer_b64, 'base64').toString('latin1'),
      'latin1',
    )
    const twin = layer_b64 === null ? {} : { link_b64: b64(`${link.toString('latin1')}/x`) }
    return JSON.stringify({
      ...{ pid: 1, comm: '0x10', container, start, end, perms: 'r-xp', offset: '0' },
      ...{ link: `${layer}/x`, ...twin, kernel },
    })
  })
  writeFileSync(`${dir}/raw`, [...raw, JSON.stringify(elsewhere)].join('\n'))
  return ['--branches', `${dir}/tables`, `${dir}/raw`]
}

test('Layers whose names look the same are not added up', async (t) => {
  if (!isInstalled('jq')) return skip(t, 'no jq')
  const { stdout } = await recipe('bytes-by-layer', written(tempFolder(t)))
  const told = lines(Buffer.from(stdout, 'latin1').toString()).filter((line) => line.includes('\ufffd'))
  t.deepEqual(told, [`36864\t${worse.layer}\t${worse.layer_b64}`, `12288\t${bad.layer}\t${bad.layer_b64}`])
})

for (const [title, name, tool] of databases) {
  test(`${title}: bytes by layer and container, to the byte, whatever the names`, async (t) => {
    if (!isInstalled(tool)) return skip(t, `no ${tool}`)
    const { stdout, stderr, status } = await recipe(name, written(tempFolder(t)))
    t.deepEqual([stderr, status], ['', 0])
    t.deepEqual(sumsOf(stdout), sums)
  })

  test(`${title}: a captured container has the sums that jq finds`, async (t) => {
    if (!isInstalled(tool) || !isInstalled('jq')) return skip(t, `no ${tool}, or no jq`)
    const there = captured('leaky-01-docker', 112)
    const [byTool, byJq] = await Promise.all([recipe(name, there), recipe('bytes-by-layer', there)])
    const rows = sumsOf(byTool.stdout).map(({ bytes, layer }) => `${bytes}\t${layer}`)
    t.true(rows.length > 2)
    t.deepEqual(rows.sort(), lines(byJq.stdout).sort())
  })

  test(`${title}: nothing mapped gives nothing`, async (t) => {
    if (!isInstalled(tool)) return skip(t, `no ${tool}`)
    t.deepEqual(await recipe(name, ['/dev/null']), { stdout: '', stderr: '', status: 0 })
  })
}

/** A file that no layer supplies. */
const elsewhere = {
  ...{ pid: 1, comm: 'x', container: null, start: '0', end: '1000', perms: 'r-xp', offset: '0' },
  ...{ link: '/memfd:x (deleted)', kernel },
}

/** A mount with its layers, and the union that it lies on. */
interface Row {
  mount_id: number
  mount_point: string
  layers: (string | null)[] | null
  on: string | null
}

/** A union at `/` of one layer, a volume on it, and a mount on that: the parent is the volume. */
const mountinfo = [
  '29 21 0:17 / / rw - aufs none rw,si=1a,br:/l/base=ro',
  '36 29 254:0 /v /vol\\012x\\134 rw shared:1 - ext4 /dev/vda rw',
  '37 36 0:20 / /vol\\012x\\134/t rw - tmpfs none rw',
  '21 1 0:2 / /host rw - tmpfs none rw',
].join('\n')
const joined: Row[] = [
  { mount_id: 29, mount_point: '/', layers: ['/l/base'], on: null },
  { mount_id: 36, mount_point: '/vol\nx\\', layers: null, on: '/' },
  { mount_id: 37, mount_point: '/vol\nx\\/t', layers: null, on: null },
  { mount_id: 21, mount_point: '/host', layers: null, on: null },
]
interface Joined {
  mount_id: number
  mount_point: string
  branches: { path: string }[] | null
  on: string | null
}

for (const [tool, command, known] of [
  ['aufs-mounts', 'aufs-mounts', joined],
  // jc leaves the kernel's octal as it is.
  ['jc', 'jc --proc-pid-mountinfo', null],
] as const) {
  test(`Mounts as ${tool} tells them are joined with tables by mount id`, async (t) => {
    if (!isInstalled('jq') || (tool === 'jc' && !isInstalled('jc'))) return skip(t, 'no jq, or no jc')
    const dir = tempFolder(t)
    writeFileSync(`${dir}/mountinfo`, `${mountinfo}\n`)
    const told = await outcome('sh', ['-c', `${command} < ${dir}/mountinfo > ${dir}/mounts`], '', path)
    t.deepEqual([told.stderr, told.status], ['', 0])
    writeFileSync(`${dir}/tables`, (await run('aufs-branches', [`${dir}/mountinfo`])).stdout)
    const { stdout, stderr, status } = await recipe('join-mounts', [`${dir}/mounts`, `${dir}/tables`])
    t.deepEqual([stderr, status], ['', 0])
    const rows = parsed(stdout).map(({ mount_id, mount_point, branches, on }: Joined) => ({
      ...{ mount_id, mount_point, layers: branches?.map((branch) => branch.path) ?? null, on },
    }))
    const ids = ({ mount_id, layers, on }: Row) => ({ mount_id, layers, on })
    if (known === null) t.deepEqual(rows.map(ids), joined.map(ids))
    else t.deepEqual(rows, known)
  })
}

test('watch ends when what it watches has changed', async (t) => {
  const dir = tempFolder(t)
  if (!isInstalled('watch') || !isInstalled('script'))
    return skip(t, 'no watch, or no script, which gives it a terminal')
  // It changes again and again: the first change may come before the first look.
  const changes = `while sleep 0.5; do echo x >> ${dir}/log; done`
  const line = `{ ${changes}; } & TERM=vt100 watch -g -n 0.2 wc -c ${dir}/log; status=$?; kill $!; exit $status`
  writeFileSync(`${dir}/log`, '')
  t.is((await outcome('script', ['-qec', line, '/dev/null'])).status, 0)
})
