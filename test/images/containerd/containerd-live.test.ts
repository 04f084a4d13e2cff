/** A real containerd: what is said of each snapshot's folder, against what `ctr` says and how the images were made. Needs root. */
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { chainIds } from '../../../src/images/layers.js'
import { Stores } from '../../../src/images/places.js'
import type { BranchTable, LayerImage } from '../../../src/unions/branch-table.js'
import type { Vma } from '../../../src/vma/record.js'
import { Containerd, containerdObstacle } from '../../helpers/containerd.js'
import { isInstalled, skip } from '../../helpers/machine.js'
import { type OciImage, type OciLayer, ociArchive, ociLayer, programLayer } from '../../helpers/oci.js'
import { lines, run, shell, started } from '../../helpers/run.js'

const obstacle = containerdObstacle()

/** A containerd with two images that share their lowest layer. */
class Machine {
  readonly containerd = new Containerd()
  readonly base: OciLayer
  readonly images: OciImage[]

  constructor() {
    const { folder } = this.containerd
    this.base = programLayer(folder, ['/bin/sleep', '/bin/sh'])
    this.images = ['web', 'db'].map((name) => ({
      name: `example.org/${name}:1`,
      layers: [this.base, ociLayer(folder, { [`/etc/${name}`]: name })],
    }))
  }

  async import(images: readonly OciImage[]): Promise<void> {
    const { folder } = this.containerd
    ociArchive(`${folder}/images.tar`, images)
    await this.containerd.ctr('images', 'import', '--snapshotter', 'overlayfs', `${folder}/images.tar`)
  }

  stores(): Stores {
    return new Stores({ containerd: [this.containerd.root] })
  }
}

let machine: Machine | null = null

test.before(async () => {
  if (obstacle !== null) return
  machine = new Machine()
  await machine.containerd.ready()
  await machine.import(machine.images)
})
test.after.always(() => machine?.containerd.stop())

const withContainerd = (title: string, work: (t: ExecutionContext, machine: Machine) => Promise<void>) =>
  test.serial(title, (t) => (machine === null ? skip(t, obstacle ?? 'no containerd') : work(t, machine)))

/** The keys of the snapshots that `ctr` lists, of a kind. */
async function keysOf({ containerd }: Machine, kind: string): Promise<string[]> {
  const rows = lines(await containerd.ctr('snapshots', 'list')).slice(1)
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter((row) => row.at(-1) === kind)
    .map(([key = '']) => key)
}

const layerOf = (layer: string | null, chain: string | null, names: string[]): LayerImage => ({
  ...{ store: 'containerd', layer, chain, names, container: null },
})
const own = (container: string | null): LayerImage => ({ ...layerOf(null, null, []), container })

/** What each layer of some images should be said to be, by its chain id. */
function expected(images: readonly OciImage[]): Map<string, LayerImage> {
  const layers = new Map<string, LayerImage>()
  for (const image of images) {
    const diffIds = image.layers.map(({ diffId }) => diffId)
    for (const [i, chain] of chainIds(diffIds).entries()) {
      const names = [...(layers.get(chain)?.names ?? []), image.name].sort()
      layers.set(chain, layerOf(diffIds[i] ?? null, chain, names))
    }
  }
  return layers
}

withContainerd(
  'Each snapshot of an image is the layer that it was made of, with all images that have it',
  async (t, m) => {
    const [stores, layers] = [m.stores(), expected(m.images)]
    const keys = await keysOf(m, 'Committed')
    t.deepEqual(keys.sort(), [...layers.keys()].sort())
    for (const key of keys)
      t.deepEqual(stores.imageOf(await m.containerd.committedFolderOf(key)), layers.get(key) ?? null, key)
    t.is(layers.get(m.base.diffId)?.names.length, 2)
  },
)

withContainerd('A running container has its images, and its own layer by its id', async (t, m) => {
  const { containerd, images } = m
  try {
    await containerd.ctr('run', '--detach', 'example.org/web:1', 'my-web')
  } catch (error) {
    return skip(t, `no container can be run: ${error}`)
  }
  const task = (await containerd.list('tasks', 'list')).find(([name]) => name?.startsWith('my-web'))
  const pid = /\d+/.exec(task?.join(' ').replace('my-web', '') ?? '')?.[0] ?? ''
  const options = `--containerd ${containerd.root}`
  const tables = await shell(`aufs-branches /proc/${pid}/mountinfo | aufs-images ${options}`)
  t.deepEqual([tables.stderr, tables.status], ['', 0])
  const [table] = lines(tables.stdout).map((line): BranchTable => JSON.parse(line))
  const layers = expected(images)
  const [lowest = '', top = ''] = chainIds((images[0]?.layers ?? []).map(({ diffId }) => diffId))
  t.deepEqual(
    table?.branches.map(({ image }) => image),
    [own('my-web'), layers.get(top), layers.get(lowest)],
  )

  const vmas = await shell(`aufs-vma --pid ${pid} | aufs-images ${options}`)
  t.deepEqual([vmas.stderr, vmas.status], ['', 0])
  const mapped = lines(vmas.stdout).map((line): Vma => JSON.parse(line))
  t.true(mapped.length > 3)
  for (const { path, branch } of mapped) t.deepEqual(branch?.image, layers.get(lowest), path)
  // As a scanner reports of this image: what the container maps of it is in use, from the layer that has it.
  const [libc] = mapped.map(({ path }) => path).filter((path) => path.includes('libc.so'))
  const Packages = [
    { ID: 'libc6@1', Name: 'libc6', Version: '1', Layer: { DiffID: lowest }, InstalledFiles: [libc] },
  ]
  const Vulnerabilities = [{ VulnerabilityID: 'CVE-1', PkgID: 'libc6@1', PkgName: 'libc6' }]
  writeFileSync(`${containerd.folder}/report`, JSON.stringify({ Results: [{ Packages, Vulnerabilities }] }))
  writeFileSync(`${containerd.folder}/records`, vmas.stdout, 'latin1')
  const line = `sh samples/recipes/in-use.sh ${containerd.folder}/report < ${containerd.folder}/records`
  const inUse = await shell(line)
  if (!isInstalled('jq')) t.log('in-use.sh not tried: no jq')
  else t.deepEqual(lines(inUse.stdout), [`libc6\t1\tCVE-1\tmapped\t-\tsleep\t${pid}\t${libc}\t${lowest}`])
})

withContainerd('A snapshot that is of no image and no container is known, and has neither', async (t, m) => {
  const { containerd } = m
  const [stores, parent] = [m.stores(), m.base.diffId]
  await containerd.ctr('snapshots', 'prepare', 'work in progress', parent)
  const [folder] = await containerd.foldersOf('work in progress')
  t.deepEqual(stores.imageOf(folder), own(null))
  // The same folder under its new name: it is looked for again, as the index is a second old.
  await containerd.ctr('snapshots', 'commit', 'done', 'work in progress')
  await sleep(1100)
  t.deepEqual(stores.imageOf(folder), own(null))
  await containerd.ctr('snapshots', 'remove', 'done')
  await sleep(1100)
  t.is(stores.imageOf(folder), null)
})

withContainerd('A snapshot that is made after the store was read is known at once', async (t, m) => {
  const stores = m.stores()
  const layers = expected(m.images)
  t.deepEqual(
    stores.imageOf(await m.containerd.committedFolderOf(m.base.diffId)),
    layers.get(m.base.diffId) ?? null,
  )
  await m.containerd.ctr('snapshots', 'prepare', 'new', m.base.diffId)
  const [folder] = await m.containerd.foldersOf('new')
  t.deepEqual(stores.imageOf(folder), own(null))
  await m.containerd.ctr('snapshots', 'remove', 'new')
})

withContainerd(
  'Namespaces do not mix: the same image in another has snapshots and names of its own',
  async (t, m) => {
    const { containerd } = m
    await containerd.ctr(
      '--namespace',
      'k8s.io',
      'images',
      'import',
      '--snapshotter',
      'overlayfs',
      `${containerd.folder}/images.tar`,
    )
    await containerd.ctr(
      '--namespace',
      'k8s.io',
      'images',
      'tag',
      'example.org/web:1',
      'example.org/only-here:1',
    )
    const digest = `example.org/web@sha256:${'a'.repeat(64)}`
    await containerd.ctr('--namespace', 'k8s.io', 'images', 'tag', 'example.org/web:1', digest)
    const id = 'c'.repeat(64)
    await containerd.ctr('--namespace', 'k8s.io', 'snapshots', 'prepare', id, m.base.diffId)
    const [upper, lower = ''] = await containerd.foldersOf(id, 'k8s.io')
    const stores = m.stores()
    t.deepEqual(stores.imageOf(upper), own(id), "a pod's container has its id for the key of its snapshot")
    const names = ['example.org/db:1', 'example.org/only-here:1', 'example.org/web:1']
    t.deepEqual(
      stores.imageOf(lower),
      layerOf(m.base.diffId, m.base.diffId, names),
      'a digest is no further name',
    )
    t.deepEqual(stores.imageOf(await m.containerd.committedFolderOf(m.base.diffId))?.names, [
      'example.org/db:1',
      'example.org/web:1',
    ])
  },
)

withContainerd(
  "Docker's containers in containerd: their own layers, and those that Docker mounts files on",
  async (t, m) => {
    const { containerd } = m
    const moby = (...args: string[]) => containerd.ctr('--namespace', 'moby', ...args)
    await moby('images', 'import', '--snapshotter', 'overlayfs', `${containerd.folder}/images.tar`)
    // As Docker does it (daemon/containerd/image_snapshot.go). Of a stopped container there is nothing else.
    const id = '4f'.repeat(32)
    await moby('snapshots', 'prepare', `${id}-init-key`, m.base.diffId)
    await moby('snapshots', 'commit', `${id}-init`, `${id}-init-key`)
    await moby('snapshots', 'prepare', id, `${id}-init`)
    const folders = await containerd.foldersOf(id, 'moby')
    const [upper, init, base] = folders.map((folder) => m.stores().imageOf(folder))
    t.deepEqual([upper, init], [own(id), own(id)])
    t.is(base?.layer, m.base.diffId)
  },
)

withContainerd(
  'Where an image is removed, its layers go, but those that a container or another image has',
  async (t, m) => {
    const { containerd, images } = m
    const [, web = ''] = chainIds((images[0]?.layers ?? []).map(({ diffId }) => diffId))
    await containerd.ctr('snapshots', 'prepare', 'held', web)
    const [, top = '', lowest = ''] = await containerd.foldersOf('held')
    const stores = m.stores()
    t.deepEqual(stores.imageOf(top)?.names, ['example.org/web:1'])
    await containerd.ctr('images', 'remove', '--sync', 'example.org/web:1')
    await sleep(1100)
    t.deepEqual(stores.imageOf(top), layerOf(null, web, []), 'no image tells its digest any more')
    t.deepEqual(stores.imageOf(lowest), layerOf(m.base.diffId, m.base.diffId, ['example.org/db:1']))
    await containerd.ctr('images', 'remove', '--sync', 'example.org/db:1')
    await sleep(1100)
    t.deepEqual(
      stores.imageOf(lowest),
      layerOf(m.base.diffId, m.base.diffId, []),
      'of the lowest layer it is the chain id',
    )
    await m.import(images)
  },
)

withContainerd('Two hundred images: every layer is found, and the lowest is of all', async (t, m) => {
  const { folder } = m.containerd
  const shared = ociLayer(folder, { '/etc/shared': 'shared' })
  const images = Array.from({ length: 200 }, (_, i) => ({
    name: `example.org/many-${i}:1`,
    layers: [shared, ociLayer(folder, { [`/etc/${i}`]: String(i) })],
  }))
  await m.import(images)
  const layers = expected(images)
  const keys = await keysOf(m, 'Committed')
  for (const chain of layers.keys()) t.true(keys.includes(chain), chain)
  // The folders of all, by the numbers that there are.
  const stores = m.stores()
  const found = Array.from({ length: 1000 }, (_, i) =>
    stores.imageOf(`${m.containerd.root}/io.containerd.snapshotter.v1.overlayfs/snapshots/${i}/fs`),
  )
  const byChain = new Map(found.filter((image) => image?.chain != null).map((image) => [image?.chain, image]))
  for (const [chain, image] of layers) t.deepEqual(byChain.get(chain), image, chain)
  t.is(layers.get(shared.diffId)?.names.length, 200)
  // Each of these is looked at by itself as well.
  for (const chain of [...layers.keys()].slice(0, 5))
    t.deepEqual(stores.imageOf(await m.containerd.committedFolderOf(chain)), layers.get(chain) ?? null)
})

withContainerd('A store that is written to all the while is read whole, each time', async (t, m) => {
  const { containerd } = m
  const folder = await m.containerd.committedFolderOf(m.base.diffId)
  let isDone = false
  const writing = (async () => {
    for (let i = 0; i < 30; i += 1) {
      await containerd.ctr('images', 'tag', '--force', 'example.org/web:1', `example.org/tagged-${i % 3}:1`)
      await containerd.ctr('snapshots', 'prepare', `busy-${i}`, m.base.diffId)
      await containerd.ctr('snapshots', 'remove', `busy-${i}`)
      if (i % 3 === 2) await containerd.ctr('images', 'remove', 'example.org/tagged-1:1')
    }
    isDone = true
  })()
  const seen = new Set<string>()
  for (let reads = 0; !isDone || reads < 20; reads += 1) {
    // Each reads anew.
    const image = m.stores().imageOf(folder)
    t.is(image?.layer, m.base.diffId)
    t.true(image?.names.includes('example.org/web:1'))
    t.true(image?.names.includes('example.org/db:1'))
    seen.add(String(image?.names))
    await sleep(5)
  }
  await writing
  t.true(seen.size > 1, 'it was read in several states')
})

withContainerd('Nothing of the store is locked, or opened to be written to', async (t, m) => {
  const folder = await m.containerd.committedFolderOf(m.base.diffId)
  const record = JSON.stringify({
    path: '/x',
    branch: { index: 0, id: null, path: folder, perm: 'ro', attributes: [] },
  })
  const traced = await shell(
    `printf '%s\\n' '${record}' | strace -f -e trace=flock,fcntl,openat,openat2 -o ${m.containerd.folder}/trace ${started('aufs-images').join(' ')} --containerd ${m.containerd.root}; ` +
      `grep -E 'flock|F_SETLK|F_OFD|O_(WRONLY|RDWR|CREAT)' ${m.containerd.folder}/trace | grep -c ${m.containerd.folder}`,
  )
  if (/strace: (command )?not found/.test(traced.stderr)) return skip(t, 'no strace')
  const [answer = '', count] = lines(traced.stdout)
  t.deepEqual(JSON.parse(answer).branch.image.layer, m.base.diffId)
  t.is(count, '0')
})

withContainerd('The disk of another machine: its paths are those that it had there', async (t, m) => {
  const folder = await m.containerd.committedFolderOf(m.base.diffId)
  const number = /snapshots\/(\d+)\/fs$/.exec(folder)?.[1] ?? ''
  const there = `/var/lib/some containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/${number}/fs`
  const record = JSON.stringify({
    path: '/x',
    branch: { index: 0, id: null, path: there, perm: 'ro', attributes: [] },
  })
  const { stdout, stderr, status } = await run(
    'aufs-images',
    ['--containerd', m.containerd.root],
    `${record}\n`,
  )
  t.deepEqual([stderr, status], ['', 0])
  t.deepEqual(JSON.parse(stdout).branch.image.layer, m.base.diffId)
})
