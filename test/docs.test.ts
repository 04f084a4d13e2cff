/** What README.md and docs/ say is so: what they show is what the commands print, and their links lead somewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import { isInstalled, skip } from './helpers/machine.js'
import { outcome, repository, shell, started } from './helpers/run.js'

const PAGES = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
  ...readdirSync(`${repository}/docs`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('api/'))
    .map((name) => `docs/${name}`),
]

function textOf(page: string): string {
  return readFileSync(`${repository}/${page}`, 'utf8')
}

/** What a page shows of a terminal: a command after `$ `, and all that it prints. */
function sessions(page: string): { command: string; output: string }[] {
  return [...textOf(page).matchAll(/^```console\n\$ ([^\n]*)\n(.*?)^```$/gms)].map(
    ([, command = '', output = '']) => ({ command, output }),
  )
}

const onSamples = PAGES.flatMap((page) =>
  sessions(page)
    .filter(({ command }) => command.includes('samples/'))
    .map((session) => ({ page, ...session })),
)

test('The commands are shown on samples', (t) => {
  t.true(onSamples.length >= 6)
})

for (const { page, command, output } of onSamples)
  test(`${page} shows what this prints: ${command}`, async (t) => {
    if (command.includes('jq') && !(await isInstalled('jq'))) return skip(t, 'no jq')
    const { stdout, stderr, status } = await shell(command, { COLUMNS: '80' })
    t.deepEqual([Buffer.from(stdout, 'latin1').toString('utf8'), stderr, status], [output, '', 0])
  })

test('README.md shows what its first pipe prints, of a container whose library is replaced', async (t) => {
  const [first] = sessions('README.md')
  const filter = first?.command.replace(/^sudo aufs-vma --pid \$PID \| /, '') ?? ''
  t.regex(filter, /^jq /)
  if (process.getuid?.() !== 0) return skip(t, 'it takes root to mount')
  if (process.arch !== 'x64') return skip(t, 'what loads a program is called otherwise on this machine')
  for (const program of ['openssl', 'jq']) if (!(await isInstalled(program))) return skip(t, `no ${program}`)
  const scene = ['--mount', '--propagation', 'private', 'sh', `${repository}/test/live/readme.sh`]
  const { stdout, stderr } = await outcome('unshare', [...scene, ...started('aufs-vma'), '--pid'], '', {
    NODE_V8_COVERAGE: '',
  })
  if (/^(mount|unshare):/m.test(stderr)) return skip(t, stderr)
  const shown = await outcome('sh', ['-c', filter], stdout)
  t.deepEqual([shown.stdout, stderr], [first?.output, ''])
})

test('README.md can be read at once: 150 lines of 80 columns', (t) => {
  const lines = textOf('README.md').split('\n').slice(0, -1)
  t.true(lines.length <= 150)
  t.deepEqual(
    lines.filter((line) => line.length > 80),
    [],
  )
})

/** What a heading is called in a link, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
}

for (const page of PAGES)
  test(`The links of ${page} lead somewhere`, (t) => {
    for (const [, link = ''] of textOf(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : join(dirname(page), path)
      t.true(existsSync(`${repository}/${target}`), link)
      if (anchor === undefined) continue
      const headings = [...textOf(target).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
        anchorOf(heading),
      )
      t.true(headings.includes(anchor), link)
    }
    t.pass()
  })
