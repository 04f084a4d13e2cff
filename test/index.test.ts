/** The library as its users have it: by its name, and by the types that are published. */
import { chmodSync, readFileSync } from 'node:fs'
import test from 'ava'
import { tempFolder } from './helpers/folders.js'
import { isInstalled, isRoot, NOBODY, skip } from './helpers/machine.js'
import { lines, outcome, repository } from './helpers/run.js'
import { compiled, makeProject } from './helpers/user-project.js'

const readme = readFileSync(`${repository}/README.md`, 'utf8')

/** What the README shows of the library. */
const examples = Object.fromEntries(
  [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, example = ''], i) => [`example${i}.js`, example]),
)

test('Streams are typed by what they carry, and bytes are no text', async (t) => {
  const folder = tempFolder(t)
  makeProject(folder, { 'types.ts': readFileSync(`${repository}/test/strict/types.ts`, 'utf8') })
  t.is((await compiled(folder)).stdout, '')
})

test('The examples of the README compile under strict, and run as a user without a capability', async (t) => {
  t.is(Object.keys(examples).length, 2)
  const folder = tempFolder(t)
  makeProject(folder, examples)
  t.is((await compiled(folder)).stdout, '')

  if (isRoot && !isInstalled('setpriv')) return skip(t, 'no setpriv')
  chmodSync(folder, 0o755)
  const [program = '', ...words] = [...(isRoot ? NOBODY : []), process.execPath]
  for (const name of Object.keys(examples)) {
    const { stdout, stderr, status } = await outcome(program, [...words, `${folder}/${name}`], '', {
      NODE_V8_COVERAGE: '',
    })
    if (/^setpriv:|EACCES: permission denied, /m.test(stderr)) return skip(t, stderr)
    t.is(status, 0, stderr)
    // A machine may have no union.
    if (examples[name]?.includes('vmas'))
      t.true(lines(stdout).some((line) => line.startsWith(process.execPath)))
    for (const line of lines(stderr))
      t.regex(line, /PrivilegeWarning: map_files cannot be followed|--trace-warnings/)
  }
})
