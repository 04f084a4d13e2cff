/** What the recipe for Prometheus writes: read by a strict parser of its text format, and by promtool where that is. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { tempFolder } from '../helpers/folders.js'
import { isInstalled } from '../helpers/machine.js'
import { recipeFolder } from '../helpers/recipes.js'
import { outcome } from '../helpers/run.js'

const { recipe } = recipeFolder()
const withJq = isInstalled('jq') ? test : test.skip

/** A sample of a metric: its name, its labels and its value. */
type Sample = [metric: string, labels: { [name: string]: string }, value: number]

/** Parses the text format strictly: each metric has its HELP and its TYPE, then its samples, each with other labels. */
function parse(t: ExecutionContext, text: string): Sample[] {
  const label = /([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"/g
  const seen = new Set<string>()
  let metric = ''
  t.true(text.endsWith('\n'))
  return text
    .slice(0, -1)
    .split('\n')
    .flatMap((line): Sample[] => {
      const [, helped] = /^# HELP (\w+) [^\\]+$/.exec(line) ?? []
      if (helped !== undefined) {
        t.false(seen.has(helped), line)
        seen.add(helped)
        metric = helped
        return []
      }
      if (line === `# TYPE ${metric} gauge`) return []
      const [, name = '', labels = '', value] = /^(\w+)(?:\{(.*)\})? (\d+)$/s.exec(line) ?? []
      t.is(name, metric, line)
      t.is(labels.replace(label, '').replaceAll(',', ''), '', line)
      t.false(seen.has(`${name} ${labels}`), line)
      seen.add(`${name} ${labels}`)
      const plain = (escaped: string) => escaped.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c))
      const pairs = [...labels.matchAll(label)].map(([, key = '', escaped = '']) => [key, plain(escaped)])
      return [[name, Object.fromEntries(pairs), Number(value)]]
    })
}

async function checkByPromtool(t: ExecutionContext, text: string): Promise<void> {
  if (!isInstalled('promtool')) return t.log('no promtool here')
  const { stdout, stderr, status } = await outcome('promtool', ['check', 'metrics'], Buffer.from(text))
  t.deepEqual([stdout, stderr, status], ['', '', 0])
}

const WEB = 'a'.repeat(64)
const HOSTILE = 'x"} 1\naufs_stale_files{container="\\",\\n} \r\x1b[31m\u2028é.service'

/** An entry, as `aufs-vma --raw` has it. */
const entry = (pid: number, container: string | null, unit: string | null, link: string) => ({
  ...{ pid, comm: 'x', container, unit, start: '1000', end: '2000', perms: 'r-xp', offset: '0', link },
  kernel: { maps_dev: '0:17', maps_ino: String(link.length), maps_name: link },
})

const entries = [
  entry(1, WEB, 'web.service', '/lib/a.so (deleted)'),
  entry(2, WEB, 'web.service', '/lib/a.so (deleted)'),
  entry(2, WEB, 'web.service', '/lib/b "}\n\\.so (deleted)'),
  entry(3, null, HOSTILE, '/lib/a.so (deleted)'),
  entry(4, 'c"\n\\', null, '/lib/a.so (deleted)'),
  // Neither of them is stale.
  entry(5, WEB, 'web.service', '/memfd:x (deleted)'),
  entry(6, WEB, 'web.service', '/lib/a.so'),
]

/** The tables of a kept host: no process of this machine is asked for its own. */
function kept(t: ExecutionContext, records: object[]): { folder: string; words: string[] } {
  const folder = tempFolder(t)
  writeFileSync(`${folder}/kept`, records.map((record) => `${JSON.stringify(record)}\n`).join(''))
  writeFileSync(`${folder}/tables`, '')
  mkdirSync(`${folder}/textfile`)
  return {
    folder,
    words: [`${folder}/textfile/aufs.prom`, '--branches', `${folder}/tables`, `${folder}/kept`],
  }
}

withJq(
  'Processes and files are counted by container, unit and state, whatever their names hold',
  async (t) => {
    const { folder, words } = kept(t, entries)
    const { stdout, stderr, status } = await recipe('prometheus', words)
    t.is(stdout, '')
    t.regex(stderr, /^aufs-vma: nothing is known of 1 file: the state is null\n$/)
    t.is(status, 0)
    const text = readFileSync(`${folder}/textfile/aufs.prom`, 'utf8')
    const web = { container: WEB, unit: 'web.service', state: 'deleted' }
    const hostile = { container: '', unit: HOSTILE, state: 'deleted' }
    const other = { container: 'c"\n\\', unit: '', state: 'deleted' }
    const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
    t.deepEqual(
      parse(t, text).sort(byText),
      [
        ['aufs_stale_processes', web, 2],
        ['aufs_stale_processes', hostile, 1],
        ['aufs_stale_processes', other, 1],
        ['aufs_stale_files', web, 2],
        ['aufs_stale_files', hostile, 1],
        ['aufs_stale_files', other, 1],
        ['aufs_stale_complete', {}, 1],
      ].sort(byText),
    )
    await checkByPromtool(t, text)
  },
)

withJq('Where something could not be read it is told, and what could be is counted', async (t) => {
  const { folder, words } = kept(t, entries)
  const { stderr } = await recipe('prometheus', [...words, `${folder}/missing`])
  t.regex(stderr, /missing: no such file or directory/)
  const samples = parse(t, readFileSync(`${folder}/textfile/aufs.prom`, 'utf8'))
  t.deepEqual(samples.at(-1), ['aufs_stale_complete', {}, 0])
  t.is(samples.length, 7)
})

withJq('Where nothing is stale the file says so, by what has no sample', async (t) => {
  const { folder, words } = kept(t, [])
  await recipe('prometheus', words)
  const text = readFileSync(`${folder}/textfile/aufs.prom`, 'utf8')
  t.deepEqual(parse(t, text), [['aufs_stale_complete', {}, 1]])
  await checkByPromtool(t, text)
})

withJq(
  'The file is taken whole: others may read it, and one that cannot be written leaves it as it was',
  async (t) => {
    const { folder, words } = kept(t, entries)
    await recipe('prometheus', words)
    const file = `${folder}/textfile/aufs.prom`
    t.deepEqual(readdirSync(`${folder}/textfile`), ['aufs.prom'])
    t.is(statSync(file).mode & 0o777, 0o644)
    const before = readFileSync(file, 'utf8')
    // jq cannot run: nothing takes the place of what is there.
    writeFileSync(`${folder}/jq`, '#!/bin/sh\necho "# HELP"\nexit 5\n')
    chmodSync(`${folder}/jq`, 0o755)
    const env = { PATH: `${folder}:${process.env.PATH}` }
    const { status } = await outcome('sh', ['samples/recipes/prometheus.sh', ...words], '', env)
    t.not(status, 0)
    t.is(readFileSync(file, 'utf8'), before)
    t.deepEqual(readdirSync(`${folder}/textfile`), ['aufs.prom'])
  },
)
