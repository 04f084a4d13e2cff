/** The Node that is in the executable: the binary that npm has of it, of the version and with the hash of node.json. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const { version, integrity } = JSON.parse(await readFile(new URL('node.json', import.meta.url), 'utf8'))

/**
 * Fetches it, or takes it from npm's cache.
 *
 * @param arch x64 or arm64
 * @param folder where to unpack it: `bin/node` and `LICENSE` are there then
 * @throws where it cannot be had, or is not what it was
 */
export async function fetchNode(arch, folder) {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const spec = `node-linux-${arch}@${version}`
  const { stdout } = await run('npm', [
    ...['pack', spec, '--json', '--prefer-offline', '--pack-destination', folder],
  ]).catch((error) => {
    throw new Error(`cannot fetch ${spec}: ${error.stderr}`)
  })
  const [{ filename }] = JSON.parse(stdout)
  const tarball = `${folder}/${filename}`
  const hash = createHash('sha512')
    .update(await readFile(tarball))
    .digest('base64')
  if (`sha512-${hash}` !== integrity[arch])
    throw new Error(`${spec} is not what node.json says: sha512-${hash}`)
  await run('tar', [
    '-xzf',
    tarball,
    '-C',
    folder,
    '--strip-components=1',
    'package/bin/node',
    'package/LICENSE',
  ])
  await rm(tarball)
}
