/** Which store a folder is of: those in the usual places, or where the user says. */
import { closeSync, fstatSync, statSync } from 'node:fs'
import { BoundedMap } from '../bounded-map.js'
import { hasCode, reasonAndCure } from '../errors.js'
import { type Asking, askAll } from '../files/asking.js'
import { fsPath } from '../files/ids.js'
import { walkTo } from '../files/walk.js'
import type { ByteString } from '../text/byte-string.js'
import { join } from '../text/paths.js'
import { AskableMounts } from '../unions/askable-mounts.js'
import type { LayerImage } from '../unions/branch-table.js'
import { Tables } from '../unions/tables.js'
import { containerd } from './containerd/containerd.js'
import { docker } from './docker.js'
import type { ImageStore, StoreKind, StorePlaces } from './image-store.js'
import { podman } from './podman/podman.js'
import { fileError } from './store-files.js'

const KINDS: readonly StoreKind[] = [docker, containerd, podman]

/** How many roots are remembered that paths have had. */
const ROOTS_KEPT = 1000

/** A place where a store may be. */
interface Place {
  kind: StoreKind
  root: ByteString
  /** The user says so. */
  isGiven: boolean
  /** It counts by its name alone: a home may lie on a filesystem whose server does not answer. */
  isAtHome: boolean
}

/** All stores. One that no path leads to is never looked at. */
export class Stores {
  readonly #given: StorePlaces
  readonly #kinds: readonly StoreKind[]
  readonly #places = new Map<StoreKind, readonly Place[]>()
  readonly #opened = new Map<Place, ImageStore>()
  readonly #placeOf = new BoundedMap<ByteString, Place | null>(ROOTS_KEPT)
  readonly #askable = new AskableMounts('/proc', new Tables(), [])

  /**
   * @param kinds that are looked for
   * @throws InputError where no store is in a place that is given
   */
  constructor(given: StorePlaces = {}, kinds: readonly StoreKind[] = KINDS) {
    this.#given = given
    this.#kinds = kinds
    for (const kind of kinds) for (const root of given[kind.name] ?? []) check(kind, root)
  }

  /**
   * Whose layer a folder is; null where no store knows it.
   *
   * @param path where it is, or was on the machine that the store is of
   * @throws InputError where a store cannot be read; the first time
   */
  imageOf(path: ByteString): LayerImage | null {
    for (const kind of this.#kinds) {
      const [, root, folder] = kind.folders.exec(path) ?? []
      if (root === undefined || folder === undefined) continue
      const place = this.#find(kind, root)
      if (place !== null) return this.#store(place).imageOf(folder)
    }
    return null
  }

  #find(kind: StoreKind, root: ByteString): Place | null {
    const key = `${kind.name} ${root}`
    const known = this.#placeOf.get(key)
    if (known !== undefined) return known
    const places = this.#placesOf(kind)
    const place =
      places.find((each) => each.root === root) ??
      places.find((each) => isRootOf(each, root, this.#askable.ofReader)) ??
      null
    this.#placeOf.set(key, place)
    return place
  }

  #placesOf(kind: StoreKind): readonly Place[] {
    const known = this.#places.get(kind)
    if (known !== undefined) return known
    const given = this.#given[kind.name]
    const places = given?.map((root) => ({ kind, root, isGiven: true, isAtHome: false })) ?? [
      ...kind.usualPlaces(this.#given).map((root) => ({ kind, root, isGiven: false, isAtHome: false })),
      ...kind.placesAtHome().map((root) => ({ kind, root, isGiven: false, isAtHome: true })),
    ]
    this.#places.set(kind, places)
    return places
  }

  #store(place: Place): ImageStore {
    const asking = place.isGiven ? askAll : this.#askable.ofReader
    const store = this.#opened.get(place) ?? place.kind.open(place.root, this.#given, asking)
    this.#opened.set(place, store)
    return store
  }
}

/**
 * Whether paths that begin with `root`, which is not its name here, are of the store in a place. A store that is given may be that of another machine, whose
 * disk is mounted here: then its place ends in the root that it had there, or nothing is here where it was there.
 */
function isRootOf(place: Place, root: ByteString, asking: Asking): boolean {
  if (place.isAtHome) return false
  const here = identity(root, asking)
  if (here !== null && here !== '' && here === identity(place.root, asking)) return true
  return place.isGiven && (place.root.endsWith(root) || here === null)
}

/** What tells a folder from others; null where nothing is there, empty where that cannot be known. */
function identity(folder: ByteString, asking: Asking): string | null {
  try {
    const { fd } = walkTo(folder === '' ? '/' : folder, asking)
    try {
      const { dev, ino } = fstatSync(fd, { bigint: true })
      return `${dev} ${ino}`
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    return hasCode(error, 'ENOENT', 'ENOTDIR') ? null : ''
  }
}

/** @throws InputError where there is no store */
function check(kind: StoreKind, root: ByteString): void {
  try {
    statSync(fsPath(root))
    statSync(fsPath(join(root, kind.mark)))
  } catch (error) {
    const isOther = hasCode(error, 'ENOENT', 'ENOTDIR')
    throw fileError(
      isOther
        ? `no store of ${kind.name}: ${kind.mark} is missing`
        : reasonAndCure(error, 'CAP_DAC_READ_SEARCH'),
      root,
    )
  }
}
