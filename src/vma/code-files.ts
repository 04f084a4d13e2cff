/** The files of which a process maps code. */
import { InputError } from '../errors.js'
import type { Emit } from '../lines/filter.js'
import type { RawVma } from '../proc/map-files.js'

/** Linux gives a process 65,530 mappings, unless vm.max_map_count is raised (DEFAULT_MAX_MAP_COUNT). */
const MOST_HELD = 65_536

/** What tells mapped files apart: of btrfs, several subvolumes have one device in maps, and the same inode numbers. */
export function fileOf({ link, kernel: { maps_dev, maps_ino } }: RawVma): string {
  return `${maps_dev} ${maps_ino} ${link}`
}

/**
 * Keeps the records of files of which a process maps code. Any mapping of a file may show that, so the records of a process
 * are held until its last one. The records of one process have to follow each other.
 */
export class CodeFiles<T extends RawVma> {
  readonly #mostHeld: number
  readonly #code = new Set<string>()
  #held: T[] = []
  #first: Pick<RawVma, 'pid' | 'start'> | null = null

  constructor(mostHeld = MOST_HELD) {
    this.#mostHeld = mostHeld
  }

  /**
   * Takes a record.
   *
   * @param isWanted whether to give it back, if its file is code
   * @param warn told where a process has too many mappings to hold
   * @returns the records of the process before, if this one is another's
   */
  add(record: T, isWanted: boolean, warn: Emit<InputError>): T[] {
    const isFull = this.#held.length + this.#code.size >= this.#mostHeld
    const isNext = this.#isOfNextProcess(record)
    const before = isFull || isNext ? this.end() : []
    if (isFull && !isNext)
      warn(new InputError(`more than ${this.#mostHeld} mappings of one process: --code sees them in parts`))
    this.#first ??= { pid: record.pid, start: record.start }
    if (record.perms?.includes('x')) this.#code.add(fileOf(record))
    if (isWanted) this.#held.push(record)
    return before
  }

  /** The records of a process that has no more. */
  end(): T[] {
    const records = this.#held.filter((record) => this.#code.has(fileOf(record)))
    this.#held = []
    this.#code.clear()
    this.#first = null
    return records
  }

  /** Entries are in address order, so a process that is read once more begins with the same address. */
  #isOfNextProcess({ pid, start }: T): boolean {
    return this.#first !== null && (pid !== this.#first.pid || start === this.#first.start)
  }
}
