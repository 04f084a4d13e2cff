/**
 * Looks through the lines of a chunk sixteen bytes at a time, by WebAssembly (wasm/scan.ts), for those that a filter
 * has to be told: JavaScript takes longer to find where lines end than the kernel to read them.
 */
import { readFileSync } from 'node:fs'
import type { ByteString } from '../text/byte-string.js'

/** Looks through lines: each call from where a line begins to behind the newline of the last one, places in the chunk. */
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
