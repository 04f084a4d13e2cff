/** What is known of a process, gathered for the fixing of its VMAs. */
import type { BranchTable } from './branches.js'
import type { ByteString } from './bytes.js'
import { InputError } from './errors.js'
import { Folder } from './files.js'
import type { Emit } from './lines.js'
import type { RawVma } from './map-files.js'
import { branchMatches } from './match.js'
import { type Mount, mountOver, mountsSeenFrom } from './mounts.js'
import { isBelow, withoutDeleted } from './paths.js'
import { isProcfs, Process } from './process.js'
import { type TableOptions, Tables } from './tables.js'
import type { View } from './vma.js'

/** How processes are looked at. */
export interface ViewOptions extends TableOptions {
  /** Where /proc is. Default `/proc`. */
  procfs?: string
  /** The unions; default: those that the process's own mountinfo lists. */
  tables?: readonly BranchTable[] | null
  /** The folder below which files are found; default `PROCFS/PID/root`. Tables below it are taken as seen from it. */
  root?: ByteString | null
  /**
   * Whether entries are followed and files looked up. Default: where `procfs` is a procfs; the links of a captured tree
   * would lead to this machine's files.
   */
  stat?: boolean
}

/** Looks at processes; superblocks are read once. */
export class Viewer {
  readonly procfs: string
  readonly stat: boolean
  readonly #root: ByteString | null
  readonly #given: readonly BranchTable[] | null
  readonly #tables: Tables
  #readerMounts: readonly Mount[] | null = null

  constructor(options: ViewOptions = {}) {
    this.procfs = (options.procfs ?? '/proc').replace(/(?<=.)\/+$/, '')
    this.stat = options.stat ?? isProcfs(this.procfs)
    this.#root = options.root ?? null
    this.#tables = new Tables(options)
    this.#given = options.tables == null ? null : seenBelow(options.tables, this.#root)
  }

  /** Whether the unions were given. */
  get isGiven(): boolean {
    return this.#given !== null
  }

  /** The view of a process of this procfs. @throws InputError where it may not be read */
  ofProcess(process: Process, warn: Emit<InputError>): View {
    const told = process.mounts(warn)
    const chroot = process.root() ?? this.#rootOf(told)
    const mounts = told.some(({ mount_point }) => mount_point === '/')
      ? told
      : mountsSeenFrom(this.#reader(), chroot)
    const root = this.#root ?? `${process.folder}/root`
    const unions = this.#given === null ? this.#unions(mounts, warn) : placedBy(mounts, this.#given)
    return { mounts, unions, chroot, root, files: this.#files(root), leaky: false }
  }

  /**
   * The view of an entry that somebody else has read, of a process that may be another machine's: its unions are those
   * given, and its files are looked up only where a root is given too.
   */
  ofEntry(pid: number | null): View {
    const root = this.#root ?? (pid === null ? null : `${this.procfs}/${pid}/root`)
    return {
      mounts: [],
      unions: this.#given ?? [],
      chroot: '/',
      root,
      files: this.#root === null ? null : this.#files(this.#root),
      leaky: false,
    }
  }

  #files(root: ByteString): Folder | null {
    return this.stat ? new Folder(root) : null
  }

  #unions(mounts: readonly Mount[], warn: Emit<InputError>): BranchTable[] {
    return mounts.flatMap((mount) => {
      if (!this.#tables.wants(mount)) return []
      try {
        return [this.#tables.table(mount, warn)]
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        warn(error)
        return []
      }
    })
  }

  /**
   * Where a captured process had its root, which nothing in the tree tells but that the mount at its `/` is elsewhere in the
   * reader's own mountinfo: mount ids are unique across namespaces.
   */
  #rootOf(mounts: readonly Mount[]): ByteString {
    const own = mountOver(mounts, '/')
    return this.#reader().find(({ mount_id }) => mount_id === own?.mount_id)?.mount_point ?? '/'
  }

  #reader(): readonly Mount[] {
    this.#readerMounts ??= readerMounts(this.procfs)
    return this.#readerMounts
  }
}

function readerMounts(procfs: string): Mount[] {
  try {
    return new Process(procfs, 'self').mounts(() => {})
  } catch (error) {
    if (error instanceof InputError) return []
    throw error
  }
}

function seenBelow(tables: readonly BranchTable[], root: ByteString | null): BranchTable[] {
  if (root === null) return [...tables]
  const [inside, outside] = [[], []] as [BranchTable[], BranchTable[]]
  for (const table of tables) (isBelow(table.mount_point ?? '', root) ? inside : outside).push(table)
  return [...inside.flatMap((table) => mountsSeenFrom([table], root)), ...outside]
}

/** Tables that somebody else made, where the process has these unions mounted; those that it has not stay as they are. */
function placedBy(mounts: readonly Mount[], tables: readonly BranchTable[]): BranchTable[] {
  const isOf = (table: BranchTable, { fs_type, dev, super_options }: Mount) =>
    fs_type === table.fs_type &&
    (table.si === null ? dev === table.dev : super_options.includes(`si=${table.si}`))
  return tables.flatMap((table) => {
    const own = mounts.filter((mount) => isOf(table, mount))
    return own.length === 0
      ? [table]
      : own.map(({ mount_id, mount_point, root, dev }) => ({ ...table, mount_id, mount_point, root, dev }))
  })
}

/** Whether an entry shows that this kernel's links name branches: under one, and not what maps has. */
export function showsLeak({ link, kernel }: RawVma, { unions }: View): boolean {
  return (
    kernel.maps_name !== null &&
    withoutDeleted(kernel.maps_name) !== withoutDeleted(link) &&
    branchMatches(link, unions).length > 0
  )
}
