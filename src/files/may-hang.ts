/**
 * Filesystems that may keep whoever asks them waiting for ever. Nothing else knows them by name.
 *
 * Their inodes and names are a server's to tell: a process of this machine (FUSE, autofs), or another machine. One that is
 * stopped, cut off or hostile never answers, and no signal ends the wait for a request that it has taken
 * (`request_wait_answer()` in fs/fuse/dev.c).
 *
 * Two with servers are local all the same: fuseblk, which only root can mount, on a disk (ntfs-3g), and virtiofs, whose
 * server is the machine itself.
 */
import type { ByteString } from '../text/byte-string.js'

const SERVED = new Set<ByteString>([
  // A process of this machine.
  'autofs',
  // Network filesystems of the kernel's.
  ...['nfs', 'nfs4', 'cifs', 'smb3', 'smbfs', 'ncpfs', '9p', 'afs', 'coda', 'ceph', 'orangefs', 'pvfs2'],
  // Those of others.
  ...['lustre', 'gpfs', 'beegfs', 'panfs', 'mfs'],
  // A shared disk, on which the other machines of a cluster hold locks.
  ...['gfs2', 'gfs', 'ocfs2'],
  // The host of a virtual machine.
  ...['vboxsf', 'vmhgfs', 'prl_fs'],
])

/** Those that may ask their server as soon as a file or a mount point is opened, with O_PATH too (`d_weak_revalidate`). */
const ASKING_WHEN_OPENED = new Set<ByteString>(['nfs', 'nfs4', '9p'])

/**
 * Whether a filesystem may never answer: stat of a file there, or a look-up of a name below.
 *
 * @param fsType as mountinfo has it
 * @example mayHang('fuse.sshfs') // true
 */
export function mayHang(fsType: ByteString): boolean {
  return SERVED.has(fsType) || isFuse(fsType)
}

/** Whether a filesystem is a FUSE that any user may mount. */
export function isFuse(fsType: ByteString): boolean {
  return fsType === 'fuse' || fsType.startsWith('fuse.')
}

/**
 * Whether even opening a file there with O_PATH may hang. It does not with FUSE, nor with NFS since Linux 4.20
 * (`nfs_weak_revalidate()` in fs/nfs/dir.c, `complete_walk()` in fs/namei.c).
 */
export function mayHangWhenOpened(fsType: ByteString): boolean {
  return ASKING_WHEN_OPENED.has(fsType)
}
