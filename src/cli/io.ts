/**
 * Reads and writes for the commands, plainly by read(2) and write(2). A filter has nothing else to do while it waits, and one
 * buffer for all chunks keeps memory flat.
 */
import { fstatSync, readSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Capability, hasCode } from '../errors.js'
import { isProcfs } from '../files/ids.js'
import { pause } from '../files/pause.js'
import { scanRoom } from '../lines/scan.js'
import { type ByteString, bytesOf } from '../text/byte-string.js'
import { printable } from '../text/printable.js'

/** Larger chunks are no faster where each line becomes text, and what is made of them lives long enough for the heap to grow. */
const CHUNK = 24_576

/** Another program that shares the descriptor may have made it non-blocking. We try again after so many milliseconds. */
const RETRY = 5

/**
 * Yields what a descriptor gives, as it comes, until its end. Each chunk is overwritten by the next one of any descriptor.
 *
 * @param scans whether WebAssembly scans the chunks. They are then larger, and in its memory.
 * @throws a system error
 */
export function* readChunks(fd: number, scans: boolean): Generator<Buffer> {
  let buffer = Buffer.allocUnsafeSlow(CHUNK)
  for (let chunks = 1; ; chunks += 1) {
    const length = patiently(() => readSync(fd, buffer))
    if (length === 0) return
    yield buffer.subarray(0, length)
    if (chunks !== 2) continue
    // Only a long input is worth the rest, which takes as long as all of a short input.
    keepHeapSmall()
    if (scans) buffer = scanRoom() ?? buffer
  }
}

/**
 * Keeps V8's heap from growing. All that is made of a chunk is garbage before the next, so more room for it in the young
 * generation is of no use. What lives on is little, and the old one is not to grow to four times of it, as it else does.
 */
function keepHeapSmall(): void {
  setV8Flag('--semi-space-growth-factor=1')
  setV8Flag('--heap-growing-percent=100')
}

/** Makes V8 ready for many processes: much code is called for few records, so nothing is optimized yet. */
export function prepareForProcesses(): void {
  keepHeapSmall()
  setV8Flag('--no-turbofan')
}

/** In a long run it pays off that V8 optimizes what is called often. */
export function prepareForLongRun(): void {
  setV8Flag('--turbofan')
}

function setV8Flag(flag: string): void {
  process.getBuiltinModule('node:v8').setFlagsFromString(flag)
}

const output = Buffer.allocUnsafeSlow(CHUNK)

/**
 * Writes all of a text. write(2) may take less than it is given, as on a disk that is nearly full.
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

/** Writes to standard error. If that fails, the exit status still shows that something is wrong. */
export function writeError(text: string): void {
  try {
    writeAll(2, bytesOf(text))
  } catch {}
}

/** Writes a message, on one line. */
export function say(line: string): void {
  writeError(`${printable(line)}\n`)
}

/** The major number of /dev/null (the kernel's admin-guide/devices.txt). */
const MEMORY_DEVICES = 1

/** Whether standard input, output or error is a terminal. */
export function isTerminal(fd: 0 | 1 | 2): boolean {
  try {
    const stats = fstatSync(fd)
    // Most often it is none. node:tty knows for sure, but takes its time to load. (process.stdin would make it non-blocking.)
    if (!stats.isCharacterDevice() || stats.rdev >> 8 === MEMORY_DEVICES) return false
    return process.getBuiltinModule('node:tty').isatty(fd)
  } catch {
    return false
  }
}

/** The width of what is shown if nothing says how wide it may be. */
const WIDTH = 80

/** How wide the window is: as `COLUMNS` says, else as the terminal does. */
export function columns(): number {
  const given = process.env.COLUMNS
  if (given !== undefined && /^[1-9]\d{0,4}$/.test(given)) return Number(given)
  // A terminal whose size was never set says 0.
  return (isTerminal(1) && process.stdout.getWindowSize()[0]) || WIDTH
}

/** What lets a FILE be read that this user may not: of a process's files the kernel asks for more than the right to read them. */
export function neededFor(file: string): Capability {
  return isProcfs(dirname(file)) ? 'CAP_SYS_PTRACE' : 'CAP_DAC_READ_SEARCH'
}
