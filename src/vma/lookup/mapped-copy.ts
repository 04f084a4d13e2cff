/** Which file is the one that is mapped: what a path shows, or a copy in the layers of a union. */
import type { FileId } from '../../files/ids.js'
import type { Kernel } from '../../proc/map-files.js'
import { join } from '../../text/paths.js'
import type { BranchTable } from '../../unions/branch-table.js'
import type { Copy, Holders } from '../../unions/layers/layer.js'
import { innerPath } from '../../unions/mount-paths.js'
import { typeOfTable } from '../../unions/types.js'
import type { FileLookup, MappedFile, SeenFile } from '../context.js'

/** Whether what a path shows is the mapped file; undefined where it cannot be told. */
export function isMapped({ raw: { kernel }, claim }: MappedFile, found: FileId): boolean | undefined {
  const { table, leaks } = claim
  const { dev, ino, maps_dev, maps_ino } = kernel
  // Of a leaking link the opened entry is the branch's file; maps has the union's.
  if (leaks)
    return table !== null && maps_dev !== null && maps_dev === table.dev
      ? found.dev === maps_dev && found.ino === maps_ino
      : undefined
  if (dev !== null) return found.dev === dev && found.ino === ino
  if (found.dev !== maps_dev) return undefined
  if (found.ino === maps_ino) return true
  // A hard link of an overlay has another number once it was copied up, but for those who mapped it before.
  return table !== null && typeOfTable(table).copyUpChangesInode ? undefined : false
}

/** The layer's own file, which a BPF iterator tells, and before Linux 6.8 maps; null where neither does. */
export function realFileOf(kernel: Kernel, union: BranchTable): FileId | null {
  const { real_dev, real_ino, maps_dev, maps_ino } = kernel
  // A FUSE has its own file mapped.
  if (real_dev != null && real_ino != null && real_dev !== union.dev) return { dev: real_dev, ino: real_ino }
  const isInMaps = maps_dev !== null && maps_ino !== null && typeOfTable(union).mapsShowsLayer(kernel, union)
  return isInMaps ? { dev: maps_dev, ino: maps_ino } : null
}

type AnyCopy = Holders['holders'][number]

/** The copy that is mapped; undefined where none is, and null where that cannot be told. */
export function mappedCopy<C extends AnyCopy>(
  file: SeenFile,
  real: FileId,
  copies: readonly C[],
): C | null | undefined {
  const answers = copies.map((copy) => isMappedCopy(file, real, copy))
  const same = copies.filter((_, i) => answers[i] === true)
  const [first] = same
  if (first === undefined) return answers.includes(null) ? null : undefined
  // Subvolumes of btrfs have numbers of their own, and one device.
  return same.every((copy) => copy.file.dev === first.file.dev) ? first : null
}

/** Whether a layer's file is the one that is mapped. Of a layer that is a union itself, that is a file of its layers. */
function isMappedCopy(file: SeenFile, real: FileId, copy: AnyCopy): boolean | null {
  const isSame = isSameFile(real, copy, file.lookup)
  const seer = file.context.reader ?? file.context
  const union = seer.unions.find(({ mount_id }) => mount_id !== null && mount_id === copy.mount_id)
  if (isSame === true || union === undefined || seer.lookup === null) return isSame
  const inner = innerPath(union, join(copy.branch.path ?? '/', copy.path))
  const copies = inner === null ? [] : seer.lookup.copies(union, inner).copies
  const shown = copies.find(({ isMeta }: Copy) => isMeta !== true)
  return shown === undefined
    ? null
    : isMappedCopy({ ...file, context: seer, lookup: seer.lookup }, real, shown)
}

/** The device is the filesystem's, which st_dev need not be (btrfs). Null where it is not known. */
function isSameFile(
  { dev, ino }: FileId,
  { file, mount_id }: Pick<Copy, 'file' | 'mount_id'>,
  lookup: FileLookup,
): boolean | null {
  if (file.ino !== ino) return false
  const known = lookup.deviceOf(mount_id)
  return known === null && file.dev !== dev ? null : (known ?? file.dev) === dev
}
