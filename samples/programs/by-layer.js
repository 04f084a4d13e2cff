/**
 * A sink of its own: counts the bytes that are mapped from each layer, of entries that another host has read:
 *
 *   ssh host aufs-vma --raw --all | node samples/programs/by-layer.js TABLES
 *   6021120	{"path":"/var/lib/docker/overlay2/…/diff"}
 *
 * TABLES has the branch tables of that host (`aufs-branches`), NDJSON.
 */
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { fixVmas, parseMapFiles, parseTables } from 'aufs-filters'

/** @import { Text, Vma } from 'aufs-filters' */

/** @type {Map<string, bigint>} */
const bytesOf = new Map()

/** @param {AsyncIterable<Text<Vma>>} vmas */
async function count(vmas) {
  for await (const { branch, start, end } of vmas) {
    if (branch === null || branch.path === null) continue
    // A name that is no UTF-8 is told apart by its `path_b64`, which the record has too.
    const layer = JSON.stringify(branch, ['path', 'path_b64'])
    bytesOf.set(layer, (bytesOf.get(layer) ?? 0n) + BigInt(`0x${end}`) - BigInt(`0x${start}`))
  }
}

const [file = '/dev/null'] = process.argv.slice(2)
const tables = await createReadStream(file).pipe(parseTables()).toArray()
await pipeline(process.stdin, parseMapFiles(), fixVmas({ tables }), count)
for (const [layer, bytes] of [...bytesOf].sort(([, a], [, b]) => (a < b ? 1 : -1)))
  console.log(`${bytes}\t${layer}`)
