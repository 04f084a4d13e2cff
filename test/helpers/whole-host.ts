/** VMA records of a host that runs many containers, made of numbers alone: the same at each run. */
import { createHash } from 'node:crypto'
import type { LayerImage } from '../../src/unions/branch-table.js'
import type { DrawnVma } from '../../src/view/drawn-records.js'
import type { State, VmaBranch } from '../../src/vma/record.js'

/** What runs: a service of the host, or an image in a container, with so many workers. */
interface Program {
  comm: string
  workers: number
  image?: string
}

/** Of each ten, seven run in containers. */
const PROGRAMS: Program[] = [
  { comm: 'nginx', workers: 4, image: 'docker.io/library/nginx:1.27' },
  { comm: 'postgres', workers: 6, image: 'docker.io/library/postgres:16' },
  { comm: 'redis-server', workers: 1, image: 'docker.io/library/redis:7' },
  { comm: 'node', workers: 1, image: 'registry.example.org/shop/api:2025-11' },
  { comm: 'python3', workers: 3, image: 'registry.example.org/shop/worker:2025-11' },
  { comm: 'java', workers: 1, image: 'docker.io/library/openjdk:21' },
  { comm: 'envoy', workers: 1, image: 'docker.io/envoyproxy/envoy:v1.31' },
  { comm: 'systemd', workers: 1 },
  { comm: 'sshd', workers: 1 },
  { comm: 'dockerd', workers: 1 },
]

const IMAGES = PROGRAMS.flatMap(({ image }) => image ?? [])

/** What the segments of a file are mapped as, and how many pages each has. */
const SEGMENTS = [
  { perms: 'r--p', pages: 1 },
  { perms: 'r-xp', pages: 9 },
  { perms: 'r--p', pages: 3 },
  { perms: 'rw-p', pages: 1 },
]

export interface HostSize {
  processes: number
  /** Of each process. */
  mappings: number
  /** Whether workers map the same files; else each has some of its own. */
  areAlike?: boolean
}

/** The records of so many processes, each in the order of its addresses. */
export function wholeHost({ processes, mappings, areAlike = true }: HostSize): DrawnVma[] {
  const running = Array.from({ length: processes }, (_, place) =>
    PROGRAMS.flatMap((program, i) =>
      Array.from({ length: program.workers }, (_, worker) => ({
        ...{ program, place: place * PROGRAMS.length + i, worker: areAlike ? 0 : worker + 1 },
      })),
    ),
  ).flat()
  return running.slice(0, processes).flatMap((each, i) => mapped({ ...each, pid: 1000 + 3 * i }, mappings))
}

/** A worker of what runs at a place: in a container of its own, if the program has an image. */
interface Running {
  program: Program
  place: number
  worker: number
  pid: number
}

function mapped({ program, place, worker, pid }: Running, mappings: number): DrawnVma[] {
  const { comm, image } = program
  const container = image === undefined ? null : hash(`container ${place}`)
  const unit = container === null ? `${comm}.service` : `docker-${container}.scope`
  let end = 0x55_0000_0000n + BigInt(pid) * 0x100_0000n
  const segments = Array.from({ length: Math.ceil(mappings / SEGMENTS.length) }, (_, file) => {
    const path = pathOf(file, comm, place, worker)
    const source = sourceOf(path, file, place, image)
    return SEGMENTS.map(({ perms, pages }, i): DrawnVma => {
      const start = i === 0 && file % 50 === 3 ? end + 0x2a_0000_0000n : end
      end = start + BigInt(pages * (1 + ((file * 7) % 23))) * 0x1000n
      const addresses = { start: start.toString(16), end: end.toString(16) }
      return { pid, comm, container, unit, ...addresses, perms, path, ...source }
    })
  })
  return segments.flat().slice(0, mappings)
}

/** Where a file comes from, if it is not of the host or a volume, and what is known of it. */
function sourceOf(path: string, file: number, place: number, image: string | undefined) {
  const ino = String(1000 + file)
  if (image === undefined || path.startsWith('/data/'))
    return { rpath: null, dev: '254:0', ino, state: 'current' as const, branch: null }
  return {
    ...{ rpath: `.${path}`, dev: `0:${40 + place}`, ino },
    ...{ state: stateOf(file, place), branch: branchOf(file, place, image) },
  }
}

/** The program, libraries of the base, modules of the image, a volume, and files that only this worker maps. */
function pathOf(file: number, comm: string, place: number, worker: number): string {
  if (file === 0) return `/usr/bin/${comm}`
  if (file % 31 === 30) return `/data/volume-${place}/index-${file}.db`
  if (worker > 0 && file % 3 === 0) return `/srv/${comm}/worker-${worker}/segment-${place}-${file}.bin`
  if (file < 24) return `/usr/lib/x86_64-linux-gnu/${LIBRARIES[file % LIBRARIES.length]}.so.${1 + (file % 6)}`
  return `/usr/lib/${comm}/modules/module-${file}.so`
}

const LIBRARIES = [
  ...['libc', 'libssl', 'libcrypto', 'libz', 'libpcre2-8', 'libstdc++', 'libm', 'libgcc_s'],
  ...['libpthread', 'libdl', 'librt', 'libicudata', 'libxml2', 'liblzma', 'libzstd', 'libuuid'],
  ...['libcurl', 'libnghttp2', 'libkrb5', 'libsystemd', 'libcap', 'libselinux', 'libaudit', 'libexpat'],
]

/** In some containers libraries were upgraded; of some files nothing is known. */
function stateOf(file: number, place: number): State | null {
  if (place % 5 === 1 && (file === 1 || file === 2)) return 'replaced'
  if (place % 15 === 4 && file === 4) return 'copied_up'
  if (place % 20 === 12 && file === 5) return 'deleted'
  return isUnknown(file) ? null : 'current'
}

function isUnknown(file: number): boolean {
  return file % 29 === 28
}

/** Files lie in the base, which all have in common, in layers of the image, or in the container's own. */
function branchOf(file: number, place: number, image: string): VmaBranch | null {
  if (isUnknown(file)) return null
  const index = file < 16 ? 4 : file % 40 === 0 ? 0 : file < 60 ? 2 : 1
  const layer = LAYERS[index]?.(place, image) ?? { folder: '', names: [], container: null }
  const id = hash(layer.folder)
  const digest = layer.container === null ? `sha256:${id}` : null
  const known: LayerImage = {
    ...{ store: 'docker', layer: digest, chain: digest, names: layer.names, container: layer.container },
  }
  return {
    ...{ mount_id: 500 + place, si: null, index, id: null, path: `/var/lib/docker/overlay2/${id}/diff` },
    ...{ perm: index === 0 ? 'rw' : 'ro', attributes: [], image: known },
  }
}

type Layer = Pick<LayerImage, 'names' | 'container'> & { folder: string }

const ofImage = (_: number, image: string): Layer => ({ folder: image, names: [image], container: null })
const ofImageToo = (_: number, image: string): Layer => ({ ...ofImage(_, image), folder: `${image} below` })
const ofContainer = (place: number): Layer => ({
  ...{ folder: `container ${place}`, names: [], container: hash(`container ${place}`) },
})
const base: Layer = { folder: 'base', names: ['docker.io/library/debian:12', ...IMAGES], container: null }

/** By the number of the branch. */
const LAYERS: Record<number, (place: number, image: string) => Layer> = {
  0: ofContainer,
  1: ofImage,
  2: ofImageToo,
  4: () => base,
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
