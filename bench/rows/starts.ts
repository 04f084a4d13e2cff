/** What it takes to start. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Comparison, comparisonRow, count, type Sides } from '../comparison.js'
import { inputs } from '../inputs.js'
import type { Row, Setting } from '../row.js'
import { emptyScript, ours, oursAsBinary } from '../tools.js'

/** Short runs are timed as one. */
const LOOPS = 20

export function starts(setting: Setting): Row[] {
  const { folder, scaled } = setting
  const loops = scaled(LOOPS)
  const peer = () => ({ command: emptyScript(folder), isRight: count(0) })
  const onTwenty = (command: string): Sides => {
    const file = inputs.containers(folder, 20)
    return {
      ours: { command: `${command} --type overlay < ${file}`, isRight: count(2) },
      peer: peer(),
      loops,
    }
  }
  const rows: Comparison[] = [
    {
      work: 'start: binary, 20 lines',
      against: '`node`, empty script',
      most: { wall: 1, cpu: 1 },
      sides: () => onTwenty(oursAsBinary('aufs-branches')),
    },
    {
      work: 'start: npm command, 20 lines',
      against: 'the same',
      most: { wall: 1.25, cpu: 1.2 },
      sides: () => onTwenty(ours('aufs-branches')),
    },
    {
      work: 'start: `aufs-vma --pid` of a shell',
      against: 'the same',
      most: { wall: 1.5, cpu: 1.5 },
      async sides() {
        const shell = spawn('sh', ['-c', 'echo; read line'], { stdio: ['pipe', 'pipe', 'ignore'] })
        const ended = once(shell, 'close')
        await once(shell.stdout, 'data')
        const isRight = (output: string) => output.split('\n').length > 3
        const stop = async () => {
          shell.stdin.end()
          await ended
        }
        return {
          ours: { command: `${ours('aufs-vma')} --pid ${shell.pid}`, isRight },
          ...{ peer: peer(), loops, stop },
        }
      },
    },
  ]
  return rows.map((row) => comparisonRow(row, setting))
}
