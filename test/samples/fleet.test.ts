/** samples/fleet: hosts that are captured samples, collected by GNU parallel, asked by ClickHouse. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { Vma } from '../../src/vma/record.js'
import { isInstalled, skip } from '../helpers/machine.js'
import { recipeFolder } from '../helpers/recipes.js'
import { lines, outcome, repository } from '../helpers/run.js'

const { path } = recipeFolder()

/** What `aufs-vma` says of a host, and the container that it is said to be in. */
interface Host {
  name: string
  container: string
  vmas: (Vma & { branch: { path_b64?: string } | null })[]
}

const hosts: Host[] = ['leaky-01-docker', 'leaky-01-docker', 'leaky-07-mappings', 'leaky-04-odd'].map(
  (sample, i) => ({
    name: ['alpha', 'beta', 'gamma', 'delta'][i] ?? '',
    container: String(i + 1).padStart(64, '0'),
    vmas: lines(readFileSync(`${repository}/samples/${sample}/expected/vma.ndjson`, 'utf8')).map((line) =>
      JSON.parse(line),
    ),
  }),
)

const LAYER = '/l/base'

test('A fleet on one machine: stale files, bytes by layer, and who maps a layer', async (t) => {
  for (const tool of ['parallel', 'jq', 'clickhouse-server', 'clickhouse-client'])
    if (!isInstalled(tool)) return skip(t, `no ${tool}`)
  // Of moreutils there is another one by that name.
  if ((await outcome('parallel', ['--version'])).status !== 0) return skip(t, 'no GNU parallel')
  // Where CI runs, there may be no SHELL.
  const env = { ...path, FLEET_PORT: String(await freePort()), SHELL: undefined }
  const { stdout, stderr, status } = await outcome('sh', ['samples/fleet/play.sh', LAYER], '', env)
  t.deepEqual([stderr, status], ['', 0])

  const [, ...answers] = Buffer.from(stdout, 'latin1')
    .toString()
    .split(/^# .*\n/m)
  const [stale, bytes, wanted] = answers.map((answer) => lines(answer).map((line) => JSON.parse(line)))
  t.deepEqual(stale, staleOf())
  t.deepEqual(bytes, bytesByLayer())
  t.deepEqual(wanted, hostsOf(LAYER))
})

test('A host needs nothing: it is given what is run on it', async (t) => {
  for (const tool of ['parallel', 'jq']) if (!isInstalled(tool)) return skip(t, `no ${tool}`)
  if ((await outcome('parallel', ['--version'])).status !== 0) return skip(t, 'no GNU parallel')
  if (!['x64', 'arm64'].includes(process.arch)) return skip(t, `no executable for ${process.arch}`)
  const fleet = mkdtempSync(join(tmpdir(), 'fleet-'))
  t.teardown(() => rmSync(fleet, { recursive: true }))
  mkdirSync(`${fleet}/alpha`)
  writeFileSync(`${fleet}/hosts`, 'alpha\n')
  // It says by what name it is called, and with which words.
  const record = '{"start":"0","end":"1000","path":"%s %s"}\\n'
  const put = (version: string) => {
    for (const arch of ['x64', 'arm64']) {
      mkdirSync(`${fleet}/linux-${arch}`, { recursive: true })
      const program = `#!/bin/sh\n# ${version}\nprintf '${record}' "\${0##*/}" "$*"\n`
      writeFileSync(`${fleet}/linux-${arch}/aufs-filters`, program)
    }
  }
  const env = {
    FLEET: fleet,
    FLEET_SSH: `${repository}/samples/fleet/ssh-here.sh`,
    PARALLEL_HOME: `${fleet}/parallel`,
  }
  const send = async () => {
    const sent = await outcome('sh', ['samples/fleet/send.sh', 'alpha', fleet], '', env)
    t.deepEqual(sent, { stdout: '', stderr: '', status: 0 })
    return statSync(`${fleet}/alpha/.cache/aufs-filters/aufs-vma`).ino
  }

  put('one')
  const first = await send()
  t.is(await send(), first)
  const { stdout, stderr } = await outcome(
    'sh',
    ['samples/fleet/collect.sh', `${fleet}/hosts`, '--pid', '7'],
    '',
    env,
  )
  t.is(stderr, '')
  const [row] = lines(stdout).map((line) => JSON.parse(line))
  t.deepEqual([row.host, row.path, row.bytes], ['alpha', 'aufs-vma --pid 7', 4096])

  put('another')
  await send()
  t.regex(readFileSync(`${fleet}/alpha/.cache/aufs-filters/aufs-vma`, 'utf8'), /another/)
})

test('What stands for ssh takes the words of ssh', async (t) => {
  const script = 'samples/fleet/ssh-here.sh'
  for (const args of [['alpha'], ['-p', '22', '-T', 'alpha'], ['alpha', '--']]) {
    const { stdout } = await outcome(script, [...args, 'echo', '"$HOST"', "'a  b'"], '', { FLEET: '/f' })
    t.is(stdout, '/f/alpha a  b\n', args.join(' '))
  }
})

function staleOf() {
  return hosts
    .map(({ name, container, vmas }) => {
      const stale = vmas.filter(({ branch, state }) => branch !== null && state === 'deleted')
      return {
        ...{ host: name, container, comm: stale[0]?.comm, pid: stale[0]?.pid },
        code: stale.some(({ perms }) => perms?.includes('x')) ? 1 : 0,
        ...{ states: ['deleted'], files: String(new Set(stale.map((vma) => vma.path)).size) },
      }
    })
    .filter(({ files }) => files !== '0')
    .sort(by(({ host }) => host))
}

function bytesByLayer() {
  const sums = new Map<string, { bytes: bigint; hosts: Set<string> }>()
  for (const { name, vmas } of hosts)
    for (const { branch, start, end } of vmas) {
      if (branch === null) continue
      const key = JSON.stringify([branch.path, branch.path_b64 ?? ''])
      const sum = sums.get(key) ?? { bytes: 0n, hosts: new Set() }
      sums.set(key, sum)
      sum.bytes += BigInt(`0x${end}`) - BigInt(`0x${start}`)
      sum.hosts.add(name)
    }
  const rows = [...sums].map(([key, sum]) => {
    const [layer, layer_b64] = JSON.parse(key)
    return { bytes: String(sum.bytes), hosts: String(sum.hosts.size), layer, layer_b64 }
  })
  return rows.sort(
    by(({ bytes, layer, layer_b64 }) => [999_999_999_999 - Number(bytes), layer, layer_b64].join('\0')),
  )
}

function hostsOf(layer: string) {
  return hosts
    .map(({ name, container, vmas }) => {
      const paths = new Set(vmas.filter(({ branch }) => branch?.path === layer).map((vma) => vma.path))
      return { host: name, container, paths: [...paths].sort(by((each) => each)) }
    })
    .filter(({ paths }) => paths.length > 0)
    .sort(by(({ host }) => host))
}

/** ClickHouse compares bytes. */
function by<T>(key: (value: T) => string): (a: T, b: T) => number {
  return (a, b) => Buffer.compare(Buffer.from(key(a)), Buffer.from(key(b)))
}

/** A port that nobody listens on just now. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
