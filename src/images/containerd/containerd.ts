/**
 * containerd's store, which is also that of Docker's containerd image store, k3s and RKE2.
 *
 * A snapshot is a folder with a number (`io.containerd.snapshotter.v1.NAME/snapshots/N/fs`). The snapshotter's metadata.db has
 * its name, which meta.db made of a namespace, a number and a key (metadata/snapshot.go: createKey). The key of an image's layer
 * is its chain id, the key of a container's own layer what the container has as `snapshotKey`.
 */

import type { Asking } from '../../files/asking.js'
import type { ByteString } from '../../text/byte-string.js'
import type { LayerImage } from '../../unions/branch-table.js'
import { users } from '../homes.js'
import {
  type ImageStore,
  imageLayer,
  indexedStore,
  ownLayer,
  type StoreKind,
  type StorePlaces,
} from '../image-store.js'
import { isDigest, type Layer, Layers, shownNames } from '../layers.js'
import { StoreFiles } from '../store-files.js'
import { readBolt, txidOf } from './bbolt.js'
import type { Bucket } from './bbolt-tree.js'
import { Content } from './content.js'

const META_DB = '/io.containerd.metadata.v1.bolt/meta.db'
const SNAPSHOTTER = 'io.containerd.snapshotter.v1.'

export const containerd: StoreKind = {
  name: 'containerd',
  folders: /^(.*)(\/io\.containerd\.snapshotter\.v1\.[^/]+\/snapshots\/[0-9]+\/fs)$/s,
  mark: META_DB,
  usualPlaces: ({ docker = ['/var/lib/docker'] }) => [
    '/var/lib/containerd',
    '/var/lib/rancher/k3s/agent/containerd',
    '/var/lib/rancher/rke2/agent/containerd',
    // Where Docker starts a containerd of its own.
    ...docker.map((root) => `${root}/containerd/daemon`),
  ],
  placesAtHome: () =>
    users().flatMap(({ home }) =>
      ['containerd', 'docker/containerd/daemon'].map((name) => `${home}/.local/share/${name}`),
    ),
  open: containerdStore,
}

function containerdStore(root: ByteString, _given: StorePlaces, asking: Asking): ImageStore {
  const files = new StoreFiles(root, asking)
  const content = new Content(files)
  const databases = () => [
    META_DB,
    ...files
      .names('/')
      .filter((name) => name.startsWith(SNAPSHOTTER))
      .map((name) => `/${name}/metadata.db`),
  ]
  return indexedStore({
    keyOf: (folder) => folder.slice(`/${SNAPSHOTTER}`.length, -'/fs'.length),
    stamp: () =>
      databases()
        .map((path) => files.open(path, txidOf))
        .join(' '),
    index() {
      const snapshots = new Map(
        databases()
          .slice(1)
          .flatMap((path) => {
            const name = path.slice(SNAPSHOTTER.length + 1, -'/metadata.db'.length)
            return (
              files.open(path, (fd, file) => readBolt(fd, file, (root) => readSnapshots(root, name))) ?? []
            )
          }),
      )
      // Read last, as what it has of a container comes after the snapshot.
      const namespaces = files.open(META_DB, (fd, file) => readBolt(fd, file, readNamespaces)) ?? new Map()
      return indexOf(snapshots, namespaces, content)
    },
    close: () => files.close(),
  })
}

/** A snapshot, as it is called in a namespace. */
interface Snapshot {
  snapshotter: ByteString
  namespace: ByteString
  key: ByteString
  isCommitted: boolean
  hasParent: boolean
}

/** What a namespace has: images by what they lead to, and containers by snapshotter and snapshot key. */
interface Namespace {
  images: Map<string, ByteString[]>
  containers: Map<ByteString, ByteString>
}

const COMMITTED = '\x03'

/** The snapshots of a snapshotter, by the part of their folder that tells them apart. */
function readSnapshots(root: Bucket, snapshotter: ByteString): [ByteString, Snapshot][] {
  return Array.from(root.bucket('v1').bucket('snapshots').buckets(), ([name, bucket]) => {
    const values = bucket.values()
    const [namespace = '', , ...key] = name.split('/')
    const isCommitted = values.get('kind') === COMMITTED
    const folder = `${snapshotter}/snapshots/${varint(values.get('id') ?? '')}`
    const hasParent = (values.get('parent') ?? '') !== ''
    return [folder, { snapshotter, namespace, key: key.join('/'), isCommitted, hasParent }]
  })
}

/** An unsigned number in groups of seven bits, the lowest first, as encoding/binary writes it. */
function varint(bytes: ByteString): bigint {
  let value = 0n
  for (const [i, byte] of [...bytes.slice(0, 10)].entries())
    value |= BigInt(byte.charCodeAt(0) & 0x7f) << BigInt(7 * i)
  return value
}

function readNamespaces(root: Bucket): Map<ByteString, Namespace> {
  return new Map(
    Array.from(root.bucket('v1').buckets(), ([name, bucket]) => [
      name,
      {
        images: readImages(bucket.bucket('images')),
        containers: readContainers(bucket.bucket('containers')),
      },
    ]),
  )
}

function readImages(bucket: Bucket): Namespace['images'] {
  const images: Namespace['images'] = new Map()
  for (const [name, image] of bucket.buckets()) {
    const target = image.bucket('target').values().get('digest')
    if (isDigest(target)) images.set(target, [...(images.get(target) ?? []), name])
  }
  return images
}

function readContainers(bucket: Bucket): Namespace['containers'] {
  return new Map(
    Array.from(bucket.buckets(), ([id, container]) => {
      const values = container.values()
      return [`${values.get('snapshotter')} ${values.get('snapshotKey')}`, id]
    }),
  )
}

function indexOf(
  snapshots: ReadonlyMap<ByteString, Snapshot>,
  namespaces: ReadonlyMap<ByteString, Namespace>,
  content: Content,
): Map<ByteString, LayerImage> {
  const layersOf = new Map(
    Array.from(namespaces, ([name, { images }]) => [name, readLayers(images, content)]),
  )
  return new Map(
    Array.from(snapshots, ([folder, snapshot]) => {
      const layers = layersOf.get(snapshot.namespace)
      return [
        folder,
        snapshot.isCommitted && isDigest(snapshot.key)
          ? layerOf(snapshot, layers?.get(snapshot.key) ?? null)
          : ownLayer('containerd', containerOf(snapshot, namespaces.get(snapshot.namespace))),
      ]
    }),
  )
}

function readLayers(images: Namespace['images'], content: Content): Layers {
  const layers = new Layers()
  for (const [target, names] of images)
    for (const diffIds of content.diffIdsOf(target)) layers.add(diffIds, shownNames(names))
  return layers
}

function layerOf({ key, hasParent }: Snapshot, layer: Layer | null): LayerImage {
  // Of the lowest layer both digests are the same, and so known after the image has gone.
  const lowest = hasParent ? null : key
  return imageLayer('containerd', { layer: layer?.diffId ?? lowest, chain: key, names: layer?.names ?? [] })
}

/**
 * The container that a snapshot is the own layer of. Docker takes the container's id for the key, and has another layer below
 * for what it mounts files on (daemon/containerd/image_snapshot.go); of a stopped container nothing else is in meta.db.
 */
function containerOf({ snapshotter, key }: Snapshot, namespace: Namespace | undefined): ByteString | null {
  const [, id = null] = /^([0-9a-f]{64})(?:-init(?:-key)?)?$/.exec(key) ?? []
  return namespace?.containers.get(`${snapshotter} ${key}`) ?? id
}
