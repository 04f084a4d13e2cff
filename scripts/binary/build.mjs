// One executable for all commands, with a Node of its own: npm run build:binary [-- ARCH...]
// Each ARCH (x64, arm64) becomes dist/binary/linux-ARCH/, with a link for each command. docs/decisions/single-executable.md
import { execFile, spawnSync } from 'node:child_process'
import { chmod, copyFile, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { bundleCommands, commands } from '../bundle-commands.mjs'
import { fetchNode } from './fetch-node.mjs'

const run = promisify(execFile)

const WORK = 'dist/binary/work'
const { arch: OWN } = process
const architectures = process.argv.length > 2 ? process.argv.slice(2) : ['x64', 'arm64']

/** A module of ours that asks where it is reads files from beside itself. */
const assets = {
  name: 'files as assets',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^node:fs$/ }, async ({ importer }) =>
      !importer.includes('/node_modules/') && (await readFile(importer, 'utf8')).includes('import.meta.url')
        ? { path: fileURLToPath(new URL('assets.mjs', import.meta.url)) }
        : undefined,
    ),
}

await mkdir(WORK, { recursive: true })
try {
  for (const arch of new Set([OWN, ...architectures])) await fetchNode(arch, `${WORK}/node-${arch}`)
} catch (error) {
  console.error(error.message)
  process.exit(1)
}
await bundle()
warm()
for (const arch of architectures) await makeExecutable(arch)

/** The bundles that npm installs, but for the files beside them, which are assets here; and what picks one of them. */
async function bundle() {
  const menu = 'scripts/binary/menu.ts'
  await bundleCommands({
    entryPoints: [...commands.map((name) => `bin/${name}.ts`), menu].map((file) => ({
      in: file,
      out: basename(file, '.ts'),
    })),
    outdir: `${WORK}/bundles`,
    thisFile: "'file:///'",
    plugins: [assets],
  })
  for (const name of commands) {
    const file = `${WORK}/bundles/${name}.js`
    await writeFile(file, (await readFile(file, 'utf8')).replace(/^#!.*\n/, ''))
  }
  await build({
    ...{ entryPoints: ['scripts/binary/main.ts'], outfile: `${WORK}/main.cjs` },
    ...{ bundle: true, platform: 'node', target: 'node24', minify: true, logLevel: 'warning' },
  })
}

/**
 * Keeps what V8 makes of each command, as it is after a run or two. The V8 of another architecture cannot be run here, so an
 * executable for that one goes without.
 */
function warm() {
  const sample = 'samples/leaky-01-docker'
  const trees = ['--procfs', `${sample}/proc`, '--sysfs', `${sample}/sys`]
  const tables = `${sample}/expected/branches.ndjson`
  const vmas = `${sample}/expected/vma.ndjson`
  const lines = {
    'aufs-mounts': [[`${sample}/proc/1/mountinfo`]],
    'aufs-branches': [[...trees, `${sample}/proc/1/mountinfo`], ['/proc/self/mountinfo']],
    'aufs-vma': [
      [...trees, '--pid', '112'],
      ['--pid', String(process.pid)],
    ],
    'aufs-log': [['samples/criu-logs/docker/criu/dump.log']],
    'aufs-remount': [['--root', '/mnt', tables]],
    'aufs-criu': [['dump', '--print', vmas, '--', 'criu', 'dump']],
    'aufs-images': [[tables], [vmas]],
    'aufs-view': [[vmas]],
  }
  const node = `${WORK}/node-${OWN}/bin/node`
  for (const name of commands) {
    const files = [`${WORK}/bundles/${name}.js`, `${WORK}/${name}.cache`]
    // That an entry may not be read is no matter here.
    spawnSync(node, ['dist/scripts/binary/warm.js', ...files, JSON.stringify(lines[name])], {
      stdio: 'ignore',
    })
  }
}

/** dist/binary/linux-ARCH: the executable, its links, and what is to be said of it. */
async function makeExecutable(arch) {
  const folder = `dist/binary/linux-${arch}`
  const executable = `${folder}/aufs-filters`
  const blob = `${WORK}/${arch}.blob`
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })

  const files = {
    ...Object.fromEntries([...commands, 'menu'].map((name) => [`${name}.js`, `${WORK}/bundles/${name}.js`])),
    'scan.wasm': 'dist/bin/scan.wasm',
    ...Object.fromEntries(
      (await readdir('dist/bin/web')).map((name) => [`web/${name}`, `dist/bin/web/${name}`]),
    ),
    ...(arch === OWN &&
      Object.fromEntries(commands.map((name) => [`${name}.cache`, `${WORK}/${name}.cache`]))),
  }
  const config = {
    main: `${WORK}/main.cjs`,
    output: blob,
    assets: files,
    disableExperimentalSEAWarning: true,
    // Neither NODE_OPTIONS nor an option of Node's: the words are the command's.
    execArgvExtension: 'none',
  }
  await writeFile(`${WORK}/sea.json`, JSON.stringify(config))
  await run(`${WORK}/node-${OWN}/bin/node`, ['--experimental-sea-config', `${WORK}/sea.json`])

  await copyFile(`${WORK}/node-${arch}/bin/node`, executable)
  await chmod(executable, 0o755)
  // It warns of section names, of which the program has no need.
  await run('node_modules/.bin/postject', [
    ...[executable, 'NODE_SEA_BLOB', blob],
    ...['--sentinel-fuse', 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'],
  ])
  for (const name of commands) await symlink('aufs-filters', `${folder}/${name}`)

  await copyFile('LICENSE', `${folder}/LICENSE`)
  await copyFile(`${WORK}/bundles/LICENSES.txt`, `${folder}/LICENSES.txt`)
  await copyFile(`${WORK}/node-${arch}/LICENSE`, `${folder}/LICENSE.node`)
}
