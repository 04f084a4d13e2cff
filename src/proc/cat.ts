/** Reads a file in another program, which a signal ends: of some the reading waits for a process that has its memory locked. */
import type { SpawnSyncReturns } from 'node:child_process'
import type { ByteString } from '../text/byte-string.js'

/** How it is read. */
interface CatOptions {
  /** How long it may take, in milliseconds. */
  timeout: number
  /** How many bytes of it are wanted. Default: none. */
  most?: number
}

/** Its bytes as far as they came, and in `error` why there are no more. */
export function cat(file: string, { timeout, most }: CatOptions): SpawnSyncReturns<ByteString> {
  // To load it takes longer than most inputs.
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  return spawnSync('cat', ['--', file], {
    stdio: ['ignore', most === undefined ? 'ignore' : 'pipe', 'ignore'],
    encoding: 'latin1',
    timeout,
    killSignal: 'SIGKILL',
    ...(most !== undefined && { maxBuffer: most }),
  })
}
