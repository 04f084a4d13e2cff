/** The log of a CRIU dump to branch tables: CRIU logs the unions that a process has mounted. */
import { BoundedMap, keyText } from '../bounded-map.js'
import { InputError } from '../errors.js'
import type { Emit, Filter, LineOptions } from '../lines/filter.js'
import type { Chunk, RecordStream } from '../lines/record-stream.js'
import { pair } from '../lines/scan.js'
import { recordStream } from '../lines/streams.js'
import type { ByteString } from '../text/byte-string.js'
import { decodeOctal } from '../text/octal.js'
import type { Text } from '../text/text-types.js'
import { aufs } from '../unions/aufs/aufs.js'
import type { Branch, BranchTable } from '../unions/branch-table.js'
import { unionTypeOf } from '../unions/types.js'
import {
  type LoggedBranch,
  type LoggedMount,
  parseLoggedBranch,
  parseLoggedId,
  parseLoggedMount,
} from './logged-lines.js'

/** The mount of a table, where the log has it. */
type Place = Pick<BranchTable, 'mount_id' | 'mount_point' | 'root' | 'dev' | 'mount_options' | 'options'>

/** Branch lines of one superblock that follow each other. */
interface Collection {
  si: ByteString
  branches: Map<number, LoggedBranch>
  ids: Map<number, number>
  /** The number of its first line. */
  line: number
}

/** How many collections of an endless log are remembered, and how many mounts. */
const COLLECTIONS_REMEMBERED = 10_000
const MOUNTS_REMEMBERED = 1000

/** The size of CRIU's buffer for a line (LOG_BUF_LEN in criu/log.c). A longer line is not what CRIU meant to write. */
const LONGEST_LINE = 8192

/** What is rarest of the texts of a branch, `/sys/fs/aufs/si_…`, and of a mount, `… @ ./…`. */
const BRANCHES = pair('i_')
const MOUNTS = pair('@ ')

const NOWHERE: Place = {
  ...{ mount_id: null, mount_point: null, root: null, dev: null },
  ...{ mount_options: null, options: null },
}

/** The filter behind {@link parseLog}. */
export function logFilter(): Filter<BranchTable> {
  const places = new BoundedMap<ByteString, Place>(MOUNTS_REMEMBERED)
  const emitted = new BoundedMap<string, true>(COLLECTIONS_REMEMBERED)
  let collection: Collection | null = null

  const emitOnce = (table: BranchTable, emit: Emit<BranchTable>) => {
    const key = keyOf(table)
    if (!emitted.has(key)) emit(table)
    emitted.set(key, true)
  }
  const close = (emit: Emit<BranchTable>, warn: Emit<InputError>) => {
    if (collection === null) return
    const { si, line } = collection
    const branches = branchesOf(collection)
    if (branches === null) warn(gap(collection, line))
    else emitOnce(tableOf(places.get(si) ?? NOWHERE, aufs.fsType, si, { workdir: null, branches }), emit)
    collection = null
  }
  const collect = (branch: LoggedBranch, line: number) => {
    collection ??= { si: branch.si, branches: new Map(), ids: new Map(), line }
    collection.branches.set(branch.index, branch)
  }
  const takeMount = (mount: LoggedMount, emit: Emit<BranchTable>) => {
    const type = unionTypeOf(mount.fs_type)
    if (type === null) return
    const super_options = mount.options.split(',').map(decodeOctal)
    const { mount_id, mount_point, root, dev, mount_options } = mount
    const options = type.ownOptions(super_options)
    const place = { mount_id, mount_point, root, dev, mount_options, options }
    const si = type.superblockId(super_options)
    if (si !== null) places.set(si, place)
    const layers = type.branchesInLog({ ...mount, super_options })
    if (layers !== null) emitOnce(tableOf(place, type.fsType, si, layers), emit)
  }
  return {
    // Any line ends a collection, so none is skipped while there is one.
    next: (scan, start, end) =>
      collection === null ? scan.nextWithPair(start, end, BRANCHES, MOUNTS) : start,
    tooLong: close,
    line({ text: raw, number }, emit, warn) {
      const text = withoutReturn(raw)
      if (endsNothing(collection, text)) return
      const branch = parseLoggedBranch(text)
      if (!isNextOf(collection, branch)) close(emit, warn)
      const mount = branch === null ? parseLoggedMount(text) : null
      if (branch === null && mount === null) return
      const fault = faultOf(text)
      if (fault !== null) {
        // Without this branch, those before it are not the whole union.
        collection = null
        throw fault
      }
      if (branch !== null) collect(branch, number)
      if (mount !== null) takeMount(mount, emit)
    },
    end: close,
  }
}

/** A line without the carriage return of its ending. One at the end of a path is escaped, as sysfs does it. */
function withoutReturn(line: ByteString): ByteString {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

/** Whether a branch belongs to the collection before it. */
function isNextOf(collection: Collection | null, branch: LoggedBranch | null): boolean {
  return collection !== null && branch?.si === collection.si && !collection.branches.has(branch.index)
}

/** What makes a line unusable; null for a good one. */
function faultOf(text: ByteString): InputError | null {
  if (text.includes('\0')) return new InputError('a NUL, which no path holds', text)
  if (text.length <= LONGEST_LINE) return null
  return new InputError(`longer than CRIU logs (${LONGEST_LINE} bytes)`, text)
}

/** Whether a line is empty, or an id, which is taken: what grep prints of sysfs has a union's ids after all of its branches. */
function endsNothing(collection: Collection | null, text: ByteString): boolean {
  if (text === '') return true
  const logged = collection === null ? null : parseLoggedId(text)
  if (collection === null || logged?.si !== collection.si) return false
  collection.ids.set(logged.index, logged.id)
  return true
}

function tableOf(
  { mount_id, mount_point, root, dev, mount_options, options }: Place,
  fs_type: string,
  si: ByteString | null,
  { workdir, branches }: Pick<BranchTable, 'workdir' | 'branches'>,
): BranchTable {
  return {
    ...{ mount_id, mount_point, root, dev, fs_type, si, source: 'log', xi_path: null, workdir },
    ...{ mount_options, options, branches },
  }
}

/** The branches in the order of their numbers; null where one is missing. */
function branchesOf({ branches, ids }: Collection): Branch[] | null {
  const ordered: Branch[] = []
  for (let index = 0; index < branches.size; index += 1) {
    const branch = branches.get(index)
    if (branch === undefined) return null
    const { path, perm, attributes } = branch
    ordered.push({ index, id: ids.get(index) ?? null, path, perm, attributes })
  }
  return ordered
}

function gap({ si, branches }: Collection, line: number): InputError {
  let missing = 0
  while (branches.has(missing)) missing += 1
  const error = new InputError(`br${missing} of si_${si} is missing in the branch lines that begin here`)
  error.line = line
  return error
}

/**
 * What two tables have in common if they are the same. Of AUFS it is the superblock and the branches, wherever they are
 * mounted. Of an overlay it is the mount too, as an overlay has no other identity.
 */
function keyOf(table: BranchTable): string {
  const same = table.si === null ? table : [table.si, table.branches.map(({ path, perm }) => [path, perm])]
  return keyText(JSON.stringify(same))
}

/**
 * A stream from the bytes of a CRIU log to {@link BranchTable}s. A collection of branch lines is one table, and so is an
 * overlay mount. A table that was logged before is left out, if it is one of the last 10,000.
 *
 * Errors are {@link InputError}s. A gap in the numbers of a collection is one, with the number of its first line, and
 * gives no table. So is a branch or mount line with a NUL, or longer than CRIU logs.
 *
 * @example createReadStream('dump.log').pipe(parseLog()).on('data', ({ branches }) => console.log(branches))
 */
export function parseLog(options?: LineOptions): RecordStream<Chunk, Text<BranchTable>> {
  return recordStream(logFilter(), options)
}
