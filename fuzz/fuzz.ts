/**
 * Looks for an input that breaks what is promised of every filter, by changing what real kernels gave: `npm run fuzz`, or
 * `npm run fuzz -- --seconds 600 --seed 7`. What it finds is written to test/fuzz/findings/, where a test holds it from then on.
 * (Jazzer.js, which is guided by coverage, brings a native library that needs a newer glibc, 2.38, than Debian 12 has.)
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { ByteString } from '../src/text/byte-string.js'
import { boltFile } from '../test/helpers/bolt.js'
import { hold, names } from './invariants.js'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
  },
})

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** Mulberry32: the same seed gives the same run. */
let state = Number(values.seed)
function below(limit: number): number {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
}

function pick<T>(all: readonly T[]): T {
  const one = all[below(all.length)]
  if (one === undefined) throw new Error('nothing to pick from')
  return one
}

/** What real kernels and CRIU gave, and what the filters made of it. */
const LONGEST = 20_000
const corpus: ByteString[] = readdirSync(`${repository}/samples`, { recursive: true, encoding: 'utf8' })
  .filter((file) => /mountinfo|\/maps$|map_files\.txt|dump\.log$|\.ndjson$|\/br\d+$/.test(file))
  .map((file) => readFileSync(`${repository}/samples/${file}`, 'latin1').slice(0, LONGEST))
  .filter((text) => text !== '')

/** Databases as containerd's are, in pages as small as there are, so that a change meets more of them. */
const many = Object.fromEntries(
  Array.from({ length: 40 }, (_, i) => [`sha256:${i}`, { id: String(i), kind: '\x03' }]),
)
const databases: ByteString[] = [1, 3, 50].map((fanout) =>
  boltFile(
    { v1: { snapshots: many, parents: { '\x01\0': 'x'.repeat(2000) } } },
    { pageSize: 512, fanout: fanout + 1 },
  ).toString('latin1'),
)

const TOKENS = [
  ...[
    '\n',
    '\r',
    '\0',
    ' ',
    '\\',
    '\\012',
    '\\134',
    '"',
    '{',
    '}',
    ',',
    ':',
    '=',
    '/',
    ' - ',
    ' -> ',
    ' (deleted)',
  ],
  ...[
    '\xff',
    '\xc3\xa9',
    '\\u0000',
    '\\ud800',
    '_b64":"',
    '__proto__',
    'br:/',
    'lowerdir=',
    'lowerdir+=',
    '::',
    'si=',
  ],
  ...[
    '/sys/fs/aufs/si_1a/br0 : /',
    '@ ./',
    'options ',
    '99999999999999999999',
    '-1',
    'null',
    '[',
    ']',
    '.wh.',
  ],
]

function changed(text: ByteString): ByteString {
  const [at, length] = [below(text.length + 1), below(pick([2, 20, 200]))]
  const [before, cut, after] = [text.slice(0, at), text.slice(at, at + length), text.slice(at + length)]
  switch (below(6)) {
    case 0:
      return before + String.fromCharCode(below(256)) + text.slice(at + 1)
    case 1:
      return before + after
    case 2:
      return before + pick(TOKENS) + text.slice(at)
    case 3:
      return before + cut + cut + after
    case 4: {
      const other = pick(corpus)
      return before + other.slice(below(other.length)).slice(0, length) + after
    }
    default:
      return before + pick(TOKENS) + after
  }
}

const end = Date.now() + Number(values.seconds) * 1000
let runs = 0
const found = new Set<string>()
console.log(`seed ${values.seed}, ${corpus.length} inputs`)
while (Date.now() < end) {
  const name = pick(names)
  let input = pick(name === 'bolt' ? databases : corpus)
  for (let changes = 1 + below(8); changes > 0; changes -= 1) input = changed(input)
  const cuts = Array.from({ length: below(5) }, () => below(LONGEST))
  runs += 1
  try {
    hold(name, input, cuts)
  } catch (error) {
    // One of a kind is enough to read.
    const kind = `${name}: ${error instanceof Error ? error.message : error}`.split('\n')[0] ?? name
    if (found.has(kind)) continue
    found.add(kind)
    const least = smallest(name, input, cuts)
    const file = `test/fuzz/findings/${name}-${createHash('sha256').update(least, 'latin1').digest('hex').slice(0, 12)}`
    writeFileSync(`${repository}/${file}`, least, 'latin1')
    console.error(`${file}: ${kind}`)
  }
}
console.log(`${runs} inputs, ${found.size} findings`)
process.exitCode = found.size > 0 ? 1 : 0

/** Without all that can be left out: what is broken by then need not be what was found first. */
function smallest(name: string, input: ByteString, cuts: readonly number[]): ByteString {
  let least = input
  for (let size = input.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < least.length; ) {
      const less = least.slice(0, at) + least.slice(at + size)
      if (isBroken(name, less, cuts)) least = less
      else at += size
    }
  }
  return least
}

function isBroken(name: string, input: ByteString, cuts: readonly number[]): boolean {
  try {
    hold(name, input, cuts)
    return false
  } catch {
    return true
  }
}
