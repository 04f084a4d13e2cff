/** Images of layers. */
import { writeFileSync } from 'node:fs'
import { comparisonRow, count } from '../comparison.js'
import { inputs } from '../inputs.js'
import type { Row, Setting } from '../row.js'
import { ours, quoted } from '../tools.js'
import { containerdStore, SNAPSHOTTER } from '../trees.js'

/** Reads and writes the same records, and does nothing else. */
const THROUGH_JSON = `
  let rest = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\\n')
    rest = lines.pop()
    process.stdout.write(lines.map((line) => JSON.stringify(JSON.parse(line)) + '\\n').join(''))
  }
`

export function images(setting: Setting): Row[] {
  const { folder, scaled } = setting
  const comparison = {
    work: '`aufs-images`, 100,000 records, 2,000 snapshots',
    against: '`cat` through a JSON parse and stringify of Node',
    most: { wall: 1.5, cpu: 1.5 },
    sides() {
      const [lines, snapshots] = [scaled(100_000), scaled(2000)]
      const root = containerdStore(folder, snapshots)
      const layerOf = (n: number) => `${root}/${SNAPSHOTTER}/snapshots/${n % snapshots}/fs`
      const file = inputs.vmas(folder, lines, layerOf)
      const script = `${folder}/through-json.mjs`
      writeFileSync(script, THROUGH_JSON)
      return {
        ours: {
          command: `${ours('aufs-images')} --containerd ${root} < ${file}`,
          isRight: (output: string) => output.split('"layer":"sha256:').length === lines + 1,
        },
        peer: { command: `cat ${file} | ${quoted(process.execPath)} ${script}`, isRight: count(lines) },
      }
    },
  }
  return [comparisonRow(comparison, setting)]
}
