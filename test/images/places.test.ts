/** Which store a folder is of, and what is said where one cannot be read. */
import { chmodSync, mkdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs'
import test from 'ava'
import { InputError } from '../../src/errors.js'
import { docker } from '../../src/images/docker.js'
import { Stores } from '../../src/images/places.js'
import { podman } from '../../src/images/podman/podman.js'
import { sha256, writeDockerStore } from '../helpers/docker-store.js'
import { tempFolder } from '../helpers/folders.js'
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

test('The stores of those who run containers without root are looked for in their homes', (t) => {
  const home = /^root:(?:[^:]*:){4}(\/[^:]*)/m.exec(readFileSync('/etc/passwd', 'latin1'))?.[1]
  if (home === undefined) return skip(t, 'root has no home')
  const path = `${home}/.local/share`
  t.true(podman.placesAtHome().includes(`${path}/containers/storage`))
  t.true(docker.placesAtHome().includes(`${path}/docker`))
})
