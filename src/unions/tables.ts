/** Mounts to branch tables: what `aufs-branches` does. */
import type { InputError } from '../errors.js'
import type { Emit, Filter, Line, LineOptions } from '../lines/filter.js'
import type { Chunk, RecordReadable, RecordStream } from '../lines/record-stream.js'
import {
  count,
  type Fields,
  isRecord,
  isWhole,
  list,
  only,
  orNull,
  parseRecord,
  record,
  text,
  texts,
  withOthers,
} from '../lines/records.js'
import { readThrough, recordStream } from '../lines/streams.js'
import { type Mount, OWN_MOUNTINFO, parseMount, readMount } from '../proc/mounts/mountinfo.js'
import { parseMountsLine } from '../proc/mounts/mounts-line.js'
import type { ByteString } from '../text/byte-string.js'
import { toBytes } from '../text/json.js'
import type { Text } from '../text/text-types.js'
import type { Branch, BranchTable } from './branch-table.js'
import { INITIALS, isOtherMount, unionTypeName, unionTypeOf, unionTypes } from './types.js'
import type { BranchReader, UnionMount, UnionType } from './union-type.js'

/** Where the branches are found, and which unions are wanted. To a stream strings are text, to a class byte strings. */
export interface TableOptions {
  /** Where /sys is. Default `/sys`. */
  sysfs?: string
  /** Which unions, by their type in tables (`aufs`, `overlay`). Default all. */
  types?: readonly string[]
  /** The folder of overlay layers whose paths the kernel shows relative. */
  overlayBase?: ByteString | null
}

/** Makes branch tables of mounts, reading each superblock once. */
export class Tables {
  /** Where /sys is. */
  readonly sysfs: string
  readonly #readers: ReadonlyMap<UnionType, BranchReader>

  constructor({ sysfs = '/sys', types, overlayBase = null }: TableOptions = {}) {
    this.sysfs = sysfs
    const wanted = unionTypes.filter(({ fsType }) => types?.includes(fsType) ?? true)
    this.#readers = new Map(wanted.map((type) => [type, type.branchReader({ sysfs, overlayBase })]))
  }

  /** The kind of union that a mount is; null where it is none, or of a kind that is not wanted. */
  wants({ fs_type }: Pick<Mount, 'fs_type'>): UnionType | null {
    const type = unionTypeOf(fs_type)
    return type !== null && this.#readers.has(type) ? type : null
  }

  /**
   * The branch table of a mount.
   *
   * @param warn called for each branch that cannot be read, once for a superblock; the others stand
   * @returns null where the mount is no union that is wanted
   * @throws InputError where no branch can be read at all
   */
  table(mount: UnionMount, warn: Emit<InputError>): BranchTable | null {
    const type = this.wants(mount)
    const read = type === null ? undefined : this.#readers.get(type)
    return type === null || read === undefined ? null : { ...tableOf(mount, type), ...read(mount, warn) }
  }

  /** What the mount itself tells, where no branch can be read; null where it is no union that is wanted. */
  withoutBranches(mount: UnionMount): BranchTable | null {
    const type = this.wants(mount)
    return type === null ? null : tableOf(mount, type)
  }
}

function tableOf(
  { mount_id, mount_point, root, dev, mount_options, super_options }: UnionMount,
  { fsType, superblockId, ownOptions }: UnionType,
): BranchTable {
  const si = superblockId(super_options)
  const nothing = { source: si === null ? 'mountinfo' : 'sysfs', xi_path: null, workdir: null } as const
  const options = ownOptions(super_options)
  return {
    ...{ mount_id, mount_point, root, dev, fs_type: fsType, si, ...nothing },
    ...{ mount_options, options, branches: [] },
  }
}

/** The filter behind {@link branchTables}. */
export function tableFilter(options?: TableOptions): Filter<BranchTable> {
  const tables = new Tables(options)
  return {
    next: (scan, start, end) => scan.nextMount(start, end, INITIALS),
    line(line, emit, warn) {
      if (isOtherMount(line.text)) return
      const mount = mountIn(line)
      const table = tables.table(mount, warn)
      if (table !== null) emit(withOthers(table, mount, CONSUMED))
    },
  }
}

/** A mountinfo line, a line of /proc/mounts, or a mount record in JSON. */
function mountIn({ text: line }: Line): UnionMount {
  if (isRecord(line)) return parseRecord(line, 'mount record', readMount)
  const mounted = parseMountsLine(line)
  return mounted === null ? parseMount(line) : { mount_id: null, root: null, dev: null, ...mounted }
}

/** What a table does not keep of a mount. */
const CONSUMED = new Set<string>([
  'parent_id',
  'optional_fields',
  'mount_source',
  'super_options',
] satisfies (keyof Mount)[])

/**
 * A stream from mountinfo lines, or NDJSON mount records, to {@link BranchTable}s. Mounts that are no union are passed over.
 *
 * @example createReadStream('/proc/self/mountinfo').pipe(branchTables()).on('data', ({ branches }) => console.log(branches))
 */
export function branchTables({
  overlayBase,
  ...options
}: Text<TableOptions> & LineOptions = {}): RecordStream<Chunk | Text<Mount>, Text<BranchTable>> {
  return recordStream(tableFilter({ ...options, overlayBase: toBytes(overlayBase ?? null) }), options)
}

/**
 * The branch tables of the unions that a file of /proc lists. An error of the file ends them.
 *
 * @param file mountinfo, or /proc/mounts
 * @example for await (const { mount_point, branches } of tables()) console.log(mount_point, branches[0]?.path)
 */
export function tables(
  file = OWN_MOUNTINFO,
  options?: Text<TableOptions> & LineOptions,
): RecordReadable<Text<BranchTable>> {
  return readThrough(file, branchTables(options))
}

const SOURCES = ['sysfs', 'mountinfo', 'log'] as const

/** How the fields of a branch are read back. */
export const branchFields: Fields<Branch> = {
  index: count,
  id: orNull(count),
  path: orNull(text),
  perm: orNull(text),
  attributes: texts,
}

/** How the fields of a branch table are read back. */
export const tableFields: Fields<BranchTable> = {
  mount_id: orNull(count),
  mount_point: orNull(text),
  root: orNull(text),
  dev: orNull(text),
  fs_type: unionTypeName,
  si: orNull(text),
  source: only(
    (value): value is BranchTable['source'] => SOURCES.some((source) => source === value),
    'is no source of tables',
  ),
  xi_path: orNull(text),
  workdir: orNull(text),
  mount_options: orNull(texts),
  options: orNull(texts),
  branches: list(record(branchFields)),
}

/** Reads a branch table back. */
export const readTable = record(tableFields)

/**
 * Whether a value, such as `fromNdjson` gives, has the fields of a branch table.
 *
 * @example isBranchTable({ mount_id: 29, branches: [] }) // false: the others are missing
 */
export function isBranchTable(value: unknown): value is Text<BranchTable> {
  return isWhole(value, readTable)
}

/** The filter that reads branch tables back from NDJSON. */
export function tableRecordFilter(): Filter<BranchTable> {
  return { line: (line, emit) => emit(parseRecord(line.text, 'branch table', readTable)) }
}

/**
 * A stream from NDJSON {@link BranchTable}s, as `aufs-branches` writes them, to checked records.
 *
 * @example fixVmas({ tables: await createReadStream('tables.ndjson').pipe(parseTables()).toArray() })
 */
export function parseTables(
  options?: LineOptions,
): RecordStream<Chunk | Text<BranchTable>, Text<BranchTable>> {
  return recordStream(tableRecordFilter(), options)
}
