/** The pages of a mapped file, as they are compared: by the file itself, or as a process has them in memory. */
import type { DataFile } from '../../files/data-file.js'
import type { RawVma } from '../../proc/map-files.js'
import { type Memory, type PageKind, pageSize } from '../../proc/memory.js'
import type { MappedPages } from './compare-bytes.js'

/** Pages that are read at once. */
const PAGES = 16

/** Room for the bytes of a piece, used again and again. */
let room: Buffer | null = null

/** A piece of a mapping: where it lies in memory and in the file, in bytes, and room for its bytes. */
interface Piece<M> {
  mapping: M
  address: number
  offset: number
  bytes: Buffer
}

type Mapping = Pick<RawVma, 'start' | 'end' | 'offset' | 'perms'>

/** How many bytes are mapped so that the process can see them. */
export function seenBytes(mappings: readonly Mapping[]): number {
  return mappings.filter(isSeen).reduce((sum, mapping) => sum + lengthOf(mapping), 0)
}

/** Yields the pages of a file that is the mapped one: all of them count. */
export function* pagesOfFile(data: DataFile, mappings: readonly Mapping[]): Generator<MappedPages> {
  for (const { offset, bytes } of piecesOf(mappings)) {
    const length = data.read(bytes, offset)
    const kinds = kindsOf(bytes, (page) => (page * pageSize() < length ? 'file' : 'unread'))
    yield { offset, bytes, kinds }
  }
}

/**
 * Yields the pages that a process has.
 *
 * @param isStill asked before each piece is read, whether the mapping is still of that file
 */
export function* pagesOfMemory<M extends Mapping>(
  memory: Memory,
  mappings: readonly M[],
  isStill: (mapping: M) => boolean,
): Generator<MappedPages> {
  for (const { mapping, address, offset, bytes } of piecesOf(mappings)) {
    const kinds = isStill(mapping) ? memory.read(address, bytes) : kindsOf(bytes, () => 'unread')
    yield { offset, bytes, kinds }
  }
}

function* piecesOf<M extends Mapping>(mappings: readonly M[]): Generator<Piece<M>> {
  room ??= Buffer.alloc(PAGES * pageSize())
  for (const mapping of mappings.filter(isSeen)) {
    const length = lengthOf(mapping)
    const [address, offset] = [hexadecimal(mapping.start), hexadecimal(mapping.offset ?? '')]
    for (let done = 0; done < length; done += room.length) {
      const bytes = room.subarray(0, Math.min(room.length, length - done))
      yield { mapping, address: address + done, offset: offset + done, bytes }
    }
  }
}

/** What may be neither read nor run, the process cannot see: the gaps of a library. */
function isSeen({ perms, offset }: Mapping): boolean {
  return perms !== null && offset !== null && (perms[0] === 'r' || perms[2] === 'x')
}

/** How many bytes a mapping has. */
export function lengthOf({ start, end }: Pick<Mapping, 'start' | 'end'>): number {
  return hexadecimal(end) - hexadecimal(start)
}

function hexadecimal(text: string): number {
  return Number.parseInt(text, 16)
}

function kindsOf(bytes: Buffer, kindOf: (page: number) => PageKind): PageKind[] {
  return Array.from({ length: bytes.length / pageSize() }, (_, page) => kindOf(page))
}
