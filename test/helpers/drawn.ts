/** VMA records as `aufs-view` reads them, and what it draws of them. */
import type { BranchTable, LayerImage } from '../../src/unions/branch-table.js'
import type { DrawnVma } from '../../src/view/drawn-records.js'
import type { Choice } from '../../src/view/order.js'
import { type MappedProcess, pictureOf } from '../../src/view/picture.js'
import type { VmaBranch } from '../../src/vma/record.js'

export const branch: VmaBranch = {
  mount_id: 29,
  si: '1a',
  index: 0,
  id: 64,
  path: '/l/top',
  perm: 'rw',
  attributes: [],
}

export const lower: VmaBranch = {
  ...branch,
  index: 10,
  id: 74,
  path: '/l/base',
  perm: 'ro',
  attributes: ['wh'],
}

export const vma: DrawnVma = {
  pid: 7,
  comm: 'app',
  container: null,
  start: '1000',
  end: '3000',
  perms: 'r--p',
  path: '/bin/app',
  rpath: './bin/app',
  dev: '0:17',
  ino: '25',
  state: 'current',
  branch,
}

export const ofNoUnion: Partial<DrawnVma> = { branch: null, rpath: null }

export const image: LayerImage = {
  store: 'docker',
  layer: `sha256:${'a1'.repeat(32)}`,
  chain: `sha256:${'b2'.repeat(32)}`,
  names: ['debian:12', 'nginx:1.27'],
  container: null,
}

export const choice: Choice = { sort: 'stale', stale: false, unions: false, all: false }

/** The one process of some records. */
export function only(records: (DrawnVma | BranchTable)[]): MappedProcess {
  const [process, ...others] = pictureOf(records).processes
  if (process === undefined || others.length > 0) throw new Error('not one process')
  return process
}
