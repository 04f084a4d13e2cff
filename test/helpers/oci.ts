/** Images made by hand: an OCI layout in a tar, as `ctr images import` and `podman load` take it. */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The tar of a layer, and its digest. */
export interface OciLayer {
  tar: Buffer
  diffId: string
}

/** An image: its name and its layers, from the lowest up. */
export interface OciImage {
  name: string
  layers: OciLayer[]
}

export function sha256(content: string | Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

/** A layer that holds files. @param folder where it may be put together */
export function ociLayer(folder: string, files: Record<string, string>): OciLayer {
  const root = mkdtempSync(join(folder, 'layer-'))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(`${root}${path}`), { recursive: true })
    writeFileSync(`${root}${path}`, content)
  }
  return tarOf(root)
}

/** A layer that holds programs of this machine, with the libraries that they need. */
export function programLayer(folder: string, programs: string[]): OciLayer {
  const root = mkdtempSync(join(folder, 'layer-'))
  const told = execFileSync('ldd', programs, { encoding: 'utf8' })
  const libraries = [...told.matchAll(/(?:=> |^\t)(\/[^ ]+) \(/gm)].map(([, path = '']) => path)
  for (const file of [...programs, ...new Set(libraries)]) {
    mkdirSync(dirname(`${root}${file}`), { recursive: true })
    copyFileSync(file, `${root}${file}`)
  }
  return tarOf(root)
}

function tarOf(root: string): OciLayer {
  const tar = execFileSync(
    'tar',
    ['-C', root, '--owner=0', '--group=0', '--mtime=@0', '--sort=name', '-c', '.'],
    {
      maxBuffer: 2 ** 30,
    },
  )
  return { tar, diffId: sha256(tar) }
}

/** Writes images as one tar. */
export function ociArchive(file: string, images: readonly OciImage[]): void {
  const root = mkdtempSync(`${file}-`)
  mkdirSync(`${root}/blobs/sha256`, { recursive: true })
  const blob = (mediaType: string, content: string | Buffer) => {
    const digest = sha256(content)
    writeFileSync(`${root}/blobs/${digest.replace(':', '/')}`, content)
    return { mediaType: `application/vnd.oci.image.${mediaType}`, digest, size: Buffer.byteLength(content) }
  }
  const manifests = images.map(({ name, layers }) => {
    const config = {
      ...{ architecture: architecture(), os: 'linux', config: { Cmd: ['/bin/sleep', '600'] } },
      ...{ author: name, rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) } },
    }
    const manifest = {
      ...{ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json' },
      config: blob('config.v1+json', JSON.stringify(config)),
      layers: layers.map(({ tar }) => blob('layer.v1.tar', tar)),
    }
    const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name }
    return { ...blob('manifest.v1+json', JSON.stringify(manifest)), annotations }
  })
  writeFileSync(`${root}/index.json`, JSON.stringify({ schemaVersion: 2, manifests }))
  writeFileSync(`${root}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}')
  execFileSync('tar', ['-C', root, '-c', '-f', file, '.'])
}

/** The name that Go has for this machine. */
function architecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch
}

/** The text of a file; empty where there is none. */
export function textOrNothing(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
