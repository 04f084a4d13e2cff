/** Docker's own store, by its folders (up to Docker 28, and later where the containerd image store is off). */
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { InputError } from '../../src/errors.js'
import { Stores } from '../../src/images/places.js'
import type { LayerImage } from '../../src/unions/branch-table.js'
import { digest, sha256, WEB, writeDockerStore } from '../helpers/docker-store.js'
import { tempFolder, writeTree } from '../helpers/folders.js'

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

test('What Docker changes is seen: a tag at the latest after a second, another container at once', async (t) => {
  const root = tempFolder(t)
  writeDockerStore(root, 'overlay2')
  const stores = storeAt(root)
  const base = `${root}/overlay2/${sha256('cache of base')}/diff`
  t.deepEqual(stores.imageOf(base), BASE)
  const other = 'b'.repeat(64)
  writeTree(root, { [`image/overlay2/layerdb/mounts/${other}/mount-id`]: sha256('other') })
  t.is(stores.imageOf(`${root}/overlay2/${sha256('other')}/diff`)?.container, other)
  const tags = JSON.stringify({ Repositories: { debian: { 'debian:13': digest('debian') } } })
  writeFileSync(`${root}/image/overlay2/.tmp-repositories.json`, tags)
  renameSync(`${root}/image/overlay2/.tmp-repositories.json`, `${root}/image/overlay2/repositories.json`)
  await new Promise((resolve) => setTimeout(resolve, 1100))
  t.deepEqual(stores.imageOf(base)?.names, ['debian:13', digest('nginx')].sort())
})

test('A container whose folder was still empty when it was read is known when it is filled', (t) => {
  const root = tempFolder(t)
  writeDockerStore(root, 'overlay2')
  const other = 'b'.repeat(64)
  mkdirSync(`${root}/image/overlay2/layerdb/mounts/${other}`)
  const stores = storeAt(root)
  const folder = `${root}/overlay2/${sha256('other')}/diff`
  t.is(stores.imageOf(folder), null)
  writeTree(root, { [`image/overlay2/layerdb/mounts/${other}/mount-id`]: sha256('other') })
  t.is(stores.imageOf(folder)?.container, other)
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

test('Nothing of a store is written', (t) => {
  const root = tempFolder(t)
  writeDockerStore(root, 'overlay2')
  const list = () => readdirSync(root, { recursive: true }).sort()
  const before = list()
  t.deepEqual(storeAt(root).imageOf(`${root}/overlay2/${sha256('cache of base')}/diff`), BASE)
  t.deepEqual(list(), before)
})
