/**
 * What a kind of union filesystem does in its own way. Each kind is a folder with one object of this type, and types.ts
 * lists them: nothing outside of those folders asks for a kind by its name.
 */
import type { InputError } from '../errors.js'
import type { FileId } from '../files/ids.js'
import type { Emit } from '../lines/filter.js'
import type { Kernel } from '../proc/map-files.js'
import type { Mount } from '../proc/mounts/mountinfo.js'
import type { ByteString } from '../text/byte-string.js'
import type { Links } from '../text/shell.js'
import type { Branch, BranchTable } from './branch-table.js'
import type { WhiteoutFormat } from './layers/layer.js'

/** Where branches are read from. */
export interface BranchSources {
  /** Where /sys is. */
  sysfs: string
  /** The folder of layers whose paths the kernel shows relative; null where it is not known. */
  overlayBase: ByteString | null
}

/** A mount, as whatever tells of it: mountinfo, /proc/mounts, CRIU's log. */
export type UnionMount = Pick<Mount, 'mount_point' | 'fs_type' | 'mount_source' | 'super_options'> &
  Pick<BranchTable, 'mount_id' | 'root' | 'dev' | 'mount_options'>

/** What of a table is found out about its branches. */
export type BranchList = Pick<BranchTable, 'source' | 'xi_path' | 'workdir' | 'branches'>

/**
 * Finds the branches of a mount. It may remember what it has read.
 *
 * @param warn called for each branch that cannot be read, once for a superblock; the others stand
 * @throws InputError where no branch can be read
 */
export type BranchReader = (mount: UnionMount, warn: Emit<InputError>) => BranchList

/** A branch that can be mounted: an absolute path and a permission. */
export type MountableBranch = Pick<Branch, 'attributes'> & { path: ByteString; perm: ByteString }

/** What is mounted. */
export interface Mountable {
  branches: MountableBranch[]
  workdir: ByteString | null
  /** `ro`, `nosuid` … for mount(2), with every command. */
  flags: readonly ByteString[]
  /** The union's own options; null where nothing tells them. */
  options: readonly ByteString[] | null
}

/** How a union is mounted. */
export interface MountPlan {
  source: ByteString
  /** Each is tried where the one before cannot be gone. */
  ways: MountWay[]
}

/** Option texts, each for a command of its own, and the links that they lead through. */
export interface MountWay {
  texts: ByteString[]
  links: Links
  /** mount must hand the options over one by one, which takes fsconfig(2): together they are too long. */
  isOneByOne?: boolean
}

/** The kernel takes one page of options, with a byte to end it; some is left for what mount(8) may add. */
export const LONGEST_TEXT = 4000

/** A kind of union filesystem. */
export interface UnionType {
  /** The type in mountinfo, and in tables. */
  readonly fsType: string
  /** What older kernels call the same. */
  readonly formerFsTypes: readonly string[]
  /** The superblock's id in the mount options; null where they have none. */
  superblockId(superOptions: readonly ByteString[]): ByteString | null
  /** The options that no other field of a table tells, in the kernel's order. */
  ownOptions(superOptions: readonly ByteString[]): ByteString[]
  /** A reader of the branches of this type's mounts. */
  branchReader(sources: BranchSources): BranchReader
  /** The NDJSON of the table of a mountinfo line, where that is plain: null for any other line. Null where none ever is. */
  readonly plainTableJson: ((line: ByteString) => ByteString | null) | null
  /** The branches in the mount options that CRIU logged; null where the log has them elsewhere. */
  branchesInLog(mount: UnionMount): Pick<BranchTable, 'workdir' | 'branches'> | null
  /** How a layer hides what lies below, by the mount's options. @param sysfs where /sys is: modules have their defaults there */
  whiteouts(table: BranchTable, superOptions: readonly ByteString[], sysfs: string): WhiteoutFormat
  /** Links of map_files may name a file by its branch, instead of by its path in the union. */
  readonly linksMayNameBranch: boolean
  /** maps shows the device and inode of the layer's own file, and so tells which copy is mapped. */
  mapsShowsLayer(kernel: Kernel, table: BranchTable): boolean
  /**
   * Whether a layer's file has the inode that the union shows: null where that cannot be compared.
   *
   * @param copy the layer's file
   * @param found the union's
   */
  isSameInode(copy: FileId, found: FileId, table: BranchTable): boolean | null
  /** A file may get another inode in the union when it is copied up. */
  readonly copyUpChangesInode: boolean
  /** Branches may be added and taken out while it is mounted. */
  readonly branchesMayChange: boolean
  /** The folder that each mount makes anew on the filesystem of its writable branch, null where it is not known; a type that makes none has null here. */
  readonly madeByMount: ((table: BranchTable) => ByteString | null) | null
  /** Folders in which each writable branch keeps what was copied up of files with several names: by any of them the copy is shown. */
  hardLinkFolders(table: BranchTable): ByteString[]
  /** What follows `ro` where nobody tells how a lower branch was mounted. */
  readonly lowerAttributes: readonly string[]
  /** Whether a union of these branches can be written to at all, whatever its flags. */
  isWritable(branches: readonly MountableBranch[]): boolean
  /** How to mount the same again. @throws InputError where it cannot be */
  mountPlan(mountable: Mountable): MountPlan
}
