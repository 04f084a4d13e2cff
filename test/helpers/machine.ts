/** What this machine and this user can, and what becomes of a test of what they cannot. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ExecutionContext } from 'ava'

/** Ends a test that this machine cannot run. */
export function skip(t: ExecutionContext, why: string): void {
  t.log(`skipped: ${why}`)
  t.pass()
}

/** Whether a program is on the PATH, or at its own path. */
export function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(resolve(folder, program)))
}

export const isRoot = process.getuid?.() === 0

/** The words that run a command as somebody else without a capability; only root may. */
export function asUser(id: number): string[] {
  return ['setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups']
}

/** The user `nobody`. */
export const NOBODY = asUser(65_534)
