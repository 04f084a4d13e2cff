/** The recipes of docs/recipes.md, as they stand in samples/recipes, on captured machines. (Live: live.test.ts.) */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { linkFacts } from '../helpers/facts.js'
import { tempFolder } from '../helpers/folders.js'
import { isInstalled } from '../helpers/machine.js'
import { captured, recipeFolder } from '../helpers/recipes.js'
import { lines, outcome, run } from '../helpers/run.js'

const { folder, recipe } = recipeFolder()
const withJq = isInstalled('jq') ? test : test.skip

const rowsOf = (stdout: string) => lines(stdout).map((line) => line.split('\t'))

const DIFF = '/var/lib/docker/aufs/diff'
const L1 = `${DIFF}/2804bad6fe94a55f18b2b37e300919a5fd517b95aa81e95db574c0ba069a3740`

withJq('What a layer supplies, and to whom', async (t) => {
  const { stdout, stderr, status } = await recipe('supplied-by', [L1, ...captured('leaky-01-docker', 112)])
  t.deepEqual([stderr, status], ['', 0])
  t.deepEqual(rowsOf(stdout), [
    ['/usr/lib/liblower.so', '-', 'ready', '112'],
    ['/usr/share/over.dat', '-', 'ready', '112'],
  ])
})

withJq('A layer that supplies nothing gives nothing', async (t) => {
  const { stdout, status } = await recipe('supplied-by', ['/nothing', ...captured('leaky-01-docker', 112)])
  t.deepEqual([stdout, status], ['', 0])
})

withJq('Bytes by layer are the sums of what is mapped from each', async (t) => {
  const { stdout, stderr, status } = await recipe('bytes-by-layer', captured('leaky-01-docker', 112))
  t.deepEqual([stderr, status], ['', 0])
  const sums = new Map<string, bigint>()
  for (const { range, link } of linkFacts('samples/leaky-01-docker/proc/112/map_files')) {
    const [, layer] = /^(\/var\/lib\/docker\/aufs\/diff\/[0-9a-f]+)\//.exec(link) ?? []
    const [start = '', end = ''] = range.split('-')
    if (layer !== undefined)
      sums.set(layer, (sums.get(layer) ?? 0n) + BigInt(`0x${end}`) - BigInt(`0x${start}`))
  }
  const told = rowsOf(stdout)
  t.deepEqual(new Map(told.map(([bytes, layer]) => [layer ?? '', BigInt(bytes ?? '')])), sums)
  const amounts = told.map(([bytes]) => Number(bytes))
  t.deepEqual(
    amounts,
    amounts.toSorted((a, b) => b - a),
  )
})

withJq('Addresses past what a number of jq holds are counted to the byte', async (t) => {
  const raw = (start: string, end: string) => ({
    ...{ pid: 112, comm: 'ready', container: null, start, end, perms: 'r-xp', offset: '0' },
    link: '/l/base/x',
    kernel: {
      ...{ dev: null, ino: null, maps_dev: null, maps_ino: null, maps_name: null },
      ...{ mnt_id: null, mnt_listed: null, real_dev: null, real_ino: null },
    },
  })
  const table = {
    ...{ mount_id: 29, mount_point: '/', root: '/', dev: '0:17', fs_type: 'aufs', si: '1a', source: 'sysfs' },
    ...{ xi_path: null, workdir: null, mount_options: null, options: null },
    branches: [{ index: 0, id: 64, path: '/l/base', perm: 'ro', attributes: [] }],
  }
  writeFileSync(`${folder}/tables`, JSON.stringify(table))
  const raws = [
    raw('fffffffffff000', '100000000000000'),
    raw('0', '1000'),
    raw('ffffff0000000', 'ffffff0002000'),
  ]
  writeFileSync(`${folder}/raw`, raws.map((each) => JSON.stringify(each)).join('\n'))
  const { stdout } = await recipe('bytes-by-layer', ['--branches', `${folder}/tables`, `${folder}/raw`])
  t.deepEqual(rowsOf(stdout), [['16384', '/l/base']])
})

withJq('Two unions compared: the layers that went and that came', async (t) => {
  for (const [name, sample] of [
    ['before', 'leaky-04-odd'],
    ['after', 'leaky-04-odd-after-rm-rf'],
  ]) {
    const tables = await run('aufs-branches', [
      ...['--sysfs', `samples/${sample}/sys`, `samples/${sample}/proc/325/mountinfo`],
    ])
    t.is(tables.status, 0)
    writeFileSync(`${folder}/${name}`, Buffer.from(tables.stdout, 'latin1'))
  }
  const { stdout, stderr, status } = await recipe('compare-unions', [`${folder}/before`, `${folder}/after`])
  t.deepEqual([stderr, status], ['', 0])
  t.deepEqual(rowsOf(stdout).sort(), [
    ['+', '/', '/o/co:lon (deleted)', 'ro+wh'],
    ['+', '/', '/o/re named', 'ro+wh'],
    ['-', '/', '/o/co:lon', 'ro+wh'],
    ['-', '/', '/o/sp ace', 'ro+wh'],
  ])
  const same = await recipe('compare-unions', [`${folder}/before`, `${folder}/before`])
  t.deepEqual([same.stdout, same.status], ['', 0])
})

withJq('Nothing is to be restarted where nothing that is stale is code', async (t) => {
  const sample = 'samples/leaky-07-mappings'
  for (const which of [['--all'], ['--pid', '149']]) {
    const machine = ['--procfs', `${sample}/proc`, '--sysfs', `${sample}/sys`]
    const { stdout, stderr, status } = await recipe('restart', [...which, ...machine])
    t.deepEqual([stdout, status], ['', 0], which.join(' '))
    t.regex(stderr, /^aufs-vma: nothing is known of \d+ files?: the state is null\n$/)
  }
})

withJq('What to restart is told of kept records too', async (t) => {
  const kept = 'samples/leaky-07-mappings/expected'
  const raw = lines(readFileSync(`${kept}/vma-raw.ndjson`, 'latin1')).map((line) => JSON.parse(line))
  // What is deleted there is data: one of it shall be code.
  const code = raw.map((entry) =>
    entry.path === '/d/del-lower.dat' ? { ...entry, unit: 'web.service', perms: 'r-xp' } : entry,
  )
  writeFileSync(`${folder}/kept`, code.map((entry) => JSON.stringify(entry)).join('\n'))
  const tables = ['--branches', `${kept}/branches.ndjson`]
  const { stdout, stderr, status } = await recipe('restart', [...tables, `${folder}/kept`])
  t.regex(stderr, /^aufs-vma: nothing is known of \d+ files?: the state is null\n$/)
  t.is(status, 0)
  t.deepEqual(rowsOf(stdout), [['web.service', '-', 'ready', '149', 'deleted', '/d/del-lower.dat']])
})

test('Every recipe that runs aufs-vma hands it what it is given after its own words, or --all', async (t) => {
  const names = readdirSync('samples/recipes').filter((name) =>
    /^(\{ )?aufs-vma /m.test(readFileSync(`samples/recipes/${name}`, 'utf8')),
  )
  t.is(names.length, 7)
  const dir = tempFolder(t)
  writeFileSync(`${dir}/aufs-vma`, `#!/bin/sh\nprintf '%s\\n' "$@" > '${dir}/given'\n`, { mode: 0o755 })
  for (const name of names)
    for (const given of [[], ['--pid', '4711'], ['--branches', 'ta bles', 'kept']]) {
      const own = { 'supplied-by.sh': ['/l/base'], 'prometheus.sh': [`${dir}/a.prom`] }[name] ?? []
      const path = { PATH: `${dir}:${process.env.PATH}` }
      // What reads its records may not be on this machine: only how it was called counts.
      await outcome('sh', [`samples/recipes/${name}`, ...own, ...given], '', path)
      const words = lines(readFileSync(`${dir}/given`, 'latin1')).filter(
        (word) => !['--stale', '--code'].includes(word),
      )
      t.deepEqual(words, given.length === 0 ? ['--all'] : given, name)
    }
})
