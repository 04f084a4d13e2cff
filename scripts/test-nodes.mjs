// Runs the tests, as they are built, under every Node that package.json claims: npm run test:nodes
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const VERSIONS = ['20.19.0', '20', '22.12.0', '22', '24', '26']

const folder = mkdtempSync(join(tmpdir(), 'nodes-'))
// Some tests run a command as nobody.
chmodSync(folder, 0o755)
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

function run(program, args, options = {}) {
  return spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options }).status === 0
}

const outcomes = VERSIONS.map((version) => {
  const at = `${folder}/${version}`
  // The package carries the binary of its version.
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64'
  if (
    !run('npm', [
      'install',
      '--silent',
      '--no-audit',
      '--no-fund',
      '--prefix',
      at,
      `node-linux-${arch}@${version}`,
    ])
  )
    return [version, 'not installed']
  const bin = `${at}/node_modules/node-linux-${arch}/bin`
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` }
  return [
    version,
    run(`${bin}/node`, ['node_modules/ava/entrypoints/cli.mjs'], { env }) ? 'passed' : 'failed',
  ]
})
for (const [version, outcome] of outcomes) console.log(`Node ${version}: ${outcome}`)
process.exitCode = outcomes.every(([, outcome]) => outcome === 'passed') ? 0 : 1
