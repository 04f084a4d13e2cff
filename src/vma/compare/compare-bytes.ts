/** Which files have the bytes that a process maps. Pure: whoever calls says how they are read. */
import type { PageKind } from '../../proc/memory.js'

/** Some pages of what is mapped. */
export interface MappedPages {
  /** Where they lie in the file, in bytes. */
  offset: number
  /** Their bytes, whole pages. They may be overwritten by the next ones. */
  bytes: Buffer
  /** What each page is: only those that are still the file's count. */
  kinds: readonly PageKind[]
}

/** A file that may be the mapped one. */
export interface ComparedFile {
  /** Fills a buffer, with zeros after the end of the file, and returns how many bytes the file has there. */
  read(into: Buffer, offset: number): number
}

/** How a file compares with what is mapped. */
export interface Fit {
  /** Each page that counts is the same. */
  fits: boolean
  /** It is the same as the first file in all that is mapped, in what does not count too. */
  isLikeFirst: boolean
}

/** How files compare with what is mapped. */
export interface Comparison {
  /** One for each file. */
  fits: Fit[]
  /** How many pages were compared. */
  counted: number
  /** False where some pages could not be read, or were not, as no file fits any more. */
  isWhole: boolean
}

/**
 * Compares files with what is mapped, until none fits any more.
 *
 * @param pageSize in bytes
 */
export function compareBytes(
  mapped: Iterable<MappedPages>,
  files: readonly ComparedFile[],
  pageSize: number,
): Comparison {
  const fits = files.map((): Fit => ({ fits: true, isLikeFirst: true }))
  const comparison = { fits, counted: 0, isWhole: true }
  for (const pages of mapped) {
    const chunks = files.map((file, i) => read(file, pages, roomOf(i, pages.bytes.length), pageSize))
    comparePages(pages, chunks, fits, pageSize)
    comparison.counted += pages.kinds.filter((kind) => kind === 'file').length
    comparison.isWhole &&= !pages.kinds.includes('unread') && fits.some((fit) => fit.fits)
    if (!fits.some((fit) => fit.fits)) break
  }
  return comparison
}

/** Room for the bytes of each file, used again and again: what is read is compared at once. */
const rooms: Buffer[] = []

function roomOf(file: number, length: number): Buffer {
  const room = rooms[file]
  const enough = room !== undefined && room.length >= length ? room : Buffer.alloc(length)
  rooms[file] = enough
  return enough.subarray(0, length)
}

/** What a file has of some pages: none after the last that it has, which ends with zeros. */
function read(file: ComparedFile, { offset }: MappedPages, room: Buffer, pageSize: number): Buffer {
  const length = file.read(room, offset)
  return room.subarray(0, Math.ceil(length / pageSize) * pageSize)
}

function comparePages(
  { bytes, kinds }: MappedPages,
  chunks: readonly Buffer[],
  fits: readonly Fit[],
  pageSize: number,
): void {
  const [first] = chunks
  for (const [i, chunk] of chunks.entries()) {
    const fit = fits[i]
    if (fit === undefined || first === undefined) continue
    if (fit.isLikeFirst) fit.isLikeFirst = chunk.equals(first)
    if (fit.fits)
      fit.fits = kinds.every((kind, page) => kind !== 'file' || isSamePage(chunk, bytes, page, pageSize))
  }
}

function isSamePage(a: Buffer, b: Buffer, page: number, pageSize: number): boolean {
  const [start, end] = [page * pageSize, (page + 1) * pageSize]
  return a.subarray(start, end).equals(b.subarray(start, end))
}
