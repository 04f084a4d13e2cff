/**
 * Tells when a file that a process maps becomes another state, until the process has ended:
 *
 *   node watch.js PID [SECONDS]
 *   {"path":"/usr/lib/libssl.so.3","was":["current"],"is":["replaced"]}
 *
 * A file may be mapped in several states at once: the old one and its successor.
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fixVmas, InputError, readMapFiles, toNdjson, type Vma } from 'aufs-filters'

type States = Map<string, string[]>

async function statesOf(pid: number): Promise<States> {
  const states: States = new Map()
  await pipeline(readMapFiles({ pids: [pid] }), fixVmas(), async (vmas: AsyncIterable<Vma>) => {
    for await (const { path, state } of vmas)
      states.set(path, [...new Set([...(states.get(path) ?? []), state ?? 'unknown'])].sort())
  })
  return states
}

async function* changes(pid: number, seconds: number) {
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
  await pipeline(Readable.from(changes(Number(pid), Number(seconds))), toNdjson(), process.stdout)
} catch (error) {
  // A process that has ended, or may not be read.
  if (!(error instanceof InputError)) throw error
  console.error(`watch: ${error.message}`)
}
