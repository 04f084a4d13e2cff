/** What each command says of a command line that it cannot use: one line of what is wrong, one of where help is. */
import test from 'ava'
import { commands } from '../../scripts/commands.js'
import { outcome, run, started } from '../helpers/run.js'

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
  ['aufs-mounts', ['--maxLine', '5'], 'unknown option --maxLine: did you mean --max-line?'],
  ['aufs-mounts', ['--proc', '/p'], 'unknown option --proc: did you mean --procfs?'],
  ['aufs-branches', ['--formt', 'log'], 'unknown option --formt: did you mean --format?'],
  ['aufs-images', ['--docer', '/d'], 'unknown option --docer: did you mean --docker?'],
  ['aufs-remount', ['--readonly'], 'unknown option --readonly: did you mean --read-only?'],
  ['aufs-view', ['--colour', 'never'], 'unknown option --colour: did you mean --color?'],
  ['aufs-log', ['--stict'], 'unknown option --stict: did you mean --strict?'],
  // Nothing is near.
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
  ['aufs-vma', ['-px'], '--pid takes process numbers, not "x"'],
  [
    'aufs-vma',
    ['-p1,0'],
    '--pid 0 is no process: docker inspect tells it of a container that is not running',
  ],
  [
    'aufs-vma',
    ['--pid', '0'],
    '--pid 0 is no process: docker inspect tells it of a container that is not running',
  ],
  ['aufs-vma', ['4711'], 'there is no FILE 4711: did you mean --pid 4711?'],
  // What another command has to be told.
  ['aufs-criu', [], 'the first word is dump or restore'],
  ['aufs-criu', ['dmp', '--', 'criu'], 'the first word is dump or restore'],
  ['aufs-criu', ['dump'], 'the command that is to be run is missing, after --'],
]

for (const [command, words, says] of wrong)
  test(`wrong usage: ${[command, ...words].join(' ')}`, async (t) => {
    const { stdout, stderr, status } = await run(command, words)
    t.is(stderr, `${command}: ${says}\nTry: ${command} --help\n`)
    t.deepEqual([stdout, status], ['', 2])
  })

/** What is asked for is shown, whatever stands beside it. */
const isInfo = (option: string) => ['--help', '--version'].includes(option)

for (const { name, options } of commands)
  test(`${name}: each option that takes a value says what it needs`, async (t) => {
    for (const { names, value } of options.filter(({ names }) => !names.some((each) => isInfo(each))))
      for (const option of names) {
        const { stderr, status } = await run(name, value === undefined ? [`${option}=x`] : [option])
        const says = value === undefined ? 'takes no value' : 'needs [a-z0-9, ]+'
        t.regex(stderr, new RegExp(`^${name}: ${option} ${says}\nTry: ${name} --help\n$`))
        t.is(status, 2)
      }
  })

/** The records of a captured process. */
const CAPTURED = ['--procfs', 'samples/leaky-01-docker/proc', '--sysfs', 'samples/leaky-01-docker/sys']

test('a letter does as its option does, with its value beside it or after it', async (t) => {
  const whole = await run('aufs-vma', [...CAPTURED, '--pid', '112'])
  t.is(whole.status, 0)
  for (const words of [
    ['-p', '112'],
    ['-p112'],
    ['-p=112'],
    ['-p112,112'],
    ['-p112', '--pid', '112'],
    ['-a'],
  ])
    t.deepEqual(await run('aufs-vma', [...CAPTURED, ...words]), whole, words.join(' '))
})

test('a word after a flag is no value of it, and after -- nothing is an option', async (t) => {
  const missing = (word: string) => `aufs-mounts: ${word}: no such file or directory (ENOENT)\n`
  t.is((await run('aufs-mounts', ['--strict', 'true'])).stderr, missing('true'))
  t.is((await run('aufs-mounts', ['--', '--help'])).stderr, missing('--help'))
  t.is((await run('aufs-mounts', ['--', '-pid'])).stderr, missing('-pid'))
})

test('of an option that is given twice the last counts, and of two that say yes and no', async (t) => {
  t.is((await run('aufs-branches', ['--format', 'log', '--format', 'ndjson', '/dev/null'])).status, 0)
  const entry = '1000-2000 -> /bin/sh\n'
  const [yes, no] = await Promise.all(
    [
      ['--no-stat', '--stat'],
      ['--stat', '--no-stat'],
    ].map((words) => run('aufs-vma', words, entry)),
  )
  const [justYes, justNo] = await Promise.all(
    [['--stat'], ['--no-stat']].map((words) => run('aufs-vma', words, entry)),
  )
  t.deepEqual([yes, no], [justYes, justNo])
})

test('every command takes --procfs and --sysfs, so that the same words do for all of a pipe', async (t) => {
  for (const { name, actions } of commands) {
    const words = actions === undefined ? [] : ['dump', '--print', '--', 'true']
    const { stderr, status } = await run(name, [...CAPTURED, ...words], '')
    t.deepEqual([stderr, status], ['', 0], name)
  }
})

test('a folder of --procfs that is not there ends the command, and nothing is written', async (t) => {
  for (const words of [['--pid', '1'], ['--all'], ['-']])
    t.deepEqual(await run('aufs-vma', ['--procfs', '/no/such', ...words], '1000-2000 -> /bin/sh\n'), {
      ...{ stdout: '', stderr: 'aufs-vma: /no/such: no such file or directory (ENOENT)\n', status: 1 },
    })
})

test('so does a folder of --root, where a process is looked up in it', async (t) => {
  const own = ['--pid', String(process.pid), '--root', '/no/such']
  const { stdout, stderr, status } = await run('aufs-vma', own)
  t.deepEqual([stdout, stderr, status], ['', 'aufs-vma: /no/such: no such file or directory (ENOENT)\n', 1])
  t.is((await run('aufs-vma', [...own, '--no-stat'])).status, 0)
})

for (const { name, options, examples } of commands)
  test(`${name}: help fits the window, names its values and the manual, and lists what the command uses`, async (t) => {
    for (const [columns, width] of [
      ['40', 40],
      ['60', 60],
      [undefined, 80],
      ['120', 100],
    ] as const) {
      const { stdout } = await outcome(started(name)[0], [started(name)[1], '--help'], '', {
        COLUMNS: columns,
      })
      const commandLines = examples.map(([line]) => `  ${line}`)
      const wide = stdout.split('\n').filter((line) => line.length > width && !commandLines.includes(line))
      t.deepEqual(wide, [], `${columns}`)
      for (const { names, value } of options) {
        const text = value === undefined ? '' : ` ${typeof value === 'string' ? value : value.join('|')}`
        t.regex(stdout, new RegExp(`^  ( {4})?${names.join(', ')}${text.replaceAll('|', '\\|')}(  |$)`, 'm'))
      }
      for (const line of commandLines) t.true(stdout.includes(`${line}\n`), 'to be copied as it stands')
      t.true(stdout.endsWith(`\nThe manual: man ${name}\n`))
      t.is(stdout.includes('--procfs DIR'), name === 'aufs-vma')
      t.is(stdout.includes('--sysfs DIR'), ['aufs-vma', 'aufs-branches'].includes(name))
    }
  })

test('help that is asked for is shown, whatever else is wrong', async (t) => {
  const { stdout, stderr, status } = await run('aufs-vma', ['--nope', '--max-line', 'x', '-h', '--pid'])
  t.regex(stdout, /^Usage: aufs-vma /)
  t.deepEqual([stderr, status], ['', 0])
})
