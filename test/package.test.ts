import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { build } from 'esbuild'
import { isInstalled, skip } from './helpers/machine.js'
import { type Outcome, outcome, repository } from './helpers/run.js'

interface Manifest {
  name: string
  version: string
  bin: { [command: string]: string }
  man: string[]
  dependencies: { [name: string]: string }
}

/** What `npm pack --json` tells of a tarball. */
interface Packed {
  filename: string
  files: { path: string }[]
}

/** Coverage of npm is nobody's business, and an npm around the tests leaves its settings in the environment. */
const env = Object.fromEntries(
  Object.keys(process.env)
    .filter(
      (name) => name === 'NODE_V8_COVERAGE' || /^npm_(config_(?!registry)|package_|lifecycle_)/.test(name),
    )
    .map((name) => [name, undefined]),
)

test('the package installs elsewhere, with its commands, its library and its types', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'package-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const { name, version, bin, man } = JSON.parse(
    await readFile(`${repository}/package.json`, 'utf8'),
  ) as Manifest

  // Without scripts: to build anew would take away the commands that other tests run.
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  const [packed] = JSON.parse(succeeded(t, await outcome('npm', pack, '', env))) as Packed[]
  const tarball = packed?.filename ?? ''
  const paths = packed?.files.map(({ path }) => path) ?? []
  t.deepEqual([...new Set(paths.map(roomOf))].sort(), ROOMS)
  // Nobody imports a command, and what a map leads to is not in the package.
  t.deepEqual(
    paths.filter((path) => /\.map$|^dist\/bin\/.*\.d\.ts$/.test(path)),
    [],
  )
  t.deepEqual(
    paths.filter((path) => /^(dist\/(man|completions)|schemas)\//.test(path)).sort(),
    [
      ...Object.keys(bin).map((command) => `dist/man/${command}.1`),
      ...['_aufs-filters', 'aufs-filters.bash', 'aufs-filters.fish'].map(
        (file) => `dist/completions/${file}`,
      ),
      ...['branch-table', 'mount', 'raw-vma', 'vma'].map((record) => `schemas/${record}.json`),
    ].sort(),
  )
  t.deepEqual(
    man,
    Object.keys(bin).map((command) => `dist/man/${command}.1`),
  )
  t.deepEqual(await leadingNowhere(paths), [])

  const project = `${folder}/project`
  await mkdir(project)
  await writeFile(`${project}/package.json`, '{"private":true,"type":"module"}')
  const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', `${folder}/${tarball}`]
  succeeded(t, await outcome('npm', ['--prefix', project, ...install], '', env))

  t.is(Object.keys(bin).length, 8)
  for (const command of Object.keys(bin)) {
    const path = { PATH: `${project}/node_modules/.bin:${process.env.PATH}` }
    t.is(succeeded(t, await outcome(command, ['--version'], '', path)).trim(), version, command)
    // This one needs to be told what to run.
    const words = command === 'aufs-criu' ? 'dump -- true' : ''
    const started = await outcome('sh', ['-c', `cd / && printf '' | ${command} ${words}`], '', path)
    t.deepEqual(started, { stdout: '', stderr: '', status: 0 }, command)
  }

  await writeFile(`${project}/program.js`, program(name))
  const sample = `${repository}/samples/leaky-08-several`
  const printed = await outcome(process.execPath, [`${project}/program.js`, sample], '', env)
  t.deepEqual(succeeded(t, printed).split('\n').slice(0, -1), [
    ...['/u1 /l/t1 /l/a /l/common', '/u2 /l/t2 /l/b /l/common'],
    ...['/sub /l/t1 /l/a /l/common', '/u1again /l/t1 /l/a /l/common'],
  ])

  for (const [i, example] of (await examples()).entries()) {
    await writeFile(`${project}/example${i}.js`, example)
    t.regex(example, /aufs-filters/)
    succeeded(t, await outcome(process.execPath, [`${project}/example${i}.js`], '', env))
  }

  await writeFile(`${project}/typed.ts`, typed(name))
  await writeFile(
    `${project}/tsconfig.json`,
    JSON.stringify({ compilerOptions: strict, files: ['typed.ts'] }),
  )
  const tsc = `${repository}/node_modules/.bin/tsc`
  succeeded(t, await outcome(tsc, ['--project', project], '', env))
})

test('npm installs the commands from a repository, without clang', async (t) => {
  for (const program of ['git', 'npm']) if (!isInstalled(program)) return skip(t, `no ${program}`)
  const folder = await mkdtemp(join(tmpdir(), 'package-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  // What is here, as if it were committed. A clang that is found fails.
  const script = `set -e
    mkdir "$1/repository" "$1/project" "$1/bin"
    git ls-files --cached --others --exclude-standard -z | xargs -0 cp -a --parents -t "$1/repository"
    printf '#!/bin/sh\\nexit 1\\n' > "$1/bin/clang"
    chmod +x "$1/bin/clang"
    cd "$1/repository"
    git init --quiet
    git add --all
    git -c user.name=nobody -c user.email=nobody@localhost commit --quiet --message all
    cd "$1/project"
    echo '{"private":true}' > package.json`
  const made = await outcome('sh', ['-c', script, 'sh', folder])
  if (/not a git repository/.test(made.stderr)) return skip(t, 'no git repository')
  t.is(made.status, 0, made.stderr)
  const install = [
    'install',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    `git+file://${folder}/repository`,
  ]
  const installed = await outcome('npm', ['--prefix', `${folder}/project`, ...install], '', {
    ...env,
    PATH: `${folder}/bin:${process.env.PATH}`,
  })
  if (/code (ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENOTCACHED|ETIMEDOUT)/.test(installed.stderr))
    return skip(t, installed.stderr)
  const { bin, version } = JSON.parse(await readFile(`${repository}/package.json`, 'utf8')) as Manifest
  for (const command of Object.keys(bin)) {
    const program = `${folder}/project/node_modules/.bin/${command}`
    t.is(succeeded(t, await outcome(program, ['--version'], '', env)).trim(), version, installed.stderr)
  }
})

test('the licences of the packages that the commands are bundled with are in the package', async (t) => {
  const text = await readFile(`${repository}/dist/bin/LICENSES.txt`, 'utf8')
  for (const name of ['damerau-levenshtein', 'picocolors', 'pretty-bytes', 'string-width', 'yargs-parser'])
    t.regex(text, new RegExp(`^${name} \\d.* \\((MIT|ISC|BSD-2-Clause)\\)\n\n(.+\n)+`, 'm'), name)
})

test('the package depends on what the library imports, and on nothing else', async (t) => {
  const { dependencies } = JSON.parse(await readFile(`${repository}/package.json`, 'utf8')) as Manifest
  const { metafile } = await build({
    entryPoints: [`${repository}/dist/src/index.js`],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    write: false,
    metafile: true,
  })
  const imported = Object.values(metafile.inputs)
    .flatMap(({ imports }) => imports)
    .filter(({ path, external }) => external === true && !isBuiltin(path))
  t.deepEqual([...new Set(imported.map(({ path }) => path))].sort(), Object.keys(dependencies).sort())
})

/** The links of README.md that lead to nothing in the package. */
async function leadingNowhere(paths: string[]): Promise<string[]> {
  const readme = await readFile(`${repository}/README.md`, 'utf8')
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#\s]+)[^)]*\)/g)].map(([, link = '']) => link)
  return links.filter((link) => !paths.some((path) => path === link || path.startsWith(`${link}/`)))
}

/** The folders of the package, and its files beside them. */
const ROOMS = [
  ...['CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md', 'SECURITY.md', 'bpf/'],
  ...['dist/bin/', 'dist/completions/', 'dist/man/', 'dist/src/', 'docs/'],
  ...['package.json', 'samples/', 'schemas/'],
]

function roomOf(path: string): string {
  return /^(?:dist\/)?[^/]+\/|^[^/]+$/.exec(path)?.[0] ?? path
}

/** A user's settings; the types of node are those of this repository. */
const strict = {
  noEmit: true,
  strict: true,
  module: 'nodenext',
  target: 'es2023',
  types: ['node'],
  typeRoots: [`${repository}/node_modules/@types`],
}

function succeeded(t: ExecutionContext, { stdout, stderr, status }: Outcome): string {
  t.is(status, 0, stdout + stderr)
  return stdout
}

/** What the README shows of the library. */
async function examples(): Promise<string[]> {
  const readme = await readFile(`${repository}/README.md`, 'utf8')
  return [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, example = '']) => example)
}

/** Mount records become branch tables, with the schemas beside them. */
function program(name: string): string {
  return `
import { createReadStream, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { branchTables, parseMounts } from '${name}'

const schema = readFileSync(fileURLToPath(import.meta.resolve('${name}/schemas/mount.json')), 'utf8')
if (JSON.parse(schema).title !== 'Mount') throw new Error('no schema')
const [, , sample] = process.argv
for await (const mount of createReadStream(sample + '/proc/1/mountinfo').pipe(parseMounts()))
  if (typeof mount.mount_id !== 'number') throw new Error('no mount record')
const tables = createReadStream(sample + '/proc/1/mountinfo').pipe(branchTables({ sysfs: sample + '/sys' }))
for await (const { mount_point, branches } of tables)
  console.log([mount_point, ...branches.map(({ path }) => path)].join(' '))
`
}

function typed(name: string): string {
  return `
import { type BranchTable, bytesOf, type Mount, type State, type Vma, parseMount, fixVmas, readMapFiles } from '${name}'

const mount: Mount = parseMount(bytesOf('1 0 0:1 / / rw - aufs none rw,si=1a'))
const states: State[] = ['current', 'copied_up', 'replaced', 'deleted']
export const paths = (tables: BranchTable[]): (string | null)[] => tables.flatMap(({ branches }) => branches.map((each) => each.path))
export const rpath = (vma: Vma): string | null => vma.rpath
readMapFiles({ pids: [1] }).pipe(fixVmas())
// @ts-expect-error: a mount point is no number
export const wrong: number = mount.mount_point
export { states }
`
}
