/** What a branch has of a file, and what hides it: the words that the layer stack and the union types share. */
import type { Asking } from '../../files/asking.js'
import type { DataFile } from '../../files/data-file.js'
import { Folder } from '../../files/folder.js'
import type { Found } from '../../files/found.js'
import type { ByteString } from '../../text/byte-string.js'
import { DELETED } from '../../text/paths.js'
import { type Branch, DETACHED, mayBeWritable, RELATIVE } from '../branch-table.js'

/** A branch that has the file. */
export interface Copy {
  /** The branch that has it. */
  branch: Branch
  /** What it is called there. */
  path: ByteString
  /** The file that it is there. */
  file: Found
  /** The mount that the branch's folder lies on, in the reader's mountinfo; null where that is not told. */
  mount_id: number | null
  /** It has no data of its own, which the next copy has (overlayfs's metacopy); null where that is not told. */
  isMeta: boolean | null
  /** Since when it is there with its data, in nanoseconds since 1970; 0 where the filesystem does not tell. */
  since: bigint
  /** False where it may be of another file: a folder above is perhaps called otherwise here, which nothing tells (overlayfs's redirects). */
  isNamed: boolean
  /** Whether it is a copy of a file below, maybe of another name (overlayfs's origin); null where that is not told. */
  isCopiedUp(): boolean | null
  /** Opens its data; null where it has none, or may not be opened. Close it when done. @throws the system's error */
  openData(): DataFile | null
}

/** What the branches hold of a path. */
export interface Copies {
  /** Topmost first: the one that the union shows, then those that it would show if the ones above were not there. */
  copies: Copy[]
  /** False where a branch, or a mark of a folder, could not be looked at: there may be more, below the last. */
  isComplete: boolean
}

/** The branches that have a path, whatever hides it by now. */
export interface Holders {
  holders: Pick<Copy, 'branch' | 'path' | 'file' | 'mount_id' | 'openData'>[]
  /** False where a branch could not be looked into. */
  isComplete: boolean
}

/** A branch that has a folder, opened, and what the folder is called there (overlayfs's redirects). */
export interface OpenLayer {
  branch: Branch
  folder: Folder
  path: ByteString
  /** Whether it is sure to be called so there. */
  isNamed: boolean
}

/** What a branch has at a path. */
export interface LayerEntry {
  layer: OpenLayer
  file: Found
}

/** What a folder or a file in a branch says of those below. */
export interface Marks {
  /** Nothing of the same path below is seen. */
  isOpaque: boolean
  /** What it is called below: a name, or a path from the union's root; null for the same, undefined where nothing tells. */
  redirect: ByteString | null | undefined
}

/** Everything below is seen, by the same name. */
export const NO_MARKS: Marks = { isOpaque: false, redirect: null }

/** A filesystem's marks. */
export interface WhiteoutFormat {
  /** Whether there may be copies without data of their own. */
  readonly hasMetacopies: boolean
  /** Whether a folder of a branch has a mark beside the name that hides what is below. */
  isWhitedOut(folder: OpenLayer, name: ByteString): boolean
  /**
   * What the entries of one path say of those below.
   *
   * @param bottom the index of the lowest branch that there is to be hidden
   */
  marks(entries: readonly LayerEntry[], bottom: number): Marks[]
  /** Where a file's data is, and since when. */
  origin(entry: LayerEntry): Pick<Copy, 'isMeta' | 'since' | 'isCopiedUp'>
}

/** Marks of a path that does not tell where the folder is. */
const UNREACHABLE = [RELATIVE, DETACHED]

/** The folders of a union's branches, each by itself. Close it when done. */
export class BranchFolders {
  readonly #branches: readonly Branch[]
  readonly #asking: Asking
  readonly #isOwnMount: (mountId: number | null) => boolean
  readonly #folders = new Map<ByteString, Folder>()

  /**
   * @param asking which of this reader's mounts may be asked
   * @param isOwnMount whether a mount is one of this very union
   */
  constructor(branches: readonly Branch[], asking: Asking, isOwnMount: (mountId: number | null) => boolean) {
    this.#branches = branches
    this.#asking = asking
    this.#isOwnMount = isOwnMount
  }

  /** Null for a folder that was removed, which holds nothing; undefined where it is not known, or not to be reached from here. */
  open({ path, attributes }: Branch): Folder | null | undefined {
    if (path === null || UNREACHABLE.some((mark) => attributes.includes(mark))) return undefined
    if (this.#isAmbiguous(path)) return undefined
    const folder = this.#folders.get(path) ?? new Folder(path, { asking: this.#asking, crossMounts: false })
    this.#folders.set(path, folder)
    // A union that was mounted over one of its own branches hides it from everybody but itself.
    if (folder.isThere()) return this.#isOwnMount(folder.mountId) ? undefined : folder
    return path.endsWith(DELETED) ? null : undefined
  }

  /** The branches that have a path, whatever hides it by now: what was shown once may still be mapped. */
  holders(path: ByteString): Holders {
    const files = this.#branches.map((branch) => ({ branch, ...this.#at(branch, path) }))
    return {
      holders: files.flatMap(({ branch, file, mount_id }) =>
        file
          ? [{ branch, path, file, mount_id, openData: () => this.open(branch)?.openData(path) ?? null }]
          : [],
      ),
      isComplete: files.every(({ file }) => file !== undefined),
    }
  }

  /** Whether no writable branch has a path, so that nothing was copied up to it. False also where that is not known. */
  isNotCopied(path: ByteString): boolean {
    return this.#branches.every((branch) => !mayBeWritable(branch) || this.#at(branch, path).file === null)
  }

  /** Gives back what is held open. */
  close(): void {
    for (const folder of this.#folders.values()) folder.close()
    this.#folders.clear()
  }

  /** What a branch itself has at a path; undefined where it cannot be looked into. */
  #at(branch: Branch, path: ByteString): { file: Found | null | undefined; mount_id: number | null } {
    const folder = this.open(branch)
    return { file: folder ? folder.find(path) : folder, mount_id: folder?.mountId ?? null }
  }

  /** Branches on detached mounts are all told as `/`. */
  #isAmbiguous(path: ByteString): boolean {
    return path === '/' && this.#branches.filter((branch) => branch.path === '/').length > 1
  }
}
