/**
 * Looks through the lines of a chunk sixteen bytes at a time, by WebAssembly (wasm/scan.ts), for those that a filter
 * has to be told: JavaScript takes longer to find where lines end than the kernel to read them.
 */
import { readFileSync } from 'node:fs'

/** Looks through lines: each call from where a line begins to behind the newline of the last one, places in the chunk. */
export interface Scan {
  /** How many lines there are. */
  countLines(start: number, end: number): number
  /** Where the first line begins that may be a union mount's, or is no mount's at all; `end` where none is. */
  nextUnion(start: number, end: number): number
  /** Where the first line begins that may be of a logged branch or mount; `end` where none is. */
  nextLogged(start: number, end: number): number
}

/** Room for one chunk, and what looks through it there. */
interface Scanner {
  room: Buffer<ArrayBuffer>
  scan: Scan
}

/** What is needed here of what TypeScript knows of browsers alone. */
declare const WebAssembly:
  | undefined
  | {
      Module: new (bytes: Buffer) => object
      Instance: new (module: object) => { exports: Scan & { memory: { buffer: ArrayBuffer } } }
    }

/** So much may be read past the last line. */
const MARGIN = 128

/** Null where it cannot be had. */
let loaded: Scanner | null | undefined

function load(): Scanner | null {
  // None under `--jitless`; no room for it under a tight `ulimit -v`; no SIMD on old machines.
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
 * Where to read a chunk that is to be looked through: there is one place, for one reader at a time.
 *
 * @returns null where there is no WebAssembly; all works without, too
 */
export function scanRoom(): Buffer<ArrayBuffer> | null {
  loaded ??= load()
  return loaded?.room ?? null
}

/** What looks through a chunk; null for one that is not in {@link scanRoom}. */
export function scanOf(chunk: Buffer): Scan | null {
  return loaded && loaded.room.buffer === chunk.buffer ? loaded.scan : null
}
