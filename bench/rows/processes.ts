/** Processes that map many files. */
import { appendFileSync, copyFileSync, renameSync } from 'node:fs'
import { type Comparison, comparisonRow, type Side } from '../comparison.js'
import { mappedFiles } from '../inputs.js'
import type { Row, Setting } from '../row.js'
import { need, needRoot, ours, type Running, start } from '../tools.js'

/** How many files the many processes map. */
const FILES = 60
const MAPPINGS = 200

export function processes(setting: Setting): Row[] {
  const { folder, programs, scaled } = setting
  const criuCalls = "a C program that makes CRIU's calls for each"
  const mapper = (files: string, count: number, mappings: number, processes = 1) =>
    start(programs.path('mapper'), files, count, mappings, processes)

  const onePid = (mappings: number, most: Comparison['most']): Comparison => ({
    work: `\`aufs-vma --pid\`, ${mappings.toLocaleString('en')} mappings of 3,000 files`,
    against: criuCalls,
    most,
    async sides() {
      const [mapped, files] = [scaled(mappings), scaled(3000)]
      const { pids, stop } = await mapper(mappedFiles(folder, files), files, mapped)
      // Those of the program and its library come in addition.
      const isRight = (output: string) => output.split('\n').length > mapped
      return {
        ours: { command: `${ours('aufs-vma')} --pid ${pids[0]}`, isRight },
        peer: { command: `${programs.path('criu-calls')} ${pids[0]}`, isRight },
        stop,
      }
    },
  })

  /** Many processes that map the same files, three of which are replaced. */
  const manyStale = async (count: number, size: number): Promise<Running> => {
    const files = mappedFiles(folder, FILES, size)
    const running = await mapper(files, FILES, MAPPINGS, scaled(count))
    for (const name of [7, 17, 27]) replace(`${files}/${name}`, name === 7)
    return running
  }
  const stale = `\`aufs-vma --all --stale\`, 150 processes of ${MAPPINGS} mappings`
  const allStale = (running: Running): Side => ({
    command: `${ours('aufs-vma')} --all --stale`,
    isRight: hasAll(running, 9),
  })

  const rows: Comparison[] = [
    onePid(15_000, { wall: 1.2, cpu: 1.8 }),
    onePid(60_000, { wall: 0.5, cpu: 0.8 }),
    {
      work: `\`aufs-vma --all\`, 300 processes of ${MAPPINGS} mappings`,
      against: criuCalls,
      most: { wall: 1, cpu: 1 },
      async sides() {
        const running = await mapper(mappedFiles(folder, FILES), FILES, MAPPINGS, scaled(300))
        return {
          ours: { command: `${ours('aufs-vma')} --all`, isRight: hasAll(running, MAPPINGS) },
          peer: {
            command: `(cd /proc && ${programs.path('criu-calls')} [0-9]*)`,
            isRight: hasAll(running, MAPPINGS, /^(\d+) /),
          },
          stop: running.stop,
        }
      },
    },
    {
      work: stale,
      against: '`lsof -nP`',
      most: { wall: 0.8, cpu: 1 },
      async sides() {
        need('lsof')
        const running = await manyStale(150, 1)
        return { ours: allStale(running), peer: lsof(running), stop: running.stop }
      },
    },
    {
      work: stale,
      against: '`needrestart -b -r l`',
      most: { wall: 0.2, cpu: 0.25 },
      async sides() {
        needRoot()
        need('needrestart')
        const running = await manyStale(150, 1)
        const isRight = (output: string) => output.startsWith('NEEDRESTART-VER')
        return {
          ours: allStale(running),
          peer: { command: 'needrestart -b -r l', isRight },
          stop: running.stop,
        }
      },
    },
    {
      work: '`aufs-vma --all --compare`, 300 processes, 3 stale libraries of 1 MB',
      against: '`aufs-vma --all`',
      most: { wall: 1.5, cpu: 1.5 },
      async sides() {
        const running = await manyStale(300, 1_000_000)
        const isRight = hasAll(running, MAPPINGS)
        return {
          ours: { command: `${ours('aufs-vma')} --all --compare`, isRight },
          peer: { command: `${ours('aufs-vma')} --all`, isRight },
          stop: running.stop,
        }
      },
    },
  ]
  return rows.map((row) => comparisonRow(row, setting))
}

/** Puts another file in the place of one, as an upgrade does: with the same bytes, or others at its end. */
function replace(file: string, isSame: boolean): void {
  copyFileSync(file, `${file}.new`)
  if (!isSame) appendFileSync(`${file}.new`, 'upgraded')
  renameSync(`${file}.new`, file)
}

/** lsof, which lists what every process maps. */
export function lsof(running: Running): Side {
  return { command: 'lsof -nP', isRight: hasAll(running, 1, /^\S+ +(\d+) /) }
}

/** Whether an output has so many lines of each process, or more. */
export function hasAll({ pids }: Running, lines: number, pid = /^\{"pid":(\d+),/): Side['isRight'] {
  return (output) => {
    const left = new Map(pids.map((each) => [String(each), lines]))
    for (const line of output.split('\n')) {
      const [, found = ''] = pid.exec(line) ?? []
      const more = left.get(found)
      if (more !== undefined) left.set(found, more - 1)
    }
    return [...left.values()].every((count) => count <= 0)
  }
}
