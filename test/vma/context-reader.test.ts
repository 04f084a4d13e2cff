import { symlinkSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { InputError } from '../../src/errors.js'
import { Process } from '../../src/proc/process.js'
import { ContextReader } from '../../src/vma/context-reader.js'
import { tempFolder } from '../helpers/folders.js'
import { put } from '../helpers/procfs.js'

const noWarning = (error: InputError) => {
  throw error
}

test('Processes that share a mount namespace and a root have their mountinfo read once', (t) => {
  const procfs = tempFolder(t)
  const namespace = 'mnt:[4026531840]'
  const mountinfo = ['29 21 0:17 / / rw - ext4 /dev/sda1 rw', '30 29 0:18 / /proc rw - proc proc rw']
  put(procfs, 7, { mountinfo, namespace, root: '/' })
  put(procfs, 8, { namespace, root: '/' })
  put(procfs, 9, { namespace, root: '/jail' })
  put(procfs, 10, { namespace: 'mnt:[4026531999]', root: '/' })
  const reader = new ContextReader({ procfs, sysfs: procfs })
  const idsOf = (pid: number) =>
    reader.ofProcess(new Process(pid, procfs), noWarning).context.mounts.map(({ mount_id }) => mount_id)
  t.deepEqual(idsOf(7), [29, 30])
  t.deepEqual(idsOf(8), [29, 30])
  // Neither of these has a mountinfo, and another's is not theirs.
  t.throws(() => idsOf(9), { instanceOf: InputError })
  t.throws(() => idsOf(10), { instanceOf: InputError })
})

const line = (id: number, point: string) => `${id} 1 0:${id} / ${point} rw - tmpfs none rw`
const [ours, theirs] = ['mnt:[1]', 'mnt:[2]']

/** What is known of processes: where each has its mounts, and its root. */
function known(
  procfs: string,
  pids: number[],
  reader = new ContextReader({ procfs, sysfs: procfs }),
): unknown[] {
  return pids.map((pid) => {
    const { mounts, chroot } = reader.ofProcess(new Process(pid, procfs), noWarning).context
    return [chroot, ...mounts.map(({ mount_id, mount_point }) => `${mount_id} ${mount_point}`)]
  })
}

test('A process in a chroot that lists no root has the mounts that the reader has there, in the reader’s own namespace', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { namespace: ours, root: '/jail', mountinfo: [line(31, '/vol')] })
  put(procfs, 8, { namespace: theirs, root: '/jail', mountinfo: [line(32, '/vol')] })
  put(procfs, 9, { namespace: ours, root: '/jail/own', mountinfo: [line(33, '/')] })
  const reader = ['29 1 0:29 / / rw - ext4 /dev/sda rw', line(31, '/jail/vol')]
  put(procfs, 1, { namespace: ours, root: '/', mountinfo: reader })
  symlinkSync('1', `${procfs}/self`)
  t.deepEqual(known(procfs, [7, 8, 9]), [
    ['/jail', '29 /', '31 /vol'],
    ['/jail', '32 /vol'],
    ['/jail/own', '33 /'],
  ])
})

test('Processes whose root is not told share nothing', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { namespace: theirs, mountinfo: [line(31, '/')] })
  put(procfs, 8, { namespace: theirs, mountinfo: [line(32, '/')] })
  t.deepEqual(known(procfs, [7, 8]), [
    ['/', '31 /'],
    ['/', '32 /'],
  ])
})

test('Where a captured process had its root is told by where the reader has the same mount', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 1, { mountinfo: [line(29, '/'), line(31, '/jail')] })
  symlinkSync('1', `${procfs}/self`)
  put(procfs, 7, { mountinfo: [line(31, '/'), line(32, '/vol')] })
  put(procfs, 8, { mountinfo: [line(33, '/')] })
  t.deepEqual(known(procfs, [7, 8]), [
    ['/jail', '31 /', '32 /vol'],
    ['/', '33 /'],
  ])
})

test('What was seen is forgotten when the reader is closed', (t) => {
  const procfs = tempFolder(t)
  const tree = { namespace: ours, mountinfo: [line(29, '/')] }
  put(procfs, 1, { ...tree, root: '/' })
  symlinkSync('1', `${procfs}/self`)
  put(procfs, 7, { ...tree, root: '/', mountinfo: [line(29, '/')] })
  put(procfs, 8, { ...tree, root: '/jail', mountinfo: [] })
  const reader = new ContextReader({ procfs, sysfs: procfs })
  const before = [
    ['/', '29 /'],
    ['/jail', '29 /'],
  ]
  t.deepEqual(known(procfs, [7, 8], reader), before)
  for (const pid of [1, 7]) writeFileSync(`${procfs}/${pid}/mountinfo`, `${line(30, '/')}\n`)
  t.deepEqual(known(procfs, [7, 8], reader), before)
  reader.close()
  t.deepEqual(known(procfs, [7, 8], reader), [
    ['/', '30 /'],
    ['/jail', '30 /'],
  ])
})
