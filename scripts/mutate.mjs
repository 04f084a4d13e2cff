// Puts mistakes into modules one at a time, by StrykerJS, and shows those that the tests beside them do not notice:
// `npm run mutate -- src/text/paths.ts`, several too. Tests that are named besides (`test/vma/fix-vma.test.ts`) are run instead.
// The built JavaScript is mutated, in a copy, where the commands are no bundles: what tests run of them is mutated as well.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Fetched when it is used: it brings more packages than all else here. Version 10 needs Node 22. */
const STRYKER = '@stryker-mutator/core@9.6.1'

/** Without npx, which takes as long as most of the tests. */
const AVA = 'node node_modules/ava/entrypoints/cli.mjs --fail-fast'

const named = process.argv.slice(2)
const given = named.filter((file) => /^test\/.*\.test\.ts$/.test(file) && existsSync(file))
const modules = named.filter((file) => !given.includes(file))
const missing = modules.find((file) => !/^src\/.*\.ts$/.test(file) || !existsSync(file))
if (modules.length === 0 || missing !== undefined) {
  console.error(
    missing === undefined ? 'mutate: which files of src/?' : `mutate: ${missing}: no module of src/`,
  )
  process.exit(2)
}

/** The tests that are named, or else the one that mirrors a module; where there is none, those of the nearest folder that has some. */
function testsOf(file) {
  if (given.length > 0) return given.map((test) => `dist/${test.replace(/ts$/, 'js')}`).join(' ')
  const mirror = file.replace(/^src\/(.*)\.ts$/, 'dist/test/$1.test.js')
  if (existsSync(mirror)) return mirror
  const folder = above(dirname(mirror)).find((each) => existsSync(each))
  return `${folder}/*.test.js`
}

const above = (folder) => (folder === '.' ? [] : [folder, ...above(dirname(folder))])

const copy = mkdtempSync(join(tmpdir(), 'mutate-'))
// Some tests start the commands as another user.
chmodSync(copy, 0o755)
process.on('exit', () => rmSync(copy, { recursive: true, force: true }))
for (const name of readdirSync('.'))
  if (!name.startsWith('.') && name !== 'dist') symlinkSync(join(process.cwd(), name), join(copy, name))

for (const file of modules) {
  const tests = testsOf(file)
  console.log(`${file}, by ${tests}`)
  rmSync(join(copy, 'dist'), { recursive: true, force: true })
  cpSync('dist', join(copy, 'dist'), { recursive: true })
  spawnSync('npx', ['tsc', '--outDir', join(copy, 'dist')], { stdio: 'inherit' })
  writeFileSync(join(copy, 'dist/bin/package.json'), '{ "type": "module" }')
  const config = {
    mutate: [file.replace(/^src\/(.*)\.ts$/, 'dist/src/$1.js')],
    testRunner: 'command',
    commandRunner: { command: `${AVA} ${tests}` },
    inPlace: true,
    concurrency: 1,
    reporters: ['clear-text'],
    clearTextReporter: { logTests: false, skipFull: false, allowColor: false, allowEmojis: false },
    // A machine that does much else is no endless loop.
    timeoutMS: 120_000,
    logLevel: 'warn',
  }
  writeFileSync(join(copy, 'stryker.config.json'), JSON.stringify(config))
  const words = ['exec', '--yes', `--package=${STRYKER}`, '--', 'stryker', 'run', 'stryker.config.json']
  const { status } = spawnSync('npm', words, { cwd: copy, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
