/** What AUFS does in its own way, and what is said where its branches cannot be read. */
import test, { type ExecutionContext } from 'ava'
import { Folder } from '../../../src/files/folder.js'
import type { ByteString } from '../../../src/text/byte-string.js'
import { aufs } from '../../../src/unions/aufs/aufs.js'
import { sysfsOf } from '../../helpers/aufs.js'
import { inputError } from '../../helpers/filters.js'
import { askAll, tempFolder, writeTree } from '../../helpers/folders.js'
import { table } from '../../helpers/tables.js'

const MOUNT = {
  mount_id: 1,
  mount_point: '/',
  root: '/',
  dev: '0:17',
  fs_type: 'aufs',
  mount_source: 'none',
}

test('Copies of files with several names stand in a folder of each branch that may be written to', (t) => {
  const { branches } = table(['/top', '/other', '/base', null])
  const perms = ['rw', null, 'ro', 'rw']
  const union = table([], { branches: branches.map((branch, i) => ({ ...branch, perm: perms[i] ?? null })) })
  t.deepEqual(aufs.hardLinkFolders(union), ['/top/.wh..wh.plnk', '/other/.wh..wh.plnk'])
})

test('A union of read-only branches alone is not read-only for that', (t) => {
  t.true(aufs.isWritable([{ path: '/base', perm: 'ro', attributes: [] }]))
})

test('Nothing of CRIU’s mount options tells branches', (t) => {
  const options = ['rw', 'si=1a', 'br:/o/top=rw']
  t.is(aufs.branchesInLog({ ...MOUNT, mount_options: ['rw'], super_options: options }), null)
})

test('A file of a branch is as old as it is, and tells of no other', (t) => {
  const root = tempFolder(t)
  writeTree(root, { f: '' })
  const folder = new Folder(root, { asking: askAll })
  t.teardown(() => folder.close())
  const [branch] = table([root]).branches
  const file = folder.find('/f')
  if (branch === undefined || !file) return t.fail()
  const { hasMetacopies, origin } = aufs.whiteouts(table([root]), [], '/nowhere')
  const { isMeta, since, isCopiedUp } = origin({ layer: { branch, folder, path: '/f', isNamed: true }, file })
  t.deepEqual([hasMetacopies, isMeta, since, isCopiedUp()], [false, false, file.birth, null])
})

/** What is said of the branches of a mount. */
function said(t: ExecutionContext, sysfs: string, ...super_options: ByteString[]): string {
  const read = aufs.branchReader({ sysfs, overlayBase: null })
  const error = inputError(t, () => read({ ...MOUNT, mount_options: ['rw'], super_options }, () => {}))
  return error.message.replace(`${sysfs}/`, '')
}

test('Where no branch can be read, it is said why', (t) => {
  const sysfs = sysfsOf(t, { '1a': [], '2b': ['no branch'] })
  writeTree(`${sysfs}/fs/aufs/si_3c`, { br0: null })
  t.is(said(t, sysfs, 'rw', 'dio'), 'an aufs mount without si=: "rw,dio"')
  t.is(said(t, sysfs, 'rw', 'si=1a'), 'si_1a: no branch in sysfs, nor in the mount options')
  t.is(said(t, sysfs, 'rw', 'si=2b'), 'fs/aufs/si_2b/br0: no branch: "no branch"')
  t.is(said(t, sysfs, 'rw', 'si=3c'), 'fs/aufs/si_3c/br0: no file')
})
