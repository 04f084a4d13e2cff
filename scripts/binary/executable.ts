/** What the single executable says of itself. */
import { common, namesOf } from '../../src/cli/usage.js'
import { type Command, commands } from '../commands.js'

const { help: helpOption, version } = common

/** It, as if it were a command. */
export const executable: Command = {
  name: 'aufs-filters',
  synopsis: ['COMMAND [WORD]...'],
  about: `One executable for all commands. COMMAND is the name of one, without its aufs-: ${commands
    .map(({ name }) => shortName(name))
    .join(', ')}. Called by the name of a command, as through a link, it is that command.`,
  hint: '',
  options: [
    { ...helpOption, names: namesOf('help', helpOption) },
    { ...version, names: namesOf('version', version) },
  ],
  files: [],
  examples: [
    ['aufs-filters vma --pid 1', 'runs aufs-vma'],
    ['ln -s aufs-filters aufs-vma; ./aufs-vma --pid 1', 'does the same'],
  ],
}

/** The text of `--help`. */
export function help(): string {
  const longest = Math.max(...commands.map(({ name }) => shortName(name).length))
  const list = commands.map(
    ({ name, about }) => `  ${shortName(name).padEnd(longest)}  ${firstSentence(about)}`,
  )
  const examples = executable.examples.map(([line, does]) => `  ${line}\n      ${does}`)
  return `Usage: ${executable.name} ${executable.synopsis[0]}

Commands:
${list.join('\n')}

COMMAND --help says what it does with its words. Called by the name of a command,
as through a link, it is that command.

Examples:
${examples.join('\n')}

The manual: man ${executable.name}
`
}

function shortName(name: string): string {
  return name.replace('aufs-', '')
}

function firstSentence(text: string): string {
  return text.split(/[.:](?= |$)/)[0] ?? ''
}
