/** The most memory that a command takes, for an input without an end, and for a machine that is full of containers. */
import { inputs } from '../inputs.js'
import { peakMemory } from '../measure.js'
import type { Row, Setting } from '../row.js'
import { emptyScript, ours, quoted } from '../tools.js'
import { capturedProc, containerdStore, SNAPSHOTTER } from '../trees.js'
import { readers } from './readers.js'

/** The figures of a row. */
export const MEMORY_COLUMNS = ['more', 'at most'] as const

/** How much more they may take, in MB. */
const [MOST, MOST_OF_ALL] = [30, 60]

const BYTES = 1_000_000_000

export function memory(setting: Setting): Row[] {
  const { folder, scaled } = setting
  const bytes = scaled(BYTES)
  return [
    ...[...readers(setting), imagesReader(setting)].flatMap(({ name, command, input }) => [
      row(setting, `memory: ${name}, 1 GB of lines`, MOST, () => ({
        command: command(),
        feed: `(while cat ${quoted(input(folder, scaled(100_000)))}; do :; done) | head -c ${bytes}`,
      })),
      row(setting, `memory: ${name}, 1 GB without a newline`, MOST, () => ({
        command: command(),
        feed: `head -c ${bytes} /dev/zero`,
      })),
    ]),
    row(setting, 'memory: `aufs-vma --all`, 1,000 containers of 300 files each', MOST_OF_ALL, () => {
      const containers = { processes: scaled(1000), mappings: 300, files: 300, perContainer: 1 }
      return { command: `${ours('aufs-vma')} --all --procfs ${capturedProc(folder, containers)}` }
    }),
  ]
}

/** @param feed what writes its standard input */
function row(
  { folder, programs }: Setting,
  work: string,
  most: number,
  task: () => { command: string; feed?: string },
): Row {
  return {
    work,
    against: '`node`, empty script',
    async measure() {
      const peak = programs.path('peak')
      const { command, feed } = task()
      const [own, nothing] = [peakMemory(peak, command, feed), peakMemory(peak, emptyScript(folder))]
      const more = own - nothing
      const text = `+${more.toFixed(0)} MB (${own.toFixed(0)} : ${nothing.toFixed(0)} MB)`
      return [{ text, isOver: more > most }, { text: `+${most} MB` }]
    },
  }
}

function imagesReader({ folder, scaled }: Setting) {
  const snapshots = scaled(2000)
  return {
    name: '`aufs-images`',
    command: () => `${ours('aufs-images')} --containerd ${containerdStore(folder, snapshots)}`,
    input: (to: string, lines: number) =>
      inputs.vmas(to, lines, (n) => `${folder}/containerd/${SNAPSHOTTER}/snapshots/${n % snapshots}/fs`),
  }
}
