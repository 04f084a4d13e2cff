import { spawnSync } from 'node:child_process'
import test from 'ava'
import { ownerOfMounts, userNamespace } from '../../../src/proc/mounts/mount-owner.js'
import { isRoot, skip } from '../../helpers/machine.js'
import { sleeper } from '../../helpers/processes.js'

/** util-linux 2.38 */
const tells = /^\s*ONS /m.test(spawnSync('lsns', ['--help'], { encoding: 'latin1' }).stdout ?? '')

test('the mounts of a container without a user namespace are of the reader’s', (t) => {
  t.regex(userNamespace('/proc/self') ?? '', /^\d+$/)
  t.is(ownerOfMounts(`/proc/${process.pid}`), userNamespace('/proc/self'))
})

test('mounts in a user namespace are of that one', async (t) => {
  const pid = await sleeper(t, 'unshare', '--user', '--map-root-user', '--mount')
  if (pid === null) return skip(t, 'no user namespaces here')
  t.not(userNamespace(`/proc/${pid}`), userNamespace('/proc/self'))
  t.is(ownerOfMounts(`/proc/${pid}`), userNamespace(`/proc/${pid}`))
})

test('whoever enters them by nsenter is of another user namespace than they', async (t) => {
  if (!isRoot || !tells) return skip(t, 'it takes root, and lsns of util-linux 2.38')
  const inside = await sleeper(t, 'unshare', '--user', '--map-root-user', '--mount')
  if (inside === null) return skip(t, 'no user namespaces here')
  const pid = await sleeper(t, 'nsenter', '--mount', '--target', String(inside))
  if (pid === null) return skip(t, 'its mounts cannot be entered here')
  t.is(userNamespace(`/proc/${pid}`), userNamespace('/proc/self'))
  t.is(ownerOfMounts(`/proc/${pid}`), userNamespace(`/proc/${inside}`))
})

test('of a captured tree nothing is asked of this machine, and of no process nothing is told', (t) => {
  t.is(ownerOfMounts(`/captured/proc/${process.pid}`), null)
  t.is(ownerOfMounts(`/proc/${process.pid}/captured`), null)
  t.is(ownerOfMounts('/proc/999999999'), null)
})
