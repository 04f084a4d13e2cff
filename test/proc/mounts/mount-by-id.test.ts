import { closeSync, openSync, symlinkSync } from 'node:fs'
import test from 'ava'
import { mountIdOf } from '../../../src/files/ids.js'
import { mountById, mountOfAnyone, mountOfProcess } from '../../../src/proc/mounts/mount-by-id.js'
import { tempFolder } from '../../helpers/folders.js'
import { put } from '../../helpers/procfs.js'

const MOUNTINFO = [
  '29 21 0:17 / / rw - aufs none rw,si=1a',
  '129 29 0:18 / /29\\04029 rw - tmpfs none rw',
  '30 29 0:19 / /nfs rw - nfs4 host:/ rw',
  '31 29 broken',
  '',
].join('\n')

test('A mount is found by its number, the first and the last too, and by no part of one', (t) => {
  t.is(mountById(MOUNTINFO, 29)?.fs_type, 'aufs')
  t.is(mountById(MOUNTINFO, 129)?.fs_type, 'tmpfs')
  t.is(mountById(MOUNTINFO, 30)?.fs_type, 'nfs4')
  t.is(mountById(MOUNTINFO.trimEnd(), 30)?.fs_type, 'nfs4')
  t.deepEqual(mountById(MOUNTINFO, 29)?.super_options, ['rw', 'si=1a'])
  t.deepEqual(mountById('29 21 0:17 / / rw - aufs none rw,si=1a', 29)?.super_options, ['rw', 'si=1a'])
  for (const id of [2, 9, 3, 0, 31]) t.is(mountById(MOUNTINFO, id), null, `${id}`)
  t.is(mountById('', 29), null)
})

test('The mount of an open file is found in this process and in others', (t) => {
  const fd = openSync('/proc', 'r')
  const id = mountIdOf(fd)
  closeSync(fd)
  if (id === null) return t.fail('no mount id')
  t.is(mountOfProcess('/proc/self', id)?.fs_type, 'proc')
  t.is(mountOfAnyone('/proc', id)?.mount.fs_type, 'proc')
  t.is(mountOfProcess('/proc/none', id), null)
  t.is(mountOfAnyone('/proc', 999_999_999), null)
})

test('A mount is looked for in each namespace, and there from each root: a process in a chroot does not list it', (t) => {
  const procfs = tempFolder(t)
  const line = (id: number) => `${id} 1 0:30 / /x rw - tmpfs none rw`
  const [one, other] = ['mnt:[1]', 'mnt:[2]']
  put(procfs, 7, { namespace: one, root: '/jail', mountinfo: [line(29)] })
  put(procfs, 8, { namespace: one, root: '/', mountinfo: [line(29), line(30)] })
  put(procfs, 9, { namespace: one, root: '/', mountinfo: [line(32)] })
  put(procfs, 10, { namespace: other, root: '/', mountinfo: [line(31)] })
  put(procfs, 11, { mountinfo: [line(33)] })
  t.is(mountOfAnyone(procfs, 29)?.folder, `${procfs}/7`)
  t.is(mountOfAnyone(procfs, 30)?.folder, `${procfs}/8`)
  t.is(mountOfAnyone(procfs, 31)?.folder, `${procfs}/10`)
  t.is(mountOfAnyone(procfs, 32), null, 'one process of each is asked')
  t.is(mountOfAnyone(procfs, 33), null, 'of which the namespace is not told')
  // Roots with names that are no UTF-8.
  for (const [pid, byte] of [
    [12, '\xfe'],
    [13, '\xff'],
  ] as const) {
    put(procfs, pid, { namespace: one, mountinfo: [line(pid + 30)] })
    symlinkSync(Buffer.from(`/${byte}`, 'latin1'), `${procfs}/${pid}/root`)
  }
  t.is(mountOfAnyone(procfs, 43)?.folder, `${procfs}/13`)
})
