/** What each command says of itself, as help, man pages and completions take it. */
import test from 'ava'
import { exitStatusOf, namesOf, shownOptions, valueText } from '../../src/cli/usage.js'

test('an option is called by its letter, its name, and by no where it may be said no to', (t) => {
  const describe = 'x'
  t.deepEqual(namesOf('all', { describe }), ['--all'])
  t.deepEqual(namesOf('all', { describe, letter: 'a' }), ['-a', '--all'])
  t.deepEqual(namesOf('all', { describe, letter: 'a', hasNo: true }), ['-a', '--all', '--no-all'])
})

test('a value is what it is called, or the words of which it is one', (t) => {
  const describe = 'x'
  t.is(valueText({ describe }), '')
  t.is(valueText({ describe, value: 'FILE' }), 'FILE')
  t.is(valueText({ describe, value: ['auto', 'never'] }), 'auto|never')
})

test("a command's own options stand before those of all commands", (t) => {
  const options = { out: { describe: 'Where', letter: 'o', value: 'FILE' } } as const
  const shown = shownOptions({ options })
  t.deepEqual(shown[0], { ...options.out, names: ['-o', '--out'] })
  t.deepEqual(
    shown.map(({ names }) => names.join()),
    ['-o,--out', '--strict', '--max-line', '-h,--help', '--version'],
  )
  t.is(shown[2]?.default, '8388608')
})

test("a command's own exit statuses stand after those of all commands", (t) => {
  const statuses = (own?: [number, string][]) =>
    exitStatusOf(own === undefined ? {} : { exitStatus: own }).map(([status]) => status)
  t.deepEqual(statuses(), [0, 1, 2])
  t.deepEqual(statuses([[3, 'found']]), [0, 1, 2, 3])
})
