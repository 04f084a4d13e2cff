/** Folders and files that a test makes, and what it holds open of them. */

import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { askAll } from '../../src/files/asking.js'
import { walkTo } from '../../src/files/walk.js'
import type { ByteString } from '../../src/text/byte-string.js'

/** A folder for one test, gone when the test has ended. */
export function tempFolder(t: ExecutionContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'aufs-filters-')))
  // What a container leaves may still be on its way there.
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20 }))
  return folder
}

/** Writes files, by their paths below a folder; null makes a folder of that name. The contents are byte strings. */
export function writeTree(folder: string, files: Record<string, ByteString | null>): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path)
    mkdirSync(content === null ? file : dirname(file), { recursive: true })
    if (content !== null) writeFileSync(file, content, 'latin1')
  }
}

/** How many descriptors are open on what lies below a folder: other tests, of the same process, have theirs. */
export function openBelow(folder: string): number {
  return openOn((path) => path.startsWith(folder))
}

/** How many descriptors are open on one path. Of a path that others open too, some are theirs. */
export function openAt(path: string): number {
  return openOn((each) => each === path)
}

function openOn(isMeant: (path: string) => boolean): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return isMeant(readlinkSync(`/proc/self/fd/${fd}`))
    } catch {
      return false
    }
  }).length
}

export { askAll }

/** The number of the mount that a folder lies on. */
export function mountAt(folder: string): number {
  const { fd, mountId } = walkTo(folder, askAll)
  closeSync(fd)
  return mountId
}
