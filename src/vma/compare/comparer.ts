/** Compares the mapped files of one process, by their own bytes or by its memory. */
import { keyText } from '../../bounded-map.js'
import { errorCode, hasCode, InputError, reasonAndCure } from '../../errors.js'
import type { DataFile } from '../../files/data-file.js'
import type { Emit } from '../../lines/filter.js'
import type { Kernel, RawVma } from '../../proc/map-files.js'
import { parseMapping } from '../../proc/maps.js'
import { Memory, pageSize } from '../../proc/memory.js'
import { NotFollowedError } from '../../proc/open-entries.js'
import { ForbiddenError, GoneError, type Process } from '../../proc/process.js'
import type { ProcessContext, SeenFile } from '../context.js'
import { branchOf, mappedFile } from '../fix-vma.js'
import type { Vma } from '../record.js'
import { areUnchanged, type Candidates, closeAll, filesOf, openCandidates } from './candidates.js'
import { type Comparison, compareBytes } from './compare-bytes.js'
import { lengthOf, pagesOfFile, pagesOfMemory, seenBytes } from './mapped-pages.js'
import { verdictOf } from './verdict.js'

/** As many bytes of a process are compared: it may map a sparse file of any size. */
const COMPARED_MAX = 2 ** 32

/** What the bytes tell of the mappings of one file, in the order of the record. */
export type Told = Pick<Vma, 'state' | 'branch'> & { same_bytes: boolean | null }

/**
 * What files told that were compared by their own bytes, by what is mapped of them: the same for all processes of one mount
 * namespace and root.
 */
export type Compared = WeakMap<Kernel, Map<string, Told>>

/** Compares the mapped files of one process. Close it when done. */
export class Comparer {
  readonly #context: ProcessContext
  readonly #process: Process
  readonly #warn: Emit<InputError>
  readonly #compared: Compared
  readonly #byMemory: (readonly Vma[])[] = []
  /** Undefined until it is needed; null where it may not be read. */
  #memory: Memory | null | undefined
  #left = COMPARED_MAX
  #isLimitTold = false

  constructor(context: ProcessContext, process: Process, compared: Compared, warn: Emit<InputError>) {
    this.#context = context
    this.#compared = compared
    this.#process = process
    this.#warn = warn
  }

  /** What the bytes tell of the mappings of one file; null where nothing is compared. @throws GoneError */
  compare(group: readonly [Vma, ...Vma[]]): Told | null {
    const [vma] = group
    const known = this.#compared.get(vma.kernel)?.get(mappedOf(group))
    if (known !== undefined) return known
    const file = mappedFile(vma, this.#context)
    const { lookup } = file.context
    if (lookup === null) return null
    try {
      const candidates = openCandidates({ ...file, lookup }, vma.path)
      try {
        return this.#told({ ...file, lookup }, group, candidates)
      } finally {
        closeAll(candidates)
      }
    } catch (error) {
      // What cannot be read tells nothing.
      if (errorCode(error) === null) throw error
      if (hasCode(error, 'EACCES', 'EPERM'))
        this.#warn(
          new NotFollowedError(`files cannot be read: ${reasonAndCure(error, 'CAP_DAC_READ_SEARCH')}`),
        )
      return null
    }
  }

  /**
   * The records whose memory was read, but nobody knows of what: it is mapped otherwise by now, or another mapping of the file is.
   *
   * @throws InputError where the process has ended
   */
  mappedOtherwise(): Vma[] {
    if (this.#byMemory.length === 0) return []
    const now = new Set(
      this.#process
        .lines('maps', parseMapping, () => {})
        .map(({ start, end, offset, dev, ino }) => [start, end, offset, dev, ino].join()),
    )
    const isThere = ({ start, end, offset, kernel }: Vma) =>
      now.has([start, end, offset, kernel.maps_dev, kernel.maps_ino].join())
    return this.#byMemory.filter((group) => !group.every(isThere)).flat()
  }

  close(): void {
    this.#memory?.close()
  }

  #told(file: SeenFile, group: readonly [Vma, ...Vma[]], candidates: Candidates): Told | null {
    const files = filesOf(candidates)
    if (files.length === 0 || !this.#isWithinLimit(group)) return null
    // By the mapped file itself where its entry leads to that, else by memory.
    const mapped = file.lookup.openMapped(file.raw)
    const comparison =
      mapped === null ? this.#comparisonByMemory(file, group, files) : comparisonByFile(mapped, group, files)
    if (comparison === null || !areUnchanged(candidates)) return null
    const { sameBytes, copy } = verdictOf(comparison, { ...candidates, isShown: candidates.shown !== null })
    const told = { ...supplied(group[0], candidates, copy), same_bytes: sameBytes }
    if (mapped !== null) this.#remember(group, told)
    return told
  }

  #remember(group: readonly [Vma, ...Vma[]], told: Told): void {
    const [{ kernel }] = group
    const known = this.#compared.get(kernel) ?? new Map<string, Told>()
    this.#compared.set(kernel, known.set(mappedOf(group), told))
  }

  #comparisonByMemory(
    { lookup }: SeenFile,
    group: readonly Vma[],
    files: readonly DataFile[],
  ): Comparison | null {
    if (this.#memory === undefined) this.#memory = this.#openMemory()
    if (this.#memory === null) return null
    this.#byMemory.push(group)
    // What is mapped there by now may be a device, or of a filesystem that may hang.
    const isStill = (mapping: RawVma) => lookup.mapped(mapping)?.hasData === true
    return compareBytes(pagesOfMemory(this.#memory, group, isStill), files, pageSize())
  }

  #openMemory(): Memory | null {
    try {
      return new Memory(this.#process)
    } catch (error) {
      if (!(error instanceof InputError) || error instanceof GoneError) throw error

      const isForbidden = error instanceof ForbiddenError
      this.#warn(isForbidden ? new NotFollowedError(`memory cannot be read: ${error.reason}`) : error)
      return null
    }
  }

  #isWithinLimit(group: readonly Vma[]): boolean {
    const bytes = seenBytes(group)
    if (bytes <= this.#left) {
      this.#left -= bytes
      return true
    }
    if (!this.#isLimitTold)
      this.#warn(new InputError('more than 4 GiB is mapped of what is not current: not all is compared'))
    this.#isLimitTold = true
    return false
  }
}

function comparisonByFile(
  mapped: DataFile,
  group: readonly Vma[],
  files: readonly DataFile[],
): Comparison | null {
  try {
    const comparison = compareBytes(pagesOfFile(mapped, group), files, pageSize())
    return mapped.isUnchanged() ? comparison : null
  } finally {
    mapped.close()
  }
}

/** What is mapped of a file, wherever that lies in memory, and what is known of it before its bytes are compared. */
function mappedOf(group: readonly [Vma, ...Vma[]]): string {
  const [{ state, branch }] = group
  const parts = group.map((vma) => `${lengthOf(vma)} ${vma.offset} ${vma.perms}`)
  return keyText(`${state} ${branch?.index} ${parts.join()}`)
}

/** State and branch, where they were null and one copy alone fits. */
function supplied(
  { state, branch }: Vma,
  { mount, copies, isShownMapped }: Candidates,
  copy: Candidates['copies'][number] | null,
): Pick<Vma, 'state' | 'branch'> {
  if (mount === null || copy === null || branch !== null) return { state, branch }
  const shown = copy === copies[0] ? 'current' : 'copied_up'
  return { state: isShownMapped === true ? (state ?? shown) : state, branch: branchOf(mount, copy.branch) }
}
