/** Processes as a captured /proc has them. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'

/** A stat line of a process, which began at a number of ticks. */
export const statLine = (start: number, name = 'cat', state = 'S') =>
  `7 (${name}) ${state} 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 ${start} 1000 1 18446744073709551615 1\n`

export interface Tree {
  links?: { [range: string]: string }
  maps?: string[]
  mountinfo?: string[]
  stat?: string
  namespace?: string
  root?: string
}

/** A process as a capture has it. */
export function put(
  procfs: string,
  pid: number,
  { links = {}, maps = [], mountinfo, stat, namespace, root }: Tree,
): void {
  const folder = `${procfs}/${pid}`
  mkdirSync(`${folder}/map_files`, { recursive: true })
  for (const [range, target] of Object.entries(links)) symlinkSync(target, `${folder}/map_files/${range}`)
  writeFileSync(`${folder}/maps`, maps.map((line) => `${line}\n`).join(''))
  if (mountinfo !== undefined)
    writeFileSync(`${folder}/mountinfo`, mountinfo.map((line) => `${line}\n`).join(''))
  if (stat !== undefined) writeFileSync(`${folder}/stat`, stat)
  if (root !== undefined) symlinkSync(root, `${folder}/root`)
  if (namespace === undefined) return
  mkdirSync(`${folder}/ns`)
  symlinkSync(namespace, `${folder}/ns/mnt`)
}
