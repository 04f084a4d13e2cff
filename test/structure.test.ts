/** How the code is laid out: what CONTRIBUTING.md says of it holds. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import test from 'ava'
import { repository } from './helpers/run.js'

/** The rooms, each of which imports only from itself and from those before it. */
const ORDER = ['', 'text', 'lines', 'files', 'proc', 'unions', 'vma', 'criu', 'images', 'view', 'cli']

/** What stands beside the rooms and below all of them; the library's index is above all. */
const BELOW_ALL = ['errors.ts', 'bounded-map.ts']

const source = `${repository}/src`
const modules = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
)
const own = modules.filter((file) => !file.startsWith('lines/wasm/'))
const textOf = (file: string) => readFileSync(`${source}/${file}`, 'utf8')

/** The modules that a module imports or exports from. */
function importsOf(file: string): string[] {
  return [...textOf(file).matchAll(/^(?:import|export) [^;]*?from '(\.[^']+)\.js'$/gms)].map(
    ([, path = '']) => normalize(join(dirname(file), `${path}.ts`)),
  )
}

const roomOf = (file: string) => (file.includes('/') ? (file.split('/')[0] ?? '') : '')

test('imports run one way, from room to room', (t) => {
  for (const file of own.filter((name) => name !== 'index.ts'))
    for (const imported of importsOf(file)) {
      const isBelow = ORDER.indexOf(roomOf(imported)) <= ORDER.indexOf(roomOf(file))
      // An error quotes the text at fault, safe to show.
      const isKnown = file === 'errors.ts' && imported.startsWith('text/')
      t.true(isBelow || isKnown, `${file} imports ${imported}`)
      t.true(
        own.includes(imported) || imported === '../package.json',
        `${file} imports ${imported}, which is not there`,
      )
    }
  t.deepEqual(own.filter((file) => roomOf(file) === '' && file !== 'index.ts').sort(), BELOW_ALL.toSorted())
})

test('no module is imported by what it imports', (t) => {
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    t.false(path.includes(file), [...path, file].join(' → '))
    if (done.has(file) || path.includes(file)) return
    for (const imported of importsOf(file)) visit(imported, [...path, file])
    done.add(file)
  }
  for (const file of own) visit(file, [])
  t.is(done.size, own.length)
})

test('there are no more rooms than a newcomer keeps in mind, and no long modules', (t) => {
  const folders = new Map<string, number>()
  for (const entry of readdirSync(source, { recursive: true, withFileTypes: true }))
    folders.set(entry.parentPath, (folders.get(entry.parentPath) ?? 0) + 1)
  t.true((folders.get(source) ?? 0) <= 13)
  for (const [folder, entries] of folders) t.true(folder === source || entries <= 12, `${folder}: ${entries}`)
  for (const file of own) t.true(textOf(file).split('\n').length <= 201, `${file} is longer than 200 lines`)
})

test('only unions/ and the words of the command line name a kind of union', (t) => {
  for (const file of own.filter((name) => !/^(unions|cli\/commands)\//.test(name))) {
    const code = textOf(file).replace(/\/\*.*?\*\/|\/\/.*$/gms, '')
    t.notRegex(code, /'(aufs|overlay|overlayfs|fuse\.fuse-overlayfs)'/, file)
  }
})
