/** Which processes are a container's, for `--container`. */
import { InputError } from '../errors.js'
import { parseCgroups } from '../proc/cgroup.js'
import { listPids, Process } from '../proc/process.js'

/**
 * The processes of the container whose id begins so.
 *
 * @throws InputError where no process is of such a container, or of several
 */
export function pidsOfContainer(start: string, procfs: string): number[] {
  const found = new Map<string, number[]>()
  for (const pid of listPids(procfs)) {
    const container = containerOfProcess(procfs, pid)
    if (isOf(container, start)) found.set(container, [...(found.get(container) ?? []), pid])
  }
  const [pids, ...others] = found.values()
  if (pids === undefined)
    throw new InputError(`--container ${start}: no process is of a container whose id begins so`)
  if (others.length > 0)
    throw new InputError(`--container ${start}: ${found.size} containers have ids that begin so`)
  return pids
}

/** Null also where the process has ended. */
function containerOfProcess(procfs: string, pid: number): string | null {
  try {
    return parseCgroups(new Process(pid, procfs).text('cgroup') ?? '').container
  } catch (error) {
    if (error instanceof InputError) return null
    throw error
  }
}

/** Whether a container's id is this one, or begins so. */
export function isOf(container: string | null, start: string): container is string {
  return container?.startsWith(start) ?? false
}
