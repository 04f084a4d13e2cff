/**
 * Joins the mapped files of all processes with what Docker says of their containers, by the container's id:
 *
 *   docker inspect $(docker ps -q) | sudo node samples/programs/inspect.js [PROCFS SYSFS]
 *   {"name":"web","image":"nginx:1.27","pid":4711,"path":"/usr/sbin/nginx","layer":"/var/lib/docker/…","state":"current"}
 */
import { json } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { toNdjson, vmas } from 'aufs-filters'

/** @typedef {{ Id: string, Name: string, Config: { Image: string } }} Container what is used of `docker inspect` */

const [procfs = '/proc', sysfs = '/sys'] = process.argv.slice(2)
const containers = /** @type {Container[]} */ (await json(process.stdin))
const byId = new Map(containers.map((container) => [container.Id, container]))

async function* joined() {
  const onError = (/** @type {Error} */ { message }, /** @type {number} */ pid) =>
    console.error(`inspect: ${pid}: ${message}`)
  for await (const { container, pid, path, branch, state } of vmas({ procfs, sysfs, onError })) {
    const known = container === null ? undefined : byId.get(container)
    if (known === undefined) continue
    const name = known.Name.replace(/^\//, '')
    yield { name, image: known.Config.Image, pid, path, layer: branch?.path ?? null, state }
  }
}

await pipeline(joined, toNdjson(), process.stdout)
