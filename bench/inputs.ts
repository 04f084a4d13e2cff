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
import { listingEntry, logLine, mountLine, tableRecord, vmaRecord } from './lines.js'

/** What the inputs of a run may take. */
const ROOM = 6_000_000_000

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
  /** Twenty layers each. */
  deepOverlays: (folder: string, lines: number) =>
    writeLines(`${folder}/deep-overlays-${lines}`, lines, (n) => mountLine(n, 'overlay', 20)),
  noUnions: (folder: string, lines: number) =>
    writeLines(`${folder}/no-unions-${lines}`, lines, (n) => mountLine(n, 'other')),
  /** About 100 bytes a line; a table at each `step` lines, none twice. */
  log: (folder: string, lines: number, step: number) =>
    writeLines(`${folder}/log-${lines}`, lines, (n) => logLine(n, step), lines),
  tables: (folder: string, lines: number) => writeLines(`${folder}/tables-${lines}`, lines, tableRecord),
  /** Records of files, each in a layer. */
  vmas: (folder: string, lines: number, layerOf: (number: number) => string) =>
    writeLines(`${folder}/vmas-${lines}`, lines, (n) => vmaRecord(n, layerOf(n))),
  /** `ls -l` of a map_files folder. */
  listing: (folder: string, lines: number) => writeLines(`${folder}/listing-${lines}`, lines, listingEntry),
}

/** Files to be mapped, called by their numbers. */
export function mappedFiles(folder: string, count: number, size = 1): string {
  const path = `${folder}/files-${count}-${size}`
  mkdirSync(path, { recursive: true })
  for (let file = 0; file < count; file++) writeFileSync(`${path}/${file}`, Buffer.alloc(size, `${file} `))
  return path
}
