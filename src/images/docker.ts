/**
 * Docker's own store, of its storage drivers overlay2 and aufs (layer/filestore.go, image/fs.go). (Its containerd image store is
 * containerd's.)
 *
 * `image/DRIVER/layerdb/sha256/CHAIN` has the name of each layer's folder (`cache-id`), `layerdb/mounts/CONTAINER` those of a
 * container's own (`mount-id`, and `init-id` for what Docker mounts files on). `imagedb` has the images' configurations, and
 * repositories.json their names.
 */

import { readdirSync } from 'node:fs'
import type { Asking } from '../files/asking.js'
import { type ByteString, bytesOf } from '../text/byte-string.js'
import type { LayerImage } from '../unions/branch-table.js'
import { users } from './homes.js'
import {
  type ImageStore,
  imageLayer,
  indexedStore,
  ownLayer,
  type StoreKind,
  type StorePlaces,
} from './image-store.js'
import { field, isDigest, items, Layers, objectOf, shownNames } from './layers.js'
import { ShortLinks } from './short-links.js'
import { StoreFiles } from './store-files.js'

export const docker: StoreKind = {
  name: 'docker',
  folders: /^(.*)(\/(?:overlay2|fuse-overlayfs)\/(?:l\/[A-Z0-9]+|[^/]+\/diff)|\/aufs\/diff\/[^/]+)$/s,
  mark: '/image',
  usualPlaces: () => [...withRemapped('/var/lib/docker'), '/var/snap/docker/common/var-lib-docker'],
  placesAtHome: () => users().map(({ home }) => `${home}/.local/share/docker`),
  open: dockerStore,
}

/** A store, and those in it for containers whose users are others here (`userns-remap`): their folders are two numbers. */
export function withRemapped(root: string): string[] {
  try {
    const remapped = readdirSync(root).filter((name) => /^\d+\.\d+$/.test(name))
    return [root, ...remapped.map((name) => `${root}/${name}`)]
  } catch {
    return [root]
  }
}

function dockerStore(root: ByteString, _given: StorePlaces, asking: Asking): ImageStore {
  const files = new StoreFiles(root, asking)
  const links = new ShortLinks(files)
  const databases = () => files.names('/image').map((driver) => new Database(files, driver))
  return indexedStore({
    keyOf(folder) {
      const [, driver = '', name = '', diff] = folder.split('/')
      if (name !== 'l') return name === 'diff' ? `${driver}/${diff}` : `${driver}/${name}`
      const id = links.idOf(`/${driver}/l`, diff ?? '')
      return id === null ? null : `${driver}/${id}`
    },
    stamp: () =>
      databases()
        .flatMap((each) => each.stamps())
        .join(' '),
    index: () => new Map(databases().flatMap((each) => [...each.layers()])),
    close: () => files.close(),
  })
}

/** What Docker keeps of the images of one storage driver. */
class Database {
  readonly #files: StoreFiles
  readonly #driver: ByteString
  readonly #folder: ByteString

  constructor(files: StoreFiles, driver: ByteString) {
    this.#files = files
    this.#driver = driver
    this.#folder = `/image/${driver}`
  }

  stamps(): string[] {
    // A container's folder is filled after it is made.
    const mounts = this.#names('layerdb/mounts').map((name) => `layerdb/mounts/${name}`)
    const paths = [
      'layerdb/sha256',
      'layerdb/mounts',
      'imagedb/content/sha256',
      'repositories.json',
      ...mounts,
    ]
    return paths.map((path) => this.#files.stamp(`${this.#folder}/${path}`))
  }

  /** The layers, and the containers' own, by the names of their folders. */
  *layers(): Generator<[ByteString, LayerImage]> {
    const images = this.#images()
    for (const hex of this.#names('layerdb/sha256')) {
      const diffId = this.#text(`layerdb/sha256/${hex}/diff`)
      const chain = `sha256:${hex}`
      const names = images.get(chain)?.names ?? []
      yield [
        `${this.#driver}/${this.#text(`layerdb/sha256/${hex}/cache-id`)}`,
        imageLayer('docker', { layer: isDigest(diffId) ? diffId : null, chain, names }),
      ]
    }
    for (const container of this.#names('layerdb/mounts'))
      for (const file of ['mount-id', 'init-id']) {
        const id = this.#text(`layerdb/mounts/${container}/${file}`)
        if (id !== null) yield [`${this.#driver}/${id}`, ownLayer('docker', container)]
      }
  }

  #images(): Layers {
    const names = this.#tags()
    const layers = new Layers()
    for (const hex of this.#names('imagedb/content/sha256')) {
      const id = `sha256:${hex}`
      const config = this.#files.json(`${this.#folder}/imagedb/content/sha256/${hex}`)
      const diffIds = items(field(field(config, 'rootfs'), 'diff_ids')).filter(isDigest)
      layers.add(diffIds, shownNames(names.get(id) ?? [id]))
    }
    return layers
  }

  /** The names of images, by their ids. */
  #tags(): Map<string, ByteString[]> {
    const names = new Map<string, ByteString[]>()
    const repositories = field(this.#files.json(`${this.#folder}/repositories.json`), 'Repositories')
    // A name is a key there, which is text.
    for (const [name, id] of Object.values(objectOf(repositories)).flatMap((tags) =>
      Object.entries(objectOf(tags)),
    ))
      if (isDigest(id)) names.set(id, [...(names.get(id) ?? []), bytesOf(name)])
    return names
  }

  #names(folder: string): ByteString[] {
    return this.#files.names(`${this.#folder}/${folder}`)
  }

  #text(path: string): ByteString | null {
    return this.#files.text(`${this.#folder}/${path}`)?.trim() ?? null
  }
}
