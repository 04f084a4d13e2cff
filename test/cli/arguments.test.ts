/** How command lines are read, and what is said of those that cannot be used. */
import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import { commands, usages } from '../../scripts/commands.js'
import { givenWords, type Parsed, parseArguments, UsageError } from '../../src/cli/arguments.js'
import type { Options } from '../../src/cli/usage.js'

/** What is typed after the command, and what is wrong with it. */
const wrong: [command: string, words: string[], says: string][] = [
  // A slip of the fingers.
  ['aufs-vma', ['--pdi', '1'], 'unknown option --pdi: did you mean --pid?'],
  ['aufs-vma', ['--stael'], 'unknown option --stael: did you mean --stale?'],
  ['aufs-vma', ['--stael=1'], 'unknown option --stael: did you mean --stale?'],
  ['aufs-vma', ['--no-stats'], 'unknown option --no-stats: did you mean --no-stat?'],
  ['aufs-vma', ['--exitcode'], 'unknown option --exitcode: did you mean --exit-code?'],
  ['aufs-vma', ['--cont', 'a'], 'unknown option --cont: did you mean --container?'],
  ['aufs-vma', ['-pid', '1'], 'unknown option -pid: did you mean --pid?'],
  ['aufs-vma', ['-all'], 'unknown option -all: did you mean --all?'],
  ['aufs-vma', ['--stal'], 'unknown option --stal: did you mean --stale?'],
  ['aufs-mounts', ['--maxLine', '5'], 'unknown option --maxLine: did you mean --max-line?'],
  ['aufs-mounts', ['--proc', '/p'], 'unknown option --proc: did you mean --procfs?'],
  ['aufs-branches', ['--formt', 'log'], 'unknown option --formt: did you mean --format?'],
  ['aufs-images', ['--docer', '/d'], 'unknown option --docer: did you mean --docker?'],
  ['aufs-remount', ['--readonly'], 'unknown option --readonly: did you mean --read-only?'],
  ['aufs-view', ['--colour', 'never'], 'unknown option --colour: did you mean --color?'],
  ['aufs-log', ['--stict'], 'unknown option --stict: did you mean --strict?'],
  // Nothing is near.
  ['aufs-vma', ['--a'], 'unknown option --a'],
  ['aufs-vma', ['--p=7'], 'unknown option --p'],
  ['aufs-vma', ['--nope'], 'unknown option --nope'],
  ['aufs-vma', ['-x'], 'unknown option -x'],
  ['aufs-vma', ['-xyz'], 'unknown option -x'],
  ['aufs-vma', ['---x'], 'unknown option ---x'],
  ['aufs-log', ['--pid', '1'], 'unknown option --pid'],
  ['aufs-log', ['-p', '1'], 'unknown option -p'],
  ['aufs-vma', ['--no-all'], 'unknown option --no-all'],
  ['aufs-vma', ['--no-pid'], 'unknown option --no-pid'],
  ['aufs-vma', ['--constructor'], 'unknown option --constructor'],
  ['aufs-vma', ['--pid.x', '1'], 'unknown option --pid.x'],
  ['aufs-vma', ['--x\x1b[31m'], 'unknown option "--x\\u001b[31m"'],
  ['aufs-vma', [`--${'x'.repeat(50)}`], `unknown option "--${'x'.repeat(50)}"`],
  // No value, or one too many.
  ['aufs-vma', ['--pid'], '--pid needs a process number'],
  ['aufs-vma', ['--pid='], '--pid needs a process number'],
  ['aufs-vma', ['--pid', '--all'], '--pid needs a process number'],
  ['aufs-vma', ['--pid', '1', '--pid'], '--pid needs a process number'],
  ['aufs-vma', ['-p'], '-p needs a process number'],
  ['aufs-vma', ['--container'], '--container needs an id'],
  ['aufs-vma', ['--ask'], '--ask needs a type of filesystem'],
  ['aufs-vma', ['--branches'], '--branches needs a file'],
  ['aufs-vma', ['--root='], '--root needs a folder'],
  ['aufs-mounts', ['--max-line'], '--max-line needs a whole number, 1 or more'],
  ['aufs-branches', ['--type'], '--type needs aufs or overlay'],
  ['aufs-view', ['--color', '--html', 'x'], '--color needs auto, always or never'],
  ['aufs-vma', ['--all=yes'], '--all takes no value'],
  ['aufs-vma', ['--no-stat=yes'], '--no-stat takes no value'],
  ['aufs-vma', ['-a=yes'], '-a takes no value'],
  // Another value than it takes.
  ['aufs-mounts', ['--max-line', '0'], '--max-line takes a whole number, 1 or more, not "0"'],
  ['aufs-mounts', ['--max-line', '1e3'], '--max-line takes a whole number, 1 or more, not "1e3"'],
  [
    'aufs-mounts',
    ['--max-line', '9'.repeat(20)],
    `--max-line takes a whole number, 1 or more, not "${'9'.repeat(20)}"`,
  ],
  ['aufs-branches', ['--type', 'ext4'], '--type takes aufs or overlay, not "ext4"'],
  ['aufs-branches', ['--format', 'log', '--format', 'x\n'], '--format takes ndjson or log, not "x\\n"'],
  ['aufs-view', ['--color', 'blue'], '--color takes auto, always or never, not "blue"'],
  // What another command has to be told.
  ['aufs-criu', [], 'the first word is dump or restore'],
  ['aufs-criu', ['dmp', '--', 'criu'], 'the first word is dump or restore'],
  ['aufs-criu', ['dump'], 'the command that is to be run is missing, after --'],
]

/** How a command line is read. */
function parsed(command: string, words: string[]) {
  const usage = usages.find(({ name }) => name === command)
  if (usage === undefined) throw new Error(`no command ${command}`)
  return parseArguments(usage, words)
}

/** What is said of a command line; null where nothing is wrong. */
function fault(command: string, words: string[]): string | null {
  try {
    parsed(command, words)
    return null
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
}

for (const [command, words, says] of wrong)
  test(`wrong usage: ${[command, ...words].join(' ')}`, (t) => t.is(fault(command, words), says))

/** What is asked for is shown, whatever stands beside it. */
const isInfo = (option: string) => ['--help', '--version'].includes(option)

for (const { name, options } of commands)
  test(`${name}: each option that takes a value says what it needs`, (t) => {
    for (const { names, value } of options.filter(({ names }) => !names.some((each) => isInfo(each))))
      for (const option of names) {
        const says = value === undefined ? 'takes no value' : 'needs [a-z0-9, ]+'
        const told = fault(name, value === undefined ? [`${option}=x`] : [option])
        t.regex(told ?? '', new RegExp(`^${option} ${says}$`))
      }
  })

/** A command line that asks for no help. */
function read(command: string, words: string[]): Parsed<Options> {
  const line = parsed(command, words)
  if (typeof line === 'string') throw new Error(line)
  return line
}

/** The options that are given, and what is no option; those that are left out are as they are by default. */
function given(command: string, words: string[]): unknown {
  if (typeof parsed(command, words) === 'string') return parsed(command, words)
  const { options, ...operands } = read(command, words)
  const usual = read(command, command === 'aufs-criu' ? ['dump', '--', 'x'] : []).options
  const own = Object.entries(options).filter(
    ([name, value]) => !isDeepStrictEqual(value, Reflect.get(usual, name)),
  )
  return [Object.fromEntries(own), operands.files, ...(operands.command.length > 0 ? [operands] : [])]
}

const CRIU = ['criu', 'dump', '--tree', '7', '-h']
const right: [command: string, words: string[], given: unknown][] = [
  ['aufs-vma', [], [{}, []]],
  ['aufs-vma', ['--pid', '1,7', '-p', '8', '-p9', '-p=10'], [{ pid: ['1,7', '8', '9', '10'] }, []]],
  ['aufs-vma', ['-p', '1', '-a', '--stale'], [{ pid: ['1'], all: true, stale: true }, []]],
  ['aufs-vma', ['-ap', '1'], [{ pid: ['1'], all: true }, []]],
  ['aufs-vma', ['--root', 'a b', '--root=c=d'], [{ root: 'c=d' }, []]],
  ['aufs-vma', ['--no-stat'], [{ stat: false }, []]],
  ['aufs-vma', ['--no-stat', '--stat'], [{ stat: true }, []]],
  ['aufs-vma', ['--stat', '--no-stat'], [{ stat: false }, []]],
  ['aufs-vma', ['--ask', 'nfs', '--ask=9p'], [{ ask: ['nfs', '9p'] }, []]],
  ['aufs-vma', ['-p1,7', '--', '-p1,7', '-pid'], [{ pid: ['1,7'] }, ['-p1,7', '-pid']]],
  ['aufs-vma', ['-p\n1'], [{ pid: ['\n1'] }, []]],
  ['aufs-mounts', ['--max-line', '7', 'a', '-', 'b'], [{ 'max-line': 7 }, ['a', '-', 'b']]],
  ['aufs-mounts', ['--max-line', '9007199254740991'], [{ 'max-line': 9007199254740991 }, []]],
  ['aufs-mounts', ['--strict', 'true', '1e3'], [{ strict: true }, ['true', '1e3']]],
  ['aufs-mounts', ['a', '--', '--help', '-pid', '-p1'], [{}, ['a', '--help', '-pid', '-p1']]],
  ['aufs-branches', ['--format', 'ndjson', '--format', 'log'], [{ format: 'log' }, []]],
  ['aufs-branches', ['--procfs', '/p', '--sysfs=/s'], [{ procfs: '/p', sysfs: '/s' }, []]],
  ['aufs-criu', ['dump', 'a', '--', ...CRIU], [{}, ['a'], { files: ['a'], action: 'dump', command: CRIU }]],
  ['aufs-criu', ['restore', '--', '7'], [{}, [], { files: [], action: 'restore', command: ['7'] }]],
  // What is asked for is shown, whatever else is wrong.
  ['aufs-vma', ['--nope', '--max-line', 'x', '-h', '--pid'], 'help'],
  ['aufs-vma', ['--version', '--nope'], 'version'],
  ['aufs-criu', ['--help'], 'help'],
]

for (const [command, words, options] of right)
  test(`right usage: ${[command, ...words].join(' ')}`, (t) => t.deepEqual(given(command, words), options))

test('what is left out is as it is by default, or is not known', (t) => {
  const { options, ...operands } = read('aufs-vma', [])
  t.like(options, { pid: undefined, all: false, stat: undefined, root: undefined, strict: false })
  t.like(options, { procfs: '/proc', sysfs: '/sys', 'max-line': 8_388_608 })
  t.deepEqual(operands, { files: [], action: '', command: [] })
})

test('a word of the command line is as it was typed, and what stands for lost bytes may be meant', (t) => {
  const { argv } = process
  try {
    process.argv = ['node', 'aufs-mounts', '--strict', '\ufffd']
    t.deepEqual(givenWords(), ['--strict', '\ufffd'])
  } finally {
    process.argv = argv
  }
})
