/** Mounts to branch tables: what `aufs-branches` does. */
import type { Duplex } from 'node:stream'
import type { InputError } from '../errors.js'
import type { Emit, Filter, Line, LineOptions } from '../lines/filter.js'
import {
  hasFields,
  isCount,
  isRecord,
  isText,
  isTexts,
  orNull,
  parseRecord,
  withOthers,
} from '../lines/records.js'
import { recordStream } from '../lines/streams.js'
import { isMount, type Mount, parseMount } from '../proc/mounts/mountinfo.js'
import type { ByteString } from '../text/byte-string.js'
import { toBytes } from '../text/json.js'
import type { Branch, BranchTable } from './branch-table.js'
import { INITIALS, unionTypeOf, unionTypes } from './types.js'
import type { BranchReader, UnionType } from './union-type.js'

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
  table(mount: Mount, warn: Emit<InputError>): BranchTable | null {
    const type = this.wants(mount)
    const read = type === null ? undefined : this.#readers.get(type)
    return type === null || read === undefined ? null : { ...tableOf(mount, type), ...read(mount, warn) }
  }

  /** What the mount itself tells, where no branch can be read; null where it is no union that is wanted. */
  withoutBranches(mount: Mount): BranchTable | null {
    const type = this.wants(mount)
    return type === null ? null : tableOf(mount, type)
  }
}

function tableOf(
  { mount_id, mount_point, root, dev, super_options }: Mount,
  { fsType, superblockId }: UnionType,
): BranchTable {
  const si = superblockId(super_options)
  const nothing = {
    source: si === null ? 'mountinfo' : 'sysfs',
    xi_path: null,
    workdir: null,
    branches: [],
  } as const
  return { mount_id, mount_point, root, dev, fs_type: fsType, si, ...nothing, branches: [] }
}

/** The filter behind {@link branchTables}. */
export function tableFilter(options?: TableOptions): Filter<BranchTable> {
  const tables = new Tables(options)
  return {
    next: (scan, start, end) => scan.nextMount(start, end, INITIALS),
    line(line, emit, warn) {
      if (isOtherMount(line.text)) return
      const mount = readMount(line)
      const table = tables.table(mount, warn)
      if (table !== null) emit(withOthers(table, mount, CONSUMED))
    },
  }
}

/** The shortest that can stand before a mount's type: `1 1 0:1 / / rw`. */
const SHORTEST_HEAD = 14

/** Most mounts are plainly no unions, and not worth parsing (`nextMount()` in src/lines/wasm/scan.ts is the same of many lines). */
export function isOtherMount(line: ByteString): boolean {
  const separator = line.indexOf(' - ')
  if (!isDigit(line.charCodeAt(0)) || separator < SHORTEST_HEAD) return false
  return ((INITIALS >> (line.charCodeAt(separator + 3) & 31)) & 1) === 0
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** A mountinfo line, or a mount record in JSON. */
function readMount({ text }: Line): Mount {
  return isRecord(text) ? parseRecord(text, 'mount record', isMount) : parseMount(text)
}

/** What a table does not keep of a mount. */
const CONSUMED = new Set<string>([
  'parent_id',
  'mount_options',
  'optional_fields',
  'mount_source',
  'super_options',
] satisfies (keyof Mount)[])

/**
 * A stream from mountinfo lines, or NDJSON mount records, to {@link BranchTable}s. Mounts that are no union are passed over.
 *
 * @example createReadStream('/proc/self/mountinfo').pipe(branchTables()).on('data', (table) => …)
 */
export function branchTables({ overlayBase, ...options }: TableOptions & LineOptions = {}): Duplex {
  return recordStream(tableFilter({ ...options, overlayBase: toBytes(overlayBase ?? null) }), options)
}

/**
 * Whether a value has the fields of a branch table.
 *
 * @example isBranchTable({ mount_id: 29, branches: [] }) // false: the others are missing
 */
export function isBranchTable(value: unknown): value is BranchTable {
  return hasFields<BranchTable>(value, {
    mount_id: orNull(isCount),
    mount_point: orNull(isText),
    root: orNull(isText),
    dev: orNull(isText),
    fs_type: isUnionType,
    si: orNull(isText),
    source: isText,
    xi_path: orNull(isText),
    workdir: orNull(isText),
    branches: (field) => Array.isArray(field) && field.every(isBranch),
  })
}

/** Whether a value has the fields of a branch. */
export function isBranch(value: unknown): value is Branch {
  return hasFields<Branch>(value, {
    index: isCount,
    id: orNull(isCount),
    path: orNull(isText),
    perm: orNull(isText),
    attributes: isTexts,
  })
}

/** The filter that reads branch tables back from NDJSON. */
export function tableRecordFilter(): Filter<BranchTable> {
  return { line: ({ text }, emit) => emit(parseRecord(text, 'branch table', isBranchTable)) }
}

/** Whether a value is the type of a kind of union, as tables have it. */
export function isUnionType(value: unknown): value is string {
  return unionTypes.some(({ fsType }) => fsType === value)
}
