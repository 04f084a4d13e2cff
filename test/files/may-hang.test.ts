import test from 'ava'
import { mayHang, mayHangWhenOpened } from '../../src/files/may-hang.js'

const remote = [
  'fuse',
  'fuse.sshfs',
  'fuse.fuse-overlayfs',
  'nfs',
  'nfs4',
  'cifs',
  'smb3',
  '9p',
  'afs',
  'ceph',
  'lustre',
  'autofs',
  'gfs2',
  'vboxsf',
]
const local = [
  'ext4',
  'xfs',
  'btrfs',
  'zfs',
  'tmpfs',
  'overlay',
  'aufs',
  'fuseblk',
  'fusectl',
  'virtiofs',
  'nfsd',
  'proc',
  '',
]

test('What has a server that may not answer is told by its type', (t) => {
  t.deepEqual([...remote, ...local].filter(mayHang), remote)
})

test('NFS and 9p may ask their server even where a file is opened with O_PATH', (t) => {
  t.deepEqual([...remote, ...local].filter(mayHangWhenOpened), ['nfs', 'nfs4', '9p'])
})
