/** Runs what stands in samples/, as its user would. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { type Outcome, outcome, started } from './run.js'

/** The options by which `aufs-vma` reads a process of a captured machine. */
export function captured(sample: string, pid: number): string[] {
  return [...['--procfs', `samples/${sample}/proc`, '--sysfs', `samples/${sample}/sys`, '--pid', String(pid)]]
}

/** A folder in which the commands stand by their names, gone when all tests of the file have ended. */
export function recipeFolder(): {
  folder: string
  /** The PATH that finds them first. */
  path: { PATH: string }
  recipe(name: string, args?: string[], input?: string): Promise<Outcome>
} {
  const folder = mkdtempSync(join(tmpdir(), 'recipes-'))
  test.after.always(() => rmSync(folder, { recursive: true, force: true }))
  for (const command of ['aufs-mounts', 'aufs-branches', 'aufs-vma', 'aufs-log']) {
    const [program, script] = started(command)
    writeFileSync(`${folder}/${command}`, `#!/bin/sh\nexec '${program}' '${script}' "$@"\n`, { mode: 0o755 })
  }
  const path = { PATH: `${folder}:${process.env.PATH}` }
  return {
    folder,
    path,
    recipe: (name, args = [], input = '') =>
      outcome('sh', [`samples/recipes/${name}.sh`, ...args], input, path),
  }
}
