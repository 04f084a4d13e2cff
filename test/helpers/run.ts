/** Runs the built commands, as a shell would. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { environment, LIMIT } from './processes.js'

/** The repository, three folders above this file as it is built. */
export const repository = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

/** The folder of the built commands. */
export const binaries = fileURLToPath(new URL('../../bin', import.meta.url))

/** What a program did. Its output is in latin1, a character a byte. */
export interface Outcome {
  stdout: string
  stderr: string
  status: number | null
}

/** The program and first argument that start a command. */
export function started(command: string): [program: string, script: string] {
  return [process.execPath, `${binaries}/${command}.js`]
}

/** Runs a command from the repository's folder. */
export function run(command: string, args: string[], input: string | Buffer = ''): Promise<Outcome> {
  const [program, script] = started(command)
  return outcome(program, [script, ...args], input)
}

/**
 * Runs a line of bash in which the commands are on the PATH. Where bash is nobody's child its standard input, a socket of
 * Node's, makes it read ~/.bashrc, as for rshd (bash(1)): what that says is nothing of ours.
 */
export function shell(line: string, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return outcome('bash', ['--norc', '-c', `${functions}\n${line}`], '', env)
}

/** The commands as functions of the shell, since the built files are named `.js`. */
const functions = [
  'aufs-mounts',
  'aufs-branches',
  'aufs-vma',
  'aufs-log',
  'aufs-remount',
  'aufs-criu',
  'aufs-images',
  'aufs-view',
]
  .map((name) => `${name}() { '${process.execPath}' '${binaries}/${name}.js' "$@"; }`)
  .join('\n')

/** Runs a program from the repository's folder to its end; one that takes too long is killed, and has no status. */
export function outcome(
  program: string,
  args: string[],
  input: string | Buffer = '',
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: repository,
      env: { ...environment(), ...env },
      timeout: LIMIT,
      killSignal: 'SIGKILL',
    })
    const done: Outcome = { stdout: '', stderr: '', status: null }
    child.stdout.setEncoding('latin1').on('data', (text: string) => (done.stdout += text))
    child.stderr.setEncoding('latin1').on('data', (text: string) => (done.stderr += text))
    child.stdin.on('error', () => {}).end(typeof input === 'string' ? Buffer.from(input, 'latin1') : input)
    child.on('error', reject)
    // What it has started may live on, and hold its output open.
    child.on('exit', () => {
      if (child.killed) for (const output of [child.stdout, child.stderr]) output.destroy()
    })
    child.on('close', (status) => resolve({ ...done, status }))
  })
}

/** The lines of an output, less the newline of each. */
export function lines(text: string): string[] {
  return text.split('\n').slice(0, -1)
}
