/**
 * The branches of an AUFS superblock, from /sys/fs/aufs/si_<si>.
 *
 * `si_%lx` holds br0 … brN, brid0 … bridN and xi_path, in no order; br<N> are always contiguous, and renumbered at every
 * add and del (aufs's sysaufs.c and sysfs.c). Reading one gives EBUSY while the union is remounted, and E2BIG where its
 * text is over a page. With `aufs.brs=0` there are no br<N>: the branches stand in the mount options.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { hasCode, InputError, reasonAndCure } from '../../errors.js'
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

/** How long a superblock is given to come to rest, in seconds, and in looks: a slow machine takes long for each. */
const PATIENCE = 1
const FEWEST_LOOKS = 4

/** In milliseconds. */
const LOOK_PAUSE = 5

/**
 * Reads a superblock's branches. A remount renumbers the files between two reads, so what was read counts only where two
 * looks in a row are the same in every name and every text.
 *
 * @param si hexadecimal, as in the mount options
 * @param sysfs where /sys is
 * @throws InputError where there is no such superblock, or no AUFS at all, or where it does not come to rest
 * @example readSuperblock('18bf05b21c975f3c').branches[0]?.path // '/var/lib/docker/aufs/diff/…'
 */
export function readSuperblock(si: string, sysfs = '/sys'): Superblock {
  checkSi(si)
  const folder = `${sysfs}/fs/aufs/si_${si}`
  const end = process.uptime() + PATIENCE
  let before: Look | null = null
  for (let looks = 1; ; looks += 1) {
    const look = lookAt(folder, list(sysfs, folder))
    if (before !== null && !look.isChanging && isSame(look, before)) return superblockOf(folder, look)
    if (looks >= FEWEST_LOOKS && process.uptime() > end)
      throw new InputError(`${folder}: it is remounted again and again, so its branches cannot be read`)
    if (before !== null) pause(LOOK_PAUSE)
    before = look
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
    if (!hasCode(error, 'ENOENT', 'ENOTDIR'))
      throw new InputError(`${folder}: ${reasonAndCure(error, 'CAP_DAC_READ_SEARCH')}`)
    throw new InputError(
      existsSync(`${sysfs}/fs/aufs`)
        ? `${folder}: no such union (unmounted since?)`
        : `${sysfs}/fs/aufs: no AUFS on this machine`,
    )
  }
}

/** What one look at a superblock's files gave. */
interface Look {
  /** How many br<N> there are, or would be with the highest number. */
  count: number
  files: Map<string, ReadFile>
  /** A file was busy, or gone since it was listed: a remount was under way. */
  isChanging: boolean
}

/** A file's text, or why there is none. */
interface ReadFile {
  text: ByteString | null
  fault: string | null
}

function lookAt(folder: string, names: Map<string, boolean>): Look {
  const numbers = [...names.keys()].flatMap((name) => /^br(0|[1-9]\d{0,4})$/.exec(name)?.[1] ?? [])
  const count = numbers.reduce((most, number) => Math.max(most, Number(number) + 1), 0)
  const look: Look = { count, files: new Map(), isChanging: false }
  const read = (name: string) => look.files.set(name, readOne(folder, name, names.get(name), look))
  for (let index = 0; index < count; index += 1) {
    read(`br${index}`)
    if (names.has(`brid${index}`)) read(`brid${index}`)
  }
  if (names.has('xi_path')) read('xi_path')
  return look
}

function readOne(folder: string, name: string, isFile: boolean | undefined, look: Look): ReadFile {
  if (isFile === undefined) return { text: null, fault: `missing, though br${look.count - 1} is there` }
  if (!isFile) return { text: null, fault: 'no file' }
  try {
    return { text: readText(`${folder}/${name}`), fault: null }
  } catch (error) {
    // ENODEV: removed between open and read.
    look.isChanging ||= hasCode(error, 'EBUSY', 'ENOENT', 'ENODEV')
    return { text: null, fault: reasonAndCure(error, 'CAP_DAC_READ_SEARCH') }
  }
}

function isSame(look: Look, other: Look): boolean {
  if (look.files.size !== other.files.size) return false
  return [...look.files].every(([name, { text, fault }]) => {
    const file = other.files.get(name)
    return file !== undefined && file.text === text && file.fault === fault
  })
}

function superblockOf(folder: string, { count, files }: Look): Superblock {
  const errors = [...files].flatMap(([name, { fault }]) =>
    fault === null ? [] : [new InputError(`${folder}/${name}: ${fault}`)],
  )
  const textOf = (name: string) => files.get(name)?.text ?? null
  const branches = Array.from({ length: count }, (_, index): Branch => {
    const text = textOf(`br${index}`)
    const branch = text === null ? null : parseBranch(decodeOctal(text), index)
    if (text !== null && branch === null) errors.push(new InputError(`${folder}/br${index}: no branch`, text))
    const id = parseBranchId(textOf(`brid${index}`))
    return { ...(branch ?? { index, path: null, perm: null, attributes: [] }), id }
  })
  return { xi_path: decodeOctal(textOf('xi_path') ?? '') || null, branches, errors }
}

function parseBranchId(text: ByteString | null): number | null {
  return text !== null && /^-?\d+$/.test(text) ? Number(text) : null
}

/** An object made anew for each file would take a quarter of the time. */
const UTF8 = { encoding: 'utf8', flag: 'r' } as const

/**
 * The whole of a small file, without the newline at its end. Node reads text in one go, much sooner than bytes, so only
 * what may not be UTF-8 is read again.
 */
function readText(file: string): ByteString {
  const text = readFileSync(file, UTF8)
  return (text.includes('\ufffd') ? readFileSync(file, 'latin1') : bytesOf(text)).replace(/\n$/, '')
}
