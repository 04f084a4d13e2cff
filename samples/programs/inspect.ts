/**
 * Joins the mapped files of all processes with what Docker says of their containers, by the container's id:
 *
 *   docker inspect $(docker ps -q) | node inspect.js [PROCFS SYSFS]
 *   {"name":"web","image":"nginx:1.27","pid":4711,"path":"/usr/sbin/nginx","layer":"/var/lib/docker/…","state":"current"}
 */
import { json } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { fixVmas, listPids, readMapFiles, toNdjson, type Vma } from 'aufs-filters'
import { objectTransform } from 'through2'

/** What is used of `docker inspect`. */
interface Container {
  Id: string
  Name: string
  Config: { Image: string }
}

const [procfs = '/proc', sysfs = '/sys'] = process.argv.slice(2)
const containers = (await json(process.stdin)) as Container[]
const byId = new Map(containers.map((container) => [container.Id, container]))

const joined = objectTransform(async function* (vmas: AsyncIterable<Vma>) {
  for await (const { container, pid, path, branch, state } of vmas) {
    const known = container === null ? undefined : byId.get(container)
    if (known === undefined) continue
    const { Name, Config } = known
    yield {
      name: Name.replace(/^\//, ''),
      image: Config.Image,
      pid,
      path,
      layer: branch?.path ?? null,
      state,
    }
  }
})

const warn = (message: string) => console.error(`inspect: ${message}`)
await pipeline(
  // Processes end while they are read.
  readMapFiles({ pids: listPids(procfs), procfs, onError: ({ message }, pid) => warn(`${pid}: ${message}`) }),
  fixVmas({ procfs, sysfs, onError: ({ message }) => warn(message) }),
  joined,
  toNdjson(),
  process.stdout,
)
