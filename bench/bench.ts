/**
 * Measures the commands against others that do the same work, on one machine in one run, and prints tables:
 *
 *     npm run bench [-- [--loaded] [--runs N] [--save] [WORD]...]
 *
 * WORDs choose the lines that hold one of them. `--loaded` keeps two processes busy beside it. `--save` puts the lines into
 * docs/speed.md. `--smoke` is for the tests: small inputs, once each.
 */
import { parseArgs } from 'node:util'
import { COMPARISON_COLUMNS } from './comparison.js'
import { inputFolder } from './inputs.js'
import { type Cell, Obstacle, type Row, type Setting, WrongError } from './row.js'
import { branches } from './rows/branches.js'
import { containers } from './rows/containers.js'
import { images } from './rows/images.js'
import { MEMORY_COLUMNS, memory } from './rows/memory.js'
import { mounts } from './rows/mounts.js'
import { processes } from './rows/processes.js'
import { starts } from './rows/starts.js'
import { STEP_COLUMNS, steps } from './rows/steps.js'
import { headOf, lineOf, saveLines, type Table } from './table.js'
import { CPrograms, keepBusy, repository } from './tools.js'

const { values, positionals: words } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    loaded: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    runs: { type: 'string', default: '7' },
  },
  allowPositionals: true,
})
const { smoke, loaded, save } = values

const folder = inputFolder()
process.once('exit', folder.remove)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
if (loaded) keepBusy(2)

const setting: Setting = {
  folder: folder.path,
  programs: new CPrograms(folder.path),
  runs: smoke ? 1 : Number(values.runs),
  scaled: (size) => (smoke ? Math.max(1, Math.ceil(size / 1000)) : size),
}

const comparisons = [starts, mounts, branches, processes, containers, images].flatMap((rows) => rows(setting))
await show(
  { name: loaded ? 'loaded' : 'times', columns: ['work', 'against', ...COMPARISON_COLUMNS] },
  comparisons,
)
await show({ name: 'steps', columns: ['work', 'input', ...STEP_COLUMNS] }, steps(setting))
await show({ name: 'memory', columns: ['work', 'against', ...MEMORY_COLUMNS] }, memory(setting))

/** Prints a table, line by line as they come. */
async function show(table: Table, rows: readonly Row[]): Promise<void> {
  const chosen = rows.filter(({ work }) => words.length === 0 || words.some((word) => work.includes(word)))
  if (chosen.length === 0) return
  console.log(headOf(table))
  const lines: string[] = []
  for (const row of chosen) {
    const line = lineOf(row.work, row.against, await cellsOf(row))
    console.log(line)
    lines.push(line)
  }
  console.log()
  if (save) saveLines(`${repository}/docs/speed.md`, table, lines)
}

async function cellsOf(row: Row): Promise<Cell[]> {
  try {
    const cells = await row.measure()
    // Small inputs show nothing but that it works.
    return smoke ? cells.map(({ text }) => ({ text })) : cells
  } catch (error) {
    if (!(error instanceof Obstacle)) throw error
    if (error instanceof WrongError) process.exitCode = 1
    return [{ text: `skipped: ${error.message}` }]
  }
}
