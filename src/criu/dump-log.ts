/** What CRIU logs of unions while it dumps: branch tables out of `dump.log`. */
import type { Duplex } from 'node:stream'
import { BoundedMap, keyText } from '../bounded-map.js'
import { InputError } from '../errors.js'
import type { Emit, Filter, LineOptions } from '../lines/filter.js'
import { pair } from '../lines/scan.js'
import { recordStream } from '../lines/streams.js'
import type { ByteString } from '../text/byte-string.js'
import { decodeOctal } from '../text/octal.js'
import type { Branch, BranchTable } from '../unions/branch-table.js'
import { overlayLayers } from '../unions/overlay/options.js'

/** One branch as CRIU logs it: `/sys/fs/aufs/si_<si>/br<N> : <path>`. */
export interface LoggedBranch {
  /** The superblock's id, hexadecimal without padding. */
  si: ByteString
  /** N of br<N>, 0 for the topmost. */
  index: number
  /** The folder, decoded. */
  path: ByteString
}

/** A mount as CRIU logs it, what stands in its options as it stands there: escaped. */
export interface LoggedMount {
  /** The type: `aufs`, `overlay`, or any other. */
  fs_type: ByteString
  /** The mount, as in the mountinfo that CRIU read. */
  mount_id: number
  /** `major:minor` of the superblock, decimal. */
  dev: string
  /** What of the filesystem is mounted. */
  root: ByteString
  /** Where, seen from the process's root: without the dot that CRIU begins it with. */
  mount_point: ByteString
  /** The superblock's options, with commas between them. */
  options: ByteString
}

/** The mount of a table, where a log tells it. */
type Place = Pick<BranchTable, 'mount_id' | 'mount_point' | 'root' | 'dev'>

/** Branch lines of one superblock that follow each other. */
interface Collection {
  si: ByteString
  paths: Map<number, ByteString>
  /** The line that it began at. */
  line: number
}

/** How many collections are remembered of an endless log, and how many mounts. */
const REMEMBERED = 10_000
const MOUNTS_REMEMBERED = 1000

/** What CRIU writes a line from (LOG_BUF_LEN in criu/log.c); what of a longer one is in the log is not what it meant. */
const LONGEST_LINE = 8192

/** What is rarest of the texts of a branch, `/sys/fs/aufs/si_…`, and of a mount, `… @ ./…`. */
const BRANCHES = pair('i_')
const MOUNTS = pair('@ ')

const NOWHERE: Place = { mount_id: null, mount_point: null, root: null, dev: null }

// The most that AUFS can be configured for is 32767 branches, so no number has more than five digits.
const BRANCH = /\/sys\/fs\/aufs\/si_([0-9a-f]{1,16})\/br(0|[1-9]\d{0,4}) : (\/.*)$/s

/**
 * Parses a branch line, whatever stands before it in the line; the path is decoded as sysfs escapes it.
 *
 * @returns null where the line holds none
 * @example parseLoggedBranch('(00.036097) /sys/fs/aufs/si_1956a7d9c240c0/br0 : /o/sp\\040ace') // { si: '1956a7d9c240c0', index: 0, path: '/o/sp ace' }
 */
export function parseLoggedBranch(line: ByteString): LoggedBranch | null {
  if (!line.includes('/sys/fs/aufs/si_')) return null
  const [, si, number, path] = BRANCH.exec(line) ?? []
  if (si === undefined || number === undefined || path === undefined) return null
  return { si, index: Number(number), path: decodeOctal(path) }
}

const TYPE = /type (\S+) source /
const DEVICE = / mnt_id (\d{1,15}) s_dev (0x[0-9a-f]{1,8}|0) (?=\/)/
const AT = ' @ .'
const OPTIONS = ' options '

/**
 * Parses a mount line: `type %s source %s mnt_id %d s_dev %#x %s @ %s flags %#x options %s` (CRIU's `parse_mountinfo()`).
 * Source, root and mount point stand there decoded, so they may hold spaces, and the words of this very format; the
 * options hold no space, and are taken from the end.
 *
 * @returns null where the line is none
 * @example parseLoggedMount('type aufs source none mnt_id 30 s_dev 0x12 / @ ./vol flags 0 options si=1a')?.mount_point // '/vol'
 */
export function parseLoggedMount(line: ByteString): LoggedMount | null {
  if (!line.includes(' s_dev ')) return null
  const optionsAt = line.lastIndexOf(OPTIONS)
  const head = line.slice(0, Math.max(0, line.lastIndexOf(' flags ', optionsAt)))
  const [, fs_type] = TYPE.exec(head) ?? []
  const device = DEVICE.exec(head)
  if (fs_type === undefined || device === null) return null
  const place = head.slice(device.index + device[0].length)
  const at = place.indexOf(`${AT}/`)
  if (at === -1) return null
  return {
    fs_type,
    mount_id: Number(device[1]),
    dev: parseDevice(Number(device[2])),
    root: place.slice(0, at),
    mount_point: place.slice(at + AT.length),
    options: line.slice(optionsAt + OPTIONS.length),
  }
}

/** The kernel's own `dev_t`: major << 20 | minor. */
function parseDevice(device: number): string {
  return `${device >>> 20}:${device & 0xfffff}`
}

/** The filter behind {@link parseLog}. */
export function logFilter(): Filter<BranchTable> {
  const places = new BoundedMap<ByteString, Place>(MOUNTS_REMEMBERED)
  const given = new BoundedMap<string, true>(REMEMBERED)
  let collection: Collection | null = null

  const tellOnce = (table: BranchTable, emit: Emit<BranchTable>) => {
    const key = keyOf(table)
    if (!given.has(key)) emit(table)
    given.set(key, true)
  }
  const close = (emit: Emit<BranchTable>, warn: Emit<InputError>) => {
    if (collection === null) return
    const { si, paths, line } = collection
    collection = null
    const branches = branchesOf(paths)
    if (branches === null) return warn(gap(si, paths, line))
    const place = places.get(si) ?? NOWHERE
    tellOnce({ ...place, fs_type: 'aufs', si, source: 'log', xi_path: null, workdir: null, branches }, emit)
  }
  return {
    // A line that says nothing ends a collection all the same.
    next: (scan, start, end) =>
      collection === null ? scan.nextWithPair(start, end, BRANCHES, MOUNTS) : start,
    tooLong: close,
    line({ text: raw, number }, emit, warn) {
      // sysfs escapes a carriage return in a path: one at the end came with the line ending.
      const text = raw.endsWith('\r') ? raw.slice(0, -1) : raw
      if (text === '') return
      const branch = parseLoggedBranch(text)
      if (collection === null || branch?.si !== collection.si || collection.paths.has(branch.index))
        close(emit, warn)
      const mount = branch === null ? parseLoggedMount(text) : null
      const fault = branch === null && mount === null ? null : faultOf(text)
      if (fault !== null) {
        // Without this branch, those before it are not the union.
        collection = null
        throw new InputError(fault, text)
      }
      if (branch !== null) {
        collection ??= { si: branch.si, paths: new Map(), line: number }
        collection.paths.set(branch.index, branch.path)
        return
      }
      if (mount?.fs_type === 'overlay' && /(^|,)lowerdir\+?=/.test(mount.options))
        tellOnce(overlayTable(mount), emit)
      const si = mount?.fs_type === 'aufs' ? /(?:^|,)si=([0-9a-f]+)/.exec(mount.options)?.[1] : undefined
      if (mount !== null && si !== undefined) places.set(si, placeOf(mount))
    },
    end: close,
  }
}

function faultOf(text: ByteString): string | null {
  if (text.includes('\0')) return 'a NUL, which no path holds'
  return text.length > LONGEST_LINE ? `longer than CRIU logs (${LONGEST_LINE} bytes)` : null
}

function placeOf({ mount_id, mount_point, root, dev }: LoggedMount): Place {
  return { mount_id, mount_point, root, dev }
}

function overlayTable(mount: LoggedMount): BranchTable {
  const { branches, workdir } = overlayLayers(mount.options.split(',').map(decodeOctal))
  return { ...placeOf(mount), fs_type: 'overlay', si: null, source: 'log', xi_path: null, workdir, branches }
}

/** In the order of their numbers; null where one is missing. */
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
 * What makes a collection the same as one before: its superblock and branches, wherever they are mounted; of an overlay
 * the mount too, as nothing else tells one from another.
 */
function keyOf(table: BranchTable): string {
  const same = table.si === null ? table : [table.si, table.branches.map(({ path }) => path)]
  return keyText(JSON.stringify(same))
}

/**
 * A stream from the bytes of a CRIU log to {@link BranchTable}s: a collection of branch lines is one table, and so is an
 * overlay mount. The same logged again is given once (of the last 10,000).
 *
 * Lines of a collection with a gap in its numbers are an {@link InputError}, with the line that it began at, and no table.
 *
 * @example createReadStream('dump.log').pipe(parseLog()).on('data', (table) => …)
 */
export function parseLog(options?: LineOptions): Duplex {
  return recordStream(logFilter(), options)
}
