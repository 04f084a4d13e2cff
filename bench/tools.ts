/** What the bench runs: the commands as they are built, peers, and small C programs that are compiled where there is a compiler. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** One argument for the shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/** A command of this package, for the shell. */
export function ours(name: string): string {
  return `${quoted(process.execPath)} ${quoted(`${repository}/dist/bin/${name}.js`)}`
}

/** Whether a program is there. */
export function isInstalled(program: string): boolean {
  return spawnSync('bash', ['-c', `command -v ${program}`]).status === 0
}

/** Programs that are compiled when they are first asked for, into a folder. */
export class CPrograms {
  readonly #folder: string
  readonly #compiled = new Set<string>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** The path of a program, which exists only where there is a compiler. */
  path(name: string): string {
    const program = `${this.#folder}/${name}`
    if (!this.#compiled.has(name) && isInstalled('cc'))
      execFileSync('cc', ['-O2', '-o', program, `${repository}/bench/${name}.c`], { stdio: 'inherit' })
    this.#compiled.add(name)
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
