/** Which store a folder is of, and what is said where one cannot be read. */
import { chmodSync, mkdirSync, renameSync, symlinkSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { InputError } from '../../src/errors.js'
import { type Asking, askAll } from '../../src/files/asking.js'
import type { StoreKind } from '../../src/images/image-store.js'
import { Stores } from '../../src/images/places.js'
import { sha256, writeDockerStore } from '../helpers/docker-store.js'
import { openBelow, tempFolder, writeTree } from '../helpers/folders.js'
import { isRoot, NOBODY, skip } from '../helpers/machine.js'
import { outcome, run, started } from '../helpers/run.js'

const LAYER = `/overlay2/${sha256('cache of base')}/diff`
const isKnown = (stores: Stores, path: string) => stores.imageOf(path) !== null

test('A store is known by its own place, and by every name of that', (t) => {
  const folder = tempFolder(t)
  mkdirSync(`${folder}/real`)
  writeDockerStore(`${folder}/real/docker`, 'overlay2')
  symlinkSync(`${folder}/real/docker`, `${folder}/link`)
  for (const given of [`${folder}/real/docker`, `${folder}/link`])
    for (const root of [`${folder}/real/docker`, `${folder}/link`])
      t.true(isKnown(new Stores({ docker: [given] }), root + LAYER), `${root} of ${given}`)
})

test('A store of another machine is known by the place that it had there', (t) => {
  const folder = tempFolder(t)
  writeDockerStore(`${folder}/var/lib/docker`, 'overlay2')
  const stores = new Stores({ docker: [`${folder}/var/lib/docker`] })
  // The disk is mounted here, and its place ends so.
  t.true(isKnown(stores, `/var/lib/docker${LAYER}`))
  // Only a part of it is mounted, where nothing tells where it was.
  t.true(isKnown(stores, `/nowhere/docker${LAYER}`))
})

test('Where another store is at that place, it is not mistaken for the one that is given', (t) => {
  const folder = tempFolder(t)
  for (const name of ['one', 'two']) writeDockerStore(`${folder}/${name}`, 'overlay2')
  const stores = new Stores({ docker: [`${folder}/one`] })
  t.true(isKnown(stores, `${folder}/one${LAYER}`))
  t.false(isKnown(stores, `${folder}/two${LAYER}`))
  const both = new Stores({ docker: [`${folder}/one`, `${folder}/two`] })
  t.true(isKnown(both, `${folder}/two${LAYER}`))
})

test('A usual place counts by itself alone', (t) => {
  t.false(isKnown(new Stores(), `/nowhere/docker${LAYER}`))
  t.false(isKnown(new Stores(), `/nowhere/containers/storage/overlay/${'a'.repeat(64)}/diff`))
  t.false(isKnown(new Stores(), '/nowhere/io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs'))
})

test('A folder in which no store is known ends the command, with nothing written', async (t) => {
  const folder = tempFolder(t)
  for (const kind of ['docker', 'containerd', 'podman'] as const) {
    t.throws(() => new Stores({ [kind]: [folder] }), { instanceOf: InputError, message: /^no store of / })
    const { stdout, stderr, status } = await run(
      'aufs-images',
      [`--${kind}`, folder],
      '{"path":"/x","branch":null}\n',
    )
    t.is(stdout, '')
    t.regex(stderr, new RegExp(`^aufs-images: no store of ${kind}: .* is missing: "${folder}"\n$`))
    t.is(status, 1)
  }
})

test('A store that this user may not read is one message, which names sudo; the records come all the same', async (t) => {
  if (!isRoot) return skip(t, 'only root can be another user')
  const folder = tempFolder(t)
  chmodSync(folder, 0o755)
  writeDockerStore(`${folder}/docker`, 'overlay2')
  chmodSync(`${folder}/docker/image/overlay2`, 0o700)
  const branch = { index: 0, id: null, path: `${folder}/docker${LAYER}`, perm: 'ro', attributes: [] }
  const input = `${JSON.stringify({ path: '/x', branch })}\n`.repeat(3)
  const words = [...NOBODY.slice(1), ...started('aufs-images'), '--docker', `${folder}/docker`]
  const { stdout, stderr, status } = await outcome('setpriv', words, input, { NODE_V8_COVERAGE: '' })
  if (/Cannot find module|EACCES.*node/.test(stderr)) return skip(t, 'another user may not read the commands')
  t.is(stdout, `${JSON.stringify({ path: '/x', branch: { ...branch, image: null } })}\n`.repeat(3))
  t.regex(
    stderr,
    /^aufs-images: stdin:1: permission denied \(EACCES\); try sudo \(CAP_DAC_READ_SEARCH\): ".*image.*"\n$/,
  )
  t.is(status, 1)
  chmodSync(`${folder}/docker`, 0o700)
  const refused = await outcome('setpriv', words, input, { NODE_V8_COVERAGE: '' })
  t.is(
    refused.stderr,
    `aufs-images: permission denied (EACCES); try sudo (CAP_DAC_READ_SEARCH): "${folder}/docker"\n`,
  )
})

test('A store that goes while it is in use is known no more', async (t) => {
  const folder = tempFolder(t)
  writeDockerStore(`${folder}/docker`, 'overlay2')
  const stores = new Stores({ docker: [`${folder}/docker`] })
  t.true(isKnown(stores, `${folder}/docker${LAYER}`))
  renameSync(`${folder}/docker`, `${folder}/gone`)
  await new Promise((resolve) => setTimeout(resolve, 1100))
  t.false(isKnown(stores, `${folder}/docker${LAYER}`))
})

/** Stores that are not read: each says of any layer in which place it was looked for. */
function kindIn(
  { usual = [], home = [] }: { usual?: string[]; home?: string[] },
  asked: string[] = [],
  opened: [string, Asking][] = [],
): StoreKind {
  return {
    ...{ name: 'docker', folders: /^(.*)(\/layer)$/s, mark: '/mark' },
    usualPlaces() {
      asked.push('usual')
      return usual
    },
    placesAtHome() {
      asked.push('home')
      return home
    },
    open(root, _, asking) {
      opened.push([root, asking])
      return {
        imageOf: () => ({ store: 'docker', layer: null, chain: null, names: [root], container: null }),
      }
    },
  }
}

/** Such stores in some folders of a test. */
function places(
  t: ExecutionContext,
  { given, usual = [], home = [] }: { given?: string[]; usual?: string[]; home?: string[] },
) {
  const folder = tempFolder(t)
  writeTree(folder, { 'a/mark': '', 'b/mark': '', 'c/mark': '', file: '' })
  symlinkSync('a', `${folder}/link`)
  for (const name of ['loop', 'other-loop']) symlinkSync(name, `${folder}/${name}`)
  const below = (names: string[]) => names.map((name) => folder + name)
  const asked: string[] = []
  const opened: [string, Asking][] = []
  const kind = kindIn({ usual: below(usual), home: below(home) }, asked, opened)
  const stores = (roots: string[]) => new Stores({ docker: roots }, [kind])
  const all = given === undefined ? new Stores({}, [kind]) : stores(below(given))
  const placeOf = (root: string) =>
    all.imageOf(`${folder}${root}/layer`)?.names[0]?.slice(folder.length) ?? null
  return { folder, stores, placeOf, asked, opened }
}

test('A usual place counts by every name of it, and one at home by its own alone', (t) => {
  const usual = places(t, { usual: ['/none', '/a'] })
  t.deepEqual(['/a', '/link', '/b', '/nowhere'].map(usual.placeOf), ['/a', '/a', null, null])
  const home = places(t, { home: ['/b', '/a'] })
  t.deepEqual(['/a', '/link', '/c', '/nowhere'].map(home.placeOf), ['/a', null, null, null])
})

test('Where places are given, none other counts', (t) => {
  const { placeOf, asked } = places(t, { given: ['/a'], usual: ['/b'], home: ['/c'] })
  t.deepEqual(['/a', '/b', '/c'].map(placeOf), ['/a', null, null])
  t.deepEqual(asked, [])
  t.is(places(t, { given: [], usual: ['/b'], home: ['/c'] }).placeOf('/b'), null)
})

test('What is a place by its name is not taken for another by what is there', (t) => {
  const { placeOf } = places(t, { usual: ['/a', '/link'] })
  t.deepEqual(['/link', '/a'].map(placeOf), ['/link', '/a'])
})

test('A given place that ends in the root that is asked for is that, whatever is there here', (t) => {
  const { folder, stores } = places(t, {})
  writeTree(folder, { [`mnt${folder}/a/mark`]: '' })
  const all = stores([`${folder}/mnt${folder}/a`])
  t.deepEqual(all.imageOf(`${folder}/a/layer`)?.names, [`${folder}/mnt${folder}/a`])
  t.is(all.imageOf(`${folder}/b/layer`), null)
})

test('A given place may be one that was below what is no folder here', (t) => {
  const { placeOf } = places(t, { given: ['/a'] })
  t.deepEqual(['/file/x', '/nowhere'].map(placeOf), ['/a', '/a'])
})

test('Places of which nothing can be told are none that is alike', (t) => {
  const { placeOf } = places(t, { usual: ['/loop'] })
  t.deepEqual(['/loop', '/other-loop'].map(placeOf), ['/loop', null])
  t.is(places(t, { given: ['/a'] }).placeOf('/loop'), null)
})

test('The root of all may be a place', (t) => {
  t.deepEqual(new Stores({}, [kindIn({ usual: ['/'] })]).imageOf('/layer')?.names, ['/'])
})

test('Each place is looked for and opened once, and only one that is given asks whatever mount it is on', (t) => {
  const usual = places(t, { usual: ['/a', '/b'], home: ['/c'] })
  for (const root of ['/a', '/link', '/b', '/a', '/c', '/c', '/none', '/none']) usual.placeOf(root)
  t.deepEqual(usual.asked, ['usual', 'home'])
  t.deepEqual(
    usual.opened.map(([root, asking]) => [root, asking === askAll]),
    [
      [`${usual.folder}/a`, false],
      [`${usual.folder}/b`, false],
      [`${usual.folder}/c`, false],
    ],
  )
  t.is(openBelow(usual.folder), 0)
  const given = places(t, { given: ['/a'] })
  given.placeOf('/a')
  t.deepEqual(given.opened, [[`${given.folder}/a`, askAll]])
})

test('What is given has the mark of its kind', (t) => {
  const { folder, stores } = places(t, {})
  for (const root of ['/none', '/file', '/']) {
    const error = {
      instanceOf: InputError,
      message: `no store of docker: /mark is missing: "${folder}${root}"`,
    }
    t.throws(() => stores([folder + root]), error)
  }
  t.throws(() => stores([`${folder}/loop`]), {
    message: `too many symbolic links encountered (ELOOP): "${folder}/loop"`,
  })
})
