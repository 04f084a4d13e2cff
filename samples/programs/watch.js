/**
 * Tells when a file that a process maps becomes another state, until the process has ended:
 *
 *   node samples/programs/watch.js PID [SECONDS]
 *   {"path":"/usr/lib/libssl.so.3","was":["current"],"is":["replaced"]}
 *
 * A file may be mapped in several states at once: the old one and its successor.
 */
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { InputError, toNdjson, vmas } from 'aufs-filters'

/** @param {number} pid */
async function statesOf(pid) {
  /** @type {Map<string, string[]>} */
  const states = new Map()
  for await (const { path, state } of vmas({ pids: [pid] }))
    states.set(path, [...new Set([...(states.get(path) ?? []), state ?? 'unknown'])].sort())
  return states
}

/** @param {number} pid @param {number} seconds */
async function* changes(pid, seconds) {
  let before = await statesOf(pid)
  console.error(`watch: ${before.size} files`)
  for (;;) {
    await sleep(seconds * 1000)
    const now = await statesOf(pid)
    for (const path of new Set([...before.keys(), ...now.keys()])) {
      const [was = [], is = []] = [before.get(path), now.get(path)]
      if (was.join() !== is.join()) yield { path, was, is }
    }
    before = now
  }
}

const [pid, seconds = '1'] = process.argv.slice(2)
try {
  await pipeline(changes(Number(pid), Number(seconds)), toNdjson(), process.stdout)
} catch (error) {
  // A process that has ended, or may not be read.
  if (!(error instanceof InputError)) throw error
  console.error(`watch: ${error.message}`)
}
