import { readFileSync } from 'node:fs'
import test from 'ava'
import { repository, run } from '../helpers/run.js'
import { cases } from '../helpers/sample-cases.js'

for (const [folder, files] of cases) {
  test(`the commands write what ${folder} expects`, async (t) => {
    for (const { expected, run: line } of files) {
      const { stdout, stderr, status } = await run(...line)
      t.is(stdout, readFileSync(`${repository}/${expected}`, 'latin1'), expected)
      t.is(stderr, '', expected)
      t.is(status, 0, expected)
    }
  })
}
