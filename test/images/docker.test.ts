/** Docker's own store, by its folders (up to Docker 28, and later where the containerd image store is off). */
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { InputError } from '../../src/errors.js'
import { docker, withRemapped } from '../../src/images/docker.js'
import { Stores } from '../../src/images/places.js'
import type { LayerImage } from '../../src/unions/branch-table.js'
import { digest, sha256, WEB, writeDockerStore } from '../helpers/docker-store.js'
import { openBelow, tempFolder, writeTree } from '../helpers/folders.js'

const storeAt = (root: string) => new Stores({ docker: [root] })
const NGINX = ['registry:5000/nginx:1', 'registry:5000/nginx:2']
const container: LayerImage = { store: 'docker', layer: null, chain: null, names: [], container: WEB }
const layer = (content: string, chain: string, names: string[]): LayerImage => ({
  ...{ store: 'docker', layer: digest(content), chain, names, container: null },
})
const BASE = layer('base', digest('base'), ['debian:12', ...NGINX])
const TOP = layer('nginx', digest(`${digest('base')} ${digest('nginx')}`), NGINX)
const ALONE = layer('nginx', digest('nginx'), [digest('nameless')])

/** Folders of layers, from the root of the store. */
const folders: { driver: string; folder: string; image: LayerImage | null }[] = [
  { driver: 'overlay2', folder: `/overlay2/${sha256('mount')}/diff`, image: container },
  { driver: 'overlay2', folder: `/overlay2/${sha256('mount')}-init/diff`, image: container },
  { driver: 'overlay2', folder: `/overlay2/l/${'C'.repeat(26)}`, image: container },
  { driver: 'overlay2', folder: `/overlay2/l/${'D'.repeat(26)}`, image: container },
  { driver: 'overlay2', folder: `/overlay2/l/${'B'.repeat(26)}`, image: TOP },
  { driver: 'overlay2', folder: `/overlay2/${sha256('cache of nginx')}/diff`, image: TOP },
  { driver: 'overlay2', folder: `/overlay2/l/${'A'.repeat(26)}`, image: BASE },
  { driver: 'overlay2', folder: `/overlay2/${sha256('cache of base')}/diff`, image: BASE },
  { driver: 'overlay2', folder: `/overlay2/${sha256('cache of alone')}/diff`, image: ALONE },
  { driver: 'overlay2', folder: `/overlay2/l/${'Z'.repeat(26)}`, image: null },
  { driver: 'overlay2', folder: `/overlay2/${sha256('cache of base')}/diff\nx`, image: null },
  { driver: 'overlay2', folder: `/overlay2/${sha256('cache of base')}/diff/x`, image: null },
  { driver: 'overlay2', folder: `/overlay2/${sha256('cache of base')}/merged`, image: null },
  { driver: 'overlay2', folder: `/overlay2/${sha256('cache of base')}`, image: null },
  { driver: 'overlay2', folder: '/overlay2/../diff', image: null },
  { driver: 'aufs', folder: `/aufs/diff/${sha256('mount')}`, image: container },
  { driver: 'aufs', folder: `/aufs/diff/${sha256('mount')}-init`, image: container },
  { driver: 'aufs', folder: `/aufs/diff/${sha256('cache of nginx')}`, image: TOP },
  { driver: 'aufs', folder: `/aufs/diff/${sha256('cache of base')}`, image: BASE },
  { driver: 'aufs', folder: `/aufs/diff/${sha256('cache of base')} (deleted)`, image: null },
  { driver: 'aufs', folder: `/aufs/mnt/${sha256('cache of base')}`, image: null },
]

for (const driver of ['overlay2', 'aufs'])
  test(`Each folder of ${driver} is the layer of its images, or the container's own`, (t) => {
    const root = `${tempFolder(t)}/var lib $x\ndocker`
    writeDockerStore(root, driver)
    const stores = storeAt(root)
    for (const { folder, image } of folders.filter((each) => each.driver === driver))
      t.deepEqual(stores.imageOf(root + folder), image, folder)
  })

test('A folder whose name is one of the other driver is none of this one', (t) => {
  const root = tempFolder(t)
  writeDockerStore(root, 'overlay2')
  t.is(storeAt(root).imageOf(`${root}/aufs/diff/${sha256('cache of base')}`), null)
})

/** What was changed longer ago than the kernel's clock ticks is told by its time alone, and is read once. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 100))

/** A store that was read, and is not read again unless something tells that it was changed. */
async function readStore(t: ExecutionContext) {
  const root = tempFolder(t)
  writeDockerStore(root, 'overlay2')
  const empty = 'b'.repeat(64)
  mkdirSync(`${root}/image/overlay2/layerdb/mounts/${empty}`)
  await settled()
  const stores = storeAt(root)
  const imageOf = (content: string) => stores.imageOf(`${root}/overlay2/${sha256(content)}/diff`)
  t.deepEqual(imageOf('cache of base'), BASE)
  const write = (path: string, text: string) => writeTree(root, { [`image/overlay2/${path}`]: text })
  return { root, empty, imageOf, write }
}

test('What Docker changes is seen: a tag, at the latest after a second', async (t) => {
  const { root, imageOf, write } = await readStore(t)
  write(
    '.tmp-repositories.json',
    JSON.stringify({ Repositories: { debian: { 'debian:13': digest('debian') } } }),
  )
  renameSync(`${root}/image/overlay2/.tmp-repositories.json`, `${root}/image/overlay2/repositories.json`)
  await new Promise((resolve) => setTimeout(resolve, 1100))
  t.deepEqual(imageOf('cache of base')?.names, ['debian:13', digest('nginx')].sort())
})

test('What Docker changes is seen: another container, at once', async (t) => {
  const { imageOf, write } = await readStore(t)
  const other = 'c'.repeat(64)
  t.is(imageOf('other'), null)
  write(`layerdb/mounts/${other}/mount-id`, sha256('other'))
  t.is(imageOf('other')?.container, other)
})

test('What Docker changes is seen: another layer, at once', async (t) => {
  const { imageOf, write } = await readStore(t)
  t.is(imageOf('other'), null)
  write(`layerdb/sha256/${sha256('chain')}/cache-id`, `${sha256('other')}\n`)
  const image: LayerImage = {
    store: 'docker',
    layer: null,
    chain: digest('chain'),
    names: [],
    container: null,
  }
  t.deepEqual(imageOf('other'), image)
})

test('What Docker changes is seen: another image, at the latest after a second', async (t) => {
  const { imageOf, write } = await readStore(t)
  write(
    `imagedb/content/sha256/${sha256('image')}`,
    JSON.stringify({ rootfs: { diff_ids: [digest('base'), 7] } }),
  )
  await new Promise((resolve) => setTimeout(resolve, 1100))
  t.true(imageOf('cache of base')?.names.includes(digest('image')))
})

test('A container whose folder was still empty when it was read is known when it is filled', async (t) => {
  const { empty, imageOf, write } = await readStore(t)
  t.is(imageOf('other'), null)
  write(`layerdb/mounts/${empty}/mount-id`, sha256('other'))
  t.is(imageOf('other')?.container, empty)
})

test('Nothing of a store stays open', (t) => {
  const root = tempFolder(t)
  writeDockerStore(root, 'overlay2')
  t.not(storeAt(root).imageOf(`${root}/overlay2/${sha256('mount')}/diff`), null)
  t.is(openBelow(root), 0)
})

test('Where stores are: the usual places, those of remapped users in them, and in homes', (t) => {
  const root = tempFolder(t)
  writeTree(
    root,
    Object.fromEntries(
      ['100000.100000', '1.2', 'x1.2', '1.2x', 'a.1', '1.a', '12', 'image'].map((name) => [name, null]),
    ),
  )
  t.deepEqual(withRemapped(root).sort(), [root, `${root}/1.2`, `${root}/100000.100000`])
  t.deepEqual(withRemapped(`${root}/none`), [`${root}/none`])
  const [first, ...others] = docker.usualPlaces({})
  t.is(first, '/var/lib/docker')
  t.is(others.at(-1), '/var/snap/docker/common/var-lib-docker')
  for (const place of docker.placesAtHome()) t.regex(place, /^\/.*\/\.local\/share\/docker$/s)
})

test('No link of a store leads out of it', (t) => {
  const [root, evil] = [tempFolder(t), tempFolder(t)]
  writeDockerStore(root, 'overlay2')
  writeDockerStore(evil, 'overlay2')
  for (const target of ['/etc', '../../x/diff', `${evil}/overlay2/x/diff`, '../x/diff/y']) {
    symlinkSync(target, `${root}/overlay2/l/LINK`)
    t.is(storeAt(root).imageOf(`${root}/overlay2/l/LINK`), null, target)
    rmSync(`${root}/overlay2/l/LINK`)
  }
  rmSync(`${root}/image/overlay2`, { recursive: true })
  symlinkSync(`${evil}/image/overlay2`, `${root}/image/overlay2`)
  t.is(storeAt(root).imageOf(`${root}/overlay2/${sha256('cache of base')}/diff`), null)
})

test('A damaged file is one message that names it, and no image is told', (t) => {
  const root = tempFolder(t)
  writeDockerStore(root, 'overlay2')
  writeFileSync(`${root}/image/overlay2/repositories.json`, '{"Repositories":{"debian"')
  const stores = storeAt(root)
  const base = `${root}/overlay2/${sha256('cache of base')}/diff`
  t.throws(() => stores.imageOf(base), { instanceOf: InputError, message: /no JSON: ".*repositories\.json"/ })
  t.is(stores.imageOf(base), null)
  t.is(stores.imageOf(base), null)
})

const odd: { name: string; path: string; content: string }[] = [
  { name: 'names that are no object', path: 'repositories.json', content: '{"Repositories":[["x"]]}' },
  { name: 'no names', path: 'repositories.json', content: 'null' },
  {
    name: 'an image that is no digest',
    path: 'repositories.json',
    content: '{"Repositories":{"a":{"b":7,"c":"x"}}}',
  },
  {
    name: 'a name __proto__',
    path: 'repositories.json',
    content: '{"__proto__":{},"Repositories":{"__proto__":{"x":"y"}}}',
  },
  {
    name: 'a configuration without layers',
    path: `imagedb/content/sha256/${sha256('debian')}`,
    content: '{}',
  },
  {
    name: 'layers that are no digests',
    path: `imagedb/content/sha256/${sha256('debian')}`,
    content: '{"rootfs":{"diff_ids":["../x",7]}}',
  },
]
for (const { name, path, content } of odd)
  test(`What a file may not hold gives no name: ${name}`, (t) => {
    const root = tempFolder(t)
    writeDockerStore(root, 'overlay2')
    writeFileSync(`${root}/image/overlay2/${path}`, content)
    const image = storeAt(root).imageOf(`${root}/overlay2/${sha256('cache of base')}/diff`)
    t.deepEqual([image?.layer, image?.chain], [BASE.layer, BASE.chain])
    t.false(image?.names.includes('debian:12'))
  })

test('A name is the bytes that its file has, whatever they are', (t) => {
  for (const [written, read] of [
    ['\u00e9\u20ac', '\xc3\xa9\xe2\x82\xac'],
    // A half of a pair is no character: JSON.parse gives it all the same.
    ['\ud800', '\xef\xbf\xbd'],
  ] as const) {
    const root = tempFolder(t)
    writeDockerStore(root, 'overlay2')
    const names = { debian: { [written]: digest('debian') } }
    writeFileSync(`${root}/image/overlay2/repositories.json`, JSON.stringify({ Repositories: names }))
    const image = storeAt(root).imageOf(`${root}/overlay2/${sha256('cache of base')}/diff`)
    t.true(image?.names.includes(read), String(image?.names))
  }
})

test('Nothing of a store is written', (t) => {
  const root = tempFolder(t)
  writeDockerStore(root, 'overlay2')
  const list = () => readdirSync(root, { recursive: true }).sort()
  const before = list()
  t.deepEqual(storeAt(root).imageOf(`${root}/overlay2/${sha256('cache of base')}/diff`), BASE)
  t.deepEqual(list(), before)
})
