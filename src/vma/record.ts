/** VMA records: what the kernel says of each mapped file, put right. */
import { withOthers } from '../lines/records.js'
import type { Kernel, RawVma } from '../proc/map-files.js'
import type { ByteString } from '../text/byte-string.js'
import type { Branch } from '../unions/branch-table.js'
import { type NamedFile, neverHadName } from './names.js'

/** The branch that supplies a mapped file. */
export interface VmaBranch extends Branch {
  /** The mount whose mount point holds the path. */
  mount_id: number | null
  /** The superblock's id; null for overlayfs. */
  si: ByteString | null
}

/** A mapped file: the kernel's record with what it gets wrong put right. */
export interface Vma extends Omit<RawVma, 'kernel'> {
  /** The systemd unit in the process's cgroup path, as systemctl takes it; null where there is none, or the input does not tell. */
  unit: ByteString | null
  /** The process's cgroup path; null where the input does not tell. */
  cgroup: ByteString | null
  /** The file's path as the process sees it, without ` (deleted)`. */
  path: ByteString
  /** For a file of a union: the path from the process's root (`./bin/sh`), as CRIU wants it. */
  rpath: ByteString | null
  /** For a file of a union: where this reader finds it. */
  fpath: ByteString | null
  /** `major:minor` of the mapped file in the union, or for any other file the kernel's. */
  dev: string | null
  /** Its inode there, decimal. */
  ino: string | null
  /** -1 where the link leaks a branch path, else the kernel's. */
  mnt_id: number | null
  /** Something that the kernel says was wrong: the link's path, the mount, or the device and inode of maps. */
  fixed: boolean
  /** Null where it is not known. */
  state: State | null
  /**
   * With `--compare`: whether what the path shows now has the same bytes in all that is mapped. Null where nothing tells.
   */
  same_bytes?: boolean | null
  /** Null where no union supplies the file, or nothing tells which branch. */
  branch: VmaBranch | null
  /** What the kernel says of it, as it says it. */
  kernel: Kernel
}

/** What a fixed record has besides: the raw one is without, whatever it was made of. */
const FIXED = new Set<string>([
  'unit',
  'cgroup',
  'path',
  'rpath',
  'fpath',
  'dev',
  'ino',
  'mnt_id',
  'fixed',
  'state',
  'same_bytes',
  'branch',
] satisfies (keyof Vma)[])

/** A record unfixed. */
export function unfixed({
  pid,
  comm,
  container,
  start,
  end,
  perms,
  offset,
  link,
  kernel,
  ...others
}: RawVma): RawVma {
  return withOthers({ pid, comm, container, start, end, perms, offset, link, kernel }, others, FIXED)
}

/**
 * `current`: the path still leads to the mapped file. `copied_up`: a higher branch has its own copy by now, and the process
 * maps the lower one. `replaced`: another file has that name now. `deleted`: nothing has.
 */
export type State = 'current' | 'copied_up' | 'replaced' | 'deleted'

const STATES: readonly State[] = ['current', 'copied_up', 'replaced', 'deleted']

/** Whether a value is one of the states. */
export function isState(value: unknown): value is State {
  return STATES.some((state) => state === value)
}

/**
 * Whether a path is known not to show any more what the process maps. Another file with the same bytes is as good.
 *
 * @example isStale({ state: 'copied_up' }) // true
 * @example isStale({ state: 'copied_up', same_bytes: true }) // false
 */
export function isStale({ state, same_bytes }: Pick<Vma, 'state' | 'same_bytes'>): boolean {
  return same_bytes === false || (same_bytes !== true && state !== null && state !== 'current')
}

/**
 * Whether a mapped file had a name that shows another file by now, or none: what `--stale` lists and `aufs-view` marks. Null
 * where that is not known.
 *
 * @example staleness({ path: '/bin/sh', rpath: null, dev: '254:0', ino: '46', state: 'replaced' }) // true
 */
export function staleness(file: NamedFile & Pick<Vma, 'state' | 'same_bytes'>): boolean | null {
  if (neverHadName(file)) return false
  return file.state === null && typeof file.same_bytes !== 'boolean' ? null : isStale(file)
}
