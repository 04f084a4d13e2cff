import { readFileSync } from 'node:fs'
import test from 'ava'
import { mayHideFuse } from '../../../src/proc/mounts/fuse-connections.js'
import { parseMount } from '../../../src/proc/mounts/mountinfo.js'
import { tempFolder, writeTree } from '../../helpers/folders.js'

test('A FUSE is hidden where a connection is of no mount that is known', (t) => {
  const folder = tempFolder(t)
  const control = parseMount(`30 1 0:44 / ${folder} rw - fusectl none rw`)
  const fuse = (minor: number) => parseMount(`31 1 0:${minor} / /m rw - fuse.sshfs host: rw`)
  t.false(mayHideFuse([control], []), 'there is none')
  writeTree(folder, { '50': null, '51': null })
  t.false(mayHideFuse([control, fuse(50), fuse(51)], []))
  t.false(mayHideFuse([control, fuse(50)], [fuse(51)]), 'another may know it')
  t.true(mayHideFuse([control, fuse(50)], []))
  t.true(mayHideFuse([control], [fuse(50), fuse(5)]))
})

test('Where the connections are not to be seen, one may be hidden if the kernel has FUSE at all', (t) => {
  const control = parseMount('30 1 0:44 / /nowhere rw - fusectl none rw')
  t.true(mayHideFuse([control], []))
  t.is(mayHideFuse([], []), readFileSync('/proc/filesystems', 'latin1').split('\n').includes('nodev\tfuse'))
})
