/** containerd's store, by files as its daemon lays them out. (containerd-live.test.ts asks a real one.) */
import { rmSync, truncateSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { InputError } from '../../../src/errors.js'
import { containerd } from '../../../src/images/containerd/containerd.js'
import { chainIds } from '../../../src/images/layers.js'
import { Stores } from '../../../src/images/places.js'
import type { LayerImage } from '../../../src/unions/branch-table.js'
import { blobs, databases, SNAPSHOTTER, snapshot } from '../../helpers/containerd-store.js'
import { digest, sha256 } from '../../helpers/docker-store.js'
import { openBelow, tempFolder, writeTree } from '../../helpers/folders.js'

const [BASE = '', TOP = ''] = chainIds([digest('base'), digest('top')])
const WEB = sha256('web')
const OLD = sha256('old')

const layer = (name: string | null, chain: string, names: string[]): LayerImage => ({
  ...{ store: 'containerd', layer: name === null ? null : digest(name), chain, names, container: null },
})
const own = (container: string | null): LayerImage => ({
  ...{ store: 'containerd', layer: null, chain: null, names: [], container },
})

/** Two namespaces with one image of two layers, and one of the base alone; in the first also what has no image. */
const namespaces = {
  default: {
    images: {
      'docker.io/web:1': { target: { digest: digest('index') } },
      [`docker.io/web@${digest('index')}`]: { target: { digest: digest('index') } },
      'docker.io/base:1': { target: { digest: digest('base manifest') } },
      'docker.io/odd:1': { target: { digest: '../../../etc/passwd' } },
      'docker.io/gone:1': { target: { digest: digest('not there') } },
    },
    containers: {
      'my-web': { snapshotter: 'overlayfs', snapshotKey: 'my key/1' },
      other: { snapshotter: 'native', snapshotKey: 'of another snapshotter' },
    },
  },
  moby: { images: { 'docker.io/moby:1': { target: { digest: digest('index') } } } },
  version: '\x04',
}

const snapshots = {
  [`default/1/${BASE}`]: snapshot(1, true),
  [`default/2/${TOP}`]: snapshot(2, true, `default/1/${BASE}`),
  'default/3/my key/1': snapshot(3, false, `default/2/${TOP}`),
  'default/4/of another snapshotter': snapshot(4, false),
  [`default/5/${WEB}`]: snapshot(5, false),
  [`default/6/${digest('removed')}`]: snapshot(6, true),
  [`default/7/${digest('removed on it')}`]: snapshot(7, true, `default/6/${digest('removed')}`),
  [`default/8/${BASE} `]: snapshot(8, true),
  [`default/9/${TOP}`]: snapshot(9, false),
  [`moby/300/${BASE}`]: snapshot(300, true),
  [`moby/301/${OLD}-init`]: snapshot(301, true),
  [`moby/302/${OLD}-init-key`]: snapshot(302, false),
  [`moby/303/x${OLD}`]: snapshot(303, false),
  'nowhere/304/my key/1': snapshot(304, false),
  [`nowhere/305/${TOP}`]: snapshot(305, true, 'x'),
}

const files = {
  ...databases(namespaces, snapshots),
  ...blobs({
    index: {
      manifests: [{ digest: digest('manifest') }, { digest: digest('platform') }, { digest: '../x' }, 7],
    },
    manifest: { config: { digest: digest('config') } },
    config: { rootfs: { diff_ids: [digest('base'), digest('top')] } },
    'base manifest': { config: { digest: digest('base config') } },
    'base config': { rootfs: { diff_ids: ['none', digest('base'), 7] } },
  }),
}

const BOTH = ['docker.io/base:1', 'docker.io/web:1']

const known: [title: string, number: number, image: LayerImage | null][] = [
  ['the lowest layer is of all images on it', 1, layer('base', BASE, BOTH)],
  ['the next is of its own image', 2, layer('top', TOP, ['docker.io/web:1'])],
  ["a container's own layer, by its key", 3, own('my-web')],
  ['a container of another snapshotter has the key too', 4, own(null)],
  ["a container's id is the key", 5, own(WEB)],
  [
    'the lowest layer of an image that was removed has its digest',
    6,
    layer('removed', digest('removed'), []),
  ],
  ['a layer on it does not tell it', 7, layer(null, digest('removed on it'), [])],
  ['a committed snapshot whose key is no digest', 8, own(null)],
  ['what is not committed is no layer, whatever its key', 9, own(null)],
  [
    'the same layer in another namespace has names of its own',
    300,
    layer('base', BASE, ['docker.io/moby:1']),
  ],
  ["what Docker mounts a container's files on", 301, own(OLD)],
  ['the same before it is committed', 302, own(OLD)],
  ['a key that only ends as an id', 303, own(null)],
  ['a container of another namespace', 304, own(null)],
  ['a layer of a namespace that has nothing else', 305, layer(null, TOP, [])],
  ['a number that no snapshot has', 10, null],
]

/** A store with these files, and what is said of a snapshot's folder in it. */
function storeOf(t: ExecutionContext, contents: Record<string, string>) {
  const root = tempFolder(t)
  writeTree(root, contents)
  const stores = new Stores({ containerd: [root] })
  return {
    root,
    imageOf: (number: number | string, snapshotter = SNAPSHOTTER) =>
      stores.imageOf(`${root}/${snapshotter}/snapshots/${number}/fs`),
  }
}

for (const [title, number, image] of known)
  test(`Of a snapshot's folder: ${title}`, (t) => {
    const { root, imageOf } = storeOf(t, files)
    t.deepEqual(imageOf(number), image)
    t.is(openBelow(root), 0)
  })

test('Only the folder of a snapshot is one', (t) => {
  const { root, imageOf } = storeOf(t, files)
  const stores = new Stores({ containerd: [root] })
  for (const path of ['1', '1/fs/x', '1/work', 'x/fs', '/fs', '1x/fs'])
    t.is(stores.imageOf(`${root}/${SNAPSHOTTER}/snapshots/${path}`), null, path)
  t.is(imageOf(1, 'io.containerd.snapshotter.v1.native'), null)
})

test('Each snapshotter has numbers of its own', (t) => {
  const native = 'io.containerd.snapshotter.v1.native'
  const { imageOf } = storeOf(t, {
    ...files,
    ...Object.fromEntries(
      Object.entries(databases({}, { 'default/1/of another snapshotter': snapshot(1, false) }))
        .slice(1)
        .map(([path, content]) => [path.replace(SNAPSHOTTER, native), content]),
    ),
    [`${SNAPSHOTTER.replace('overlayfs', 'empty')}/x`]: '',
  })
  t.deepEqual(imageOf(1, native), own('other'))
  t.deepEqual(imageOf(1), layer('base', BASE, BOTH))
})

test('Content that leads in a circle, or further than an image does, is left out', (t) => {
  const chain = (...names: string[]) =>
    blobs(
      Object.fromEntries(
        names.map((name, i) => [name, { manifests: [{ digest: digest(names[i + 1] ?? 'config') }] }]),
      ),
    )
  const namesOf = (content: Record<string, string>) => storeOf(t, { ...files, ...content }).imageOf(2)?.names
  t.deepEqual(namesOf(blobs({ index: { manifests: [{ digest: digest('index') }] } })), [])
  t.deepEqual(namesOf(chain('index', 'in it', 'in that')), ['docker.io/web:1'])
  t.deepEqual(namesOf(chain('index', 'in it', 'in that', 'too deep')), [])
})

test('Content that is damaged leaves its own image out, and no other', (t) => {
  const [config = ''] = Object.keys(blobs({ 'base config': null }))
  for (const content of ['{', '[]', '{"rootfs":{"diff_ids":{}}}', '{"rootfs":{"diff_ids":["none"]}}'])
    t.deepEqual(
      storeOf(t, { ...files, [config]: content }).imageOf(1),
      layer('base', BASE, ['docker.io/web:1']),
    )
})

test('Content that cannot be read is one message', (t) => {
  const { root, imageOf } = storeOf(t, files)
  const [config = ''] = Object.keys(blobs({ 'base config': null }))
  truncateSync(`${root}/${config}`, 64 * 1024 * 1024 + 1)
  t.throws(() => imageOf(1), { instanceOf: InputError, message: /^longer than 67108864 bytes: "/ })
})

test('Content that comes later is found when the databases have changed', (t) => {
  const { root, imageOf } = storeOf(t, files)
  const [config = ''] = Object.keys(blobs({ config: null }))
  rmSync(`${root}/${config}`)
  t.deepEqual(imageOf(2), layer(null, TOP, []))
  writeTree(root, {
    ...files,
    ...databases(namespaces, { ...snapshots, 'default/20/new': snapshot(20, false) }, 2n),
  })
  // A number that is not known yet is looked for at once.
  t.deepEqual(imageOf(20), own(null))
  t.deepEqual(imageOf(2), layer('top', TOP, ['docker.io/web:1']))
})

test('A database that is damaged is one message, and the store then tells nothing', (t) => {
  for (const name of ['io.containerd.metadata.v1.bolt/meta.db', `${SNAPSHOTTER}/metadata.db`]) {
    const { imageOf } = storeOf(t, { ...files, [name]: 'no database' })
    t.throws(() => imageOf(1), { instanceOf: InputError, message: /^no bbolt database, or a damaged one: "/ })
    t.is(imageOf(1), null)
  }
})

test('A database without what is looked for has nothing', (t) => {
  const { imageOf } = storeOf(t, { ...files, ...databases({ default: {} }, {}) })
  t.is(imageOf(1), null)
})

test('Where stores are: the usual places, those of Docker, and in homes', (t) => {
  t.deepEqual(containerd.usualPlaces({}), [
    '/var/lib/containerd',
    '/var/lib/rancher/k3s/agent/containerd',
    '/var/lib/rancher/rke2/agent/containerd',
    '/var/lib/docker/containerd/daemon',
  ])
  const [, , , ...docker] = containerd.usualPlaces({ docker: ['/a', '/b'] })
  t.deepEqual(docker, ['/a/containerd/daemon', '/b/containerd/daemon'])
  for (const place of containerd.placesAtHome())
    t.regex(place, /^\/.*\/\.local\/share\/(containerd|docker\/containerd\/daemon)$/s)
})
