/** What a process has in memory against the bytes of the files, for what is not known to be current. */
import type { InputError } from '../../errors.js'
import type { Emit } from '../../lines/filter.js'
import type { Kernel } from '../../proc/map-files.js'
import type { Process } from '../../proc/process.js'
import type { ProcessContext } from '../context.js'
import { isMemory } from '../names.js'
import type { Vma } from '../record.js'
import { type Compared, Comparer, type Told } from './comparer.js'

/**
 * The records of a process with what the bytes tell.
 *
 * @param records all those of the process
 * @param known what files told that processes of the same namespace map
 * @throws InputError where the process has ended
 */
export function compared(
  records: readonly Vma[],
  context: ProcessContext,
  process: Process,
  known: Compared,
  warn: Emit<InputError>,
): Vma[] {
  const comparer = new Comparer(context, process, known, warn)
  try {
    const told = new Map<Vma, Told | null>()
    for (const group of groupsOf(records)) {
      const ofFile = comparer.compare(group)
      for (const vma of group) told.set(vma, ofFile)
    }
    for (const vma of comparer.mappedOtherwise()) told.set(vma, null)
    return records.map((vma) => withTold(vma, told.get(vma) ?? null))
  } finally {
    comparer.close()
  }
}

/** The mappings of each file that is to be compared: what is mapped of it counts together. */
function groupsOf(records: readonly Vma[]): [Vma, ...Vma[]][] {
  const files = new Map<Kernel, Map<string, [Vma, ...Vma[]]>>()
  for (const vma of records) {
    const { kernel, state, branch, link } = vma
    // Where nothing was asked of the file, its filesystem may hang.
    if (state === 'current' || isMemory(link) || kernel.dev === null) continue
    const groups = files.get(kernel) ?? new Map<string, [Vma, ...Vma[]]>()
    files.set(kernel, groups)
    const key = `${state} ${branch?.index}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [vma])
    else group.push(vma)
  }
  return [...files.values()].flatMap((groups) => [...groups.values()])
}

/**
 * A record with `same_bytes` after `state`. Of what is current the path shows the very file. (Each field is named: V8 takes 10 µs to
 * gather the rest of a record, and as long to put a field between others.)
 */
function withTold(vma: Vma, told: Told | null): Vma {
  const { pid, comm, container, unit, cgroup, start, end, perms, offset, link, path, rpath, fpath } = vma
  const { dev, ino, mnt_id, fixed, kernel } = vma
  const {
    state,
    same_bytes,
    branch = vma.branch,
  } = told ?? { state: vma.state, same_bytes: vma.state === 'current' ? true : null }
  return {
    pid,
    comm,
    container,
    unit,
    cgroup,
    start,
    end,
    perms,
    offset,
    link,
    path,
    rpath,
    fpath,
    dev,
    ino,
    mnt_id,
    fixed,
    state,
    same_bytes,
    branch,
    kernel,
  }
}
