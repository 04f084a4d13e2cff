/** Runs another program, which a signal ends: what it reads may wait for a process that has its memory locked. */
import type { SpawnSyncReturns } from 'node:child_process'
import type { ByteString } from '../text/byte-string.js'

/** How it is run. */
interface ProgramOptions {
  /** How long it may take, in milliseconds. */
  timeout: number
  /** How many bytes of its output are wanted. Default: none. */
  most?: number
}

/** Its output as far as it came, null where it cannot be run; and in `error` why there is no more. */
export function runProgram(
  program: string,
  args: readonly string[],
  { timeout, most }: ProgramOptions,
): SpawnSyncReturns<ByteString | null> {
  // To load it takes longer than most inputs.
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  return spawnSync(program, args, {
    stdio: ['ignore', most === undefined ? 'ignore' : 'pipe', 'ignore'],
    encoding: 'latin1',
    timeout,
    killSignal: 'SIGKILL',
    ...(most !== undefined && { maxBuffer: most }),
  })
}
