/** The files that processes really map, as the BPF iterator of bpf/ prints them: a line for each mapping. */
import { accessSync, constants } from 'node:fs'
import { InputError } from '../errors.js'
import type { FileId } from '../files/ids.js'
import type { Emit } from '../lines/filter.js'
import type { ByteString } from '../text/byte-string.js'
import type { Mapping } from './maps.js'
import type { Process, TaskId } from './process.js'
import { runProgram } from './run-program.js'

/** Where bpf/pin.sh pins the iterator. */
export const PINNED = '/run/aufs-filters/vmas'

/** What the iterator's first line begins with. */
const HEADER = 'aufs-filters vmas 1: '

/** What the iterator prints of a mapping. */
export interface PrintedMapping {
  /** As {@link TaskId.task}. */
  task: string
  /** When the task began, in nanoseconds since the machine started. */
  start_boottime: bigint
  /** `START-END`, as map_files names its entries. */
  range: string
  /** The file that is mapped. */
  real: FileId
  /** The file that maps shows: since Linux 6.8 the union's. */
  shown: FileId
}

const LINE = /^(\d+ \d+) (\d+) ([0-9a-f]+-[0-9a-f]+) (\d+:\d+) (\d+) (\d+:\d+) (\d+)$/

/**
 * Parses a line of the iterator:
 *
 *     4026531836 4711 36528935795 400000-401000 254:0 364 0:33 25
 *
 * @throws InputError if it is none
 */
export function parsePrintedMapping(line: ByteString): PrintedMapping {
  const [, task, start, range, dev, ino, maps_dev, maps_ino] = LINE.exec(line) ?? []
  if (!task || !start || !range || !dev || !ino || !maps_dev || !maps_ino)
    throw new InputError('no mapping of the iterator', line)
  const [real, shown] = [
    { dev, ino },
    { dev: maps_dev, ino: maps_ino },
  ]
  return { task, start_boottime: BigInt(start), range, real, shown }
}

/** The file that a mapping of one process is really of; null where the iterator does not tell. */
export type RealFileOf = (mapping: Mapping) => FileId | null

/** What the iterator printed, by task. Only what is asked for is parsed. */
export class PrintedMappings {
  readonly #text: ByteString
  /** Where the lines of a task begin and end. */
  readonly #places = new Map<string, [start: number, end: number]>()

  /** @throws InputError where the text is not that of the iterator */
  constructor(text: ByteString) {
    if (!text.startsWith(HEADER)) throw new InputError('not what bpf/pin.sh of this version pins')
    this.#text = text
    let task = ''
    let place: [start: number, end: number] = [0, 0]
    for (let at = text.indexOf('\n') + 1; at > 0; ) {
      const end = text.indexOf('\n', at)
      // The last line may be cut.
      if (end === -1) return
      if (!text.startsWith(`${task} `, at)) {
        task = text.slice(at, text.indexOf(' ', text.indexOf(' ', at) + 1))
        place = [at, end]
        this.#places.set(task, place)
      }
      place[1] = end
      at = end + 1
    }
  }

  /**
   * The files of one task. A mapping may be another one by now. So it has to be of the same task and range, and maps has to
   * show the file that the iterator says it shows.
   */
  of({ task, start }: TaskId): RealFileOf {
    const [from, to] = this.#places.get(task) ?? [0, 0]
    const lines = to === 0 ? [] : this.#text.slice(from, to).split('\n').map(parsePrintedMapping)
    const printed = new Map(
      lines.flatMap((each) => (ticks(each.start_boottime) === start ? [[each.range, each]] : [])),
    )
    return ({ start, end, dev, ino }) => {
      const { real, shown } = printed.get(`${start}-${end}`) ?? {}
      const isSame = (file?: FileId) => file?.dev === dev && file.ino === ino
      // Before Linux 6.8 maps shows the real one.
      return real !== undefined && (isSame(shown) || isSame(real)) ? real : null
    }
  }
}

/** USER_HZ, in which /proc/PID/stat tells times, is 100 on all of Node's machines. */
const NANOSECONDS_OF_TICK = 10_000_000n

function ticks(nanoseconds: bigint): string {
  return String(nanoseconds / NANOSECONDS_OF_TICK)
}

/** How long the iterator may take, in milliseconds: a million mappings take three seconds. */
const PATIENCE = 10_000

/** How much it may print, in bytes: 1.5 million mappings. Of those after it nothing is known. */
const MOST = 128 * 1024 * 1024

/** Reads what is pinned, once and only where it is needed. */
export class RealFiles {
  readonly #file: string
  #mappings: PrintedMappings | null | undefined

  constructor(file: string) {
    this.#file = file
  }

  /**
   * The files of a process.
   *
   * @param warn called once, where something else is pinned
   * @returns null where nothing is told of it
   */
  of(process: Process, warn: Emit<InputError>): RealFileOf | null {
    if (this.#mappings === undefined) this.#mappings = this.#read(warn)
    const task = this.#mappings === null ? null : process.task()
    return task === null ? null : (this.#mappings?.of(task) ?? null)
  }

  /** Forgets what was read. */
  clear(): void {
    this.#mappings = undefined
  }

  #read(warn: Emit<InputError>): PrintedMappings | null {
    try {
      const text = readPinned(this.#file)
      return text === '' ? null : new PrintedMappings(text)
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      warn(new InputError(`${this.#file}: ${error.reason}`))
      return null
    }
  }
}

/**
 * The text of a pinned iterator; nothing where there is none, or where this user may not read it. It waits for a process that has
 * its memory locked, as maps does. So another program reads it, which a signal ends; what it has read until then counts.
 */
function readPinned(file: string): ByteString {
  try {
    accessSync(file, constants.R_OK)
  } catch {
    return ''
  }
  return runProgram('cat', ['--', file], { timeout: PATIENCE, most: MOST }).stdout ?? ''
}
