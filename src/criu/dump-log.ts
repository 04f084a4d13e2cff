/** The log of a CRIU dump to branch tables: CRIU logs the unions that a process has mounted. */
import type { Duplex } from 'node:stream'
import { BoundedMap, keyText } from '../bounded-map.js'
import { InputError } from '../errors.js'
import type { Emit, Filter, LineOptions } from '../lines/filter.js'
import { pair } from '../lines/scan.js'
import { recordStream } from '../lines/streams.js'
import type { ByteString } from '../text/byte-string.js'
import { decodeOctal } from '../text/octal.js'
import { aufs } from '../unions/aufs/aufs.js'
import type { Branch, BranchTable } from '../unions/branch-table.js'
import { unionTypeOf } from '../unions/types.js'
import { type LoggedBranch, type LoggedMount, parseLoggedBranch, parseLoggedMount } from './logged-lines.js'

/** The mount of a table, where the log has it. */
type Place = Pick<BranchTable, 'mount_id' | 'mount_point' | 'root' | 'dev'>

/** Branch lines of one superblock that follow each other. */
interface Collection {
  si: ByteString
  paths: Map<number, ByteString>
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

const NOWHERE: Place = { mount_id: null, mount_point: null, root: null, dev: null }

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
    const { si, paths, line } = collection
    collection = null
    const branches = branchesOf(paths)
    if (branches === null) return warn(gap(si, paths, line))
    const place = places.get(si) ?? NOWHERE
    emitOnce(
      { ...place, fs_type: aufs.fsType, si, source: 'log', xi_path: null, workdir: null, branches },
      emit,
    )
  }
  const collect = ({ si, index, path }: LoggedBranch, line: number) => {
    collection ??= { si, paths: new Map(), line }
    collection.paths.set(index, path)
  }
  const takeMount = (mount: LoggedMount, emit: Emit<BranchTable>) => {
    const type = unionTypeOf(mount.fs_type)
    if (type === null) return
    const options = mount.options.split(',').map(decodeOctal)
    const place = placeOf(mount)
    const si = type.superblockId(options)
    if (si !== null) places.set(si, place)
    const layers = type.branchesInLog(options)
    if (layers === null) return
    const { workdir, branches } = layers
    emitOnce({ ...place, fs_type: type.fsType, si, source: 'log', xi_path: null, workdir, branches }, emit)
  }
  return {
    // Any line ends a collection, so none is skipped while there is one.
    next: (scan, start, end) =>
      collection === null ? scan.nextWithPair(start, end, BRANCHES, MOUNTS) : start,
    tooLong: close,
    line({ text: raw, number }, emit, warn) {
      const text = withoutReturn(raw)
      if (text === '') return
      const branch = parseLoggedBranch(text)
      if (!isNextOf(collection, branch)) close(emit, warn)
      const mount = branch === null ? parseLoggedMount(text) : null
      if (branch === null && mount === null) return
      const fault = faultOf(text)
      if (fault !== null) {
        // Without this branch, those before it are not the whole union.
        collection = null
        throw new InputError(fault, text)
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
  return collection !== null && branch?.si === collection.si && !collection.paths.has(branch.index)
}

/** What makes a line unusable; null for a good one. */
function faultOf(text: ByteString): string | null {
  if (text.includes('\0')) return 'a NUL, which no path holds'
  return text.length > LONGEST_LINE ? `longer than CRIU logs (${LONGEST_LINE} bytes)` : null
}

function placeOf({ mount_id, mount_point, root, dev }: LoggedMount): Place {
  return { mount_id, mount_point, root, dev }
}

/** The branches in the order of their numbers; null where one is missing. */
function branchesOf(paths: Map<number, ByteString>): Branch[] | null {
  const branches: Branch[] = []
  for (let index = 0; index < paths.size; index += 1) {
    const path = paths.get(index)
    if (path === undefined) return null
    branches.push({ index, id: null, path, perm: null, attributes: [] })
  }
  return branches
}

function gap(si: ByteString, paths: Map<number, ByteString>, line: number): InputError {
  let missing = 0
  while (paths.has(missing)) missing += 1
  const error = new InputError(`br${missing} of si_${si} is missing in the branch lines that begin here`)
  error.line = line
  return error
}

/**
 * What two tables have in common if they are the same. Of AUFS it is the superblock and the branches, wherever they are
 * mounted. Of an overlay it is the mount too, as an overlay has no other identity.
 */
function keyOf(table: BranchTable): string {
  const same = table.si === null ? table : [table.si, table.branches.map(({ path }) => path)]
  return keyText(JSON.stringify(same))
}

/**
 * A stream from the bytes of a CRIU log to {@link BranchTable}s. A collection of branch lines is one table, and so is an
 * overlay mount. A table that was logged before is left out, if it is one of the last 10,000.
 *
 * Errors are {@link InputError}s. A gap in the numbers of a collection is one, with the number of its first line, and
 * gives no table. So is a branch or mount line with a NUL, or longer than CRIU logs.
 *
 * @example createReadStream('dump.log').pipe(parseLog()).on('data', (table) => …)
 */
export function parseLog(options?: LineOptions): Duplex {
  return recordStream(logFilter(), options)
}
