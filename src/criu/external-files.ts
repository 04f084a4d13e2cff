/**
 * Mapped files that CRIU cannot find by itself, as they lie on a mount that is not the process's: what links of AUFS name, and
 * what the process mapped before it entered its own mounts.
 *
 * CRIU refuses to dump such a file (`Can't lookup mount=13`), unless `--external` names it. CRIU then leaves it to whoever
 * restores, who hands it over as an open file.
 */
import { InputError } from '../errors.js'
import type { Filter } from '../lines/filter.js'
import { count, flag, isCount, only, orNull, parseRecord, record, text } from '../lines/records.js'
import type { Kernel } from '../proc/map-files.js'
import type { ByteString } from '../text/byte-string.js'
import { quote } from '../text/printable.js'
import { isMemory } from '../vma/names.js'
import { isState, type State, type Vma } from '../vma/record.js'

/** What of a {@link Vma} tells whether CRIU finds the file, and how to restore it. */
export interface MappedFile
  extends Pick<Vma, 'perms' | 'link' | 'path' | 'dev' | 'ino' | 'mnt_id' | 'state'> {
  kernel: Pick<Kernel, 'dev' | 'ino' | 'mnt_id' | 'mnt_listed'>
}

/** A file of which CRIU has to be told. */
export interface ExternalFile {
  /** What CRIU calls it, `file[d:9349]`: mount and inode, hexadecimal (dump_one_reg_file() in criu/files-reg.c). */
  key: string
  /** Where it is, from the root of the process. */
  path: ByteString
  /** Whether a mapping writes to it: it is then opened to be written, too. */
  isWritten: boolean
}

/** The filter that reads VMA records for {@link ExternalFiles}. */
export function mappedFileFilter(): Filter<MappedFile> {
  return {
    line(line, emit) {
      emit(parseRecord(line.text, 'VMA record', readMappedFile))
    },
  }
}

const inode = only(
  (value): value is string => typeof value === 'string' && /^\d{1,20}$/.test(value),
  'is no inode number',
)

const mountId = only((value): value is number => isCount(value) && value >= 0, 'is no mount')

const readMappedFile = record<MappedFile>({
  perms: orNull(text),
  link: text,
  path: text,
  dev: orNull(text),
  ino: orNull(text),
  mnt_id: orNull(count),
  state: orNull(only(isState, 'is no state')),
  kernel: record<MappedFile['kernel']>({
    dev: orNull(text),
    ino: orNull(inode),
    mnt_id: orNull(mountId),
    mnt_listed: orNull(flag),
  }),
})

/** The external files of processes, each once. */
export class ExternalFiles {
  readonly #files = new Map<string, ExternalFile & { identity: string }>()
  readonly #refused = new Set<string>()

  /**
   * Takes a mapping. One of a file that CRIU finds by itself is passed over, and so is memory, which is no file.
   *
   * @throws InputError, once a path, if the file cannot be restored from its path
   */
  add(file: MappedFile): void {
    if (!isLost(file) || this.#refused.has(file.path)) return
    const fault = faultOf(file) ?? this.#take(file)
    if (fault === null) return
    this.#refused.add(file.path)
    throw new InputError(fault, file.path)
  }

  /** What was taken, in the order of the records. */
  get files(): ExternalFile[] {
    return [...this.#files.values()].map(({ key, path, isWritten }) => ({ key, path, isWritten }))
  }

  /** Returns what is wrong, or null. */
  #take({ path, perms, dev, ino, kernel }: MappedFile): string | null {
    const key = `file[${hexadecimal(kernel.mnt_id)}:${hexadecimal(kernel.ino)}]`
    // A hard link is the same file by another name.
    const identity = `${kernel.dev} ${dev} ${ino}`
    const known = this.#files.get(key)
    if (known !== undefined && known.identity !== identity)
      return `CRIU calls it ${key}, as it does another file, ${quote(known.path)}`
    const isWritten = /^.w.s/.test(perms ?? '') || known?.isWritten === true
    this.#files.set(key, { key, path: known?.path ?? path, isWritten, identity })
    return null
  }
}

/**
 * Whether CRIU does not find a file. A link that leaks is of no mount of the process, where nothing else is known; it may be of
 * one (a live system, whose own mounts are the branches). What lies in a branch is never called as memory is.
 */
function isLost({ link, mnt_id, kernel }: MappedFile): boolean {
  return mnt_id === -1 ? kernel.mnt_listed !== true : kernel.mnt_listed === false && !isMemory(link)
}

/** Why a file cannot be restored from its path; null if it can. */
function faultOf({ state, kernel }: MappedFile): string | null {
  if (state !== null && state !== 'current')
    return `not to be restored from its path, which shows ${SHOWS[state]}`
  if (kernel.mnt_id === null || kernel.ino === null)
    return 'its mount and inode are not known (aufs-vma tells them with sudo: CAP_CHECKPOINT_RESTORE)'
  return state === null ? 'not to be restored from its path, as it is not known what that shows' : null
}

/** What the path of a file shows that is not current. */
const SHOWS: Record<Exclude<State, 'current'>, string> = {
  copied_up: 'the copy of a higher branch by now (copied_up)',
  replaced: 'another file by now (replaced)',
  deleted: 'nothing any more (deleted)',
}

function hexadecimal(number: number | string | null): string {
  return BigInt(number ?? 0).toString(16)
}

/** The options by which CRIU dumps without these files. */
export function dumpOptions(files: readonly ExternalFile[]): string[] {
  return files.flatMap(({ key }) => ['--external', key])
}

/** The first descriptor after standard input, output and error. */
export const FIRST_DESCRIPTOR = 3

/** The options by which CRIU takes these files from its own descriptors, from {@link FIRST_DESCRIPTOR} on. */
export function restoreOptions(root: string, files: readonly ExternalFile[]): string[] {
  const inherited = files.flatMap(({ key }, i) => ['--inherit-fd', `fd[${FIRST_DESCRIPTOR + i}]:${key}`])
  return ['--root', root, ...inherited]
}

/**
 * Puts options into a command of CRIU's: after the word that is the action, where CRIU takes them, else at the end. (What
 * follows a `--` may be another command: `criu restore --exec-cmd -- sh`.)
 *
 * @example withOptions(['criu', 'dump', '-t', '7'], 'dump', ['-v4']) // ['criu', 'dump', '-v4', '-t', '7']
 */
export function withOptions(
  command: readonly string[],
  action: string,
  options: readonly string[],
): string[] {
  const at = command.indexOf(action, 1)
  return command.toSpliced(at === -1 ? command.length : at + 1, 0, ...options)
}
