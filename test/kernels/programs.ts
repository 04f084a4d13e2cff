/** Programs of this machine. */
import { outcome } from '../helpers/run.js'

/** What this machine does not have, or does not allow: no fault of what is tested. */
export class Unavailable extends Error {}

/** The result of what only prepares a test: whatever is thrown there means that this machine is not fit for it. */
export async function available<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new Unavailable(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/**
 * The standard output of a program that has to succeed.
 *
 * @throws where it does not, with what it said on standard error
 */
export async function must(program: string, ...args: string[]): Promise<string> {
  const { stdout, stderr, status } = await outcome(program, args)
  if (status !== 0) throw new Error(`${program}: ${stderr.trim() || `status ${status}`}`)
  return stdout
}

/**
 * The file of a program, by its name or path.
 *
 * @throws where it is not installed
 */
export async function findProgram(name: string): Promise<string> {
  const { stdout, status } = await outcome('sh', ['-c', 'command -v "$1"', 'sh', name])
  if (status !== 0) throw new Error(`${name} is not installed`)
  return stdout.trim()
}

/** The libraries of a program and its loader; none where it is linked statically, or a script. */
export async function librariesOf(file: string): Promise<string[]> {
  const { stdout } = await outcome('ldd', [file])
  return [...stdout.matchAll(/(?<=\s)\/\S+(?= \()/g)].map(([path]) => path)
}
