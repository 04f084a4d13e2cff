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
  const numbers = [...names.keys()]
    .flatMap((name) => /^br(0|[1-9]\d{0,4})$/.exec(name)?.[1] ?? [])
    .map(Number)
  const superblock: Superblock = { xi_path: null, branches: [], errors: [] }
  let changing = false
  const attempt = (name: string): ByteString | null => {
    if (names.get(name) === false) {
      superblock.errors.push(new InputError(`${folder}/${name}: no file`))
      return null
    }
    try {
      return readText(`${folder}/${name}`)
    } catch (error) {
      changing ||= hasCode(error, 'EBUSY', 'ENOENT')
      superblock.errors.push(new InputError(`${folder}/${name}: ${systemReason(error)}`))
      return null
    }
  }
  const count = numbers.reduce((most, n) => Math.max(most, n + 1), 0)
  for (let index = 0; index < count; index++) {
    const isThere = names.has(`br${index}`)
    if (!isThere) {
      changing = true
      superblock.errors.push(new InputError(`${folder}/br${index}: missing, though br${count - 1} is there`))
    }
    const text = isThere ? attempt(`br${index}`) : null
    const branch = text === null ? null : parseBranch(decodeOctal(text), index)
    if (text !== null && branch === null)
      superblock.errors.push(new InputError(`${folder}/br${index}: no branch`, text))
    superblock.branches.push({
      ...(branch ?? { index, id: null, path: null, perm: null, attributes: [] }),
      id: names.has(`brid${index}`) ? parseBranchId(attempt(`brid${index}`)) : null,
    })
  }
  if (names.has('xi_path')) superblock.xi_path = decodeOctal(attempt('xi_path') ?? '') || null
  return { superblock, changing }
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
