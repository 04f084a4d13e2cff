import test from 'ava'
import { liveThread, parseProcStat, readStat } from '../../src/proc/stat.js'
import { tempFolder, writeTree } from '../helpers/folders.js'
import { statLine } from '../helpers/procfs.js'

for (const name of ['cat', 'a b', ') R 1 (', '(sd-pam)', 'new\nline', ')', '', '\xff)) Z 9']) {
  test(`The name ${JSON.stringify(name)} leads no stat line astray`, (t) => {
    t.deepEqual(parseProcStat(statLine(12345, name, 'S')), { state: 'S', start: '12345' })
  })
}

test('What is no stat line is none', (t) => {
  for (const text of ['', '1 (cat', '1 (cat)', '1 (cat) S 1 2 3', 'cat']) t.is(parseProcStat(text), null)
})

test('A thread that lives is one that has not ended and is there', (t) => {
  const procfs = tempFolder(t)
  writeTree(procfs, {
    // They are listed in the order of their names; the first is gone when it is read.
    ...{ '7/task/1': null, '7/task/7': null, '7/task/8': null, '7/task/9': null, '7/task/10': null },
    ...{ '7/stat': statLine(1, 'a', 'Z'), '8/stat': statLine(1, 'a', 'X'), '10/stat': statLine(1, 'a', 'S') },
  })
  t.is(liveThread(procfs, `${procfs}/7`), `${procfs}/10`)
  writeTree(procfs, { '10/stat': statLine(1, 'a', 'Z') })
  t.is(liveThread(procfs, `${procfs}/7`), null)
  t.is(liveThread(procfs, `${procfs}/none`), null)
})

test('Where there is no stat nothing is told', (t) => {
  t.is(readStat('/nowhere'), null)
  t.regex(readStat('/proc/self')?.start ?? '', /^\d+$/)
})
