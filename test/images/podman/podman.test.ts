/** Podman's store: by its files, and a real one where Podman can run a container (podman.sh says how). */
import { symlinkSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { InputError } from '../../../src/errors.js'
import { chainIds } from '../../../src/images/layers.js'
import { Stores } from '../../../src/images/places.js'
import { podman } from '../../../src/images/podman/podman.js'
import type { BranchTable, LayerImage } from '../../../src/unions/branch-table.js'
import type { Vma } from '../../../src/vma/record.js'
import { openBelow, tempFolder, writeTree } from '../../helpers/folders.js'
import { isInstalled, isRoot, skip } from '../../helpers/machine.js'
import { ociArchive, ociLayer, programLayer, textOrNothing } from '../../helpers/oci.js'
import { lines, outcome, started } from '../../helpers/run.js'

const digest = (digit: string) => `sha256:${digit.repeat(64)}`
const [BASE, TOP, MAPPED, OWN, ODD] = ['1', '2', '3', '4', '5'].map((digit) => digit.repeat(64))

/** A base, an image on it, the same for other users, a container, and a layer of which the digest is not known. */
const files = {
  'overlay-layers/layers.json': JSON.stringify([
    { id: BASE, 'diff-digest': digest('a') },
    { id: TOP, parent: BASE, 'diff-digest': digest('b') },
    { id: MAPPED, parent: BASE, 'diff-digest': digest('b') },
    { id: ODD, parent: BASE },
  ]),
  'overlay-layers/volatile-layers.json': JSON.stringify([{ id: OWN, parent: TOP }]),
  'overlay-images/images.json': JSON.stringify([
    {
      id: 'c'.repeat(64),
      names: ['localhost/web:1', `localhost/web@${digest('d')}`],
      layer: TOP,
      'mapped-layers': [MAPPED],
    },
    { id: 'e'.repeat(64), layer: BASE },
    { id: 'f'.repeat(64), names: ['localhost/odd:1'], layer: ODD },
  ]),
  'overlay-containers/containers.json': JSON.stringify([
    { id: '9'.repeat(64), layer: OWN, image: 'c'.repeat(64) },
  ]),
  'overlay/l': null,
}
const [, chain = ''] = chainIds([digest('a'), digest('b')])
const image = (layer: string | null, chainId: string | null, names: string[]): LayerImage => ({
  ...{ store: 'podman', layer, chain: chainId, names, container: null },
})
const known: { name: string; id: string | undefined; image: LayerImage | null }[] = [
  {
    name: 'the base is of all images on it',
    id: BASE,
    image: image(digest('a'), digest('a'), ['e'.repeat(64), 'localhost/odd:1', 'localhost/web:1']),
  },
  { name: 'the top is of its image', id: TOP, image: image(digest('b'), chain, ['localhost/web:1']) },
  {
    name: 'so is the same for other users',
    id: MAPPED,
    image: image(digest('b'), chain, ['localhost/web:1']),
  },
  {
    name: 'a container has its own',
    id: OWN,
    image: { ...image(null, null, []), container: '9'.repeat(64) },
  },
  { name: 'a digest that is not known is null', id: ODD, image: image(null, null, ['localhost/odd:1']) },
  { name: 'another is not known', id: '6'.repeat(64), image: null },
]

test('Each layer by its folder, and by its short name', (t) => {
  const root = tempFolder(t)
  writeTree(root, files)
  const stores = new Stores({ podman: [root] })
  for (const [i, { name, id, image: expected }] of known.entries()) {
    symlinkSync(`../${id}/diff`, `${root}/overlay/l/SHORT${i}`)
    t.deepEqual(stores.imageOf(`${root}/overlay/${id}/diff`), expected, name)
    t.deepEqual(stores.imageOf(`${root}/overlay/l/SHORT${i}`), expected, `${name}, by its short name`)
  }
})

test('A layer that lies on itself is no endless loop', (t) => {
  const root = tempFolder(t)
  const layers = [
    { id: BASE, parent: TOP, 'diff-digest': digest('a') },
    { id: TOP, parent: BASE, 'diff-digest': digest('b') },
  ]
  writeTree(root, { ...files, 'overlay-layers/layers.json': JSON.stringify(layers) })
  t.is(new Stores({ podman: [root] }).imageOf(`${root}/overlay/${TOP}/diff`)?.layer, digest('b'))
})

test('A damaged file is one message', (t) => {
  const root = tempFolder(t)
  writeTree(root, { ...files, 'overlay-images/images.json': '[{' })
  const stores = new Stores({ podman: [root] })
  const folder = `${root}/overlay/${TOP}/diff`
  t.throws(() => stores.imageOf(folder), { instanceOf: InputError, message: /no JSON: ".*images\.json"/ })
  t.is(stores.imageOf(folder), null)
})

test('Nothing but the folder of a layer is one, and nothing stays open', (t) => {
  const root = tempFolder(t)
  writeTree(root, files)
  const stores = new Stores({ podman: [root] })
  for (const path of [`${BASE}/diff/x`, `${BASE}/merged`, BASE, 'diff', 'l/short', 'l', `x/${BASE}/diff`])
    t.is(stores.imageOf(`${root}/overlay/${path}`), null, path)
  t.not(stores.imageOf(`${root}/overlay/${BASE}/diff`), null)
  t.is(openBelow(root), 0)
})

test('What Podman changes is seen: a layer that is new at once', (t) => {
  const root = tempFolder(t)
  writeTree(root, { ...files, 'overlay-layers/volatile-layers.json': '[]' })
  const stores = new Stores({ podman: [root] })
  t.is(stores.imageOf(`${root}/overlay/${OWN}/diff`), null)
  const volatile = JSON.stringify([{ id: 'f'.repeat(64), layer: OWN }])
  writeTree(root, { ...files, 'overlay-containers/containers.json': '[]' })
  writeTree(root, { 'overlay-containers/volatile-containers.json': volatile })
  t.is(stores.imageOf(`${root}/overlay/${OWN}/diff`)?.container, 'f'.repeat(64))
})

test('Layers lie on those of another store; of two that have one, its own counts', (t) => {
  const [own, other] = [tempFolder(t), tempFolder(t)]
  const layers = (...records: object[]) => ({ 'overlay-layers/layers.json': JSON.stringify(records) })
  writeTree(
    own,
    layers({ id: TOP, parent: BASE, 'diff-digest': digest('b') }, { id: ODD, 'diff-digest': digest('c') }),
  )
  writeTree(other, {
    ...files,
    ...layers({ id: BASE, 'diff-digest': digest('a') }, { id: ODD, 'diff-digest': digest('d') }),
  })
  const stores = new Stores({ podman: [own, other] })
  const layerOf = (root: string, id = '') => stores.imageOf(`${root}/overlay/${id}/diff`)
  t.deepEqual(layerOf(own, TOP), image(digest('b'), chain, ['localhost/web:1']))
  t.is(layerOf(own, ODD)?.layer, digest('c'))
  t.is(layerOf(other, ODD)?.layer, digest('d'))
  const alone = new Stores({ podman: [own] }).imageOf(`${own}/overlay/${TOP}/diff`)
  t.deepEqual(alone, image(digest('b'), null, []), 'without the other it is not known what it lies on')
})

test('Records of another form are passed over, and the others count', (t) => {
  const root = tempFolder(t)
  writeTree(root, {
    ...files,
    'overlay-layers/layers.json': JSON.stringify([
      ...[null, 7, {}, { id: 7 }, { id: [TOP] }, { id: TOP, parent: 7, 'diff-digest': 'x' }],
      { id: BASE, parent: '', 'diff-digest': digest('a') },
    ]),
    'overlay-images/images.json': JSON.stringify([
      { id: 7, names: [7, null], layer: BASE },
      { id: '', names: [''], layer: [BASE], 'mapped-layers': [7] },
      { id: 'f'.repeat(64), names: 'x', layer: 7, 'mapped-layers': [BASE, 'none'] },
    ]),
    'overlay-containers/containers.json': JSON.stringify([
      { id: 7, layer: BASE },
      { id: 'x', layer: 7 },
    ]),
  })
  const stores = new Stores({ podman: [root] })
  t.deepEqual(
    stores.imageOf(`${root}/overlay/${BASE}/diff`),
    image(digest('a'), digest('a'), ['f'.repeat(64)]),
  )
  t.deepEqual(stores.imageOf(`${root}/overlay/${TOP}/diff`), image(null, null, []))
})

test('Where it is usually: one place, whatever is configured besides', (t) => {
  const [first = '', ...others] = podman.usualPlaces({})
  t.true(first.startsWith('/'))
  for (const place of others) t.true(place.startsWith('/'), place)
})

/** Why there can be no container here; null where there can. */
function obstacle(): string | null {
  if (!isRoot) return 'a container that is looked at takes root'
  return isInstalled('podman') ? null : 'podman is not installed'
}

/** What podman.sh wrote; null, and the test has ended, where no container can be had here. */
async function podmanAt(t: ExecutionContext, folder: string): Promise<((file: string) => string) | null> {
  const base = programLayer(folder, ['/bin/sleep', '/bin/sh'])
  const on = (name: string) => [base, ociLayer(folder, { [`/etc/${name}`]: name })]
  ociArchive(`${folder}/images.tar`, [
    { name: 'web:1', layers: on('web') },
    { name: 'db:1', layers: on('db') },
  ])
  const [[node, branches], [, vma], [, images]] = [
    started('aufs-branches'),
    started('aufs-vma'),
    started('aufs-images'),
  ]
  const script = ['sh', 'test/images/podman/podman.sh', folder, node, branches, vma, images]
  const { stderr, status } = await outcome('unshare', ['-m', '--propagation', 'private', ...script])
  const read = (file: string) => textOrNothing(`${folder}/${file}`)
  // What Podman refuses before there is a container (nested cgroups, no overlay) is the machine's, not the filter's.
  if (status !== 0 && read('id') === '') {
    skip(t, `no container: ${stderr.trim()}`)
    return null
  }
  t.is(status, 0, stderr)
  return read
}

test('A real Podman: layers, images and container are what it says itself', async (t) => {
  const reason = obstacle()
  if (reason !== null) return skip(t, reason)
  const folder = tempFolder(t)
  const read = await podmanAt(t, folder)
  if (read === null) return

  const inspected = lines(read('inspected')).map((line) => {
    const [, names = '', layers = '', upper = ''] = /^(\[.*?\]) (\[.*?\]) (.*)$/.exec(line) ?? []
    return { names: JSON.parse(names) as string[], layers: JSON.parse(layers) as string[], upper }
  })
  t.is(inspected.length, 2)
  const all = inspected.flatMap(({ names }) => names).sort()
  const stores = new Stores({ podman: [`${folder}/root`] })
  for (const { names, layers, upper } of inspected) {
    t.is(layers.length, 2)
    t.deepEqual(stores.imageOf(upper), image(layers[1] ?? '', chainIds(layers)[1] ?? '', names.sort()))
  }

  const web = inspected.find(({ names }) => names.includes('example.org/web:1'))
  const [base = '', top = ''] = web?.layers ?? []
  const below = image(base, base, all)
  const above = image(top, chainIds([base, top])[1] ?? '', web?.names ?? [])
  const container = { ...image(null, null, []), container: read('id').trim() }
  const tables = (file: string) => lines(read(file)).map((line): BranchTable => JSON.parse(line))
  t.deepEqual(
    tables('tables')[0]?.branches.map((branch) => branch.image),
    [container, above, below],
  )
  const vmas = lines(read('vmas')).map((line): Vma => JSON.parse(line))
  t.true(vmas.length > 3)
  for (const { path, branch } of vmas) t.deepEqual(branch?.image, below, path)

  const [lent, ...others] = tables('lent')[0]?.branches.map((branch) => branch.image) ?? []
  t.is(lent?.container, read('lent-id').trim())
  t.deepEqual(
    others.map((branch) => branch?.names),
    [['example.org/db:1'], all],
  )
})
