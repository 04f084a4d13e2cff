/**
 * containers/storage, the store of Podman, Buildah and CRI-O (layers.go, images.go, containers.go).
 *
 * Each layer has a folder by its id (`overlay/ID/diff`). `overlay-layers/layers.json` has the layers with those below them,
 * `overlay-images/images.json` the uppermost layer of each image, `overlay-containers/containers.json` each container's own.
 * Layers may lie on those of another store (`additionalimagestores`).
 */

import type { Asking } from '../../files/asking.js'
import type { ByteString } from '../../text/byte-string.js'
import type { LayerImage } from '../../unions/branch-table.js'
import {
  type ImageStore,
  imageLayer,
  indexedStore,
  ownLayer,
  type StoreKind,
  type StorePlaces,
} from '../image-store.js'
import { chainIds, field, isDigest, items, shownNames } from '../layers.js'
import { ShortLinks } from '../short-links.js'
import { StoreFiles } from '../store-files.js'
import { additionalStores, graphRoot, rootlessStores } from './podman-places.js'

export const podman: StoreKind = {
  name: 'podman',
  folders: /^(.*)(\/overlay\/(?:l\/[A-Z0-9]+|[^/]+\/diff))$/s,
  mark: '/overlay-layers',
  usualPlaces: () => [graphRoot(), ...additionalStores()],
  placesAtHome: () => rootlessStores(),
  open: podmanStore,
}

/** Containers that end with the machine stand in files of their own. */
const LAYERS = ['/overlay-layers/layers.json', '/overlay-layers/volatile-layers.json']
const IMAGES = ['/overlay-images/images.json']
const CONTAINERS = ['/overlay-containers/containers.json', '/overlay-containers/volatile-containers.json']

function podmanStore(root: ByteString, { podman: given }: StorePlaces, asking: Asking): ImageStore {
  const files = new StoreFiles(root, asking)
  const others = (given ?? besides(root)).filter((other) => other !== root)
  const all = [files, ...others.map((other) => new StoreFiles(other, asking))]
  const links = new ShortLinks(files)
  return indexedStore({
    keyOf(folder) {
      const [, , name = '', short = ''] = folder.split('/')
      return name === 'l' ? links.idOf('/overlay/l', short) : name
    },
    stamp: () =>
      all.flatMap((each) => [...LAYERS, ...IMAGES, ...CONTAINERS].map((path) => each.stamp(path))).join(' '),
    index: () => indexOf(readLayers(all), readImages(all), readContainers(all)),
    close: () => {
      for (const each of all) each.close()
    },
  })
}

/** The stores whose layers those of a store lie on, or that have images of its layers. */
function besides(root: ByteString): ByteString[] {
  const additional = additionalStores()
  return additional.includes(root) ? [graphRoot(), ...additional] : additional
}

interface Layer {
  parent: ByteString | null
  diffId: string | null
}

interface Image {
  names: readonly ByteString[]
  /** Its uppermost layer, and the same for containers whose users are others here. */
  tops: ByteString[]
}

function* records(stores: readonly StoreFiles[], paths: readonly string[]) {
  for (const files of stores) for (const path of paths) yield* items(files.json(path))
}

const textOrNull = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null)
const isText = (value: unknown): value is string => typeof value === 'string'

function readLayers(stores: readonly StoreFiles[]): Map<ByteString, Layer> {
  const layers = new Map<ByteString, Layer>()
  for (const record of records(stores, LAYERS)) {
    const [id, diffId] = [field(record, 'id'), field(record, 'diff-digest')]
    const layer = { parent: textOrNull(field(record, 'parent')), diffId: isDigest(diffId) ? diffId : null }
    // A store's own come first.
    if (isText(id) && !layers.has(id)) layers.set(id, layer)
  }
  return layers
}

function readImages(stores: readonly StoreFiles[]): Image[] {
  return Array.from(records(stores, IMAGES), (record) => {
    const names = items(field(record, 'names')).filter(isText)
    const id = textOrNull(field(record, 'id'))
    return {
      names: names.length > 0 || id === null ? shownNames(names) : [id],
      tops: [field(record, 'layer'), ...items(field(record, 'mapped-layers'))].filter(isText),
    }
  })
}

/** The containers, by their own layers. */
function readContainers(stores: readonly StoreFiles[]): Map<ByteString, ByteString> {
  return new Map(
    Array.from(records(stores, CONTAINERS), (record) => [field(record, 'layer'), field(record, 'id')]).filter(
      (entry): entry is [string, string] => entry.every(isText),
    ),
  )
}

function indexOf(
  layers: ReadonlyMap<ByteString, Layer>,
  images: readonly Image[],
  containers: ReadonlyMap<ByteString, ByteString>,
): Map<ByteString, LayerImage> {
  const names = new Map<ByteString, Set<ByteString>>()
  for (const image of images)
    for (const id of image.tops.flatMap((top) => below(top, layers))) {
      const known = names.get(id) ?? new Set()
      names.set(id, known)
      for (const name of image.names) known.add(name)
    }
  return new Map(
    Array.from(layers, ([id, { diffId }]) => {
      const container = containers.get(id)
      if (container !== undefined) return [id, ownLayer('podman', container)]
      const chain = chainOf(id, layers)
      return [id, imageLayer('podman', { layer: diffId, chain, names: names.get(id) ?? [] })]
    }),
  )
}

/** A layer and those below it, from the top; as far as a damaged file does not lead back. */
function below(top: ByteString, layers: ReadonlyMap<ByteString, Layer>): ByteString[] {
  const ids = new Set<ByteString>()
  for (let id: ByteString | null = top; id !== null && !ids.has(id); id = layers.get(id)?.parent ?? null)
    ids.add(id)
  return [...ids]
}

/** The chain id of a layer; null where the digest of one of its layers is not known. */
function chainOf(top: ByteString, layers: ReadonlyMap<ByteString, Layer>): string | null {
  const diffIds = below(top, layers).map((id) => layers.get(id)?.diffId ?? null)
  const known = diffIds.filter((diffId) => diffId !== null)
  return known.length === diffIds.length ? (chainIds(known.reverse()).at(-1) ?? null) : null
}
