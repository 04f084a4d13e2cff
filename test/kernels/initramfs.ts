/** The files of a guest: BusyBox, programs and files of this machine, and modules of the kernel. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { repository } from '../helpers/run.js'
import type { KernelImage } from './kernel-image.js'
import { findProgram, librariesOf, must } from './programs.js'

/** What a guest has, besides BusyBox and all its applets. */
export interface Contents {
  /** Programs of this machine, by name or path; their libraries come along. They go before BusyBox's applets. */
  programs: readonly string[]
  /** Files and folders of this machine, by the path that they have in the guest. */
  files: Readonly<Record<string, string>>
  /** Modules that are loaded, by name; those that they depend on come along. */
  modules: readonly string[]
}

/** Where guest/init looks for modules; it loads them in the order of their names. */
const MODULES = 'modules'

/**
 * Makes the initramfs of a guest that runs one command (guest/init).
 *
 * @param command a line of shell
 * @param work an empty folder
 * @returns the archive, in that folder. It is not compressed: to unpack it takes an emulated machine longer than to read it.
 */
export async function makeInitramfs(
  kernel: KernelImage,
  { programs, files, modules }: Contents,
  command: string,
  work: string,
): Promise<string> {
  // Nearly all in it are links, which find and cpio follow: nothing is copied twice.
  const root = join(work, 'root')
  link(root, 'init', join(repository, 'test/kernels/guest/init'))
  link(root, 'bin/busybox', await findProgram('busybox'))
  // BusyBox's own shell runs applets where there are programs of the same name.
  await addProgram(root, 'sh')
  // Where libraries are that lie in no folder of the loader's own.
  if (existsSync('/etc/ld.so.cache')) link(root, 'etc/ld.so.cache', '/etc/ld.so.cache')
  writeFileSync(join(root, 'command'), `${command}\n`)
  for (const name of programs) await addProgram(root, name)
  for (const [path, file] of Object.entries(files)) link(root, path, file)
  await addModules(root, kernel, modules)
  const archive = join(work, 'initramfs')
  const line = 'cd "$1" && find -L . | cpio --quiet -o -L -H newc -R 0:0 > "$2"'
  await must('sh', '-c', line, 'sh', root, archive)
  return archive
}

function link(root: string, path: string, target: string): void {
  const place = join(root, path)
  mkdirSync(dirname(place), { recursive: true })
  if (!existsSync(place)) symlinkSync(target, place)
}

async function addProgram(root: string, name: string): Promise<void> {
  const file = await findProgram(name)
  link(root, `usr/local/bin/${basename(name)}`, file)
  for (const library of await librariesOf(file)) link(root, library, library)
}

async function addModules(root: string, kernel: KernelImage, names: readonly string[]): Promise<void> {
  mkdirSync(join(root, MODULES))
  const paths = readdirSync(kernel.modules, { recursive: true, encoding: 'utf8' }).filter(isModule)
  const files = new Map(paths.map((path) => [moduleName(path), join(kernel.modules, path)]))
  const added = new Set<string>()
  const add = async (name: string) => {
    const file = files.get(name)
    // One that has no file is part of the kernel itself.
    if (file === undefined || added.has(name)) return
    const module = await readModule(file)
    for (const needed of dependencies(module)) await add(needed)
    writeFileSync(join(root, MODULES, `${String(added.size).padStart(3, '0')}-${name}.ko`), module)
    added.add(name)
  }
  for (const name of names) await add(name)
}

function isModule(path: string): boolean {
  return /\.ko(\.xz)?$/.test(path)
}

/** Files may have `-` where modules have `_`. */
function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko(\.xz)?$/, '')
    .replaceAll('-', '_')
}

async function readModule(file: string): Promise<Buffer> {
  return file.endsWith('.xz') ? Buffer.from(await must('xz', '-dc', file), 'latin1') : readFileSync(file)
}

/** As the section .modinfo tells them, in which each text ends with a zero byte. */
function dependencies(module: Buffer): string[] {
  const list = /\0depends=([^\0]*)\0/.exec(module.toString('latin1'))?.[1] ?? ''
  return list.split(',').filter((name) => name !== '')
}
