/** Completions for shells. */
import type { Option, ShownOption } from '../src/cli/usage.js'
import type { Command } from './commands.js'

/** For bash, to be sourced. */
export function bash(commands: Command[]): string {
  const names = commands.map(({ name }) => name)
  return `# Completion for bash of ${names.join(', ')}.
_aufs_filters() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} options value=''
  # --option=value is three words.
  if [[ $word == '=' ]]; then
    word=''
  elif [[ $before == '=' ]]; then
    before=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case \${1##*/} in
${commands.map(bashCommand).join('\n')}
  esac
  COMPREPLY=()
  # Files are what readline completes itself where nothing else is found: it knows how they are quoted.
  case $value in
    DIR) compopt +o default -o dirnames ;;
    PID) mapfile -t COMPREPLY < <(compgen -W "$(cd /proc && echo [0-9]*)" -- "$word") ;;
    COMMAND) mapfile -t COMPREPLY < <(compgen -c -- "$word") ;;
    ID | N | TYPE) compopt +o default ;;
    FILE | WORD) ;;
    '') [[ $word != -* ]] || mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$value" -- "$word") ;;
  esac
}
complete -o default -F _aufs_filters ${names.join(' ')}
`
}

function bashCommand({ name, actions, options }: Command): string {
  const values = options.flatMap(({ names, value }) =>
    value === undefined
      ? []
      : [`        ${names.join(' | ')}) value='${typeof value === 'string' ? value : value.join(' ')}' ;;`],
  )
  return [
    `    ${name})`,
    `      options='${options.flatMap(({ names }) => names).join(' ')}'`,
    '      case $before in',
    ...values,
    '      esac',
    ...(actions === undefined ? [] : bashActions(actions)),
    '      ;;',
  ].join('\n')
}

/** The first word is an action, and what follows `--` is another command with words of its own. */
function bashActions(actions: readonly string[]): string[] {
  return [
    `      ((COMP_CWORD > 1)) || [[ $word == -* ]] || value='${actions.join(' ')}'`,
    `      case " \${COMP_WORDS[*]:0:COMP_CWORD} " in`,
    `        *' -- ') value=COMMAND ;;`,
    `        *' -- '*) value=WORD ;;`,
    '      esac',
  ]
}

/** For zsh, a function of a folder in fpath. */
export function zsh(commands: Command[]): string {
  const names = commands.map(({ name }) => name)
  return `#compdef ${names.join(' ')}
# Completion for zsh of ${names.join(', ')}.
case $service in
${commands.map(zshCommand).join('\n')}
esac
`
}

function zshCommand({ name, actions, options }: Command): string {
  const first = actions === undefined ? [] : [`1:ACTION:(${actions.join(' ')})`]
  const specs = [...options.flatMap(zshOption), ...first, '*:FILE:_files']
  return [
    `  ${name})`,
    ...(actions === undefined ? [] : [ZSH_COMMAND]),
    `    _arguments -S \\`,
    `      ${specs.map(single).join(' \\\n      ')}`,
    '    ;;',
  ].join('\n')
}

/** What follows `--` is another command, which zsh completes as if it stood alone. */
const ZSH_COMMAND = `    local -i end=$words[(i)--]
    if (( end < CURRENT )); then
      shift $end words
      (( CURRENT -= end ))
      _normal
      return
    fi`

function zshOption({ names, value, describe, isList }: ShownOption): string[] {
  const says = `[${describe.replace(/[[\]\\]/g, '\\$&')}]`
  const others = isList ? '*' : names.length > 1 ? `(${names.join(' ')})` : ''
  return names.map((name) => {
    if (value === undefined) return `${others}${name}${says}`
    // A value may stand together with its letter, but not with a name.
    const spec = name.startsWith('--') ? `${name}=` : `${name}+`
    return `${others}${spec}${says}:${typeof value === 'string' ? value : 'WORD'}:${zshValue(value)}`
  })
}

type Value = NonNullable<Option['value']>

function zshValue(value: Value): string {
  if (typeof value !== 'string') return `(${value.join(' ')})`
  // A space: nothing to complete.
  return { DIR: '_files -/', FILE: '_files', PID: '_pids', ID: ' ', TYPE: ' ', N: ' ' }[value]
}

/** Quoted, as it stands. */
function single(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/** For fish, to be sourced. */
export function fish(commands: Command[]): string {
  const lines = commands.flatMap(({ name, actions, options }) => [
    ...options.flatMap((option) => fishOption(name, option)),
    ...(actions === undefined ? [] : fishActions(name, actions)),
  ])
  return `# Completion for fish of ${commands.map(({ name }) => name).join(', ')}.\n${lines.join('\n')}\n`
}

function fishActions(command: string, actions: readonly string[]): string[] {
  const before = '(commandline --tokenize --cut-at-cursor --current-process)'
  return [
    `complete -c ${command} -n 'test (count ${before}) -eq 1' -x -a '${actions.join(' ')}'`,
    `complete -c ${command} -n 'test ${before}[-1] = --' -x -a '(__fish_complete_command)'`,
  ]
}

function fishOption(command: string, { names, value, describe }: ShownOption): string[] {
  const short = names.filter((name) => /^-\w$/.test(name)).map((name) => ` -s ${name.slice(1)}`)
  return names
    .filter((name) => name.startsWith('--'))
    .map((name) => {
      const says = `'${describe.replace(/['\\]/g, '\\$&')}'`
      return `complete -c ${command}${short.join('')} -l ${name.slice(2)}${fishValue(value)} -d ${says}`
    })
}

function fishValue(value: Value | undefined): string {
  if (value === undefined) return ''
  if (typeof value !== 'string') return ` -x -a '${value.join(' ')}'`
  return {
    DIR: " -x -a '(__fish_complete_directories)'",
    FILE: ' -r -F',
    PID: " -x -a '(__fish_complete_pids)'",
    TYPE: ' -x',
    ID: ' -x',
    N: ' -x',
  }[value]
}
