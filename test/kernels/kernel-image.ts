/** Debian's own kernels, unpacked from its packages and kept for the next time. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../helpers/run.js'
import { must } from './programs.js'

/** A kernel that can be booted. */
export interface KernelImage {
  /** As `uname -r` tells it there. */
  release: string
  /** The file to boot. */
  image: string
  /** The folder of its modules. */
  modules: string
}

/** It belongs to this copy of the project alone, and goes with it. */
const CACHE = join(repository, 'node_modules/.cache/kernels')

/** Has both kernels, for machines whose own sources do not. */
const SOURCE =
  'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian-security bookworm-security main'

/**
 * A cloud kernel of Debian: the one that is kept, else the newest.
 *
 * @param series such as `6.1`
 * @throws where it cannot be had, with the reason
 */
export async function kernelImage(series: string): Promise<KernelImage> {
  mkdirSync(CACHE, { recursive: true })
  const folder = join(CACHE, series)
  if (!existsSync(folder)) await download(series, folder)
  // Where the modules are depends on the Debian.
  const modules = ['lib/modules', 'usr/lib/modules'].map((path) => join(folder, path)).find(existsSync)
  const [release] = modules === undefined ? [] : readdirSync(modules)
  if (modules === undefined || release === undefined) throw new Error(`no kernel in ${folder}`)
  return { release, image: join(folder, `boot/vmlinuz-${release}`), modules: join(modules, release) }
}

/** The folder appears with all that is in it, or not at all. */
async function download(series: string, folder: string): Promise<void> {
  const work = mkdtempSync(join(CACHE, 'download-'))
  try {
    const { name, options } = await packageOf(series, join(work, 'apt'))
    await must(
      'sh',
      '-c',
      'cd "$1" && shift && exec "$@"',
      'sh',
      work,
      'apt-get',
      ...options,
      'download',
      name,
    )
    const archive = readdirSync(work).find((file) => file.endsWith('.deb'))
    if (archive === undefined) throw new Error(`apt-get downloaded no ${name}`)
    await must('dpkg-deb', '-x', join(work, archive), join(work, 'unpacked'))
    // Another run may have been faster.
    if (!existsSync(folder)) renameSync(join(work, 'unpacked'), folder)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** The package, and the options with which apt knows it: none where this machine's own sources have it. */
async function packageOf(series: string, folder: string): Promise<{ name: string; options: string[] }> {
  const name = await newest(series, [])
  if (name !== undefined) return { name, options: [] }
  const options = ownSource(folder)
  await must('apt-get', ...options, 'update')
  const found = await newest(series, options)
  if (found === undefined) throw new Error(`apt knows no cloud kernel ${series}`)
  return { name: found, options }
}

async function newest(series: string, options: string[]): Promise<string | undefined> {
  const pattern = `^linux-image-${series.replaceAll('.', '\\.')}\\.[0-9].*-cloud-amd64-unsigned$`
  const found = await must('apt-cache', ...options, 'search', '--names-only', pattern)
  const names = found.split('\n').flatMap((line) => line.split(' ', 1).filter((name) => name !== ''))
  return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)
}

/** Makes apt work in a folder, with one source. The machine's sources and lists are not touched, so it takes no root. */
function ownSource(folder: string): string[] {
  mkdirSync(join(folder, 'lists/partial'), { recursive: true })
  mkdirSync(join(folder, 'archives/partial'), { recursive: true })
  writeFileSync(join(folder, 'sources.list'), `${SOURCE}\n`)
  return [
    `Dir::State::lists=${folder}/lists`,
    `Dir::Cache=${folder}`,
    `Dir::Etc::SourceList=${folder}/sources.list`,
    'Dir::Etc::SourceParts=/dev/null',
    'APT::Architecture=amd64',
    // For root, apt would fetch as a user who may not write here.
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option])
}
