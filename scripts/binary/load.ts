/** How a bundle is run with what V8 once made of it: the same in the executable, and where that is kept. */
import { Script } from 'node:vm'

/**
 * Compiles a bundle.
 *
 * @param source its text, which is ASCII
 * @param cachedData the code that V8 made of it before. What another V8 made is not used.
 */
export function compile(name: string, source: Buffer, cachedData?: Buffer): Script {
  const text = `(function (require) {${source.toString('latin1')}\n})`
  return new Script(text, { filename: name, ...(cachedData && { cachedData }) })
}

/** Runs what was compiled. */
export function start(script: Script): void {
  const bundle: (require: typeof process.getBuiltinModule) => void = script.runInThisContext()
  bundle(process.getBuiltinModule)
}
