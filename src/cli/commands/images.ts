/** Branch tables or VMA records to the same records with the images of their branches. */
import { resolve } from 'node:path'
import { imageFilter, storesOf } from '../../images/images.js'
import { lineTransform } from '../../lines/line-transform.js'
import { ndjsonLine } from '../../text/json.js'
import { namingOtherKinds } from '../other-kinds.js'
import type { Run } from '../run.js'
import type { AnyUsage, Args } from '../usage.js'

function pipeline({ options, each }: Run<Args<typeof usage.options>>): void {
  const { docker, containerd, podman } = options
  const places = (given: string[] | undefined) => given?.map((folder) => resolve(folder))
  const stores = storesOf({
    docker: places(docker),
    containerd: places(containerd),
    podman: places(podman),
  })
  each((lines) =>
    lineTransform(namingOtherKinds(imageFilter(stores), 'branch tables', 'VMA records'), ndjsonLine, lines),
  )
}

const place = { value: 'DIR', isList: true } as const

const usage = {
  name: 'aufs-images',
  synopsis: ['[OPTION]... [FILE]...'],
  about:
    'Branch tables or VMA records in, the same records out, each branch with the images whose layer it is, or the container ' +
    '(NDJSON). Docker, containerd and Podman are asked for nothing: what they keep is read as it stands.',
  hint: 'try: aufs-branches /proc/self/mountinfo | aufs-images',
  options: {
    docker: {
      ...place,
      describe: "Where Docker's store is, also of another machine's disk; may be repeated",
    },
    containerd: { ...place, describe: "Where containerd's store is" },
    podman: { ...place, describe: "Where Podman's store is" },
  },
  examples: [
    [
      "aufs-vma --all | aufs-images | jq -c '[.path, .branch.image.names, .state]'",
      'which image supplies what',
    ],
    [
      "aufs-branches /proc/4711/mountinfo | aufs-images | jq -c '.branches[] | [.path, .image]'",
      'the layers of a container',
    ],
    [
      'aufs-images --containerd /mnt/disk/var/lib/containerd tables.ndjson',
      'of a machine whose disk is mounted here',
    ],
  ],
  files: [
    ['/var/lib/docker', "Docker's store."],
    [
      '/var/lib/containerd, /var/lib/rancher/k3s/agent/containerd',
      "containerd's, and Docker's where it keeps images there.",
    ],
    ['/var/lib/containers/storage, ~/.local/share/containers/storage', "Podman's."],
    ['/etc/containers/storage.conf', 'Where else Podman has images.'],
  ],
} as const satisfies AnyUsage

export const images = { usage, pipeline }
