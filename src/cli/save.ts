/** Writes files so that each is there whole, or not at all. */
import { randomUUID } from 'node:crypto'
import { closeSync, openSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { ByteString } from '../text/byte-string.js'
import { writeAll } from './io.js'

/**
 * Writes a file under another name, and renames it when it is whole. What is no regular file (`/dev/stdout`, a pipe) is
 * written to directly.
 *
 * @throws a system error. A file that was there before is then still as it was.
 * @example save('picture.html', page)
 */
export function save(file: string, bytes: ByteString): void {
  const old = statSync(file, { throwIfNoEntry: false })
  if (old !== undefined && !old.isFile()) {
    writeTo(openSync(file, 'w'), bytes)
    return
  }
  const target = old === undefined ? file : realpathSync(file)
  const unfinished = join(dirname(target), `.${basename(target).slice(0, LONGEST)}.${randomUUID()}`)
  try {
    writeTo(openSync(unfinished, 'wx', old?.mode ?? 0o666), bytes)
    renameSync(unfinished, target)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
}

/** How much of the name the other name takes, so that it is not longer than a name may be. */
const LONGEST = 50

function writeTo(fd: number, bytes: ByteString): void {
  try {
    writeAll(fd, bytes)
  } finally {
    closeSync(fd)
  }
}
