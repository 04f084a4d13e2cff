/** Writes what the usage of the commands makes besides `--help`: man pages and completions. */
import { mkdir, writeFile } from 'node:fs/promises'
import { commands } from './commands.js'
import { bash, fish, zsh } from './completions.js'
import { manPage } from './man.js'
import { release } from './release.js'

const files: [path: string, text: string][] = [
  ...commands.map((command): [string, string] => [`man/${command.name}.1`, manPage(command, release)]),
  ['completions/aufs-filters.bash', bash(commands)],
  ['completions/_aufs-filters', zsh(commands)],
  ['completions/aufs-filters.fish', fish(commands)],
]
await mkdir('dist/man')
await mkdir('dist/completions')
for (const [path, text] of files) await writeFile(`dist/${path}`, text)
