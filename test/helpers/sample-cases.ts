/** The samples, and the command that makes each file of their `expected/`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { repository } from './run.js'

/** A state of a machine below `samples/`. Paths are from the repository's folder. */
export interface Machine {
  name: string
  folder: string
  /** The captured process; null where only the host's mountinfo was taken. */
  pid: number | null
}

/** One expected file, and what should write the same: a command, its words and its input. */
export interface Case {
  expected: string
  run: [command: string, args: string[], input?: Buffer]
}

/** The captured states of machines. */
export const machines: Machine[] = list('samples')
  .filter((name) => existsSync(`${repository}/samples/${name}/proc`))
  .map((name) => ({ name, folder: `samples/${name}`, pid: pidOf(`samples/${name}/proc`) }))

/** The folders of dump logs: one a case, one below it for each CRIU that wrote one. */
export const logs: string[] = list('samples/criu-logs')
  .map((name) => `samples/criu-logs/${name}`)
  .flatMap((folder) => list(folder).map((name) => `${folder}/${name}`))
  .filter((folder) => existsSync(`${repository}/${folder}/dump.log`))

/** Every expected file, by the folder of its sample. */
export const cases: ReadonlyMap<string, Case[]> = new Map([
  ...machines.map((machine) => [machine.folder, machineCases(machine)] as const),
  ...logs.map((folder) => [folder, logCases(folder)] as const),
])

/** The options that point a command into a captured tree. */
export function treeOptions({ folder }: Machine): string[] {
  return ['--procfs', `${folder}/proc`, '--sysfs', `${folder}/sys`]
}

function machineCases(machine: Machine): Case[] {
  const { folder, pid } = machine
  const trees = treeOptions(machine)
  const mountinfos = ['1', ...(pid === null ? [] : [pid])].map((each) => `${folder}/proc/${each}/mountinfo`)
  const expected = (name: string) => `${folder}/expected/${name}.ndjson`
  const ofMounts: Case[] = [
    { expected: expected('mounts'), run: ['aufs-mounts', mountinfos] },
    { expected: expected('branches'), run: ['aufs-branches', [...trees, ...mountinfos]] },
  ]
  if (pid === null) return ofMounts
  return [
    ...ofMounts,
    { expected: expected('vma'), run: ['aufs-vma', [...trees, '--pid', String(pid)]] },
    {
      expected: expected('vma-raw'),
      run: ['aufs-vma', trees, readFileSync(`${repository}/${folder}/entries-${pid}.ndjson`)],
    },
  ]
}

function logCases(folder: string): Case[] {
  return [{ expected: `${folder}/expected/tables.ndjson`, run: ['aufs-log', [`${folder}/dump.log`]] }]
}

function pidOf(procfs: string): number | null {
  const [pid] = list(procfs).filter((name) => name !== '1' && name !== 'self')
  return pid === undefined ? null : Number(pid)
}

function list(folder: string): string[] {
  return readdirSync(`${repository}/${folder}`).sort()
}
