/** The benchmark keeps running: small inputs, once each, without verdicts. */
import test from 'ava'
import { lines, outcome, repository } from '../helpers/run.js'

test.serial('the benchmark runs, with right output of every command, and says what it skips', async (t) => {
  const { stdout, stderr, status } = await outcome(process.execPath, [
    `${repository}/dist/bench/bench.js`,
    '--smoke',
  ])
  t.is(stderr, '')
  t.is(status, 0)
  t.notRegex(stdout, /our output is wrong/)
  const rows = lines(stdout).filter((line) => line.startsWith('| ') && !/^\| (work|---) /.test(line))
  for (const work of ['start', '`aufs-mounts`', '`aufs-log`', '`aufs-images`', 'cost per line', 'memory'])
    t.true(
      rows.some((row) => row.startsWith(`| ${work}`)),
      work,
    )
  for (const row of rows) t.regex(row, /\d (s|\xc2\xb5s|MB)\b.* \||skipped: /)
})

test.serial('a word chooses the rows that hold it', async (t) => {
  const { stdout, status } = await outcome(process.execPath, [
    `${repository}/dist/bench/bench.js`,
    ...['--smoke', '`aufs-log`, 1 GB without', 'start: npm'],
  ])
  t.is(status, 0)
  const works = lines(stdout).flatMap((line) => /^\| (start|memory): ([^,|]+)/.exec(line)?.slice(1, 3) ?? [])
  t.deepEqual(works, ['start', 'npm command', 'memory', '`aufs-log`'])
})
