import { closeSync, openSync } from 'node:fs'
import test from 'ava'
import { mountIdOf } from '../../../src/files/ids.js'
import { mountById, mountOfAnyone, mountOfProcess } from '../../../src/proc/mounts/mount-by-id.js'

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
