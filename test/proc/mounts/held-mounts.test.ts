import { closeSync, openSync } from 'node:fs'
import test from 'ava'
import { HeldMounts } from '../../../src/proc/mounts/held-mounts.js'
import { openBelow, tempFolder } from '../../helpers/folders.js'

test('A mount is judged once, and held open until it is let go: its number is given to no other meanwhile', (t) => {
  const root = tempFolder(t)
  const fd = openSync(root, 'r')
  const judged: number[] = []
  const mounts = new HeldMounts((id) => {
    judged.push(id)
    t.is(openBelow(root), 2, 'it is held before it is judged')
    return id === 7
  }, [])
  t.deepEqual([mounts.mayAsk(fd, 7), mounts.mayAsk(fd, 7)], [true, true])
  closeSync(fd)
  t.is(openBelow(root), 1)
  mounts.close()
  t.is(openBelow(root), 0)
  t.deepEqual(judged, [7])
})

test('What is not known stays so', (t) => {
  const fd = openSync('/', 'r')
  const mounts = new HeldMounts((id) => (id === 1 ? null : false), [])
  t.deepEqual([mounts.mayAsk(fd, 1), mounts.mayAsk(fd, 1), mounts.mayAsk(fd, 2)], [null, null, false])
  closeSync(fd)
  mounts.close()
})

test('Many mounts do not hold as many files open', (t) => {
  const root = tempFolder(t)
  const fd = openSync(root, 'r')
  const mounts = new HeldMounts(() => true, [])
  for (let id = 0; id < 1000; id += 1) t.true(mounts.mayAsk(fd, id))
  t.true(openBelow(root) < 300, `${openBelow(root)}`)
  closeSync(fd)
  mounts.close()
  t.is(openBelow(root), 0)
})

test('While a mount is judged, it is no obstacle to itself', (t) => {
  const fd = openSync('/', 'r')
  const mounts: HeldMounts = new HeldMounts((id, of): boolean => mounts.mayAsk(of, id) !== true, [])
  t.is(mounts.mayAsk(fd, 7), false)
  closeSync(fd)
  mounts.close()
})

test('No path may lead through the mount points that are avoided', (t) => {
  const mounts = new HeldMounts(() => true, ['/net', '/srv/nfs'])
  const paths = ['/', '/net', '/net/x', '/network', '/srv', '/srv/nfs/a/b', '/srv/nfs2']
  t.deepEqual(
    paths.filter((path) => mounts.mayPass(path)),
    ['/', '/network', '/srv', '/srv/nfs2'],
  )
  t.false(new HeldMounts(() => true, ['/']).mayPass('/x'))
})
