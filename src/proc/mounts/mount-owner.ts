/** Whose a mount namespace is. */
import { readlinkSync } from 'node:fs'

/** As long as lsns may take, in milliseconds. */
const PATIENCE = 2000

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
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  const { stdout } = spawnSync('lsns', ['-n', '-r', '-t', 'mnt', '-o', 'ONS', '-p', pid], {
    stdio: ['ignore', 'pipe', 'ignore'],
    encoding: 'latin1',
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
  })
  return /^(\d+)\n$/.exec(stdout ?? '')?.[1] ?? null
}

/** The user namespace of a process, by its inode; null where that is not told. */
export function userNamespace(folder: string): string | null {
  try {
    return /^user:\[(\d+)\]$/.exec(readlinkSync(`${folder}/ns/user`))?.[1] ?? null
  } catch {
    return null
  }
}
