/** Writes what the usage of the commands makes besides `--help`: man pages and completions. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import packageJson from '../package.json' with { type: 'json' }
import { commands } from './commands.js'
import { bash, fish, zsh } from './completions.js'
import { manPage } from './man.js'

const { version } = packageJson
const changelog = await readFile('CHANGELOG.md', 'utf8')
const [, date] =
  changelog
    .split('\n')
    .find((line) => line.startsWith(`## [${version}] - `))
    ?.split(' - ') ?? []
if (date === undefined) throw new Error(`CHANGELOG.md tells no date of ${version}`)

const files: [path: string, text: string][] = [
  ...commands.map((command): [string, string] => [
    `man/${command.name}.1`,
    manPage(command, { version, date: new Date(date) }),
  ]),
  ['completions/aufs-filters.bash', bash(commands)],
  ['completions/_aufs-filters', zsh(commands)],
  ['completions/aufs-filters.fish', fish(commands)],
]
await mkdir('dist/man')
await mkdir('dist/completions')
for (const [path, text] of files) await writeFile(`dist/${path}`, text)
