/**
 * Finds the lines of a chunk that a filter needs, sixteen bytes at a time, by WebAssembly (wasm/scan.ts). JavaScript takes
 * longer to find where lines end than the kernel takes to read them.
 */
import { readFileSync } from 'node:fs'

/** Scans lines of a chunk. `start` is the place where a line begins, `end` the place after the newline of the last one. */
export interface Scan {
  /** How many lines there are. */
  countLines(start: number, end: number): number
  /** Where the first line begins that may be a union mount, or is no mount line at all; `end` if there is none. */
  nextUnion(start: number, end: number): number
  /** Where the first line begins that may be a logged branch or mount; `end` if there is none. */
  nextLogged(start: number, end: number): number
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
