/** Branch tables and VMA records to the same records with the images of their branches: what `aufs-images` does. */
import { InputError } from '../errors.js'
import type { Emit, Filter, LineOptions } from '../lines/filter.js'
import type { Chunk, RecordStream } from '../lines/record-stream.js'
import { either, orNull, parseRecord, record, text } from '../lines/records.js'
import { lineStream } from '../lines/streams.js'
import { bytesOf } from '../text/byte-string.js'
import { toText } from '../text/json.js'
import type { Text } from '../text/text-types.js'
import type { Branch, BranchTable, LayerImage } from '../unions/branch-table.js'
import { branchFields, readTable } from '../unions/tables.js'
import type { Vma } from '../vma/record.js'
import type { StorePlaces } from './image-store.js'
import { Stores } from './places.js'

/** What is read of a VMA record. */
type SuppliedFile = Pick<Vma, 'path'> & { branch: Branch | null }

/** The filter behind {@link findImages}. */
export function imageFilter(stores: Stores): Filter<BranchTable | SuppliedFile> {
  return {
    line({ text }, emit, warn) {
      const record = parseRecord(text, 'VMA record or branch table', readKnown)
      const known = <B extends Branch>(branch: B) => withImage(branch, imageOf(branch, stores, warn))
      if ('branches' in record) emit({ ...record, branches: record.branches.map(known) })
      else emit({ ...record, branch: record.branch === null ? null : known(record.branch) })
    },
  }
}

const readKnown = either(
  'branches',
  readTable,
  record<SuppliedFile>({ path: text, branch: orNull(record(branchFields)) }),
)

/** Whose layer a branch is. A path that is not told from the root is no way to a folder. */
function imageOf({ path }: Branch, stores: Stores, warn: Emit<InputError>): LayerImage | null {
  if (path === null || !path.startsWith('/')) return null
  try {
    return stores.imageOf(path)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    warn(error)
    return null
  }
}

/** A branch with its image, which stands after the attributes. */
function withImage<B extends Branch>({ image: _, ...branch }: B, image: LayerImage | null): B {
  const entries = Object.entries(branch)
  const end = entries.findIndex(([key]) => key === 'attributes') + 1
  return Object.fromEntries(entries.toSpliced(end, 0, ['image', image])) as unknown as B
}

/** Where the stores are, as text, by kind. Default: the usual places. */
export interface ImageOptions {
  /** Docker's: `/var/lib/docker`. */
  docker?: readonly string[] | undefined
  /** containerd's, also k3s's and Docker's: `/var/lib/containerd`. */
  containerd?: readonly string[] | undefined
  /** Podman's: `/var/lib/containers/storage`, and those of users. */
  podman?: readonly string[] | undefined
}

/** The stores of some options. @throws InputError where no store is in a place that is given */
export function storesOf({ docker, containerd, podman }: ImageOptions): Stores {
  const places: StorePlaces = {
    docker: docker?.map(bytesOf),
    containerd: containerd?.map(bytesOf),
    podman: podman?.map(bytesOf),
  }
  return new Stores(places)
}

/**
 * A stream from {@link BranchTable}s or {@link Vma} records to the same records, each branch with its {@link LayerImage}.
 *
 * @typeParam T which of the two it is given, where that is known
 * @throws InputError where no store is in a place that is given
 * @example
 * const vmas = readMapFiles({ pids: [1] }).pipe(fixVmas()).pipe(findImages<Text<Vma>>())
 * for await (const { path, branch } of vmas) console.log(path, branch?.image?.names)
 */
export function findImages<T extends Text<BranchTable> | Text<Vma> = Text<BranchTable> | Text<Vma>>(
  options: ImageOptions & LineOptions = {},
): RecordStream<Chunk | T, T> {
  return lineStream(imageFilter(storesOf(options)), (record) => toText(record) as T, options)
}
