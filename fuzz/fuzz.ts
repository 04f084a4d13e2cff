/**
 * Looks for an input that breaks what is promised of every filter, by changing what real kernels gave: `npm run fuzz`, or
 * `npm run fuzz -- --inputs 100000 --seed 7`, or `--seconds 600`. What it finds is written to test/fuzz/findings/, where a test holds it from then on.
 * (Jazzer.js, which is guided by coverage, brings a native library that needs a newer glibc, 2.38, than Debian 12 has.)
 */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { ByteString } from '../src/text/byte-string.js'
import { inputFor, LONGEST } from './corpus.js'
import { hold, names } from './invariants.js'
import { randomOf } from './random.js'

const { values } = parseArgs({
  options: {
    inputs: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
  },
})
const most = Number(values.inputs ?? Number.POSITIVE_INFINITY)
const seconds = Number(values.seconds ?? (values.inputs === undefined ? 60 : Number.POSITIVE_INFINITY))

// Most inputs are refused: where in the code they are would take longer to tell than all else.
Error.stackTraceLimit = 0

const folder = 'test/fuzz/findings'
const repository = fileURLToPath(new URL('../..', import.meta.url))
const random = randomOf(Number(values.seed))
const end = Date.now() + seconds * 1000
let inputs = 0
const found = new Set<string>()
console.log(`seed ${values.seed}`)
for (; inputs < most && Date.now() < end; inputs += 1) {
  const name = random.pick(names)
  const input = inputFor(name, random)
  const cuts = Array.from({ length: random.below(5) }, () => random.below(LONGEST))
  try {
    hold(name, input, cuts)
  } catch (error) {
    // One of a kind is enough to read.
    const kind = `${name}: ${error instanceof Error ? error.message : error}`.split('\n')[0] ?? name
    if (found.has(kind)) continue
    found.add(kind)
    const least = smallest(name, input, cuts)
    const file = `${folder}/${name}-${createHash('sha256').update(least, 'latin1').digest('hex').slice(0, 12)}`
    writeFileSync(`${repository}/${file}`, least, 'latin1')
    console.error(`${file}: ${kind} (input ${inputs + 1})`)
  }
}
console.log(`${inputs} inputs, ${found.size} findings`)
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
