/** Stores of images, in each of which an input takes the place of one file. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { InputError } from '../src/errors.js'
import { Stores } from '../src/images/places.js'
import { isWhole } from '../src/lines/records.js'
import type { ByteString } from '../src/text/byte-string.js'
import { ndjsonLine, parse } from '../src/text/json.js'
import { readImage } from '../src/unions/branch-table.js'
import { blobs, databases, SNAPSHOTTER, snapshot } from '../test/helpers/containerd-store.js'
import { digest, dockerStore, sha256, writeDockerStore } from '../test/helpers/docker-store.js'
import { writeTree } from '../test/helpers/folders.js'

const WEB = 'a'.repeat(64)

/** A base, and a container on it. */
const containerd = {
  ...databases(
    {
      default: {
        images: { 'docker.io/debian:12': { target: { digest: digest('index') } } },
        containers: { web: { snapshotter: 'overlayfs', snapshotKey: WEB } },
      },
    },
    {
      [`default/1/${digest('base')}`]: snapshot(1, true),
      [`default/2/${WEB}`]: snapshot(2, false, `default/1/${digest('base')}`),
    },
  ),
  ...blobs({
    index: { manifests: [{ digest: digest('manifest') }] },
    manifest: { config: { digest: digest('config') } },
    config: { rootfs: { diff_ids: [digest('base')] } },
  }),
}

const [BASE, TOP] = [sha256('base'), sha256('top')]
const podman = {
  'overlay-layers/layers.json': JSON.stringify([
    { id: BASE, 'diff-digest': digest('base') },
    { id: TOP, parent: BASE, 'diff-digest': digest('top') },
  ]),
  'overlay-layers/volatile-layers.json': JSON.stringify([{ id: WEB, parent: TOP }]),
  'overlay-images/images.json': JSON.stringify([
    { id: 'c'.repeat(64), names: ['localhost/web:1'], layer: TOP, 'mapped-layers': [BASE] },
  ]),
  'overlay-containers/containers.json': JSON.stringify([{ id: '9'.repeat(64), layer: WEB }]),
}

/** What is asked of each store: all that it has. */
const folders = {
  docker: [sha256('mount'), sha256('cache of base')].map((name) => `/overlay2/${name}/diff`),
  containerd: [1, 2].map((number) => `/${SNAPSHOTTER}/snapshots/${number}/fs`),
  podman: [BASE, TOP, WEB].map((id) => `/overlay/${id}/diff`),
}

type Kind = keyof typeof folders
const KINDS = ['docker', 'containerd', 'podman'] as const

/** The files of the stores that are read, by their paths, which begin with the kind. */
const files = new Map(
  Object.entries({ docker: dockerStore('overlay2'), containerd, podman }).flatMap(([kind, tree]) =>
    Object.entries(tree).flatMap(([path, content]): [string, ByteString][] =>
      content === null || /size|tar-split/.test(path) ? [] : [[`${kind}/${path}`, content]],
    ),
  ),
)

/** Each file as an input: a line with its path, and what it holds. */
export function storeFiles(): ByteString[] {
  return Array.from(files, ([path, content]) => `${path}\n${content}`)
}

let made: string | undefined

/** Where the stores are, made once. */
function root(): string {
  if (made !== undefined) return made
  const folder = mkdtempSync(`${tmpdir()}/fuzz-stores-`)
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  writeDockerStore(`${folder}/docker`, 'overlay2')
  for (const [kind, tree] of Object.entries({ containerd, podman })) writeTree(`${folder}/${kind}`, tree)
  made = folder
  return folder
}

/** Whatever a file holds, each folder has an image that can be read back, none, or a message. */
export function holdStores(input: ByteString): void {
  const end = input.indexOf('\n')
  const path = input.slice(0, end)
  const kind = KINDS.find((each) => path.startsWith(`${each}/`))
  const content = files.get(path)
  if (kind === undefined || content === undefined) return
  writeFileSync(`${root()}/${path}`, input.slice(end + 1), 'latin1')
  try {
    holdStore(kind)
  } finally {
    writeFileSync(`${root()}/${path}`, content, 'latin1')
  }
}

function holdStore(kind: Kind): void {
  const place = `${root()}/${kind}`
  const stores = new Stores({ docker: [], containerd: [], podman: [], [kind]: [place] })
  for (const folder of folders[kind])
    try {
      const image = stores.imageOf(place + folder)
      if (image !== null) assert.ok(isWhole(parse(ndjsonLine(image)), readImage), 'an image read back')
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      assert.match(error.message, /^[^\x00-\x1f\x7f]*$/, 'a message is one line')
    }
}
