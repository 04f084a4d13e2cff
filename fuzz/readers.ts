/** What holds of those who read whole files of somebody else's bytes. */
import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { InputError } from '../src/errors.js'
import { readBolt } from '../src/images/containerd/bbolt.js'
import type { Bucket } from '../src/images/containerd/bbolt-tree.js'
import { parseCgroups } from '../src/proc/cgroup.js'
import { parseMapping } from '../src/proc/maps.js'
import { PrintedMappings, parsePrintedMapping } from '../src/proc/real-files.js'
import type { ByteString } from '../src/text/byte-string.js'
import { holdStores } from './stores.js'

/** By the name that a finding begins with. */
export const readers: Record<string, (input: ByteString) => void> = {
  bolt: holdBolt,
  stores: holdStores,
  iterator: holdIterator,
  maps: holdMaps,
  cgroup: holdCgroups,
}

let database: string | undefined

/** A file that is no database is refused; of any other the same is read each time. */
function holdBolt(input: ByteString): void {
  if (database === undefined) {
    const folder = mkdtempSync(`${tmpdir()}/fuzz-bolt-`)
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
    database = `${folder}/db`
  }
  writeFileSync(database, input, 'latin1')
  assert.deepEqual(boltOutcome(database), boltOutcome(database))
}

/** containerd's buckets are no deeper. */
const DEEPEST = 6

function boltOutcome(file: string): unknown {
  const contentOf = (bucket: Bucket, depth: number): unknown =>
    depth === 0
      ? null
      : [
          [...bucket.values()],
          Array.from(bucket.buckets(), ([key, inner]) => [key, contentOf(inner, depth - 1)]),
        ]
  const fd = openSync(file, 'r')
  try {
    return attempt(() => readBolt(fd, file, (root) => contentOf(root, DEEPEST)))
  } finally {
    closeSync(fd)
  }
}

/** A file is told of a mapping only where a line says so of the same task and range. */
function holdIterator(input: ByteString): void {
  const printed = attempt(() => new PrintedMappings(input))
  const lines = input.split('\n').slice(1, -1)
  const known = lines.flatMap((line) => attempt(() => parsePrintedMapping(line)) ?? [])
  for (const { task, start_boottime, range, shown } of known) {
    const [start = '', end = ''] = range.split('-')
    const tick = String(start_boottime / 10_000_000n)
    const mapping = { start, end, perms: 'r--p', offset: '0', ...shown, name: '' }
    const real = attempt(() => printed?.of({ task, start: tick })(mapping)) ?? null
    if (real === null) continue
    const told = known.filter((each) => each.task === task && each.range === range).map((each) => each.real)
    assert.ok(
      told.some(({ dev, ino }) => dev === real.dev && ino === real.ino),
      'a file that was printed',
    )
  }
}

/** A mapping written and read is the same. */
function holdMaps(input: ByteString): void {
  for (const line of input.split('\n')) {
    const mapping = attempt(() => parseMapping(line))
    if (mapping === undefined) continue
    const { start, end, perms, offset, dev, ino, name } = mapping
    const [major, minor] = dev.split(':').map((number) => Number(number).toString(16))
    const written = `${start}-${end} ${perms} ${offset} ${major}:${minor} ${ino} ${name}`
    assert.deepEqual(parseMapping(written), mapping, 'a mapping read back')
    assert.ok(line.endsWith(name), 'a name is the end of the line')
  }
}

/** Names are such as a shell or another program can be given. */
function holdCgroups(input: ByteString): void {
  const { container, unit, cgroup } = parseCgroups(input)
  if (container !== null) assert.match(container, /^[0-9a-f]{64}$/)
  if (unit !== null) assert.match(unit, /^[\w:.\\@-]{3,255}$/)
  assert.ok(cgroup === null || input.split('\n').some((line) => line.endsWith(`:${cgroup}`)), 'of one line')
  assert.ok(unit === null || cgroup?.includes(unit), 'a unit of that cgroup')
}

/** What some work returns; undefined where it refuses its input. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof InputError) return undefined
    throw error
  }
}
