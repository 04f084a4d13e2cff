/** Branch tables. */
import { type Comparison, comparisonRow, count } from '../comparison.js'
import { inputs } from '../inputs.js'
import type { Row, Setting } from '../row.js'
import { need, ours } from '../tools.js'
import { aufsTree } from '../trees.js'
import { jc } from './mounts.js'

const [UNIONS, BRANCHES] = [2000, 40]

export function branches(setting: Setting): Row[] {
  const { folder, programs, scaled } = setting
  const rows: Comparison[] = [
    {
      work: '`aufs-branches`, 1,000,000 lines, no union',
      against: "`mawk '/ - (aufs|overlay) /'`",
      most: { wall: 0.8, cpu: 0.8 },
      sides() {
        need('mawk')
        const file = inputs.noUnions(folder, scaled(1_000_000))
        return {
          ours: { command: `${ours('aufs-branches')} < ${file}`, isRight: count(0) },
          peer: { command: `mawk '/ - (aufs|overlay) /' ${file}`, isRight: count(0) },
        }
      },
    },
    {
      work: '`aufs-branches`, 2,000 AUFS mounts of 40 branches, each read twice',
      against: 'a C program that reads the same once',
      most: { wall: 3, cpu: 4 },
      sides() {
        const unions = scaled(UNIONS)
        const { sysfs, mountinfo } = aufsTree(folder, unions, BRANCHES)
        return {
          ours: {
            command: `${ours('aufs-branches')} --sysfs ${sysfs} < ${mountinfo}`,
            isRight: count(unions),
          },
          peer: {
            command: `${programs.path('read-branches')} ${sysfs}`,
            isRight: count(2 * unions * BRANCHES),
          },
        }
      },
    },
    {
      work: '`aufs-branches`, 100,000 overlay mounts of 20 layers',
      against: '`jc --proc-pid-mountinfo`',
      most: { wall: 0.1, cpu: 0.1 },
      sides() {
        const lines = scaled(100_000)
        const file = inputs.deepOverlays(folder, lines)
        const all = { command: `${ours('aufs-branches')} < ${file}`, isRight: count(lines) }
        return { ours: all, peer: jc(file, lines) }
      },
    },
    {
      work: '`aufs-mounts | aufs-branches`, 100,000 lines',
      against: '`aufs-branches` alone',
      most: { wall: 2, cpu: 2.5 },
      sides() {
        const file = inputs.overlayContainers(folder, scaled(100_000))
        const tables = { isRight: count(scaled(100_000) / 5) }
        return {
          ours: { ...tables, command: `${ours('aufs-mounts')} < ${file} | ${ours('aufs-branches')}` },
          peer: { ...tables, command: `${ours('aufs-branches')} < ${file}` },
        }
      },
    },
  ]
  return rows.map((row) => comparisonRow(row, setting))
}
