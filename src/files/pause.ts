/** A wait in code that reads files synchronously. */
const cell = new Int32Array(new SharedArrayBuffer(4))

/** Waits some milliseconds, where the kernel asks to try again, in code that reads /proc and /sys synchronously. */
export function pause(milliseconds: number): void {
  Atomics.wait(cell, 0, 0, milliseconds)
}
