/** The text of `--help`. */
import test from 'ava'
import { usages } from '../../scripts/commands.js'
import { helpOf } from '../../src/cli/help.js'
import { type AnyUsage, shownOptions } from '../../src/cli/usage.js'

for (const usage of usages)
  test(`${usage.name}: help fits the window, names its values and the manual, and lists what the command uses`, (t) => {
    for (const columns of [40, 60, 80, 120]) {
      const text = helpOf(usage, columns)
      const commandLines = usage.examples.map(([line]) => `  ${line}`)
      const wide = text
        .split('\n')
        .filter((line) => line.length > Math.min(columns, 100) && !commandLines.includes(line))
      t.deepEqual(wide, [], `${columns}`)
      for (const { names, value } of shownOptions(usage)) {
        const values = value === undefined ? '' : ` ${typeof value === 'string' ? value : value.join('|')}`
        t.regex(text, new RegExp(`^  ( {4})?${names.join(', ')}${values.replaceAll('|', '\\|')}(  |$)`, 'm'))
      }
      for (const line of commandLines) t.true(text.includes(`${line}\n`), 'to be copied as it stands')
      t.true(text.endsWith(`\nThe manual: man ${usage.name}`))
      t.is(text.includes('--procfs DIR'), usage.name === 'aufs-vma')
      t.is(text.includes('--sysfs DIR'), ['aufs-vma', 'aufs-branches'].includes(usage.name))
    }
  })

/** A command that is none. */
const usage: AnyUsage = {
  ...{ name: 'aufs-x', hint: '', files: [] },
  synopsis: ['[OPTION]... [FILE]...', '[OPTION]... dump -- COMMAND [ARGUMENT]... of some length'],
  about: 'What it is for, in as many words as take more than a line.\nAnd more.',
  options: {
    out: { letter: 'o', value: 'FILE', default: '-', describe: 'Where it goes' },
    all: { hasNo: true, describe: 'All of it, however much that may be, and whatever it takes' },
    'a-name-that-is-long': { value: ['one', 'another'], describe: 'Which of them' },
  },
  examples: [
    [
      'aufs-x < a-file-whose-name-is-longer-than-the-window | less',
      'Shows what there is of it, page by page',
    ],
    ['aufs-x', 'Waits'],
  ],
  exitStatus: [[3, 'it was found']],
}

test('names stand beside their texts, or above them where they are long', (t) => {
  t.is(
    helpOf(usage, 60),
    `Usage: aufs-x [OPTION]... [FILE]...
       aufs-x [OPTION]... dump -- COMMAND [ARGUMENT]... of
              some length

What it is for, in as many words as take more than a line.
And more.

Options:
  -o, --out FILE            Where it goes (default: -)
      --all, --no-all       All of it, however much that may
                            be, and whatever it takes
      --a-name-that-is-long one|another
                            Which of them
      --strict              Stop at the first line or entry
                            that cannot be used
      --max-line N          Longest line, in bytes; a longer
                            one is a message (default:
                            8388608)
  -h, --help                Show this help
      --version             Show the version

Examples:
  aufs-x < a-file-whose-name-is-longer-than-the-window | less
      Shows what there is of it, page by page
  aufs-x
      Waits

Exit status:
  0  all well, also when there was nothing to write, or the
     reader has gone
  1  something could not be read, used or written; each has
     its message
  2  wrong usage
  3  it was found

The manual: man aufs-x`,
  )
})

test('in a narrow window texts stand below the names of options', (t) => {
  t.true(
    helpOf(usage, 49).includes(`
Options:
  -o, --out FILE
        Where it goes (default: -)
      --all, --no-all
        All of it, however much that may be, and
        whatever it takes
`),
  )
  t.true(helpOf(usage, 50).includes('  -o, --out FILE            Where it goes'))
})

test('names that are all short are no further from their texts than they need', (t) => {
  const options = { out: { letter: 'o', value: 'FILE', describe: 'Where' } } as const
  t.true(helpOf({ ...usage, options }, 80).includes('  -o, --out FILE    Where\n'))
})

test('a word that is wider than the window stands alone, and is whole', (t) => {
  const about = `One ${'long'.repeat(20)} word.`
  t.true(helpOf({ ...usage, about }, 40).includes(`\n\nOne\n${'long'.repeat(20)}\nword.\n\n`))
  t.true(helpOf({ ...usage, about: 'a b' }, 1).includes('\n\na\nb\n\n'))
})

test('a name whose text would be nearer than two blanks has it on the next line', (t) => {
  const shown = (length: number) =>
    helpOf(
      {
        ...usage,
        options: { ['x'.repeat(length)]: { describe: 'Text' }, ['y'.repeat(30)]: { describe: '' } },
      },
      80,
    )
  t.true(shown(18).includes(`--${'x'.repeat(18)}  Text\n`))
  t.true(shown(19).includes(`--${'x'.repeat(19)}\n${' '.repeat(28)}Text\n`))
})

test('paragraphs are kept apart, and no line ends in blanks', (t) => {
  t.true(helpOf({ ...usage, about: 'One  two\n\nthree' }, 4).includes('\n\nOne\ntwo\n\nthree\n\n'))
})
