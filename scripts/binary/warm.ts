/**
 * Runs a bundle as the executable does, and keeps the code that V8 made of what was used. This is run by the Node that the
 * executable has.
 *
 *     node warm.js BUNDLE CACHE LINES     LINES is JSON: the words of each run
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import v8 from 'node:v8'
import { compile, start } from './load.js'

const [node = '', self = '', bundle = '', cache = '', lines = ''] = process.argv
const name = basename(bundle, '.js')
// V8 keeps its flags' hash with the code, and refuses that of a process that has set some.
v8.setFlagsFromString = () => {}
const script = compile(name, readFileSync(bundle))
process.once('exit', () => writeFileSync(cache, script.createCachedData()))
for (const words of JSON.parse(lines)) {
  process.argv = [node, self, ...words]
  start(script)
}
