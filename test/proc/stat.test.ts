import test from 'ava'
import { parseProcStat } from '../../src/proc/stat.js'
import { statLine } from '../helpers/procfs.js'

for (const name of ['cat', 'a b', ') R 1 (', '(sd-pam)', 'new\nline', ')', '', '\xff)) Z 9']) {
  test(`The name ${JSON.stringify(name)} leads no stat line astray`, (t) => {
    t.deepEqual(parseProcStat(statLine(12345, name, 'S')), { state: 'S', start: '12345' })
  })
}

test('What is no stat line is none', (t) => {
  for (const text of ['', '1 (cat', '1 (cat)', '1 (cat) S 1 2 3', 'cat']) t.is(parseProcStat(text), null)
})
