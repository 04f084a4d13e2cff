/** Docker's own store, as its daemon lays it out. */
import { createHash } from 'node:crypto'
import { symlinkSync } from 'node:fs'
import { writeTree } from './folders.js'

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
export const digest = (text: string) => `sha256:${sha256(text)}`

/** The container. */
export const WEB = 'a'.repeat(64)

/** A layer of an image as Docker keeps it: which one it is on, what it holds, and the folder that it lies in. */
interface Layer {
  chain: string
  files: Record<string, string | null>
}
function layer(driver: string, parent: string | null, content: string, cache: string, short: string): Layer {
  const diff = digest(content)
  const chain = parent === null ? diff : digest(`${parent} ${diff}`)
  const at = `image/${driver}/layerdb/sha256/${chain.slice('sha256:'.length)}`
  return {
    chain,
    files: {
      ...{
        [`${at}/cache-id`]: cache,
        [`${at}/diff`]: diff,
        [`${at}/size`]: '4096',
        [`${at}/tar-split.json.gz`]: '',
      },
      ...(parent === null ? {} : { [`${at}/parent`]: parent }),
      ...(driver === 'overlay2'
        ? { [`overlay2/${cache}/link`]: short, [`overlay2/${cache}/diff`]: null }
        : {}),
    },
  }
}

/** Two images on one base, one of them without a name, another image with the base's content elsewhere, a container. */
export function dockerStore(driver: string): Record<string, string | null> {
  const base = layer(driver, null, 'base', sha256('cache of base'), 'A'.repeat(26))
  const nginx = layer(driver, base.chain, 'nginx', sha256('cache of nginx'), 'B'.repeat(26))
  // The same content on nothing is another layer.
  const alone = layer(driver, null, 'nginx', sha256('cache of alone'), 'E'.repeat(26))
  const image = (name: string, ...contents: string[]) => ({
    [`image/${driver}/imagedb/content/sha256/${sha256(name)}`]: JSON.stringify({
      ...{ architecture: 'amd64', os: 'linux' },
      rootfs: { type: 'layers', diff_ids: contents.map(digest) },
    }),
  })
  const own = sha256('mount')
  const mount = `image/${driver}/layerdb/mounts/${WEB}`
  return {
    ...{ ...base.files, ...nginx.files, ...alone.files },
    ...{ ...image('debian', 'base'), ...image('nginx', 'base', 'nginx'), ...image('nameless', 'nginx') },
    [`image/${driver}/repositories.json`]: JSON.stringify({
      Repositories: {
        debian: { 'debian:12': digest('debian'), [`debian@${digest('manifest')}`]: digest('debian') },
        'registry:5000/nginx': {
          'registry:5000/nginx:1': digest('nginx'),
          'registry:5000/nginx:2': digest('nginx'),
        },
      },
    }),
    ...{ [`${mount}/mount-id`]: own, [`${mount}/init-id`]: `${own}-init`, [`${mount}/parent`]: nginx.chain },
    ...(driver === 'overlay2'
      ? {
          ...{ [`overlay2/${own}/link`]: 'C'.repeat(26), [`overlay2/${own}-init/link`]: 'D'.repeat(26) },
          ...{ [`overlay2/${own}/lower`]: `l/${'D'.repeat(26)}:l/${'B'.repeat(26)}:l/${'A'.repeat(26)}` },
          'overlay2/l': null,
        }
      : {}),
  }
}

/** Writes the store, with the links that stand for its layers. */
export function writeDockerStore(root: string, driver: string): void {
  const files = dockerStore(driver)
  writeTree(root, files)
  for (const [path, short] of Object.entries(files)) {
    const [, id] = /^overlay2\/([^/]+)\/link$/.exec(path) ?? []
    if (id !== undefined) symlinkSync(`../${id}/diff`, `${root}/overlay2/l/${short}`)
  }
}
