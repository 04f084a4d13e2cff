/** Many containers: a mount namespace each. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { type Comparison, comparisonRow } from '../comparison.js'
import { mappedFiles } from '../inputs.js'
import { Obstacle, type Row, type Setting } from '../row.js'
import { need, needRoot, ours, type Running, repository, start } from '../tools.js'
import { hasAll, lsof } from './processes.js'

const CONTAINERS = 300

/** How many files each maps, besides its program. */
const FILES = 20

export function containers(setting: Setting): Row[] {
  const work = '`aufs-vma --all`, 300 containers of 21 files'
  const all = `${ours('aufs-vma')} --all`
  const rows: Comparison[] = [
    {
      work,
      against: '`lsof -nP`',
      most: { wall: 1.5, cpu: 2.5 },
      async sides() {
        need('lsof')
        const running = await startContainers(setting, setting.scaled(CONTAINERS), FILES)
        return {
          ours: { command: all, isRight: hasAll(running, FILES + 1) },
          peer: lsof(running),
          stop: running.stop,
        }
      },
    },
    {
      work: `${work}, with the pinned iterator`,
      against: 'itself without',
      most: { wall: 0.6, cpu: 0.6 },
      async sides() {
        needRoot()
        const pinned = pinIterator(setting)
        const running = await startContainers(setting, setting.scaled(CONTAINERS), FILES)
        const isRight = hasAll(running, FILES + 1)
        return {
          ours: { command: `${all} --bpf ${pinned}`, isRight },
          peer: { command: all, isRight },
          stop: running.stop,
        }
      },
    },
  ]
  return rows.map((row) => comparisonRow(row, setting))
}

/** Starts containers. @throws Obstacle where this machine cannot have them */
export async function startContainers(setting: Setting, count: number, files: number): Promise<Running> {
  needRoot()
  const { folder, programs } = setting
  const place = `${folder}/containers-${count}-${files}`
  const lower = `${place}/lower`
  mkdirSync(lower, { recursive: true })
  mappedFiles(lower, files)
  // Where it runs there is no library.
  programs.path('mapper', lower, '-static')
  const mapper = ['/mapper', `/files-${files}-1`, files, files]
  const running = await start(programs.path('containers'), place, count, ...mapper)
  if (running.pids.length < count) throw new Obstacle('no overlay can be mounted here')
  return running
}

/** Pins the BPF iterator until this process ends, in a folder of the bench. @throws Obstacle where that cannot be */
function pinIterator({ folder }: Setting): string {
  const place = `${folder}/bpf`
  const script = (name: string) =>
    execFileSync('sh', [`${repository}/bpf/${name}.sh`, place], { stdio: 'pipe' })
  try {
    script('pin')
  } catch {
    throw new Obstacle('the BPF iterator cannot be pinned here')
  }
  // Before the folder of the bench is removed.
  process.prependOnceListener('exit', () => script('unpin'))
  return `${place}/vmas`
}
