/** What containerd has of an image's content: indexes, manifests and configurations, by their digests. */
import { BoundedMap } from '../../bounded-map.js'
import type { Json } from '../../text/json.js'
import { field, isDigest, items } from '../layers.js'
import { NoJsonError, type StoreFiles } from '../store-files.js'

/** What a digest names never changes, so it is read once. */
const KEPT = 10_000

/** An index leads to manifests, a manifest to a configuration. */
const DEEPEST = 4

/** What of a blob leads on, or ends there: the blobs that it names, and the layers that it lists. */
interface Blob {
  children: string[]
  diffIds: string[]
}

const NOTHING: Blob = { children: [], diffIds: [] }

/** Reads blobs. */
export class Content {
  readonly #files: StoreFiles
  readonly #kept = new BoundedMap<string, Blob>(KEPT)

  constructor(files: StoreFiles) {
    this.#files = files
  }

  /** The layers of each configuration that an image leads to, from the lowest up: one for each platform that is there. */
  diffIdsOf(target: string): string[][] {
    const found: string[][] = []
    let level = [target]
    const seen = new Set<string>()
    for (let depth = 0; depth < DEEPEST; depth += 1) {
      const blobs = level.filter((digest) => !seen.has(digest)).map((digest) => this.#blob(digest))
      for (const digest of level) seen.add(digest)
      found.push(...blobs.map(({ diffIds }) => diffIds).filter((diffIds) => diffIds.length > 0))
      level = [...new Set(blobs.flatMap(({ children }) => children))]
    }
    return found
  }

  #blob(digest: string): Blob {
    const kept = this.#kept.get(digest)
    if (kept !== undefined) return kept
    const [algorithm, hex] = digest.split(':')
    const json = this.#json(`/io.containerd.content.v1.content/blobs/${algorithm}/${hex}`)
    // Only the platforms that were asked for are there. Another may come.
    if (json === null) return NOTHING
    const blob = blobOf(json)
    this.#kept.set(digest, blob)
    return blob
  }

  #json(path: string): Json {
    try {
      return this.#files.json(path)
    } catch (error) {
      if (error instanceof NoJsonError) return null
      throw error
    }
  }
}

function blobOf(json: Json): Blob {
  const manifests = items(field(json, 'manifests')).map((manifest) => field(manifest, 'digest'))
  return {
    children: [...manifests, field(field(json, 'config'), 'digest')].filter(isDigest),
    diffIds: items(field(field(json, 'rootfs'), 'diff_ids')).filter(isDigest),
  }
}
