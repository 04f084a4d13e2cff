/**
 * A sink of its own: counts the bytes that are mapped from each layer, of entries that another host has read:
 *
 *   ssh host aufs-vma --raw --all | node by-layer.js TABLES
 *
 * TABLES has the branch tables of that host (`aufs-branches`), NDJSON.
 */
import { createReadStream } from 'node:fs'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type BranchTable, fixVmas, fromNdjson, parseMapFiles, type Vma } from 'aufs-filters'

class ByLayer extends Writable {
  readonly bytes = new Map<string, bigint>()

  constructor() {
    super({ objectMode: true })
  }

  override _write({ branch, start, end }: Vma, _encoding: string, done: () => void): void {
    if (branch?.path != null) {
      // A name that is no UTF-8 is told apart by its `path_b64`, which the record has too.
      const layer = JSON.stringify(branch, ['path', 'path_b64'])
      this.bytes.set(layer, (this.bytes.get(layer) ?? 0n) + BigInt(`0x${end}`) - BigInt(`0x${start}`))
    }
    done()
  }
}

const [file = '/dev/null'] = process.argv.slice(2)
const tables: BranchTable[] = await createReadStream(file).pipe(fromNdjson()).toArray()

const byLayer = new ByLayer()
await pipeline(process.stdin, parseMapFiles(), fixVmas({ tables }), byLayer)
for (const [layer, bytes] of [...byLayer.bytes].sort(([, a], [, b]) => (a < b ? 1 : -1)))
  console.log(`${bytes}\t${layer}`)
