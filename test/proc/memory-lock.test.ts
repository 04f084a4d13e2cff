import { spawnSync } from 'node:child_process'
import test, { type ExecutionContext } from 'ava'
import { isMemoryLocked } from '../../src/proc/memory-lock.js'
import { tempFolder, writeTree } from '../helpers/folders.js'
import { statLine } from '../helpers/procfs.js'

/** A process with a thread in some state; whoever reads a FIFO as its maps waits. */
function processOf(t: ExecutionContext, state: string, maps: 'file' | 'fifo'): string {
  const folder = tempFolder(t)
  writeTree(folder, { 'task/7/stat': statLine(1, 'a', 'S'), 'task/8/stat': statLine(1, 'b', state) })
  if (maps === 'file') writeTree(folder, { maps: '' })
  else spawnSync('mkfifo', [`${folder}/maps`])
  return folder
}

test('A process of which a thread waits where no signal ends it, and whose maps nobody can read, is locked', (t) => {
  t.true(isMemoryLocked(processOf(t, 'D', 'fifo')))
})

test('One whose maps can be read is not, nor one that waits for nothing, nor one that is gone', (t) => {
  t.false(isMemoryLocked(processOf(t, 'D', 'file')))
  t.false(isMemoryLocked(processOf(t, 'S', 'fifo')))
  t.false(isMemoryLocked('/nowhere'))
})
