/** Whose a mount namespace is. */
import { namespaceOf } from '../process.js'
import { runProgram } from '../run-program.js'

/** As long as lsns may take, in milliseconds, and as much as it may print, in bytes. */
const [PATIENCE, MOST] = [2000, 100]

/**
 * The user namespace whose root may mount where a process's mounts are. It need not be the process's own: root enters the mounts
 * of a container by `nsenter -m`.
 *
 * ioctl_ns(2) alone tells it (NS_GET_USERNS), which Node does not have, so lsns is asked (ONS, util-linux 2.38). Where it does not
 * tell, the process's own is all that there is to go by.
 *
 * @param folder of the process: `/proc/7`
 * @returns its inode; null where nothing is told
 * @example ownerOfMounts('/proc/1') // '4026531837'
 */
export function ownerOfMounts(folder: string): string | null {
  const [, pid] = /^\/proc\/(\d+)$/.exec(folder) ?? []
  return (pid === undefined ? null : askLsns(pid)) ?? userNamespace(folder)
}

function askLsns(pid: string): string | null {
  const args = ['-n', '-r', '-t', 'mnt', '-o', 'ONS', '-p', pid]
  const { stdout } = runProgram('lsns', args, { timeout: PATIENCE, most: MOST })
  return /^(\d+)\n$/.exec(stdout ?? '')?.[1] ?? null
}

/** The user namespace of a process, by its inode; null where that is not told. */
export function userNamespace(folder: string): string | null {
  return /^user:\[(\d+)\]$/.exec(namespaceOf(folder, 'user') ?? '')?.[1] ?? null
}
