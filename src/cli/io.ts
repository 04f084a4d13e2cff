/**
 * Reading and writing of the commands, plainly by read(2) and write(2): a filter has nothing to do while it waits, and a
 * buffer that is used again and again keeps memory flat.
 */
import { fstatSync, readSync, writeSync } from 'node:fs'
import { hasCode } from '../errors.js'
import { pause } from '../files/pause.js'
import { scanRoom } from '../lines/scan.js'
import type { ByteString } from '../text/byte-string.js'

/** Where each line becomes text larger ones are no faster, and what becomes of them lives long enough for the heap to grow. */
const CHUNK = 24_576

/** Somebody who shares the descriptor may have made it non-blocking; nothing but to ask again, so many milliseconds later. */
const RETRY = 5

/**
 * What a descriptor gives until its end, as it comes. Each chunk is overwritten by the next, of whatever descriptor.
 *
 * @param scans whether it is looked through by WebAssembly: in its memory, and in larger chunks
 * @throws a system error
 */
export function* readChunks(fd: number, scans: boolean): Generator<Buffer> {
  let buffer = Buffer.allocUnsafeSlow(CHUNK)
  for (let chunks = 1; ; chunks += 1) {
    const length = patiently(() => readSync(fd, buffer))
    if (length === 0) return
    yield buffer.subarray(0, length)
    if (chunks !== 2) continue
    // What only long inputs are worth: it takes as long as all of a short one.
    keepHeapSmall()
    if (scans) buffer = scanRoom() ?? buffer
  }
}

/** All that becomes of a chunk is garbage before the next: a young generation that grows with it is of no use (V8's flag). */
function keepHeapSmall(): void {
  process.getBuiltinModule('node:v8').setFlagsFromString('--semi-space-growth-factor=1')
}

const output = Buffer.allocUnsafeSlow(CHUNK)

/**
 * Writes a text, all of it: write(2) may take less than it is given, as on a disk that is nearly full.
 *
 * @throws a system error
 */
export function writeAll(fd: number, text: ByteString): void {
  for (let start = 0; start < text.length; start += CHUNK) {
    const length = output.write(text.slice(start, start + CHUNK), 'latin1')
    for (let written = 0; written < length; )
      written += patiently(() => writeSync(fd, output, written, length - written))
  }
}

function patiently(attempt: () => number): number {
  for (;;) {
    try {
      return attempt()
    } catch (error) {
      if (!hasCode(error, 'EAGAIN')) throw error
      pause(RETRY)
    }
  }
}

/** The major number of /dev/null (the kernel's admin-guide/devices.txt). */
const MEMORY_DEVICES = 1

/** Whether standard input, output or error is a terminal. */
export function isTerminal(fd: 0 | 1 | 2): boolean {
  try {
    const stats = fstatSync(fd)
    // Most often it is none, and node:tty, which can tell, takes its time to load. (process.stdin would make it non-blocking.)
    if (!stats.isCharacterDevice() || stats.rdev >> 8 === MEMORY_DEVICES) return false
    return process.getBuiltinModule('node:tty').isatty(fd)
  } catch {
    return false
  }
}
