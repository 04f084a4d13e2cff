/**
 * What the single executable runs: the command whose name it has been called by. By any other name, such as its own, it is
 * the first word. Each command is the bundle that npm installs, as an asset.
 */
import { basename } from 'node:path'
import { getRawAsset } from 'node:sea'
import { compile, start } from './load.js'

/** Undefined where there is no such asset. */
function asset(name: string): Buffer | undefined {
  try {
    const raw = getRawAsset(name)
    return typeof raw === 'string' ? undefined : Buffer.from(raw)
  } catch {
    return undefined
  }
}

/** Runs a command. Returns false where there is none of that name. */
function run(name: string): boolean {
  const source = asset(`${name}.js`)
  if (source === undefined) return false
  start(compile(name, source, asset(`${name}.cache`)))
  return true
}

/** Runs the command that the first word says. */
function runFirstWord(): boolean {
  const [node = '', self = '', word = '', ...words] = process.argv
  const whole = process.argv
  process.argv = [node, self, ...words]
  if (run(`aufs-${word}`)) return true
  process.argv = whole
  return false
}

run(basename(process.argv0)) || runFirstWord() || run('menu')
