/** Branch tables: what a union mount is made of. */
import { only, orNull, record, text, texts } from '../lines/records.js'
import type { ByteString } from '../text/byte-string.js'

/** What a store of images knows of a branch's folder (`aufs-images`). */
export interface LayerImage {
  /** Which kind of store it is. */
  store: 'docker' | 'containerd' | 'podman'
  /** The digest of what the layer holds (diff id); null for a container's own layer, and where no image that is there has it. */
  layer: string | null
  /** The digest of the layer with all below it (chain id); null where it is of no image. */
  chain: string | null
  /** Every image that has the layer, sorted. By digest, only those that have no other name. */
  names: ByteString[]
  /** The container whose own layer it is; null where it is a layer of images. */
  container: ByteString | null
}

/** The attribute of a path that the kernel tells as it was given: relative to a folder that nobody tells. */
export const RELATIVE = 'relative'
/** The attribute of a path that for sure means another folder. */
export const DETACHED = 'detached'

/** The attribute of a layer that shows no names: files of those above have their data there. */
export const DATA = 'data'

/** One branch of a union: a folder that supplies files. */
export interface Branch {
  /** Its place, 0 for the topmost: N of br<N>. Branches are renumbered whenever one is added or removed. */
  index: number
  /** brid<N>: stays with the branch as long as it is in the union. Null where the source does not tell (overlayfs, logs). */
  id: number | null
  /** The folder, as the kernel tells it to this reader; null where it could not be read. */
  path: ByteString | null
  /** `rw`, `ro`, or `rr` (really read-only, for a filesystem that cannot change); null where the source does not tell. */
  perm: ByteString | null
  /** What follows the permission (`wh`, `nolwh`, `moo` …); for overlayfs `data`, `relative` and `detached`. */
  attributes: ByteString[]
  /** Whose layer it is; null where no store knows the folder. Only `aufs-images` adds it. */
  image?: LayerImage | null
}

/** A union mount with its branches. In pure functions the strings are byte strings; streams carry text with `_b64` twins. */
export interface BranchTable {
  /** The mount, as in mountinfo; null where the source (a log) does not tell. */
  mount_id: number | null
  /** Where it is mounted, as in mountinfo; null where the source does not tell. */
  mount_point: ByteString | null
  /** What of the union is mounted, as in mountinfo; null where the source does not tell. */
  root: ByteString | null
  /** `major:minor` of the union, decimal; null where the source does not tell. */
  dev: string | null
  /** Which kind of union it is: `aufs` or `overlay`. */
  fs_type: string
  /** The superblock's id, hexadecimal without padding, as in the mount options and in /sys/fs/aufs/si_<si>; null for overlayfs. */
  si: ByteString | null
  /** Where the branches are told. */
  source: 'sysfs' | 'mountinfo' | 'log'
  /** Where AUFS keeps its inode numbers; null for noxino, and for overlayfs. */
  xi_path: ByteString | null
  /** overlayfs's own; null for AUFS, and for an overlay without an upper folder. */
  workdir: ByteString | null
  /** The mount's own options, as in mountinfo (`ro`, `nosuid` …); null where the source does not tell. */
  mount_options: ByteString[] | null
  /** The union's own options, less those that other fields tell (si, br, lowerdir …); null where the source does not tell. */
  options: ByteString[] | null
  /** Topmost first. */
  branches: Branch[]
}

/** Whether files may be copied up to a branch: also where nobody tells whether it is writable. */
export function mayBeWritable({ perm }: Pick<Branch, 'perm'>): boolean {
  return perm === null || perm === 'rw'
}

/** Whether a layer has data alone. */
export function isData({ attributes }: Pick<Branch, 'attributes'>): boolean {
  return attributes.includes(DATA)
}

/** How the image of a branch is read back. */
export const readImage = record<LayerImage>({
  store: only(isStore, 'is no kind of store'),
  layer: orNull(text),
  chain: orNull(text),
  names: texts,
  container: orNull(text),
})

function isStore(value: unknown): value is LayerImage['store'] {
  return value === 'docker' || value === 'containerd' || value === 'podman'
}
