import test from 'ava'
import { parseMount } from '../../../src/proc/mounts/mountinfo.js'
import type { Branch, BranchTable } from '../../../src/unions/branch-table.js'
import { mayHaveLayersOn } from '../../../src/unions/layers/layer-mounts.js'

function table(...paths: (string | null | Partial<Branch>)[]): BranchTable {
  const branches = paths.map((path, index): Branch => {
    const branch = { index, id: null, path: null, perm: 'ro', attributes: [] }
    return path === null || typeof path === 'string' ? { ...branch, path } : { ...branch, ...path }
  })
  const mount = { mount_id: 9, mount_point: '/u', root: '/', dev: '0:9', fs_type: 'overlay', si: null }
  return {
    ...mount,
    source: 'mountinfo',
    xi_path: null,
    workdir: null,
    mount_options: null,
    options: null,
    branches,
  }
}

const ROOT = '1 0 8:1 / / rw - ext4 /dev/sda rw'
const NFS = '2 1 0:50 / /srv rw - nfs4 host:/ rw'

const cases: { name: string; table: BranchTable; mounts: string[]; expected: boolean }[] = [
  { name: 'all on a disk', table: table('/a', '/b'), mounts: [ROOT], expected: false },
  { name: 'one on such a mount', table: table('/a', '/srv/b'), mounts: [ROOT, NFS], expected: true },
  {
    name: 'one on one of several such mounts',
    table: table('/a', '/srv/b'),
    mounts: [ROOT, NFS, '4 1 0:31 / /other rw - nfs4 host:/ rw'],
    expected: true,
  },
  { name: 'one that is such a mount', table: table('/srv'), mounts: [ROOT, NFS], expected: true },
  { name: 'beside such a mount', table: table('/a', '/srv2'), mounts: [ROOT, NFS], expected: false },
  {
    name: 'on a disk behind such a mount, which leads through it',
    table: table('/srv/disk/a'),
    mounts: [ROOT, NFS, '3 2 8:2 / /srv/disk rw - ext4 /dev/sdb rw'],
    expected: true,
  },
  {
    name: 'on a disk that is mounted over such a mount',
    table: table('/srv/a'),
    mounts: [ROOT, NFS, '3 2 8:2 / /srv rw - ext4 /dev/sdb rw'],
    expected: false,
  },
  {
    name: 'on such a mount, with the union itself mounted over it',
    table: table('/srv', '/a'),
    mounts: [ROOT, NFS, '9 2 0:9 / /srv rw - overlay none rw'],
    expected: true,
  },
  { name: 'one that is not known', table: table('/a', null), mounts: [ROOT, NFS], expected: true },
  { name: 'none that is known', table: table(), mounts: [ROOT, NFS], expected: true },
  {
    name: 'one that is relative to who knows what',
    table: table('/a', { path: 'l/x', attributes: ['relative'] }),
    mounts: [ROOT, NFS],
    expected: true,
  },
  { name: 'none that is known, and no such mount', table: table(null), mounts: [ROOT], expected: false },
]

for (const { name, table, mounts, expected } of cases) {
  test(`Layers ${expected ? 'may lie' : 'do not lie'} on a filesystem of a kind: ${name}`, (t) => {
    t.is(
      mayHaveLayersOn(table, mounts.map(parseMount), (type) => type === 'nfs4'),
      expected,
    )
  })
}
