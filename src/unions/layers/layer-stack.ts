/** The copies of a file in the branches of a union: which one is shown, and which lie below it. */

import { BoundedMap } from '../../bounded-map.js'
import type { Asking } from '../../files/asking.js'
import type { ByteString } from '../../text/byte-string.js'
import { split } from '../../text/paths.js'
import { type Branch, type BranchTable, isData } from '../branch-table.js'
import {
  BranchFolders,
  type Copies,
  type Copy,
  type Holders,
  type LayerEntry,
  NO_MARKS,
  type OpenLayer,
  type WhiteoutFormat,
} from './layer.js'

interface Stack {
  layers: OpenLayer[]
  isComplete: boolean
}

/** Folders of one union whose stack is remembered: most mapped files lie in few. */
const STACKS_KEPT = 256

/** Looks into the branches of one union. Close it when done. */
export class LayerStack {
  readonly #branches: readonly Branch[]
  readonly #whiteouts: WhiteoutFormat
  readonly #folders: BranchFolders
  readonly #stacks = new BoundedMap<string, Stack>(STACKS_KEPT)

  /**
   * @param whiteouts how a branch hides what is below: the filesystem's way
   * @param asking which of this reader's mounts may be asked
   * @param isOwnMount whether a mount is one of this very union
   */
  constructor(
    { branches }: BranchTable,
    whiteouts: WhiteoutFormat,
    asking: Asking,
    isOwnMount: (mountId: number | null) => boolean = () => false,
  ) {
    this.#branches = branches
    this.#folders = new BranchFolders(branches, asking, isOwnMount)
    this.#whiteouts = whiteouts
  }

  /**
   * The copies of a file.
   *
   * @param path in the union's filesystem, as its branches have it
   * @example branches.find('/bin/sh').copies[0]?.branch.path // '/l/base'
   */
  find(path: ByteString): Copies {
    const copies: Copy[] = []
    for (const entry of this.#descend(path)) {
      if (entry === undefined) return { copies, isComplete: false }
      const { file } = entry
      const { folder, ...layer } = entry.layer
      if (file.isFolder) return { copies, isComplete: true }
      copies.push({
        ...{ ...layer, file, mount_id: folder.mountId },
        openData: () => folder.openData(layer.path),
        ...this.#whiteouts.origin(entry),
      })
    }
    return { copies, isComplete: true }
  }

  /** The branches that have a path, whatever hides it by now. */
  holders(path: ByteString): Holders {
    return this.#folders.holders(path)
  }

  /** Whether no writable branch has a path, so that nothing was copied up to it. False also where that is not known. */
  isNotCopied(path: ByteString): boolean {
    return this.#folders.isNotCopied(path)
  }

  /** The mount of the topmost branch's folder, in the reader's mountinfo; null where it cannot be opened. */
  topMount(): number | null {
    const [top] = this.#branches
    return (top && this.#folders.open(top)?.mountId) ?? null
  }

  /** Gives back what is held open. */
  close(): void {
    this.#folders.close()
    this.#stacks.clear()
  }

  /**
   * Yields what each branch has at a path, topmost first, up to the first that hides the rest. The last is undefined where
   * a branch could not be looked into.
   *
   * @param root the path begins in the root that the branches below this one make
   * @param above only branches below this one are looked into
   */
  *#descend(path: ByteString, root = -1, above = root): Generator<LayerEntry | undefined> {
    const { folder, name } = split(path)
    const { layers, isComplete } = this.#stack(folder, root)
    const { entries, end } = this.#look(
      layers.filter(({ branch }) => branch.index > above),
      name,
    )
    const marks = this.#whiteouts.marks(entries, layers.at(-1)?.branch.index ?? 0)
    let isNamed = true
    for (const [i, entry] of entries.entries()) {
      yield isNamed ? entry : { ...entry, layer: { ...entry.layer, isNamed } }
      const { isOpaque, redirect } = marks[i] ?? NO_MARKS
      if (isOpaque) return
      isNamed &&= redirect !== undefined
      if (redirect == null) continue
      yield* this.#redirected(redirect, entry, folder, root)
      return
    }
    if (end === 'unknown' || (end === 'last' && !isComplete) || !isNamed) yield undefined
  }

  /** What lies below an entry that is called otherwise there: beside it, or anywhere from the root that the layers below make by themselves. */
  *#redirected(
    redirect: ByteString,
    { layer, file }: LayerEntry,
    folder: ByteString,
    root: number,
  ): Generator<LayerEntry | undefined> {
    const { index } = layer.branch
    yield* redirect.startsWith('/')
      ? this.#descend(redirect, index)
      : this.#descend(`${folder}/${redirect}`, root, index)
    if (!file.isFolder) yield* this.#data(redirect)
  }

  /** Data-only layers show no names: a metacopy above tells the path of its data in them. */
  *#data(path: ByteString): Generator<LayerEntry | undefined> {
    for (const branch of this.#branches.filter(isData)) {
      const folder = this.#folders.open(branch)
      const file = folder === null ? null : folder?.find(path)
      if (folder == null || file == null) {
        if (file === undefined) return yield undefined
        continue
      }
      yield { layer: { branch, folder, path, isNamed: true }, file }
    }
  }

  /** The entries of one name, and why there are no more: the last branch, one that hides the rest, or one that cannot be looked into. */
  #look(
    layers: OpenLayer[],
    name: ByteString,
  ): { entries: LayerEntry[]; end: 'last' | 'hidden' | 'unknown' } {
    const entries: LayerEntry[] = []
    for (const layer of layers) {
      if (this.#whiteouts.isWhitedOut(layer, name)) return { entries, end: 'hidden' }
      const at = { ...layer, path: `${layer.path}/${name}` }
      const file = at.folder.find(at.path)
      if (file === undefined) return { entries, end: 'unknown' }
      if (file?.isWhiteout) return { entries, end: 'hidden' }
      if (file !== null) entries.push({ layer: at, file })
    }
    return { entries, end: 'last' }
  }

  /** The branches below one that have a folder. */
  #stack(path: ByteString, root: number): Stack {
    const key = `${root} ${path}`
    const known = this.#stacks.get(key)
    if (known !== undefined) return known
    // A redirect may lead back to where it stands: what is being looked for is not known yet.
    this.#stacks.set(key, { layers: [], isComplete: false })
    const stack = path === '' ? this.#roots(root) : this.#below(path, root)
    this.#stacks.set(key, stack)
    return stack
  }

  #below(path: ByteString, root: number): Stack {
    const layers: OpenLayer[] = []
    for (const entry of this.#descend(path, root)) {
      if (entry === undefined) return { layers, isComplete: false }
      if (!entry.file.isFolder) break
      layers.push(entry.layer)
    }
    return { layers, isComplete: true }
  }

  #roots(root: number): Stack {
    const layers: OpenLayer[] = []
    for (const branch of this.#branches) {
      if (isData(branch) || branch.index <= root) continue
      const folder = this.#folders.open(branch)
      if (folder === undefined) return { layers, isComplete: false }
      if (folder !== null) layers.push({ branch, folder, path: '', isNamed: true })
    }
    return { layers, isComplete: true }
  }
}
