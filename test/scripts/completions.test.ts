/** The completions, as the build wrote them, in the shells that they are for. */
import test, { type ExecutionContext } from 'ava'
import { commands } from '../../scripts/commands.js'
import { tempFolder, writeTree } from '../helpers/folders.js'
import { isInstalled, skip } from '../helpers/machine.js'
import { lines, outcome, repository } from '../helpers/run.js'

const folder = `${repository}/dist/completions`

/** What is typed, \t for the key that completes, and the words that the command is then given. */
const typed: [line: string, words: string[]][] = [
  ['aufs-vma --pr\t', ['--procfs']],
  ['aufs-vma --no\t', ['--no-stat']],
  ['aufs-branches --type o\t', ['--type', 'overlay']],
  ['aufs-branches --type=o\t', ['--type=overlay']],
  ['aufs-vma --branches tab\t', ['--branches', 'tables one.ndjson']],
  ['aufs-vma --branches=tab\t', ['--branches=tables one.ndjson']],
  ['aufs-log du\t', ['dump.log']],
  ['aufs-remount --root d\t', ['--root', 'deep']],
  ['aufs-remount --root=d\t', ['--root=deep']],
  ['aufs-vma --max-line du\t', ['--max-line', 'du']],
  ['aufs-criu r\t', ['restore']],
  ['aufs-criu --pri\t', ['--print']],
  ['aufs-criu dump du\t', ['dump', 'dump.log']],
  ['aufs-criu dump -- mkfif\t', ['dump', '--', 'mkfifo']],
  ['aufs-criu dump -- mkfifo du\t', ['dump', '--', 'mkfifo', 'dump.log']],
]

const shells: [shell: string, start: string, setup: string][] = [
  ['bash', 'bash --norc --noprofile -i', `source '${folder}/aufs-filters.bash'`],
  ['zsh', 'zsh -f -i', `fpath=('${folder}' $fpath); autoload -Uz compinit; compinit -u -D`],
]

for (const [shell, start, setup] of shells) {
  test(`${shell} completes what is typed`, async (t) => {
    for (const program of [shell, 'script']) if (!isInstalled(program)) return skip(t, `no ${program} here`)
    const given = await type(t, start, [setup, ...typed.map(([line]) => line)])
    t.deepEqual(
      given.map((words) => words.map((word) => word.replace(/\/$/, ''))),
      typed.map(([, words]) => words),
    )
  })
}

/** Types lines in a terminal, below a folder with some files, where each command tells the words that it was given. */
async function type(
  t: ExecutionContext,
  start: string,
  [setup = '', ...keys]: string[],
): Promise<string[][]> {
  const files = tempFolder(t)
  writeTree(files, { 'deep/file': '', 'dump.log': '', 'tables one.ndjson': '' })
  const tellers = commands.map(({ name }) => `${name}() { printf '\\n%s' 'given:' "$@" 'end:'; echo; }`)
  const input = [`cd '${files}'`, ...tellers, setup, ...keys, 'exit', ''].join('\n')
  const { stdout } = await outcome('script', ['-qec', start, '/dev/null'], input, { TERM: 'dumb' })
  return [...stdout.matchAll(/^given:\r\n(.*?)^end:/gms)].map(([, words = '']) =>
    words.split('\r\n').slice(0, -1),
  )
}

for (const { name, options } of commands) {
  const names = options.flatMap((option) => option.names)

  test(`${name}: bash offers every option`, async (t) => {
    const call = `COMP_WORDS=(${name} -) COMP_CWORD=1; _aufs_filters ${name}; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr } = await outcome('bash', [
      '--norc',
      '-c',
      `source '${folder}/aufs-filters.bash'; ${call}`,
    ])
    t.is(stderr, '')
    t.deepEqual(lines(stdout), names)
  })

  test(`${name}: fish offers every option with what it says`, async (t) => {
    if (!isInstalled('fish')) return skip(t, 'no fish here')
    const line = `source '${folder}/aufs-filters.fish'; complete -C '${name} -'`
    const { stdout, stderr } = await outcome('fish', ['--no-config', '-c', line])
    t.is(stderr, '')
    const said = options.flatMap((option) => option.names.map((each) => `${each}\t${option.describe}`))
    t.deepEqual(lines(stdout).sort(), said.sort())
  })
}

test('fish completes the values of options', async (t) => {
  if (!isInstalled('fish')) return skip(t, 'no fish here')
  const files = tempFolder(t)
  writeTree(files, { 'deep/file': '', 'dump.log': '', 'tables one.ndjson': '' })
  const offered = async (line: string) => {
    const script = `source '${folder}/aufs-filters.fish'; cd '${files}'; complete -C '${line}'`
    const { stdout, stderr } = await outcome('fish', ['--no-config', '-c', script])
    t.is(stderr, '', line)
    return lines(stdout).map((each) => each.replace(/\t.*/, ''))
  }
  const expected: [line: string, words: string[]][] = [
    ['aufs-branches --type ', ['aufs', 'overlay']],
    ['aufs-branches --type=o', ['--type=overlay']],
    ['aufs-vma --branches tab', ['tables one.ndjson']],
    ['aufs-log du', ['dump.log']],
    ['aufs-remount --root d', ['deep/']],
    ['aufs-vma --max-line du', []],
    ['aufs-criu r', ['restore']],
    ['aufs-criu dump du', ['dump.log']],
    ['aufs-criu dump -- mkfif', ['mkfifo']],
    ['aufs-criu dump -- mkfifo du', ['dump.log']],
  ]
  for (const [line, words] of expected) t.deepEqual(await offered(line), words, line)
  t.true((await offered('aufs-vma --pid ')).includes(String(process.pid)))
})
