/** Trees of files that the commands look into: a /sys, a captured /proc, a store of images. */
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { type BoltContent, boltFile } from '../test/helpers/bolt.js'
import { sha256 } from '../test/helpers/oci.js'
import { writeLines } from './inputs.js'
import { mountLine } from './lines.js'

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

/** What a captured /proc has. */
export interface Captured {
  processes: number
  mappings: number
  /** How many different files they are of. */
  files: number
  /** How many processes there are in each container, which have one mount namespace. */
  perContainer: number
}

/** How many mounts a container has besides its union. */
const OTHER_MOUNTS = 30

/** Writes a /proc, as it is captured on a machine with many containers, each on an overlay. */
export function capturedProc(folder: string, captured: Captured): string {
  const { processes, mappings, files, perContainer } = captured
  const proc = `${folder}/proc-${Object.values(captured).join('-')}`
  if (existsSync(proc)) return proc
  // The entries of all are the same, and hundreds of thousands of links take long to make.
  const entries = `${proc}/map_files`
  mkdirSync(entries, { recursive: true })
  const names = Array.from({ length: mappings }, (_, i) => `/usr/lib/x86_64-linux-gnu/lib${i % files}.so`)
  const addresses = names.map((_, i) => 0x7f0000000000 + i * 0x2000)
  for (const [i, start] of addresses.entries())
    symlinkSync(names[i] ?? '', `${entries}/${start.toString(16)}-${(start + 0x1000).toString(16)}`)
  for (let n = 0; n < processes; n += 1) {
    const container = Math.floor(n / perContainer)
    const process = `${proc}/${n + 1}`
    const dev = (container + 64).toString(16)
    mkdirSync(`${process}/ns`, { recursive: true })
    const write = (name: string, text: string) => writeFileSync(`${process}/${name}`, text)
    write('comm', `server-${n}\n`)
    write('cgroup', `0::/system.slice/docker-${sha256(String(container)).slice(7)}.scope\n`)
    write('maps', addresses.map((start, i) => mapsLine(start, dev, i % files, names[i] ?? '')).join(''))
    writeLines(`${process}/mountinfo`, OTHER_MOUNTS + 1, (i) =>
      i === 0 ? unionLine(container) : mountLine(container * 100 + i, 'other'),
    )
    symlinkSync(`mnt:[${4026532000 + container}]`, `${process}/ns/mnt`)
    symlinkSync('/', `${process}/root`)
    symlinkSync(entries, `${process}/map_files`)
  }
  return proc
}

/** The union of a container, which sees it at its `/`. */
function unionLine(container: number): string {
  return mountLine(container, 'overlay').replace(/^(\S+ \S+) \S+ \/ \S+/, `$1 0:${container + 64} / /`)
}

function mapsLine(start: number, dev: string, file: number, name: string): string {
  const range = `${start.toString(16)}-${(start + 0x1000).toString(16)}`
  return `${range} r-xp 00000000 00:${dev.padStart(2, '0')} ${file + 1000}   ${name}\n`
}

const META = 'io.containerd.metadata.v1.bolt'

/** The name that containerd gives the folder of its snapshotter for overlayfs. */
export const SNAPSHOTTER = 'io.containerd.snapshotter.v1.overlayfs'

const LAYERS = 20

/** A containerd with so many snapshots, which are the layers of images of {@link LAYERS} layers each. */
export function containerdStore(folder: string, snapshots: number): string {
  const root = `${folder}/containerd`
  for (const name of [META, SNAPSHOTTER, 'io.containerd.content.v1.content/blobs/sha256'])
    mkdirSync(`${root}/${name}`, { recursive: true })
  const [images, layers]: [BoltContent, BoltContent] = [{}, {}]
  for (let first = 0; first < snapshots; first += LAYERS) {
    const diffIds = Array.from({ length: LAYERS }, (_, i) => sha256(`layer ${first + i}`))
    images[`docker.io/library/image-${first}:latest`] = { target: { digest: writeImage(root, diffIds) } }
    let chain = ''
    for (const [i, diffId] of diffIds.entries()) {
      const below = chain
      chain = below === '' ? diffId : sha256(`${below} ${diffId}`)
      const parent = below === '' ? '' : `default/${first + i}/${below}`
      layers[`default/${first + i + 1}/${chain}`] = { kind: '\x03', id: varint(first + i), parent }
    }
  }
  writeFileSync(`${root}/${META}/meta.db`, boltFile({ v1: { default: { images } } }))
  writeFileSync(`${root}/${SNAPSHOTTER}/metadata.db`, boltFile({ v1: { snapshots: layers } }))
  return root
}

/** Writes the manifest and the configuration of an image. Returns the manifest's digest. */
function writeImage(root: string, diffIds: readonly string[]): string {
  const write = (content: object) => {
    const text = JSON.stringify(content)
    writeFileSync(`${root}/io.containerd.content.v1.content/blobs/sha256/${sha256(text).slice(7)}`, text)
    return sha256(text)
  }
  return write({ config: { digest: write({ rootfs: { type: 'layers', diff_ids: diffIds } }) } })
}

/** A number as encoding/binary writes it: groups of seven bits, the lowest first. */
function varint(number: number): string {
  return number < 0x80
    ? String.fromCharCode(number)
    : String.fromCharCode((number & 0x7f) | 0x80) + varint(number >>> 7)
}
