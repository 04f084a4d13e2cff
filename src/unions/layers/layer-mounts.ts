/** Where the layers of a union lie. Pure: nothing is looked up. */
import { mountPointsOf } from '../../proc/mounts/mount-tree.js'
import type { Mount } from '../../proc/mounts/mountinfo.js'
import type { ByteString } from '../../text/byte-string.js'
import { isBelow } from '../../text/paths.js'
import { type BranchTable, RELATIVE } from '../branch-table.js'

/**
 * Whether layers of a union may lie on a kind of filesystem, or behind one: whoever asks the union then asks that.
 *
 * @param mounts as those see them who mounted the union
 * @param isMeant whether a filesystem type is of that kind
 */
export function mayHaveLayersOn(
  { dev, branches }: BranchTable,
  mounts: readonly Mount[],
  isMeant: (fsType: ByteString) => boolean,
): boolean {
  // The union itself may be mounted over one of its layers, which is as it was below.
  const others = mounts.filter((mount) => mount.dev !== dev)
  const mountPoints = mountPointsOf(others, ({ fs_type }) => isMeant(fs_type))
  if (mountPoints.length === 0) return false
  return (
    branches.length === 0 ||
    branches.some(
      ({ path, attributes }) =>
        path === null ||
        attributes.includes(RELATIVE) ||
        mountPoints.some((mountPoint) => isBelow(path, mountPoint)),
    )
  )
}
