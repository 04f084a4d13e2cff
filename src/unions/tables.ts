/** Mounts to branch tables: what `aufs-branches` does. */
import { readFileSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { BoundedMap } from '../bounded-map.js'
import { InputError } from '../errors.js'
import type { Emit, Filter, Line, LineOptions } from '../lines/filter.js'
import { isRecord, parseRecord, withOthers } from '../lines/records.js'
import { recordStream } from '../lines/streams.js'
import { isMount, type Mount, parseMount } from '../proc/mountinfo.js'
import { type ByteString, copyOf } from '../text/byte-string.js'
import { toBytes } from '../text/json.js'
import { branchesInOptions } from './aufs/options.js'
import { checkSi, readSuperblock, type Superblock } from './aufs/sysfs.js'
import type { Branch, BranchTable } from './branch-table.js'
import { overlayLayers } from './overlay/options.js'

/** The unions that are known here. */
export type UnionType = BranchTable['fs_type']

/** Where the branches are found, and which unions are wanted. To a stream strings are text, to a class byte strings. */
export interface TableOptions {
  /** Where /sys is. Default `/sys`. */
  sysfs?: string
  /** Which unions. Default both. */
  types?: readonly UnionType[]
  /** The folder of overlay layers whose paths the kernel tells relative. */
  overlayBase?: ByteString | null
}

/** Superblocks that are kept, so that one that is mounted many times is read once. */
export const SUPERBLOCKS_KEPT = 1000

/** Makes branch tables of mounts, reading each superblock once. */
export class Tables {
  readonly #superblocks = new BoundedMap<ByteString, Superblock>(SUPERBLOCKS_KEPT)
  readonly #sysfs: string
  readonly #types: readonly string[]
  readonly #overlayBase: ByteString | null

  constructor({ sysfs = '/sys', types = ['aufs', 'overlay'], overlayBase = null }: TableOptions = {}) {
    this.#sysfs = sysfs
    this.#types = types
    this.#overlayBase = overlayBase
  }

  /** Whether a mount is a union of a wanted type. */
  wants(mount: Mount): boolean {
    return this.#types.includes(mount.fs_type)
  }

  /**
   * The branch table of a union mount.
   *
   * @param warn told of each branch that cannot be read, once for a superblock; the others stand
   * @throws InputError where no branch can be read at all
   */
  table(mount: Mount, warn: Emit<InputError>): BranchTable {
    const table = this.withoutBranches(mount)
    if (mount.fs_type === 'overlay')
      return { ...table, ...overlayLayers(mount.super_options, this.#overlayBase) }
    const si = superblockId(mount)
    const told = branchesInOptions(mount.super_options)
    return told === null
      ? { ...table, ...this.#fromSysfs(si, warn) }
      : { ...table, source: 'mountinfo', xi_path: this.#xiPath(si), branches: told }
  }

  /** What the mount itself tells, where no branch can be read. */
  withoutBranches({ mount_id, mount_point, root, dev, fs_type, super_options }: Mount): BranchTable {
    const isAufs = fs_type === 'aufs'
    return {
      mount_id,
      mount_point,
      root,
      dev,
      fs_type: isAufs ? 'aufs' : 'overlay',
      si: isAufs ? (findSi(super_options) ?? null) : null,
      source: isAufs ? 'sysfs' : 'mountinfo',
      xi_path: null,
      workdir: null,
      branches: [],
    }
  }

  /** A parameter of the overlay module, which is the default of an option; null where that is not told. */
  isDefault(option: string): boolean | null {
    try {
      return readFileSync(`${this.#sysfs}/module/overlay/parameters/${option}`, 'latin1').startsWith('Y')
    } catch {
      return null
    }
  }

  #fromSysfs(si: ByteString, warn: Emit<InputError>): { xi_path: ByteString | null; branches: Branch[] } {
    const known = this.#superblocks.get(si)
    const superblock = known ?? this.#superblock(si)
    const { xi_path, branches, errors } = superblock
    if (branches.every(({ path }) => path === null)) {
      // An error of its own for each mount, as each is of another line.
      const { reason = `si_${si}: no branch in sysfs, nor in the mount options`, text = null } =
        errors[0] ?? {}
      throw new InputError(reason, text)
    }
    if (known === undefined) errors.forEach(warn)
    return { xi_path, branches }
  }

  /** With `aufs.brs=0` xi_path is all that sysfs has; a mountinfo from elsewhere does without. */
  #xiPath(si: ByteString): ByteString | null {
    try {
      return this.#superblock(si).xi_path
    } catch (error) {
      if (error instanceof InputError) return null
      throw error
    }
  }

  #superblock(si: ByteString): Superblock {
    const superblock = this.#superblocks.get(si) ?? readSuperblock(this.#sysfs, si)
    this.#superblocks.set(si, superblock)
    return superblock
  }
}

function superblockId({ super_options }: Mount): ByteString {
  const si = findSi(super_options)
  if (si === undefined) throw new InputError('an aufs mount without si=', super_options.join(','))
  checkSi(si)
  return si
}

function findSi(superOptions: readonly ByteString[]): ByteString | undefined {
  const option = superOptions.find((each) => each.startsWith('si='))
  return option === undefined ? undefined : copyOf(option.slice('si='.length))
}

/** The filter behind {@link branchTables}. */
export function tableFilter(options?: TableOptions): Filter<BranchTable> {
  const tables = new Tables(options)
  return {
    next: (scan, start, end) => scan.nextUnion(start, end),
    line(line, emit, warn) {
      if (isOtherMount(line.text)) return
      const mount = readMount(line)
      if (tables.wants(mount)) emit(withOthers(tables.table(mount, warn), mount, CONSUMED))
    },
  }
}

/** The shortest that can stand before a mount's type: `1 1 0:1 / / rw`. */
const SHORTEST_HEAD = 14

/** Most mounts are plainly no unions, and not worth parsing (`nextUnion()` in src/lines/wasm/scan.ts is the same of many lines). */
export function isOtherMount(line: ByteString): boolean {
  const separator = line.indexOf(' - ')
  if (!isDigit(line.charCodeAt(0)) || separator < SHORTEST_HEAD) return false
  const initial = line.charCodeAt(separator + 3)
  return initial !== INITIALS.aufs && initial !== INITIALS.overlay
}

const INITIALS = { aufs: 'a'.charCodeAt(0), overlay: 'o'.charCodeAt(0) }

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
