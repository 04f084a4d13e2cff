/** Branch tables, as short as a test needs them. */
import type { ByteString } from '../../src/text/byte-string.js'
import type { BranchTable } from '../../src/unions/branch-table.js'

/** A table of branches of these paths. */
export function table(paths: (ByteString | null)[], more: Partial<BranchTable> = {}): BranchTable {
  return {
    mount_id: 31,
    mount_point: '/',
    root: '/',
    dev: '0:18',
    fs_type: 'aufs',
    si: 'f11b4637bf59a3c0',
    source: 'sysfs',
    xi_path: null,
    workdir: null,
    mount_options: null,
    options: null,
    branches: paths.map((path, index) => ({ index, id: 64 + index, path, perm: 'ro', attributes: [] })),
    ...more,
  }
}

/** Its fields, in their order. */
export const TABLE_KEYS = [
  ...['mount_id', 'mount_point', 'root', 'dev', 'fs_type', 'si', 'source', 'xi_path', 'workdir'],
  ...['mount_options', 'options', 'branches'],
]

const one = ['/l/t1', '/l/a', '/l/common']
const two = ['/l/t2', '/l/b', '/l/common']

/** captures/leaky-08-several: two unions with a common branch, in a container that has them several times. */
export const several = [
  table(one, { mount_id: 37, mount_point: '/', dev: '0:17', si: 'd30a29d3fad273c7' }),
  table(two, { mount_id: 39, mount_point: '/vol', dev: '0:18', si: 'd30a29d3fac9031f' }),
  table(one, { mount_id: 40, mount_point: '/subm', root: '/dir', dev: '0:17', si: 'd30a29d3fad273c7' }),
  table(one, { mount_id: 41, mount_point: '/again', dev: '0:17', si: 'd30a29d3fad273c7' }),
]
