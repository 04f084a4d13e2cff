/** Writes the expected files of all samples anew. A person reads the diff. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { repository, run } from '../test/helpers/run.js'
import { cases } from '../test/helpers/sample-cases.js'

const all = [...cases.values()].flat()
for (const { expected, run: line } of all) {
  const { stdout, stderr, status } = await run(...line)
  if (status !== 0) throw new Error(`${expected}: exit status ${status}: ${stderr}`)
  await mkdir(`${repository}/${dirname(expected)}`, { recursive: true })
  await writeFile(`${repository}/${expected}`, stdout, 'latin1')
}
console.log(`${all.length} expected files written; read git diff samples/`)
