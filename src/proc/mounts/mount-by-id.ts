/** One mount, by its number, as mountinfo has it at this moment. */
import { readFileSync, readlinkSync } from 'node:fs'
import { InputError } from '../../errors.js'
import type { ByteString } from '../../text/byte-string.js'
import { listPids } from '../process.js'
import { type Mount, parseMount } from './mountinfo.js'

/**
 * The mount of a number, among the lines of a mountinfo.
 *
 * @returns null where none has it
 * @example mountById('29 21 0:17 / / rw - aufs none rw,si=1a\n', 29)?.fs_type // 'aufs'
 */
export function mountById(mountinfo: ByteString, id: number): Mount | null {
  const start = mountinfo.startsWith(`${id} `) ? 0 : mountinfo.indexOf(`\n${id} `) + 1
  if (start === 0 && !mountinfo.startsWith(`${id} `)) return null
  const end = mountinfo.indexOf('\n', start)
  try {
    return parseMount(mountinfo.slice(start, end === -1 ? undefined : end))
  } catch (error) {
    if (error instanceof InputError) return null
    throw error
  }
}

/** The mount of a number, where a process has it; null where it has none such, or has ended. */
export function mountOfProcess(folder: string, id: number): Mount | null {
  try {
    return mountById(readFileSync(`${folder}/mountinfo`, 'latin1'), id)
  } catch {
    return null
  }
}

/**
 * The mount of a number, where any process has it: a daemon in a mount namespace of its own, with the branches of an AUFS.
 * One process is asked for each namespace and root.
 *
 * @returns the mount, and the folder of the process
 */
export function mountOfAnyone(procfs: string, id: number): { mount: Mount; folder: string } | null {
  const seen = new Set<string>()
  for (const pid of listPids(procfs)) {
    const folder = `${procfs}/${pid}`
    const view = viewOf(folder)
    if (view === null || seen.has(view)) continue
    seen.add(view)
    const mount = mountOfProcess(folder, id)
    if (mount !== null) return { mount, folder }
  }
  return null
}

/** What a process's mountinfo depends on; null where that is not told. */
function viewOf(folder: string): string | null {
  try {
    return `${readlinkSync(`${folder}/ns/mnt`)} ${readlinkSync(`${folder}/root`, 'buffer').toString('latin1')}`
  } catch {
    return null
  }
}
