/** The copies of a file in the branches of a union: which one is shown, and which lie below it. */
import type { Branch, BranchTable } from './branches.js'
import type { ByteString } from './bytes.js'
import { Folder, type Found } from './files.js'
import { DELETED } from './paths.js'
import { Recent } from './recent.js'

/** A branch that has the file. */
export interface Copy {
  branch: Branch
  file: Found
}

/** What the branches hold of a path. */
export interface Copies {
  /** Topmost first: the one that the union shows, then those that it would show if the ones above were not there. */
  copies: Copy[]
  /** False where a branch could not be looked into: there may be more, below the last. */
  isComplete: boolean
}

/** A branch that has a folder, opened. */
interface Layer {
  branch: Branch
  folder: Folder
}

interface Stack {
  layers: Layer[]
  isComplete: boolean
}

/** Folders of one union whose stack is remembered: most mapped files lie in few. */
const STACKS_KEPT = 256

/**
 * AUFS hides what is below with a file `.wh.NAME`, and all of a folder with a file `.wh..wh..opq` in it (aufs(5); whiteout.c),
 * in a branch that is writable or has the attribute `wh`.
 */
const WHITEOUT = '.wh.'
const OPAQUE = '.wh..wh..opq'

/** Looks into the branches of one union. Close it when done. */
export class Branches {
  readonly #branches: readonly Branch[]
  readonly #folders = new Map<ByteString, Folder>()
  readonly #stacks = new Recent<ByteString, Stack>(STACKS_KEPT)

  constructor({ branches }: BranchTable) {
    this.#branches = branches
  }

  /**
   * The copies of a file.
   *
   * @param path in the union's filesystem, as its branches have it
   * @example branches.find('/bin/sh').copies[0]?.branch.path // '/l/base'
   */
  find(path: ByteString): Copies {
    const { folder, name } = split(path)
    const { layers, isComplete } = this.#stack(folder)
    const copies: Copy[] = []
    for (const { branch, folder: root } of layers) {
      if (hides(branch, root, path, name)) return { copies, isComplete: true }
      const file = root.find(path)
      if (file === undefined) return { copies, isComplete: false }
      if (file !== null) copies.push({ branch, file })
      if (file?.isFolder) return { copies, isComplete: true }
    }
    return { copies, isComplete }
  }

  /** Gives back what is held open. */
  close(): void {
    for (const folder of this.#folders.values()) folder.close()
    this.#folders.clear()
    this.#stacks.clear()
  }

  /** The branches that have a folder, from the top, as far as none hides those below. */
  #stack(path: ByteString): Stack {
    const known = this.#stacks.get(path)
    if (known !== undefined) return known
    const stack = path === '' ? this.#roots() : this.#below(path)
    this.#stacks.set(path, stack)
    return stack
  }

  #below(path: ByteString): Stack {
    const { folder, name } = split(path)
    const above = this.#stack(folder)
    const layers: Layer[] = []
    for (const layer of above.layers) {
      if (hides(layer.branch, layer.folder, path, name)) return { layers, isComplete: true }
      const found = layer.folder.find(path)
      if (found === undefined) return { layers, isComplete: false }
      if (found === null) continue
      if (!found.isFolder) return { layers, isComplete: true }
      layers.push(layer)
      if (honours(layer.branch) && layer.folder.find(`${path}/${OPAQUE}`)) return { layers, isComplete: true }
    }
    return { layers, isComplete: above.isComplete }
  }

  #roots(): Stack {
    const layers: Layer[] = []
    for (const branch of this.#branches) {
      const folder = this.#open(branch)
      if (folder === undefined) return { layers, isComplete: false }
      if (folder !== null) layers.push({ branch, folder })
    }
    return { layers, isComplete: true }
  }

  /** Null for a folder that was removed, which holds nothing; undefined where it is not known, or not to be reached from here. */
  #open({ path, attributes }: Branch): Folder | null | undefined {
    if (path === null || attributes.includes('relative') || this.#isAmbiguous(path)) return undefined
    const folder = this.#folders.get(path) ?? new Folder(path, { crossMounts: false })
    this.#folders.set(path, folder)
    if (folder.isThere()) return folder
    return path.endsWith(DELETED) ? null : undefined
  }

  /** Branches on detached mounts are all told as `/`. */
  #isAmbiguous(path: ByteString): boolean {
    return path === '/' && this.#branches.filter((branch) => branch.path === '/').length > 1
  }
}

function split(path: ByteString): { folder: ByteString; name: ByteString } {
  const slash = path.lastIndexOf('/')
  return { folder: path.slice(0, slash), name: path.slice(slash + 1) }
}

function hides(branch: Branch, root: Folder, path: ByteString, name: ByteString): boolean {
  return honours(branch) && root.find(`${path.slice(0, path.length - name.length)}${WHITEOUT}${name}`) != null
}

function honours({ perm, attributes }: Branch): boolean {
  return perm === null || perm === 'rw' || attributes.includes('wh')
}
