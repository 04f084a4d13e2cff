/** Which records `aufs-vma` writes: `--stale` and `--code` act here. */
import { type InputError, throwIt } from '../errors.js'
import type { Emit, Filter } from '../lines/filter.js'
import type { RawVma } from '../proc/map-files.js'
import { CodeFiles, fileOf } from '../vma/code-files.js'
import { staleness, type Vma } from '../vma/record.js'
import { isOf } from './containers.js'

type AnyVma = RawVma | Vma

/** What is asked for. */
export interface Wishes {
  /** Only records of the container whose id begins so. */
  container?: string | undefined
  stale: boolean
  code: boolean
}

/** Chooses records, and counts the files of which it cannot be told. */
export class Selection {
  /** How many records were chosen. */
  chosen = 0
  readonly #container: string | undefined
  readonly #stale: boolean
  readonly #code: CodeFiles<AnyVma> | null
  readonly #stateless = new FileCount()
  readonly #permless = new FileCount()

  /** @param mostHeld how many records of a process `--code` may hold */
  constructor({ container, stale, code }: Wishes, mostHeld?: number) {
    this.#container = container
    this.#stale = stale
    this.#code = code ? new CodeFiles(mostHeld) : null
  }

  /** Takes a record. Returns those that are chosen by now: with `--code`, those of the process before. */
  take(record: AnyVma, warn: Emit<InputError> = throwIt): AnyVma[] {
    if (this.#container !== undefined && !isOf(record.container, this.#container)) return []
    if (this.#code === null) return this.#choose([record])
    const isWanted = !this.#stale || stalenessOf(record) !== false
    if (isWanted && record.perms === null) this.#permless.add(record)
    return this.#choose(this.#code.add(record, isWanted && record.perms !== null, warn))
  }

  /** The process of the last record has no more. */
  end(): AnyVma[] {
    return this.#choose(this.#code?.end() ?? [])
  }

  /** What has to be said at the end, of the files of which it could not be told. */
  notes(): string[] {
    return [
      ...this.#permless.note(
        (files) => `nothing tells whether ${files} hold code: their entries have no perms`,
      ),
      ...this.#stateless.note((files) => `nothing is known of ${files}: the state is null`),
    ]
  }

  #choose(records: AnyVma[]): AnyVma[] {
    const chosen = this.#stale ? records.filter((record) => this.#isChosen(record)) : records
    this.chosen += chosen.length
    return chosen
  }

  #isChosen(record: AnyVma): boolean {
    const staleness = stalenessOf(record)
    if (staleness === null) this.#stateless.add(record)
    return staleness === true
  }
}

/** Null where it is not known: a raw record does not say. */
function stalenessOf(record: AnyVma): boolean | null {
  return 'state' in record ? staleness(record) : null
}

/** So many files are told apart, as an input may never end. */
const FILES_TOLD = 10_000

/** Counts distinct files. */
class FileCount {
  readonly #files = new Set<string>()

  add(record: RawVma): void {
    if (this.#files.size < FILES_TOLD) this.#files.add(fileOf(record))
  }

  /** What is to be said of them, if there are any. */
  note(text: (files: string) => string): string[] {
    const count = this.#files.size
    if (count === 0) return []
    return [text(count === FILES_TOLD ? `${count} files or more` : `${count} file${count === 1 ? '' : 's'}`)]
  }
}

/** The chosen of the records of processes; null, after each process, stays. */
export function* selected(records: Iterable<AnyVma | null>, selection: Selection): Generator<AnyVma | null> {
  for (const record of records) {
    if (record !== null) yield* selection.take(record)
    else {
      yield* selection.end()
      yield null
    }
  }
}

/** A filter that emits the chosen of the records that another one emits. */
export function selecting<T extends AnyVma>(filter: Filter<T>, selection: Selection): Filter<AnyVma> {
  const through =
    (emit: Emit<AnyVma>, warn: Emit<InputError>): Emit<T> =>
    (record) => {
      for (const each of selection.take(record, warn)) emit(each)
    }
  return {
    line: (line, emit, warn) => filter.line(line, through(emit, warn), warn),
    tooLong: (emit, warn) => filter.tooLong?.(through(emit, warn), warn),
    end(emit, warn) {
      filter.end?.(through(emit, warn), warn)
      for (const each of selection.end()) emit(each)
    },
  }
}
