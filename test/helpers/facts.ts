/**
 * What the captures tell, read as plainly as can be and by no code of the filters: what the kernel said of each entry
 * (stat.txt, maps), the mounts, the branches, and the files in the branches. All strings hold a byte a character.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { repository } from './run.js'

/** What stat, maps and the union said of one entry. */
export interface Fact {
  range: string
  link: string
  /** stat through the entry; null where that failed. */
  dev: string | null
  ino: string | null
  /** The mount of the opened entry; null where it could not be opened. */
  mount: number | null
  mapsDev: string
  mapsIno: string
  mapsName: string
  /** The process's name for it, newlines decoded; what maps says where nothing leaks there. */
  name: string
  /** stat of that name below the process's root; null where nothing is there. */
  inRoot: { dev: string; ino: string } | null
}

/** A mount of the process. */
export interface MountFact {
  id: number
  dev: string
  root: string
  point: string
  own: string
  type: string
  options: string
}

/** A branch as sysfs has it. */
export interface BranchFact {
  index: number
  /** Null where the mount options tell it. */
  id: number | null
  path: string
  perm: string
  attributes: string[]
}

export function read(file: string): string {
  return readFileSync(`${repository}/${file}`, 'latin1')
}

/** The facts of stat.txt, in its order. */
export function statFacts(folder: string): Fact[] {
  const text = read(`${folder}/stat.txt`)
  const root = first(/^# root=(.*?) {2}reader/, text)
  return text
    .split('\n\n')
    .filter((block) => /^[0-9a-f]+-[0-9a-f]+\n/.test(block))
    .map((block) => {
      const maps = first(/\n {2}maps: (.*)/, block)
      const [major = '', minor = ''] = first(/^dev=(\S+)/, maps).split(':')
      const below = unescaped(first(/\n {2}union path \(from the global root\): (.*)/, block))
      const [, dev = null, ino = null] = /\n {2}stat\(link\): dev=(\S+) ino=(\d+)/.exec(block) ?? []
      const [, mount = null] = /\n {2}fdinfo mnt_id:\t(\d+)/.exec(block) ?? []
      const [, rootDev, rootIno] =
        /\n {2}stat\(\/proc\/pid\/root\+name\): dev=(\S+) ino=(\d+)/.exec(block) ?? []
      return {
        range: first(/^(\S+)/, block),
        link: unescaped(first(/\n {2}link: {7}(.*)/, block)),
        dev,
        ino,
        mount: mount === null ? null : Number(mount),
        mapsDev: `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}`,
        mapsIno: first(/ ino=(\d+)/, maps),
        mapsName: unescaped(first(/ name=(.*)/, maps)),
        name: below.startsWith(`${root}/`) ? below.slice(root.length) : below,
        inRoot: rootDev === undefined || rootIno === undefined ? null : { dev: rootDev, ino: rootIno },
      }
    })
}

/** perms and offset of each range in maps. */
export function mapsFacts(file: string): Map<string, { perms: string; offset: string }> {
  return new Map(
    read(file)
      .split('\n')
      .map((line) => line.split(' '))
      .map(([range = '', perms = '', offset = '']) => [
        range.split('-').map(unpadded).join('-'),
        { perms, offset: unpadded(offset) },
      ]),
  )
}

/** The entries of map_files and their targets, in the order of their addresses. */
export function linkFacts(folder: string): { range: string; link: string }[] {
  return readdirSync(`${repository}/${folder}`)
    .sort((a, b) => Number.parseInt(a, 16) - Number.parseInt(b, 16))
    .map((range) => ({
      range,
      link: readlinkSync(`${repository}/${folder}/${range}`, 'buffer').toString('latin1'),
    }))
}

export function mountFacts(file: string): MountFact[] {
  return read(file)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ')
      const [id = '', , dev = '', root = '', point = '', own = ''] = before.split(' ')
      const [type = '', , options = ''] = after.split(' ')
      return { id: Number(id), dev, root: octal(root), point: octal(point), own, type, options }
    })
}

/** The branches of a superblock, from sysfs; none where it has no such files. */
export function branchFacts(folder: string, si: string): BranchFact[] {
  const block = `${folder}/sys/fs/aufs/si_${si}`
  const branches: BranchFact[] = []
  for (let index = 0; existsSync(`${repository}/${block}/br${index}`); index++) {
    const [, path = '', perm = '', rest = ''] =
      /^(.*)=(r[wor])(.*)\n$/.exec(read(`${block}/br${index}`)) ?? []
    const id = Number(read(`${block}/brid${index}`))
    branches.push({ index, id, path: octal(path), perm, attributes: rest.split('+').slice(1) })
  }
  return branches
}

/** The inodes of the files in the branches and in the union, as `ls -li` listed them; null where it did not. */
export function layerFacts(folder: string): Map<string, string> | null {
  if (!existsSync(`${repository}/${folder}/ls-layers.txt`)) return null
  const lines = read(`${folder}/ls-layers.txt`).split('\n')
  return new Map(lines.map((line) => [first(/ (\/.*)$/, line), first(/^ *(\d+)/, line)]))
}

/** A record, of text with `_b64` twins, with its strings as bytes. */
export function bytesIn(value: unknown): unknown {
  if (typeof value === 'string') return Buffer.from(value, 'utf8').toString('latin1')
  if (Array.isArray(value)) return value.map(bytesIn)
  if (typeof value !== 'object' || value === null) return value
  const twins: { [key: string]: unknown } = { ...value }
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !key.endsWith('_b64'))
      .map(([key, field]) => [key, exact(bytesIn(field), twins[`${key}_b64`])]),
  )
}

function exact(field: unknown, twin: unknown): unknown {
  return typeof twin === 'string' ? Buffer.from(twin, 'base64').toString('latin1') : field
}

function unescaped(text: string): string {
  return text.replace(/\\x([0-9a-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
}

/** Octal escapes, as mountinfo and sysfs have them. */
export function octal(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}

function unpadded(hexadecimal: string): string {
  return BigInt(`0x${hexadecimal || '0'}`).toString(16)
}

function first(pattern: RegExp, text: string): string {
  return pattern.exec(text)?.[1] ?? ''
}
