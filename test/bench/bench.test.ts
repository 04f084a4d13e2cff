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
  const works = lines(stdout).map((line) => line.split(/[:,]/)[0])
  for (const work of ['start', 'aufs-mounts', 'aufs-branches', 'aufs-log', 'cost per line'])
    t.true(works.includes(work), work)
  for (const line of lines(stdout).slice(1)) t.regex(line, /\d (\xc3\x97|MB)|skipped: /)
})
