/** What the single executable does where no command is named: it says which there are. */
import packageJson from '../../package.json' with { type: 'json' }
import { writeAll } from '../../src/cli/io.js'
import { hasCode, systemReason } from '../../src/errors.js'
import { bytesOf } from '../../src/text/byte-string.js'
import { quote } from '../../src/text/printable.js'
import { executable, help } from './executable.js'

const { name } = executable
const [, , word] = process.argv

if (word === '--help' || word === '-h') print(help())
else if (word === '--version') print(`${packageJson.version}\n`)
else fail(word === undefined ? 'the command is missing' : `no command: ${quote(bytesOf(word))}`, 2)

function print(text: string): void {
  try {
    writeAll(1, bytesOf(text))
  } catch (error) {
    if (!hasCode(error, 'EPIPE')) fail(`standard output: ${systemReason(error)}`, 1)
  }
}

function fail(message: string, status: 1 | 2): void {
  process.exitCode = status
  try {
    writeAll(2, bytesOf(`${name}: ${message}\n${status === 2 ? `Try: ${name} --help\n` : ''}`))
  } catch {}
}
