/** What the bench runs: the commands as they are built, peers, and small C programs that are compiled where there is a compiler. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Obstacle } from './row.js'

export const repository = fileURLToPath(new URL('../..', import.meta.url))

/** One argument for the shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/** A command of this package as npm installs it, for the shell. */
export function ours(name: string): string {
  return `${quoted(process.execPath)} ${quoted(`${repository}/dist/bin/${name}.js`)}`
}

/** The same as a program of its own, which has Node inside. @throws Obstacle where it was not built */
export function oursAsBinary(name: string): string {
  const program = `dist/binary/linux-${process.arch}/${name}`
  if (!existsSync(`${repository}/${program}`)) throw new Obstacle(`no ${program}`)
  return quoted(`${repository}/${program}`)
}

/** @throws Obstacle where a program is not there */
export function need(...programs: string[]): void {
  const missing = programs.filter((program) => !isInstalled(program))
  if (missing.length > 0) throw new Obstacle(`no ${missing.join(', ')}`)
}

function isInstalled(program: string): boolean {
  return spawnSync('bash', ['--norc', '-c', `command -v ${program}`]).status === 0
}

/** @throws Obstacle where this user is not root */
export function needRoot(): void {
  if (process.getuid?.() !== 0) throw new Obstacle('takes root')
}

/** Programs that are compiled when they are first asked for, into a folder. */
export class CPrograms {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * The path of a program.
   *
   * @param folder where it is put, if not with the others
   * @throws Obstacle where there is no compiler
   */
  path(name: string, folder = this.#folder, ...flags: string[]): string {
    const program = `${folder}/${name}`
    if (existsSync(program)) return program
    need('cc')
    try {
      execFileSync('cc', ['-O2', ...flags, '-o', program, `${repository}/bench/c/${name}.c`], {
        stdio: 'pipe',
      })
    } catch {
      throw new Obstacle(`${name}.c cannot be compiled here`)
    }
    return program
  }
}

/** What `node` needs for nothing: an empty script. */
export function emptyScript(folder: string): string {
  writeFileSync(`${folder}/empty.js`, '')
  return `${quoted(process.execPath)} ${quoted(`${folder}/empty.js`)}`
}

/** Processes that are there until they are stopped. */
export interface Running {
  pids: number[]
  stop(): Promise<void>
}

/** Starts a program that prints `ready` and the numbers of its processes, and ends with its standard input. */
export async function start(program: string, ...args: (string | number)[]): Promise<Running> {
  const child = spawn(program, args.map(String), { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  let text = ''
  for await (const chunk of child.stdout.setEncoding('latin1').iterator({ destroyOnReturn: false })) {
    text += chunk
    if (text.endsWith('\n')) break
  }
  return {
    pids: text.trimEnd().split(' ').slice(1).map(Number),
    async stop() {
      child.stdin.end()
      child.stdout.resume()
      await ended
    },
  }
}

/** Processes that do nothing but take a processor each, until this one ends. */
export function keepBusy(count: number): void {
  for (let i = 0; i < count; i++) {
    const child = spawn('sh', ['-c', `while kill -0 ${process.pid}; do :; done`], { stdio: 'ignore' })
    process.once('exit', () => child.kill())
  }
}
