/** What a process has in memory (proc_pid_mem(5), proc_pid_pagemap(5)), and which of it is still the file's. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { errorCode } from '../errors.js'
import type { Process } from './process.js'

/** A page: the file's own, as all see it; the process's own, which it has changed (copy on write); or one that cannot be read. */
export type PageKind = 'file' | 'own' | 'unread'

/** Bits of an entry of pagemap: the page is in memory; it is swapped out; it is a file's (or shared memory). */
const [PRESENT, SWAPPED, OF_FILE] = [1n << 63n, 1n << 62n, 1n << 61n]

const ENTRY = BigUint64Array.BYTES_PER_ELEMENT

/**
 * The memory of a process. Both files are those of the program that it runs as they are opened: once it ends or runs
 * another, there is nothing to be read in them (`mem_rw()` in fs/proc/base.c). Close it when done.
 */
export class Memory {
  readonly #mem: number
  readonly #pagemap: number

  /** @throws InputError where the process has ended, or may not be read */
  constructor(process: Process) {
    this.#mem = process.attempt('mem', (path) => openSync(path, 'r'))
    try {
      this.#pagemap = process.attempt('pagemap', (path) => openSync(path, 'r'))
    } catch (error) {
      closeSync(this.#mem)
      throw error
    }
  }

  /**
   * Reads whole pages of a mapped file. Those that the process has never touched are read from the file by that. A page
   * counts as the file's where it is so before and after.
   *
   * @param into takes the bytes; what it has of a page that is not the file's is of no use
   */
  read(address: number, into: Buffer): PageKind[] {
    const before = this.#areOfFile(address, into.length)
    if (!before.includes(true)) return before.map(() => 'own')
    const length = readAt(this.#mem, into, address)
    const after = this.#areOfFile(address, into.length)
    return before.map((isOfFile, i) => {
      if (!isOfFile || after[i] !== true) return 'own'
      return (i + 1) * pageSize() <= length ? 'file' : 'unread'
    })
  }

  close(): void {
    closeSync(this.#mem)
    closeSync(this.#pagemap)
  }

  /** Whether pages are a file's: what is neither in memory nor swapped out is so as soon as it is touched. */
  #areOfFile(address: number, length: number): boolean[] {
    const entries = new BigUint64Array(length / pageSize())
    readAt(this.#pagemap, new Uint8Array(entries.buffer), (address / pageSize()) * ENTRY)
    return Array.from(entries, (entry) => (entry & OF_FILE) !== 0n || (entry & (PRESENT | SWAPPED)) === 0n)
  }
}

/** How much could be read: memory ends with the mapping, and where the file has become shorter than that (EIO). */
function readAt(fd: number, into: Uint8Array, position: number): number {
  try {
    return readSync(fd, into, 0, into.length, position)
  } catch (error) {
    if (errorCode(error) === null) throw error
    return 0
  }
}

let knownPageSize: number | null = null

/** How many bytes a page has on this machine. */
export function pageSize(): number {
  knownPageSize ??=
    1024 * Number(/^KernelPageSize: +(\d+) kB$/m.exec(readFileSync('/proc/self/smaps', 'latin1'))?.[1] ?? 4)
  return knownPageSize
}
