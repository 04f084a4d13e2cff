/** samples/programs, compiled with strict types as in a project of their own, and run as they say. */
import { copyFileSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import test from 'ava'
import type { Vma } from '../../src/vma/record.js'
import { tempFolder } from '../helpers/folders.js'
import { skip } from '../helpers/machine.js'
import { LIMIT, launched, next, until } from '../helpers/processes.js'
import { captured } from '../helpers/recipes.js'
import { lines, outcome, repository, run } from '../helpers/run.js'
import { compiled, makeProject } from '../helpers/user-project.js'

const programs = Object.fromEntries(
  readdirSync(`${repository}/samples/programs`).map((name) => [
    name,
    readFileSync(`${repository}/samples/programs/${name}`, 'utf8'),
  ]),
)

test('The programs compile under strict as they stand, and say how they are run', async (t) => {
  const folder = tempFolder(t)
  makeProject(folder, programs)
  t.is((await compiled(folder)).stdout, '')
  t.is(Object.keys(programs).length, 3)
  for (const [name, source] of Object.entries(programs))
    t.regex(source, new RegExp(`^ \\*   (.* \\| )?(sudo )?node samples/programs/${name} `, 'm'))
})

const program = (name: string, args: string[], input = '') =>
  outcome(process.execPath, [`samples/programs/${name}.js`, ...args], input)

const sample = 'samples/leaky-01-docker'

test('A sink that counts by layer has the sums of what is mapped', async (t) => {
  const entries = readFileSync(`${repository}/${sample}/entries-112.ndjson`, 'latin1')
  const { stdout, stderr, status } = await program(
    'by-layer',
    [`${sample}/expected/branches.ndjson`],
    entries,
  )
  t.deepEqual([stderr, status], ['', 0])
  const sums = new Map<string, bigint>()
  const fixed = await run('aufs-vma', ['--branches', `${sample}/expected/branches.ndjson`], entries)
  for (const line of lines(fixed.stdout)) {
    const { branch, start, end } = JSON.parse(line) as Vma
    const size = BigInt(`0x${end}`) - BigInt(`0x${start}`)
    if (branch?.path != null) sums.set(branch.path, (sums.get(branch.path) ?? 0n) + size)
  }
  t.true(sums.size > 2)
  const told = lines(stdout).map((line): [string, bigint] => {
    const [bytes = '', layer = ''] = line.split('\t')
    return [JSON.parse(layer).path, BigInt(bytes)]
  })
  t.deepEqual(new Map(told.toSorted()), new Map([...sums].sort()))
  t.true(told.every(([, bytes], i) => i === 0 || bytes <= (told[i - 1]?.[1] ?? 0n)))
})

test('A sink that counts by layer keeps apart names that look the same, and is exact past 2^53', async (t) => {
  const b64 = (bytes: string) => Buffer.from(bytes, 'latin1').toString('base64')
  const branch = (name: string, index: number) => ({
    ...{ index, id: null, path: '/l/\ufffd', path_b64: b64(name), perm: 'ro', attributes: [] },
  })
  const table = {
    ...{ mount_id: 1, mount_point: '/', root: '/', dev: '0:17', fs_type: 'aufs', si: '1a' },
    ...{ source: 'sysfs', xi_path: null, workdir: null, branches: ['/l/\xff', '/l/\xfe'].map(branch) },
  }
  const file = `${tempFolder(t)}/tables`
  writeFileSync(file, JSON.stringify(table))
  const entries = '0-20000000000001 -> /l/\xff/x\n10-11 -> /l/\xfe/x\n'
  const { stdout, stderr, status } = await program('by-layer', [file], entries)
  t.deepEqual([stderr, status], ['', 0])
  t.is(
    Buffer.from(stdout, 'latin1').toString(),
    `9007199254740993\t{"path":"/l/\ufffd","path_b64":"${b64('/l/\xff')}"}\n` +
      `1\t{"path":"/l/\ufffd","path_b64":"${b64('/l/\xfe')}"}\n`,
  )
})

test('Mapped files are joined with what docker inspect says of their container', async (t) => {
  const folder = tempFolder(t)
  t.is((await outcome('sh', ['samples/fleet/machines.sh', folder])).status, 0)
  const id = (n: number) => String(n).padStart(64, '0')
  const containers = [1, 9].map((n) => ({
    ...{ Id: id(n), Name: `/web${n}`, Config: { Image: 'nginx:1.27' }, State: { Pid: 1 } },
  }))
  const trees = [`${folder}/alpha/proc`, `${folder}/alpha/sys`]
  const { stdout, stderr, status } = await program('inspect', trees, JSON.stringify(containers))
  t.deepEqual([stderr, status], ['', 0])
  const vmas = lines((await run('aufs-vma', captured('leaky-01-docker', 112))).stdout)
  t.true(vmas.length > 2)
  t.deepEqual(
    lines(stdout).map((line) => JSON.parse(line)),
    vmas.map((line) => {
      const { pid, path, branch, state } = JSON.parse(line) as Vma
      return { name: 'web1', image: 'nginx:1.27', pid, path, layer: branch?.path ?? null, state }
    }),
  )
  const others = await program('inspect', trees, JSON.stringify(containers.slice(1)))
  t.deepEqual(others, { stdout: '', stderr, status: 0 })
})

test('A file that is replaced under a process is told once, and so is its end', async (t) => {
  t.timeout(LIMIT)
  const folder = tempFolder(t)
  const found =
    'readlink -f "$(command -v sleep)"; ldd "$(command -v sleep)" | grep -o "/[^ ]*/libc\\.so[^ ]*"'
  const [sleep, library] = lines((await outcome('sh', ['-c', found])).stdout)
  if (!sleep || !library) return skip(t, 'no sleep that maps a libc.so')
  const [file, successor] = [`${folder}/held.so`, `${folder}/new.so`]
  for (const copy of [file, successor]) copyFileSync(library, copy)
  const held = launched(t, [sleep, '3600'], { LD_PRELOAD: file })
  await until(() => readFileSync(`/proc/${held.pid}/maps`, 'latin1').includes(file))

  const words = [process.execPath, `${repository}/samples/programs/watch.js`, String(held.pid), '0.1']
  // An ordinary user is warned of what it may not follow.
  const watch = launched(t, words, { NODE_NO_WARNINGS: '1' })
  const told = createInterface(watch.stderr)[Symbol.asyncIterator]()
  const changed = createInterface(watch.stdout)[Symbol.asyncIterator]()
  const first = (await told.next()).value ?? ''
  t.regex(first, /^watch: \d+ files$/)
  // What has not changed is not told: some rounds pass.
  await new Promise((resolve) => setTimeout(resolve, 500))
  renameSync(successor, file)
  const change = JSON.parse((await changed.next()).value ?? '{}')
  t.deepEqual(change, { path: file, was: ['current'], is: ['replaced'] })
  held.kill()
  // Until it is reaped it may be seen to map nothing, or to have no root in which its files could be looked up.
  for await (const line of { [Symbol.asyncIterator]: () => changed })
    t.deepEqual(
      JSON.parse(line).is.filter((state: string) => state !== 'unknown'),
      [],
      line,
    )
  t.regex((await told.next()).value ?? '', /^watch: ./)
  if (watch.exitCode === null) await next(watch, 'exit')
  t.is(watch.exitCode, 0)
})
