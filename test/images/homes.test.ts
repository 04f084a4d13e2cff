/** The users of a machine, and where their stores are. */
import { readFileSync } from 'node:fs'
import test from 'ava'
import { containerd } from '../../src/images/containerd/containerd.js'
import { docker } from '../../src/images/docker.js'
import { readLines, users } from '../../src/images/homes.js'
import { podman } from '../../src/images/podman/podman.js'
import { tempFolder, writeTree } from '../helpers/folders.js'
import { skip } from '../helpers/machine.js'

test('A user has a name, a number and a home, which is a path', (t) => {
  const root = tempFolder(t)
  const lines = [
    'ann:x:1000:100:Ann:/home/ann:/bin/sh',
    'b\xff:x:1001:100::/srv/b',
    'c:x:1:1::home:',
    'd',
    '',
    '+::::::',
  ]
  writeTree(root, { 'etc/passwd': lines.join('\n') })
  t.deepEqual(users(root), [
    { name: 'ann', uid: '1000', home: '/home/ann' },
    { name: 'b\xff', uid: '1001', home: '/srv/b' },
  ])
})

test('A machine without a list of users has none', (t) => {
  t.deepEqual(users(tempFolder(t)), [])
  t.deepEqual(readLines('/'), [])
})

test('The stores of those who run containers without root are looked for in their homes', (t) => {
  const home = /^root:(?:[^:]*:){4}(\/[^:]*)/m.exec(readFileSync('/etc/passwd', 'latin1'))?.[1]
  if (home === undefined) return skip(t, 'root has no home')
  const path = `${home}/.local/share`
  t.true(podman.placesAtHome().includes(`${path}/containers/storage`))
  t.true(docker.placesAtHome().includes(`${path}/docker`))
  t.true(containerd.placesAtHome().includes(`${path}/containerd`))
})
