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
    reader.ofProcess(new Process(procfs, pid), noWarning).context.mounts.map(({ mount_id }) => mount_id)
  t.deepEqual(idsOf(7), [29, 30])
  t.deepEqual(idsOf(8), [29, 30])
  // Neither of these has a mountinfo, and another's is not theirs.
  t.throws(() => idsOf(9), { instanceOf: InputError })
  t.throws(() => idsOf(10), { instanceOf: InputError })
})
