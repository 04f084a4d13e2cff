/** containerd's store, as its daemon lays it out (metadata/buckets.go, snapshots/storage/bolt.go, content/local). */
import { type BoltContent, boltFile } from './bolt.js'
import { digest } from './docker-store.js'

export const SNAPSHOTTER = 'io.containerd.snapshotter.v1.overlayfs'

/** The files of JSON in the content store, each by the digest of a name, which another names as `digest(name)`. */
export function blobs(contents: Record<string, unknown>): Record<string, string> {
  const file = (name: string) => `io.containerd.content.v1.content/blobs/${digest(name).replace(':', '/')}`
  return Object.fromEntries(
    Object.entries(contents).map(([name, content]) => [file(name), JSON.stringify(content)]),
  )
}

/** A snapshot: what its number is, whether it is committed, and the key of the one below. */
export function snapshot(number: number, isCommitted: boolean, parent?: string): BoltContent {
  const kind = isCommitted ? '\x03' : '\x02'
  // A number of two groups of seven bits, the lowest first.
  const id = number < 128 ? String.fromCharCode(number) : String.fromCharCode(number | 0x80, number >> 7)
  return { id, kind, ...(parent === undefined ? {} : { parent }) }
}

/**
 * The databases of what each namespace has, and of the snapshots, whose keys are `NAMESPACE/NUMBER/KEY`.
 *
 * @param txid how often they were written
 */
export function databases(
  namespaces: BoltContent,
  snapshots: BoltContent,
  txid = 1n,
): Record<string, string> {
  // Pages as small as there are.
  const bolt = (content: BoltContent) => boltFile(content, { pageSize: 512, txid }).toString('latin1')
  return {
    'io.containerd.metadata.v1.bolt/meta.db': bolt({ v1: namespaces }),
    [`${SNAPSHOTTER}/metadata.db`]: bolt({ v1: { snapshots } }),
  }
}
