/**
 * Finds the lines of a chunk that a filter needs, sixteen bytes at a time, by WebAssembly (wasm/scan.ts). JavaScript takes
 * longer to find where lines end than the kernel takes to read them.
 */
import { readFileSync } from 'node:fs'
import type { ByteString } from '../text/byte-string.js'

/** Scans lines of a chunk. `start` is the place where a line begins, `end` the place after the newline of the last one. */
export interface Scan {
  /** How many lines there are. */
  countLines(start: number, end: number): number
  /**
   * Where the first line of mountinfo begins that may be a mount of a type with one of these first letters, or is no
   * mount's at all; `end` where none is.
   *
   * @param initials a bit for each letter (`a` is bit 1)
   */
  nextMount(start: number, end: number, initials: number): number
  /** Where the first line begins that holds one of two {@link pair}s of bytes; `end` where none does. */
  nextWithPair(start: number, end: number, one: number, other: number): number
}

/** Two bytes as {@link Scan.nextWithPair} takes them: the first is the lower. */
export function pair(text: ByteString): number {
  return text.charCodeAt(0) | (text.charCodeAt(1) << 8)
}

/** Room for one chunk, and the functions that scan it there. */
interface Scanner {
  room: Buffer<ArrayBuffer>
  scan: Scan
}

/** The parts of WebAssembly that are used here. TypeScript declares it only for browsers. */
declare const WebAssembly:
  | undefined
  | {
      Module: new (bytes: Buffer) => object
      Instance: new (module: object) => { exports: Scan & { memory: { buffer: ArrayBuffer } } }
    }

/** How far a scan may read past the last line. */
const MARGIN = 128

/** Null if it cannot be loaded; undefined before the first attempt. */
let loaded: Scanner | null | undefined

function load(): Scanner | null {
  // There is no WebAssembly under `--jitless`, no room for it under a tight `ulimit -v`, and no SIMD on old machines.
  if (typeof WebAssembly === 'undefined') return null
  try {
    const module = new WebAssembly.Module(readFileSync(new URL('./scan.wasm', import.meta.url)))
    const { memory, ...scan } = new WebAssembly.Instance(module).exports
    return { room: Buffer.from(memory.buffer, 0, memory.buffer.byteLength - MARGIN), scan }
  } catch {
    return null
  }
}

/**
 * The memory to read a chunk into, so that it can be scanned. There is one, for one reader at a time.
 *
 * @returns null if there is no WebAssembly. Everything works without it, more slowly.
 */
export function scanRoom(): Buffer<ArrayBuffer> | null {
  loaded ??= load()
  return loaded?.room ?? null
}

/** The functions that scan a chunk; null if the chunk is not in {@link scanRoom}. */
export function scanOf(chunk: Buffer): Scan | null {
  return loaded && loaded.room.buffer === chunk.buffer ? loaded.scan : null
}
