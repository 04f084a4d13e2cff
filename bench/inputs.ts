/** What the commands are given to read: made anew at each run, always the same. */
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { listingEntry, logLine, mountLine, tableRecord } from './lines.js'

/** What the inputs of a run may take. */
const ROOM = 2_000_000_000

/** How many lines are written at once. */
const BLOCK = 100_000

/** A folder for inputs, on tmpfs where there is one with room. Remove it when done. */
export function inputFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(`${hasRoom('/dev/shm') ? '/dev/shm' : tmpdir()}/aufs-filters-bench-`)
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize >= ROOM
  } catch {
    return false
  }
}

/** Writes numbered lines; after `period` of them they repeat. */
export function writeLines(
  file: string,
  count: number,
  line: (number: number) => string,
  period = BLOCK,
): string {
  const fd = openSync(file, 'w')
  let block = ''
  for (let first = 0; first < count; first += BLOCK) {
    if (first < period || count - first < BLOCK)
      block = lines(first % period, Math.min(BLOCK, count - first), line)
    writeSync(fd, block)
  }
  closeSync(fd)
  return file
}

function lines(first: number, count: number, line: (number: number) => string): string {
  return Array.from({ length: count }, (_, i) => `${line(first + i)}\n`).join('')
}

/** Each kind of line in a file of a given length. */
export const inputs = {
  /** Half of the containers on AUFS, half on overlayfs, five mounts each. */
  containers: (folder: string, lines: number) =>
    writeLines(`${folder}/containers-${lines}`, lines, (n) =>
      mountLine(n, n % 5 > 0 ? 'other' : n % 10 === 0 ? 'aufs' : 'overlay'),
    ),
  /** The same with overlayfs alone. */
  overlayContainers: (folder: string, lines: number) =>
    writeLines(`${folder}/overlay-containers-${lines}`, lines, (n) =>
      mountLine(n, n % 5 > 0 ? 'other' : 'overlay'),
    ),
  overlays: (folder: string, lines: number) =>
    writeLines(`${folder}/overlays-${lines}`, lines, (n) => mountLine(n, 'overlay')),
  noUnions: (folder: string, lines: number) =>
    writeLines(`${folder}/no-unions-${lines}`, lines, (n) => mountLine(n, 'other')),
  /** About 100 bytes a line; a table at each `step` lines, none twice. */
  log: (folder: string, lines: number, step: number) =>
    writeLines(`${folder}/log-${lines}`, lines, (n) => logLine(n, step), lines),
  tables: (folder: string, lines: number) => writeLines(`${folder}/tables-${lines}`, lines, tableRecord),
  /** `ls -l` of a map_files folder. */
  listing: (folder: string, lines: number) => writeLines(`${folder}/listing-${lines}`, lines, listingEntry),
}

/** AUFS superblocks with their branches, and the mountinfo that lists them. */
export function aufsTree(
  folder: string,
  unions: number,
  branches: number,
): { sysfs: string; mountinfo: string } {
  const sysfs = `${folder}/sys`
  for (let union = 0; union < unions; union++) {
    const si = `${sysfs}/fs/aufs/si_${superblock(union)}`
    mkdirSync(si, { recursive: true })
    for (let branch = 0; branch < branches; branch++) {
      const id = (union * branches + branch).toString(16).padStart(64, '0')
      writeFileSync(`${si}/br${branch}`, `/var/lib/docker/aufs/diff/${id}=${branch === 0 ? 'rw' : 'ro+wh'}\n`)
      writeFileSync(`${si}/brid${branch}`, `${64 + branch}\n`)
    }
    writeFileSync(`${si}/xi_path`, '/dev/shm/aufs.xino\n')
  }
  const mountinfo = writeLines(
    `${folder}/aufs-mountinfo`,
    unions,
    (n) =>
      `${n + 100} 21 0:${n + 40} / /mnt/${n} rw,relatime - aufs none rw,si=${superblock(n)},dio,dirperm1`,
  )
  return { sysfs, mountinfo }
}

function superblock(number: number): string {
  return (0x18bf05b2_00000000n + BigInt(number)).toString(16)
}

/** Files to be mapped, called by their numbers. */
export function mappedFiles(folder: string, count: number): string {
  const path = `${folder}/files-${count}`
  mkdirSync(path, { recursive: true })
  for (let file = 0; file < count; file++) writeFileSync(`${path}/${file}`, 'mapped\n')
  return path
}
