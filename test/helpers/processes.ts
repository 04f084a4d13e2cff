/** Processes that a test starts and waits for. No wait is for so many milliseconds: how fast a machine is decides no test. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { type EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'

/** How long anything may take that is waited for, in milliseconds: far longer than a slow machine needs. */
export const LIMIT = 900_000

/** The environment of what a test starts: what colours the tests are shown in is nothing of what they test. */
export function environment(): NodeJS.ProcessEnv {
  return { ...process.env, FORCE_COLOR: undefined, NO_COLOR: undefined }
}

/** Waits until something holds, and throws where it never does. */
export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + LIMIT
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain: ${condition}`)
    await sleep(10)
  }
}

/** The next event of a kind and what comes with it; throws where none comes. */
export function next(emitter: EventEmitter, event: string): Promise<unknown[]> {
  return once(emitter, event, { signal: AbortSignal.timeout(LIMIT) })
}

/** The name of a process; null where it has ended. */
export function nameOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').replace(/\n$/, '')
  } catch {
    return null
  }
}

/** A program that runs until the test is over, and no longer than anything may take. */
export function launched(
  t: ExecutionContext,
  [program = '', ...args]: string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcessByStdio<null, Readable, Readable> & { pid: number } {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment(), ...env },
    timeout: LIMIT,
    killSignal: 'SIGKILL',
  })
  t.teardown(() => child.kill('SIGKILL'))
  const { pid } = child
  if (pid === undefined) throw new Error(`${program} did not start`)
  return Object.assign(child, { pid })
}

/** A `sleep` that these words start, until the test is over; null where they end without one. */
export async function sleeper(t: ExecutionContext, ...words: string[]): Promise<number | null> {
  const child = launched(t, [...words, 'sleep', '3600'])
  // The child is there at once, and is sleep only when it has been executed.
  await until(() => nameOf(child.pid) === 'sleep' || child.exitCode !== null)
  return child.exitCode === null ? child.pid : null
}
