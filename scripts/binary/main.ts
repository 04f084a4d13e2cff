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

/** Whether there is a command of that name. */
function isCommand(name: string): boolean {
  return asset(`${name}.js`) !== undefined
}

/** Runs a command. One for another architecture than its builder's has no code that was kept. */
function run(name: string): void {
  const source = asset(`${name}.js`)
  if (source !== undefined) start(compile(name, source, asset(`${name}.cache`)))
}

const own = basename(process.argv0)
const byFirstWord = `aufs-${process.argv[2]}`
if (isCommand(own)) run(own)
else if (isCommand(byFirstWord)) {
  process.argv.splice(2, 1)
  run(byFirstWord)
} else run('menu')
