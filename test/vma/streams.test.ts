import { cpSync, createReadStream, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { InputError, type OnError } from '../../src/errors.js'
import { lineTransform } from '../../src/lines/line-transform.js'
import { parseEntry, type RawVma } from '../../src/proc/map-files.js'
import { GoneError, listPids } from '../../src/proc/process.js'
import type { BranchTable } from '../../src/unions/branch-table.js'
import { branchTables } from '../../src/unions/tables.js'
import type { ContextOptions } from '../../src/vma/context-reader.js'
import { vmaFilter } from '../../src/vma/fixer.js'
import type { Vma } from '../../src/vma/record.js'
import { fixVmas, readMapFiles, vmas } from '../../src/vma/streams.js'
import { openBelow, tempFolder, writeTree } from '../helpers/folders.js'
import { isInstalled, isRoot, NOBODY, skip } from '../helpers/machine.js'
import { launched, nameOf, next, until } from '../helpers/processes.js'
import { lines, type Outcome, outcome, repository } from '../helpers/run.js'

const captured = { procfs: 'samples/leaky-08-several/proc', sysfs: 'samples/leaky-08-several/sys' }

/** A process of the captured machine, and two that are not there. */
const HERE = 85
const GONE = [999_998, 999_999]

const read = async (pids: number[], onError?: OnError): Promise<RawVma[]> =>
  readMapFiles({ pids, ...captured, ...(onError && { onError }) }).toArray()

test('of a process that is gone onError is told, by its number, and the others are read', async (t) => {
  const told: [string, number][] = []
  const records: RawVma[] = await readMapFiles({
    pids: [999_998, HERE, 999_999],
    ...captured,
    onError: ({ message }, pid) => told.push([message, pid]),
  }).toArray()
  t.deepEqual(told, [
    ['no such process', 999_998],
    ['no such process', 999_999],
  ])
  t.true(records.length > 2)
  t.deepEqual([...new Set(records.map(({ pid }) => pid))], [HERE])
})

test('where onError says stop nothing more is read', async (t) => {
  let told = 0
  const stop = () => {
    told += 1
    return 'stop'
  }
  t.deepEqual(await read([...GONE, HERE], stop), [])
  t.is(told, 1)
  t.deepEqual(await read([HERE, ...GONE, HERE], stop), await read([HERE]))
})

test('without onError the first process that is gone ends the stream', async (t) => {
  await t.throwsAsync(read([...GONE, HERE]), { instanceOf: InputError, message: 'no such process' })
})

/** What a program of the library prints as a user without a capability; null where it cannot be run so. */
async function asNobody(t: ExecutionContext, program: string): Promise<Outcome | null> {
  const source = `import { fixVmas, readMapFiles, vmas } from '${repository}/dist/src/index.js'\n${program}`
  const node = [process.execPath, '--input-type=module', '--eval', source]
  const [command = '', ...words] = [...(isRoot ? NOBODY : []), ...node]
  const done =
    isRoot && !isInstalled('setpriv')
      ? { stdout: '', stderr: 'setpriv: not installed', status: null }
      : await outcome(command, words, '', { NODE_V8_COVERAGE: '' })
  if (!/^setpriv:|EACCES: permission denied, /m.test(done.stderr)) return done
  skip(t, done.stderr)
  return null
}

const warnings = ({ stderr }: Outcome) => lines(stderr).filter((line) => line.includes('PrivilegeWarning'))

for (const [name, read] of [
  ['readMapFiles', 'readMapFiles({ pids: [process.pid, process.pid] }).pipe(fixVmas())'],
  ['vmas', 'vmas({ pids: [process.pid, process.pid] })'],
])
  test(`without onError ${name} gives the entries that this user may not follow, and warns once`, async (t) => {
    const done = await asNobody(t, `for await (const vma of ${read}) console.log(JSON.stringify(vma))`)
    if (done === null) return
    t.is(done.status, 0, done.stderr)
    t.is(warnings(done).length, 1)
    t.regex(done.stderr, /map_files cannot be followed: .*CAP_/)
    const records = lines(done.stdout).map((line) => JSON.parse(line) as Vma)
    t.is(records.filter(({ path }) => path === process.execPath).length % 2, 0)
    t.true(records.some(({ path }) => path === process.execPath))
    for (const { kernel, path } of records) {
      t.like(kernel, { dev: null, ino: null, mnt_id: null }, path)
      t.truthy(kernel.maps_name, path)
    }
  })

function mayRead(pid: number): boolean {
  try {
    readFileSync(`/proc/${pid}/maps`)
    return true
  } catch {
    return false
  }
}

test('where no processes are named those of others are left out with a warning, but named ones are an error', async (t) => {
  // What this process is to nobody, another is to this user.
  const pid = isRoot ? process.pid : listPids().find((each) => !mayRead(each))
  const all = await asNobody(t, 'for await (const { pid } of vmas()) console.log(pid)')
  if (all === null) return
  t.is(all.status, 0, all.stderr)
  t.true(lines(all.stdout).length > 0)
  if (pid === undefined) return skip(t, 'every process here is of this user')
  t.true(warnings(all).some((line) => line.includes('left out')))
  const named = await asNobody(t, `for await (const _ of vmas({ pids: [${pid}] }));`)
  t.is(named?.status, 1)
  t.regex(named?.stderr ?? '', /ForbiddenError|InputError/)
})

test('vmas gives what readMapFiles and fixVmas give, and passes over what has ended where no process is named', async (t) => {
  const fixed = await readMapFiles({ pids: [HERE], ...captured })
    .pipe(fixVmas(captured))
    .toArray()
  t.true(fixed.length > 2)
  t.deepEqual(await vmas({ pids: [HERE], ...captured }).toArray(), fixed)
  const told: unknown[] = []
  const all = await vmas({ ...captured, onError: (error, pid) => told.push([error, pid]) }).toArray()
  t.true(listPids(captured.procfs).some((pid) => pid !== HERE && all.every((vma) => vma.pid !== pid)))
  t.deepEqual(
    all.filter(({ pid }) => pid === HERE),
    fixed,
  )
  t.deepEqual(told, [])
  await t.throwsAsync(vmas({ pids: GONE, ...captured }).toArray(), { instanceOf: GoneError })
})

test('fixVmas fixes what readMapFiles reads, by the mounts of each process', async (t) => {
  const records = await read([HERE])
  const vmas: Vma[] = await Readable.from(records).pipe(fixVmas(captured)).toArray()
  t.deepEqual(
    vmas.map(({ start }) => start),
    records.map(({ start }) => start),
  )
  t.true(vmas.some(({ fixed }) => fixed))
})

test('where onError says stop fixVmas gives nothing more, and reads on to the end', async (t) => {
  const [record] = await read([HERE])
  const records = Array.from({ length: 200 }, () => ({ ...record, pid: 999_999 }))
  const told: string[] = []
  const onError = ({ message }: InputError) => {
    told.push(message)
    return 'stop'
  }
  const vmas: Vma[] = []
  await pipeline(
    Readable.from(records),
    fixVmas({ ...captured, onError }),
    async (source: AsyncIterable<Vma>) => {
      for await (const vma of source) vmas.push(vma)
    },
  )
  t.deepEqual([told, vmas], [['no such process'], []])
})

test('tables and folders that fixVmas is given are text, as streams give them', async (t) => {
  const machine = 'samples/leaky-04-odd'
  const of = (name: string) => `${machine}/${name}`
  const [pid = 0] = listPids(of('proc')).filter((each) => each > 1)
  const tables: BranchTable[] = await createReadStream(of(`proc/${pid}/mountinfo`))
    .pipe(branchTables({ sysfs: of('sys') }))
    .toArray()
  const records: RawVma[] = await readMapFiles({ pids: [pid], procfs: of('proc') }).toArray()
  const fixed = (options: ContextOptions): Promise<Vma[]> =>
    Readable.from(records)
      .pipe(fixVmas({ procfs: of('proc'), ...options }))
      .toArray()
  t.true(tables.some(({ branches }) => branches.some(({ path }) => /[^\0-\x7f]/.test(path ?? ''))))
  t.deepEqual(await fixed({ tables }), await fixed({ sysfs: of('sys') }))
  const [vma] = await fixed({ tables, root: '/ü' })
  t.true(vma?.fpath?.startsWith('/ü/'))
})

test('the folder of a procfs may have any name', async (t) => {
  const folder = `${tempFolder(t)}/日`
  cpSync(captured.procfs, `${folder}/proc`, { recursive: true, verbatimSymlinks: true })
  const records: RawVma[] = await readMapFiles({ pids: [HERE], procfs: `${folder}/proc` }).toArray()
  const vmas: Vma[] = await Readable.from(records)
    .pipe(fixVmas({ procfs: `${folder}/proc`, sysfs: captured.sysfs }))
    .toArray()
  t.true(vmas.length > 2)
  for (const { fpath, path } of vmas) t.is(fpath, `${folder}/proc/${HERE}/root${path}`)
})

test('what fixVmas opens is closed when it ends', async (t) => {
  const root = tempFolder(t)
  writeTree(root, { 'a/b/f': '', 'layer/a/b/f': '' })
  const branch = { index: 0, id: null, path: `${root}/layer`, perm: 'rw', attributes: [] }
  const table: BranchTable = {
    ...{ mount_id: null, mount_point: '/', root: '/', dev: null, fs_type: 'aufs', si: '1a' },
    ...{
      source: 'log',
      xi_path: null,
      workdir: null,
      mount_options: null,
      options: null,
      branches: [branch],
    },
  }
  const entry = parseEntry(`400000-401000 -> ${root}/layer/a/b/f`)
  const stream = fixVmas({ tables: [table], root, stat: true })
  stream.write(entry)
  const [vma] = (await next(stream, 'data')) as [Vma]
  t.is(vma.path, '/a/b/f')
  t.true(openBelow(root) > 0)
  stream.end()
  stream.resume()
  await next(stream, 'end')
  t.is(openBelow(root), 0)
})

test('what was seen of a process is looked at again after a while', async (t) => {
  const child = launched(t, ['sleep', '3600'])
  await until(() => nameOf(child.pid) === 'sleep')
  const records: RawVma[] = await readMapFiles({ pids: [child.pid] }).toArray()
  const told: string[] = []
  const stream = fixVmas({ onError: ({ message }) => told.push(message) })
  const seen: Vma[] = []
  stream.on('data', (vma) => seen.push(vma))
  stream.write(records[0])
  await next(stream, 'data')
  child.kill('SIGKILL')
  await next(child, 'exit')
  await wait(1200)
  stream.end(records[0])
  await next(stream, 'end')
  t.deepEqual([seen.length, told], [1, ['no such process']])
})

test('a line that is too long is no part of the name before it, nor what follows it', (t) => {
  const records: string[] = []
  const errors: string[] = []
  const options = { maxLine: 50, onError: ({ message }: InputError) => errors.push(message) }
  const filter = vmaFilter({ procfs: '/nowhere', stat: false, tables: [] })
  const { write, flush } = lineTransform(filter, ({ link }) => `${link}\n`, options)
  records.push(...write(Buffer.from(`1000-2000 -> /a\n${'x'.repeat(51)}\nb\n`)), flush())
  t.is(records.join(''), '/a\n')
  t.deepEqual(errors, [`longer than 50 bytes: "${'x'.repeat(51)}"`, 'no map_files entry: "b"'])
})
