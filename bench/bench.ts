/**
 * Measures the commands against others that do the same work, on one machine in one run, and prints a table:
 * `npm run bench`, or `npm run bench -- --smoke` for small inputs, once each, without verdicts. A word after that
 * chooses the lines of the table that hold it.
 */
import { parseArgs } from 'node:util'
import { type Comparison, comparisons, type Setting } from './compare.js'
import { inputFolder } from './inputs.js'
import { type Limit, memory, scaling } from './limits.js'
import { alternate, output } from './measure.js'
import { CPrograms, isInstalled } from './tools.js'

const {
  values,
  positionals: [word = ''],
} = parseArgs({
  options: { smoke: { type: 'boolean', default: false }, runs: { type: 'string', default: '7' } },
  allowPositionals: true,
})

/** A run that only shows that the bench works. */
const { smoke } = values
const runs = smoke ? 1 : Number(values.runs)

const WIDTHS = [72, 30, 10, 10, 10, 8]

function print(...cells: string[]): void {
  console.log(
    cells
      .map((cell, i) => (i < 2 ? cell.padEnd(WIDTHS[i] ?? 0) : cell.padStart(WIDTHS[i] ?? 0)))
      .join(' ')
      .trimEnd(),
  )
}

function verdict(found: number, target: number): string {
  if (smoke) return ''
  return found <= target ? ' ok' : ' over'
}

function compare(comparison: Comparison): void {
  const { work, against, target, ours, peer, clock, loops } = comparison
  const obstacle = obstacleTo(comparison)
  if (obstacle !== null) {
    print(work, against, obstacle)
    return
  }
  const [own = 0, other = 0] = alternate([ours.command, peer.command], clock, loops, runs)
  const ratio = own / other
  const times = [own, other].map((time) => `${time.toFixed(3)} s`)
  print(work, against, ...times, `${ratio.toFixed(2)} ×`, `${target} ×`, verdict(ratio, target))
}

/** Why there is nothing to measure: no peer, or output that is wrong. */
function obstacleTo({ ours, peer, needs }: Comparison): string | null {
  const missing = needs.filter((program) => !isInstalled(program))
  if (missing.length > 0) return `skipped: no ${missing.join(', ')}`
  if (!ours.isRight(output(ours.command))) {
    process.exitCode = 1
    return 'our output is wrong'
  }
  return peer.isRight(output(peer.command)) ? null : "skipped: the other's output is wrong"
}

function show({ work, against, target, unit, measure }: Limit): void {
  const { ours, peer, found } = measure()
  const sign = unit === 'MB' ? '+' : ''
  const [shown, most] = [`${sign}${found.toFixed(unit === 'MB' ? 0 : 2)}`, `${sign}${target}`]
  print(work, against, ours, peer, `${shown} ${unit}`, `${most} ${unit}`, verdict(found, target))
}

const folder = inputFolder()
process.once('exit', folder.remove)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const setting: Setting = {
  folder: folder.path,
  programs: new CPrograms(folder.path),
  scaled: (size) => (smoke ? Math.max(1, Math.ceil(size / 1000)) : size),
}
print('work', 'against', 'ours', 'other', 'ratio', 'at most')
for await (const comparison of comparisons(setting)) if (comparison.work.includes(word)) compare(comparison)
for await (const limit of scaling(setting, runs)) if (limit.work.includes(word)) show(limit)
for (const limit of memory(setting)) if (limit.work.includes(word)) show(limit)
