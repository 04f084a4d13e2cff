/** Lines of mountinfo and of logs. */
import { type Comparison, comparisonRow, count } from '../comparison.js'
import { inputs } from '../inputs.js'
import type { Row, Setting } from '../row.js'
import { need, ours } from '../tools.js'

export function mounts(setting: Setting): Row[] {
  const { folder, scaled } = setting
  const lines = scaled(100_000)
  const logged = scaled(2_800_000)
  const rows: Comparison[] = [
    {
      work: '`aufs-mounts`, 100,000 lines',
      against: '`findmnt -l -J -F FILE`',
      most: { wall: 0.6, cpu: 0.6 },
      sides() {
        need('findmnt')
        const file = inputs.containers(folder, lines)
        return {
          ours: { command: `${ours('aufs-mounts')} < ${file}`, isRight: count(lines) },
          peer: {
            command: `findmnt -l -J -F ${file}`,
            isRight: (output) => JSON.parse(output).filesystems.length === lines,
          },
        }
      },
    },
    {
      work: '`aufs-mounts`, 100,000 lines, all overlay',
      against: '`jc --proc-pid-mountinfo`',
      most: { wall: 0.1, cpu: 0.1 },
      sides() {
        const file = inputs.overlays(folder, lines)
        const ours_ = { command: `${ours('aufs-mounts')} < ${file}`, isRight: count(lines) }
        return { ours: ours_, peer: jc(file, lines) }
      },
    },
    {
      work: '`aufs-log`, 250 MB, 100 tables',
      against: "`mawk '/aufs.si_/'`",
      most: { wall: 0.6, cpu: 0.8 },
      sides() {
        need('mawk')
        const file = inputs.log(folder, logged, logged / 100)
        return {
          ours: { command: `${ours('aufs-log')} < ${file}`, isRight: count(100) },
          peer: { command: `mawk '/aufs.si_/' ${file}`, isRight: count(800) },
        }
      },
    },
  ]
  return rows.map((row) => comparisonRow(row, setting))
}

/** jc, which makes JSON of mountinfo in Python. */
export function jc(file: string, lines: number) {
  need('jc')
  return {
    command: `jc --proc-pid-mountinfo < ${file}`,
    isRight: (output: string) => JSON.parse(output).length === lines,
  }
}
