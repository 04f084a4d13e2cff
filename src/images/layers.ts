/** The layers of images, by the digests that the image configurations have (OCI image-spec, config.md: DiffID and ChainID). */
import { createHash } from 'node:crypto'
import type { ByteString } from '../text/byte-string.js'
import type { Json } from '../text/json.js'

/** A layer of images. */
export interface Layer {
  /** The digest of what it holds. */
  diffId: string
  /** The images that have it. */
  names: Set<ByteString>
}

/** Collects the layers of images by their chain ids. */
export class Layers {
  readonly #layers = new Map<string, Layer>()

  /** Takes in an image. @param diffIds its layers, from the lowest up */
  add(diffIds: readonly string[], names: Iterable<ByteString>): void {
    for (const [i, chain] of chainIds(diffIds).entries()) {
      const layer = this.#layers.get(chain) ?? { diffId: diffIds[i] ?? '', names: new Set() }
      for (const name of names) layer.names.add(name)
      this.#layers.set(chain, layer)
    }
  }

  /** The layer of a chain id; null where no image has it. */
  get(chain: string): Layer | null {
    return this.#layers.get(chain) ?? null
  }
}

/** The chain id of each layer, from the lowest up: the digest of those below and of its own. */
export function chainIds(diffIds: readonly string[]): string[] {
  const chains: string[] = []
  for (const diffId of diffIds) {
    const below = chains.at(-1)
    chains.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`))
  }
  return chains
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text, 'latin1').digest('hex')}`
}

/**
 * The names that are shown of all that one image has: those by a digest only where it has no other. (Kubernetes gives each image
 * one by its manifest and one by its configuration, beside the one that a person knows.)
 *
 * @example shownNames(['web:1', 'web@sha256:…']) // ['web:1']
 */
export function shownNames(names: readonly ByteString[]): readonly ByteString[] {
  const tags = names.filter((name) => !/(^|@)sha256:[0-9a-f]{64}$/.test(name))
  return tags.length > 0 ? tags : names
}

/** Whether a value is a digest. One that is none must not become a path. */
export function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$/.test(value)
}

/** A field of what JSON holds; undefined where that is no object, or has no such field. */
export function field(value: Json | undefined, name: string): Json | undefined {
  const object = objectOf(value)
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** The items of a list in JSON; none where it is no list. */
export function items(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : []
}

/** A value as an object of JSON; one without a field where it is none. */
export function objectOf(value: Json | undefined): { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}
