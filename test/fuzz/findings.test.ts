/** Inputs that once broke a filter, or that nobody should be able to break one with: found by `npm run fuzz`, or by hand. */
import { readdirSync, readFileSync } from 'node:fs'
import test from 'ava'
import fc from 'fast-check'
import { hold, names } from '../../fuzz/invariants.js'
import { pathBytes } from '../helpers/bytes.js'
import { repository } from '../helpers/run.js'

const folder = `${repository}/test/fuzz/findings`
const files = readdirSync(folder)

test('there are findings, each of a filter', (t) => {
  t.true(files.length > 0)
  for (const file of files) t.true(names.includes(file.split('-')[0] ?? ''), file)
})

for (const file of files) {
  test(`${file} breaks nothing`, (t) => {
    const input = readFileSync(`${folder}/${file}`, 'latin1')
    const [name = ''] = file.split('-')
    for (const cuts of [[], [1], [100, 1000], [7, 77, 777, 7777]]) t.notThrows(() => hold(name, input, cuts))
  })
}

for (const name of names) {
  test(`any bytes, in any chunks, break nothing of ${name}`, (t) => {
    fc.assert(
      fc.property(fc.array(pathBytes), fc.array(fc.nat(1000), { maxLength: 5 }), (lines, cuts) => {
        hold(name, lines.join('\n'), cuts)
      }),
    )
    t.pass()
  })
}
