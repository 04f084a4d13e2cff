/** Plays the cases on this machine's kernel, or on another. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { release, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { binaries, lines, repository, started } from '../helpers/run.js'
import { boot } from './boot.js'
import type { Case, Row } from './case.js'
import { kernelImage } from './kernel-image.js'
import { available, findProgram, librariesOf, must } from './programs.js'

/** What came of the cases on one kernel. */
export interface Stage {
  release: string
  /** How each case's script ended, by its title. */
  scripts: Map<string, Ending>
  /** What aufs-vma told after that. */
  looks: Map<LookName, Look>
}

/**
 * By itself; by the bytes; told by the iterator what is really mapped, where that can be built; and by itself in a guest whose
 * clock was moved.
 */
export type LookName = 'alone' | 'compared' | 'told' | 'moved'

/** A run of aufs-vma on the processes of all cases. */
export interface Look extends Ending {
  /** Of each case, by its title. */
  rows: Map<string, Row[]>
}

interface Ending {
  status: number
  stderr: string
}

/** A line of guest/play-all.sh, which has one of these. */
interface Line {
  case?: Scripted
  vma?: Vma
  end?: Ending & { name: LookName }
}

interface Scripted extends Ending {
  name: string
  folder: string
  pids: number[]
}

/** What is read here of a record of aufs-vma. */
interface Vma {
  pid: number
  path: string
  state: Row[1]
  branch: { path: string | null } | null
}

/** What the cases take besides a shell and BusyBox, whose own programs of these names can do less. */
const PROGRAMS = ['sleep', 'timeout', 'unshare', 'getfattr']

const SCRIPTS = join(repository, 'test/kernels/guest')

const BPF = join(repository, 'bpf')

const IN_NAMESPACES = ['-m', '-p', '-f', '--mount-proc', '--kill-child']

/** What takes overlayfs and the right to mount it. */
const PROBE = `
  set -e
  mount -t tmpfs tmpfs "$1"; cd "$1"
  mkdir base top work u
  mount -t overlay overlay -o lowerdir=base,upperdir=top,workdir=work u`

/** The clock of a guest is moved by two hours, as that of a machine that was asleep. */
const CLOCK_MOVE = 7200

/**
 * Plays cases on this machine's kernel.
 *
 * @throws {Unavailable} where it may not mount an overlay, or a program is missing
 */
export async function playHere(cases: readonly Case[]): Promise<Stage> {
  return withScripts(cases, async (scripts) => {
    const so = await available(async () => {
      await checkPrograms(PROGRAMS)
      await must('unshare', ...IN_NAMESPACES, 'sh', '-c', PROBE, 'sh', scripts)
      return library()
    })
    const bpf = existsSync('/sys/kernel/btf/vmlinux') ? await iterator(scripts) : null
    const words = [
      join(SCRIPTS, 'play-all.sh'),
      join(scripts, 'cases'),
      so,
      ...started('aufs-vma'),
      bpf ?? '-',
    ]
    return readStage(release(), await must('unshare', ...IN_NAMESPACES, 'sh', ...words), cases)
  })
}

/**
 * Plays cases on one of Debian's kernels, all of them in one boot.
 *
 * @param series such as `6.1`
 * @throws {Unavailable} where the kernel cannot be had, or a program is missing
 */
export async function playOn(series: string, cases: readonly Case[]): Promise<Stage> {
  const [kernel, so] = await available(async () => {
    await checkPrograms([...PROGRAMS, 'cpio', 'qemu-system-x86_64'])
    return [await kernelImage(series), await library()] as const
  })
  return withScripts(cases, async (scripts) => {
    const bpf = await iterator(scripts)
    const contents = {
      programs: [process.execPath, ...PROGRAMS, ...(bpf === null ? [] : ['bpftool'])],
      files: {
        ...{ cases: join(scripts, 'cases'), guest: SCRIPTS, 'library.so': so, dist: binaries },
        ...(bpf !== null && { bpf }),
      },
      modules: ['overlay'],
    }
    const words = ['sh', '/guest/play-all.sh', '/cases', '/library.so', 'node', '/dist/aufs-vma.js']
    const command = ['unshare', ...IN_NAMESPACES, ...words, bpf === null ? '-' : '/bpf', CLOCK_MOVE].join(' ')
    const { stdout, stderr, status } = await boot(kernel, contents, command)
    if (status !== 0) throw new Error(`${kernel.release}: status ${status}\n${stderr}`)
    return readStage(kernel.release, stdout, cases)
  })
}

async function checkPrograms(programs: readonly string[]): Promise<void> {
  for (const program of programs) await findProgram(program)
  // It has to run where there is no library: as the first program of a guest, and in the root of a container.
  const libraries = await librariesOf(await findProgram('busybox'))
  if (libraries.length > 0) throw new Error('busybox is not linked statically (Debian: busybox-static)')
}

/** What pins the iterator, in a folder of its own; null where it cannot be built here. */
async function iterator(folder: string): Promise<string | null> {
  const bpf = join(folder, 'bpf')
  mkdirSync(bpf)
  for (const file of ['pin.sh', 'unpin.sh']) copyFileSync(join(BPF, file), join(bpf, file))
  try {
    await findProgram('bpftool')
    await must('sh', join(BPF, 'build.sh'), join(bpf, 'vmas.bpf.o'))
    return bpf
  } catch {
    return null
  }
}

/** Writes a script for each case, whose name is the case's number, below `cases`. */
async function withScripts<T>(cases: readonly Case[], work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'aufs-filters-cases-'))
  try {
    mkdirSync(join(folder, 'cases'))
    for (const [i, { steps }] of cases.entries()) writeFileSync(join(folder, 'cases', String(i)), steps)
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A small library that every program can have besides its own: it lies beside libc, which has all that it was for. */
async function library(): Promise<string> {
  const libc = (await librariesOf(await findProgram('sleep'))).find((file) =>
    /^libc\.so/.test(basename(file)),
  )
  if (libc === undefined) throw new Error('sleep has no libc.so, which is where other libraries are')
  return join(dirname(libc), 'libdl.so.2')
}

function readStage(kernel: string, output: string, cases: readonly Case[]): Stage {
  const stage: Stage = { release: kernel, scripts: new Map(), looks: new Map() }
  const titleOf = ({ name }: Scripted) => cases[Number(name)]?.title ?? name
  const scripted: Scripted[] = []
  let vmas: Vma[] = []
  for (const line of lines(output).map((text) => JSON.parse(text) as Line)) {
    if (line.case !== undefined) {
      scripted.push(line.case)
      stage.scripts.set(titleOf(line.case), ending(line.case))
    }
    if (line.vma !== undefined) vmas.push(line.vma)
    if (line.end !== undefined) {
      const told = vmas
      const rows = new Map(scripted.map((done) => [titleOf(done), rowsOf(done, told)]))
      stage.looks.set(line.end.name, { ...ending(line.end), rows })
      vmas = []
    }
  }
  return stage
}

/** What was said on standard error may hold any byte, and comes in base64. */
function ending({ status, stderr }: Ending): Ending {
  return { status, stderr: Buffer.from(stderr, 'base64').toString() }
}

/**
 * Of what a case maps, whose names end so; the other libraries of a process have a version at the end. In the order of their
 * paths, and of one path in that of the processes, as they were started.
 */
function rowsOf({ folder, pids }: Scripted, vmas: readonly Vma[]): Row[] {
  const inFolder = (name: string) => (name.startsWith(`${folder}/`) ? name.slice(folder.length + 1) : name)
  return vmas
    .filter(({ pid, path }) => pids.includes(pid) && /\/(\w+\.so|busybox-\w+)$/.test(path))
    .sort((a, b) =>
      a.path === b.path ? pids.indexOf(a.pid) - pids.indexOf(b.pid) : a.path < b.path ? -1 : 1,
    )
    .map(({ path, state, branch }): Row => [inFolder(path), state, branch && inFolder(branch.path ?? '')])
}
