/** The man pages, as the build wrote them. */
import { readdirSync } from 'node:fs'
import test from 'ava'
import { commands } from '../../scripts/commands.js'
import { manPage } from '../../scripts/man.js'
import { isInstalled, skip } from '../helpers/machine.js'
import { outcome, repository } from '../helpers/run.js'

const pageOf = (name: string) => `dist/man/${name}.1`

test('every command has a man page, and no other there is', (t) => {
  const pages = readdirSync(`${repository}/dist/man`)
  t.deepEqual(
    pages.sort(),
    readdirSync(`${repository}/bin`)
      .map((file) => file.replace(/\.ts$/, '.1'))
      .sort(),
  )
})

for (const { name, about, options, files, examples } of commands) {
  test(`${name}: mandoc finds nothing wrong with its man page`, async (t) => {
    if (!isInstalled('mandoc')) return skip(t, 'no mandoc here')
    const checked = await outcome('mandoc', ['-T', 'lint', '-W', 'warning', pageOf(name)])
    t.deepEqual(checked, { stdout: '', stderr: '', status: 0 })
  })

  test(`${name}: man shows all that its usage says`, async (t) => {
    if (!isInstalled('man')) return skip(t, 'no man here')
    const env = { LC_ALL: 'C.UTF-8', MANWIDTH: '200', MANPAGER: undefined, PAGER: undefined }
    const { stdout, stderr, status } = await outcome('man', ['--warnings', '-l', pageOf(name)], '', env)
    t.deepEqual([stderr, status], ['', 0])
    const shown = plain(Buffer.from(stdout, 'latin1').toString('utf8'))
    const said = [
      about,
      ...options.flatMap(({ names, describe }) => [names.join(', '), describe]),
      ...files.flat(),
      ...examples.map(([command]) => command),
      'EXIT STATUS 0 All well',
      'SEE ALSO',
    ]
    for (const each of said) t.true(shown.includes(plain(each)), each)
    for (const other of commands) t.is(shown.includes(`${other.name}(1)`), other.name !== name, other.name)
  })
}

test('no word of a usage is a macro, nor becomes another character', async (t) => {
  if (!isInstalled('mandoc')) return skip(t, 'no mandoc here')
  const odd = `.Sh It "x" 'y' \`z\` \\fB \\n ^ ~ -- --no-stat`
  const [command] = commands
  if (command === undefined) throw new Error('no command')
  const about = `Odd. ${odd}`
  const page = manPage(
    { ...command, about, examples: [[odd, odd]] },
    { version: '1.2.3', date: new Date('2026-01-02') },
  )
  const { stdout } = await outcome('mandoc', ['-T', 'utf8', '-O', 'width=200'], page)
  const shown = plain(Buffer.from(stdout, 'latin1').toString('utf8').replace(/.\x08/g, ''))
  t.true(shown.includes(`DESCRIPTION ${about} `))
  t.true(shown.includes(`EXAMPLES ${odd}: ${odd} `))
  t.true(shown.endsWith('aufs-filters 1.2.3 January 2, 2026 aufs-filters 1.2.3'))
})

/** A text as its words. */
function plain(text: string): string {
  return text.trim().replace(/\s+/g, ' ')
}
