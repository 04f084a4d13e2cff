/**
 * The branches of an AUFS superblock, from /sys/fs/aufs/si_<si>.
 *
 * `si_%lx` holds br0 … brN, brid0 … bridN and xi_path, in no order; br<N> are always contiguous, and renumbered at every
 * add and del (aufs's sysaufs.c and sysfs.c). Reading one gives EBUSY while the union is remounted, and E2BIG where its
 * text is over a page. With `aufs.brs=0` there are no br<N>: the branches stand in the mount options.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { hasCode, InputError, systemReason } from '../../errors.js'
import { pause } from '../../files/pause.js'
import { type ByteString, bytesOf } from '../../text/byte-string.js'
import { decodeOctal } from '../../text/octal.js'
import type { Branch } from '../branch-table.js'
import { parseBranch } from './options.js'

/** A superblock, as sysfs tells it. */
export interface Superblock {
  /** Null where the file is empty: noxino. */
  xi_path: ByteString | null
  /** In order; empty where sysfs lists none (`aufs.brs=0`). A branch that cannot be read has the path null. */
  branches: Branch[]
  /** One for each branch that cannot be read. */
  errors: InputError[]
}

/** A union that changes while it is read is looked at again this many times, so many milliseconds apart. */
const LOOKS = 4
const LOOK_PAUSE = 5

/**
 * Reads a superblock's branches.
 *
 * @param sysfs where /sys is
 * @param si hexadecimal, as in the mount options
 * @throws InputError where there is no such superblock, or no AUFS at all
 * @example readSuperblock('/sys', '18bf05b21c975f3c').branches[0]?.path // '/var/lib/docker/aufs/diff/…'
 */
export function readSuperblock(sysfs: string, si: ByteString): Superblock {
  checkSi(si)
  const folder = `${sysfs}/fs/aufs/si_${si}`
  for (let look = 1; ; look++) {
    const { superblock, changing } = lookAt(folder, list(sysfs, folder))
    if (!changing || look === LOOKS) return superblock
    pause(LOOK_PAUSE)
  }
}

/** A superblock's id goes into paths and logs. @throws InputError where it is none */
export function checkSi(si: ByteString): void {
  if (!/^[0-9a-f]{1,16}$/.test(si)) throw new InputError('si= is no hexadecimal number', si)
}

/** What there is, each with whether it is a file: a captured tree may hold what must not be opened, a device or a FIFO. */
function list(sysfs: string, folder: string): Map<string, boolean> {
  try {
    return new Map(readdirSync(folder, { withFileTypes: true }).map((entry) => [entry.name, entry.isFile()]))
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw new InputError(`${folder}: ${systemReason(error)}`)
    throw new InputError(
      existsSync(`${sysfs}/fs/aufs`)
        ? `${folder}: no such union (unmounted since?)`
        : `${sysfs}/fs/aufs: no AUFS on this machine`,
    )
  }
}

/** One look: `changing` where a file was busy or gone, or a number is missing, which another look may mend. */
function lookAt(folder: string, names: Map<string, boolean>): { superblock: Superblock; changing: boolean } {
  const files = new SuperblockFiles(folder, names)
  const branches = Array.from({ length: files.count }, (_, index) => ({
    ...readBranch(files, index),
    id: names.has(`brid${index}`) ? parseBranchId(files.read(`brid${index}`)) : null,
  }))
  const xi_path = names.has('xi_path') ? decodeOctal(files.read('xi_path') ?? '') || null : null
  const { errors, changing } = files
  return { superblock: { xi_path, branches, errors }, changing }
}

function readBranch(files: SuperblockFiles, index: number): Branch {
  const name = `br${index}`
  const text = files.read(name)
  const branch = text === null ? null : parseBranch(decodeOctal(text), index)
  if (text !== null && branch === null) files.fail(name, 'no branch', text)
  return branch ?? { index, id: null, path: null, perm: null, attributes: [] }
}

/** The files of a superblock in one look, and what is wrong with them. */
class SuperblockFiles {
  readonly errors: InputError[] = []
  changing = false
  readonly #folder: string
  readonly #names: Map<string, boolean>
  /** One more than the highest N of the br<N>. */
  readonly count: number

  constructor(folder: string, names: Map<string, boolean>) {
    this.#folder = folder
    this.#names = names
    const numbers = [...names.keys()].flatMap((name) => /^br(0|[1-9]\d{0,4})$/.exec(name)?.[1] ?? [])
    this.count = numbers.reduce((most, number) => Math.max(most, Number(number) + 1), 0)
  }

  /** The text of a file; null where it cannot be read. */
  read(name: string): ByteString | null {
    const isFile = this.#names.get(name)
    if (isFile === undefined) {
      this.changing = true
      this.fail(name, `missing, though br${this.count - 1} is there`)
      return null
    }
    if (!isFile) {
      this.fail(name, 'no file')
      return null
    }
    try {
      return readText(`${this.#folder}/${name}`)
    } catch (error) {
      this.changing ||= hasCode(error, 'EBUSY', 'ENOENT')
      this.fail(name, systemReason(error))
      return null
    }
  }

  fail(name: string, reason: string, text: ByteString | null = null): void {
    this.errors.push(new InputError(`${this.#folder}/${name}: ${reason}`, text))
  }
}

function parseBranchId(text: ByteString | null): number | null {
  return text !== null && /^-?\d+$/.test(text) ? Number(text) : null
}

/**
 * The whole of a small file, without the newline at its end. Node reads text in one go, much sooner than bytes, so only
 * what may not be UTF-8 is read again.
 */
function readText(file: string): ByteString {
  const text = readFileSync(file, 'utf8')
  return (text.includes('\ufffd') ? readFileSync(file, 'latin1') : bytesOf(text)).replace(/\n$/, '')
}
