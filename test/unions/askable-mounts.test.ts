import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { mountIdOf } from '../../src/files/ids.js'
import { parseMount } from '../../src/proc/mounts/mountinfo.js'
import { AskableMounts } from '../../src/unions/askable-mounts.js'
import { Tables } from '../../src/unions/tables.js'
import { openBelow, tempFolder } from '../helpers/folders.js'

/** Whether a folder may be asked, if its mount were another, by what a process's mountinfo says of it. */
function mayAsk(
  t: ExecutionContext,
  kind: string,
  asked: string[] = [],
  fuses = '0:98',
  others: string[] = [],
  userNamespace: string | null = null,
): boolean | null {
  const folder = tempFolder(t)
  mkdirSync(`${folder}/class/bdi/${fuses}`, { recursive: true })
  const fd = openSync(folder, 'r')
  const id = mountIdOf(fd)
  if (id === null) throw new Error('no mount id')
  mkdirSync(`${folder}/9/ns`, { recursive: true })
  if (userNamespace !== null) symlinkSync(userNamespace, `${folder}/9/ns/user`)
  const lines = [`${id} 1 0:99 / /x rw - ${kind}`, ...others]
  writeFileSync(`${folder}/9/mountinfo`, lines.map((line) => `${line}\n`).join(''))
  const mounts = new AskableMounts('/proc', new Tables({ sysfs: folder }), asked)
  const { asking, close } = mounts.ofProcess(`${folder}/9`, lines.map(parseMount))
  t.teardown(() => {
    close()
    mounts.close()
    closeSync(fd)
  })
  return asking.mayAsk(fd, id)
}

test('A mount of a process is judged by its type', (t) => {
  t.true(mayAsk(t, 'ext4 /dev/sda rw'))
  t.true(mayAsk(t, 'virtiofs host rw'))
  t.false(mayAsk(t, 'fuse.sshfs host: rw'))
  t.false(mayAsk(t, 'nfs4 host:/ rw'))
})

test('A type that is named is asked, that very type alone', (t) => {
  t.true(mayAsk(t, 'fuse.sshfs host: rw', ['nfs', 'fuse.sshfs']))
  t.false(mayAsk(t, 'fuse.sshfs host: rw', ['fuse', 'fuse.ssh', 'sshfs', '']))
})

test('An overlay of another user namespace is not asked while a FUSE is hidden, unless it is named', (t) => {
  // Of the process there is nothing but its mountinfo: its user namespace is not told.
  t.false(mayAsk(t, 'overlay none rw,lowerdir=/usr:/bin'))
  t.true(mayAsk(t, 'overlay none rw,lowerdir=/usr:/bin', ['overlay']))
  t.true(mayAsk(t, 'overlay none rw,lowerdir=/usr:/bin', [], '254:0'))
})

test('An overlay that was mounted from this user namespace is as the mounts show it', (t) => {
  const overlay = 'overlay none rw,lowerdir=/usr:/bin'
  t.true(mayAsk(t, overlay, [], '0:98', [], readlinkSync('/proc/self/ns/user')))
  t.false(mayAsk(t, overlay, [], '0:98', [], 'user:[1]'))
})

test('A device is asked where one of this reader’s mounts has it that does not hang', (t) => {
  const proc = readFileSync('/proc/self/mountinfo', 'latin1')
    .split('\n')
    .slice(0, -1)
    .map(parseMount)
    .find(({ mount_point }) => mount_point === '/proc')
  const mounts = new AskableMounts('/proc', new Tables({ sysfs: '/nowhere' }), [])
  const { mayAskDevice, close } = mounts.ofProcess('/nowhere', [])
  t.true(mayAskDevice(proc?.dev ?? ''))
  t.false(mayAskDevice('0:99999999'))
  close()
  mounts.close()
})

test('What is held of a process’s mounts is let go when those are closed', (t) => {
  const folder = tempFolder(t)
  const fd = openSync(folder, 'r')
  const id = mountIdOf(fd) ?? -1
  mkdirSync(`${folder}/9`)
  writeFileSync(`${folder}/9/mountinfo`, `${id} 1 0:99 / /x rw - ext4 none rw\n`)
  const mounts = new AskableMounts('/proc', new Tables({ sysfs: '/nowhere' }), [])
  t.teardown(() => mounts.close())
  const { asking, close } = mounts.ofProcess(`${folder}/9`, [])
  t.true(asking.mayAsk(fd, id))
  closeSync(fd)
  t.is(openBelow(folder), 1)
  close()
  t.is(openBelow(folder), 0)
})

test('A FUSE that a process alone lists may be one of its layers, wherever it is mounted, unless its type is named', (t) => {
  const fuse = ['41 1 0:98 / /y rw - fuse.portal portal rw,user_id=0']
  t.false(mayAsk(t, 'overlay none rw,lowerdir=/usr:/bin', [], '0:98', fuse))
  t.false(mayAsk(t, 'overlay none rw,lowerdir=/usr:/bin', ['fuse'], '0:98', fuse))
  t.true(mayAsk(t, 'overlay none rw,lowerdir=/usr:/bin', ['fuse.portal'], '0:98', fuse))
})

test('What a process does not list is told by this reader, and what nobody lists by nobody', (t) => {
  const mounts = new AskableMounts('/proc', new Tables({ sysfs: '/nowhere' }), [])
  const { asking, close } = mounts.ofProcess('/nowhere', [])
  const fd = openSync('/proc', 'r')
  t.teardown(() => {
    close()
    mounts.close()
    closeSync(fd)
  })
  t.true(asking.mayAsk(fd, mountIdOf(fd) ?? -1))
  t.is(asking.mayAsk(fd, 999_999_999), null)
})

test('What is held of this reader is let go when it is closed, and looked at anew', (t) => {
  const folder = tempFolder(t)
  const fd = openSync(folder, 'r')
  const mounts = new AskableMounts('/proc', new Tables({ sysfs: '/nowhere' }), [])
  const before = mounts.ofReader
  t.true(before.mayAsk(fd, mountIdOf(fd) ?? -1))
  t.is(mounts.ofReader, before)
  closeSync(fd)
  t.is(openBelow(folder), 1)
  mounts.close()
  t.is(openBelow(folder), 0)
  t.not(mounts.ofReader, before)
})

test('NFS is not even opened: nor a path that leads there, nor an entry of its device, nor one of an unknown device', (t) => {
  const own = ['1 0 8:1 / / rw - ext4 /dev/sda rw', '2 1 0:50 / /srv rw - nfs4 host:/ rw']
  const overlay = '3 1 0:51 / /u rw - overlay none rw,lowerdir=/srv/a:/b'
  const fuse = '4 1 0:52 / /fuse rw - fuse.sshfs host: rw'
  const mounts = new AskableMounts('/proc', new Tables({ sysfs: '/nowhere' }), [])
  t.teardown(() => mounts.close())
  const { asking, mayOpen } = mounts.ofProcess('/nowhere', [...own, overlay, fuse].map(parseMount))
  t.deepEqual(
    ['/', '/srv', '/srv/x', '/usr', '/fuse'].filter((path) => asking.mayPass(path)),
    ['/', '/usr'],
  )
  t.deepEqual(
    ['8:1', '0:50', '0:51', '0:52', null].filter((dev) => mayOpen(dev)),
    ['8:1', '0:52'],
  )
  t.true(mounts.ofProcess('/nowhere', [fuse].map(parseMount)).mayOpen(null))
})
