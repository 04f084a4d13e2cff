/** Mounts as a tree: which one a path lies on, and how another root sees them. */
import type { ByteString } from '../../text/byte-string.js'
import { below, isBelow, join } from '../../text/paths.js'

/**
 * The mount that a path lies on. Of the mount points that hold it, it is the deepest, and of several at one place the last.
 *
 * @param path absolute, seen from the same root as the mount points
 * @returns null if no mount holds it
 * @example mountOver(toBytes([{ mount_point: '/' }, { mount_point: '/vol' }]), bytesOf('/vol/x'))?.mount_point // '/vol'
 */
export function mountOver<M extends { mount_point: ByteString }>(
  mounts: readonly M[],
  path: ByteString,
): M | null {
  let over: M | null = null
  for (const mount of mounts) {
    const deeper = over === null || mount.mount_point.length >= over.mount_point.length
    if (deeper && isBelow(path, mount.mount_point)) over = mount
  }
  return over
}

/**
 * Mounts as a process with another root sees them (chroot). The mount over that folder is its `/`. It does not see a mount
 * that is not below.
 *
 * @param mounts in the order of mountinfo; branch tables do as well
 * @param folder the other root, where the mounts are seen from
 * @example
 * mountsSeenFrom([{ mount_point: '/', root: '/' }, { mount_point: '/srv/vol', root: '/v' }], '/srv')
 * // [{ mount_point: '/', root: '/srv' }, { mount_point: '/vol', root: '/v' }]
 */
export function mountsSeenFrom<M extends { mount_point: ByteString | null; root: ByteString | null }>(
  mounts: readonly M[],
  folder: ByteString,
): M[] {
  if (folder === '/') return [...mounts]
  const placed = mounts.map((mount) => ({ mount, mount_point: mount.mount_point ?? '/' }))
  const over = mountOver(placed, folder)
  const own =
    over === null
      ? []
      : [
          {
            ...over.mount,
            mount_point: '/',
            root: join(over.mount.root ?? '/', below(folder, over.mount_point) ?? '/'),
          },
        ]
  const inside = placed.flatMap(({ mount, mount_point }) => {
    const seen = below(mount_point, folder)
    return seen === null || seen === '/' ? [] : [{ ...mount, mount_point: seen }]
  })
  return [...own, ...inside]
}

/**
 * The mount points at which a mount of some kind lies on top: what is mounted over another hides it.
 *
 * @param isMeant whether a mount is of that kind
 * @example mountPointsOf([{ mount_point: '/n', fs_type: 'nfs4' }], ({ fs_type }) => fs_type === 'nfs4') // ['/n']
 */
export function mountPointsOf<M extends { mount_point: ByteString }>(
  mounts: readonly M[],
  isMeant: (mount: M) => boolean,
): ByteString[] {
  const onTop = new Map(mounts.map((mount) => [mount.mount_point, mount]))
  return [...onTop.values()].filter(isMeant).map(({ mount_point }) => mount_point)
}
