import test from 'ava'
import { mayHideFuse } from '../../../src/proc/mounts/hidden-fuse.js'
import { parseMount } from '../../../src/proc/mounts/mountinfo.js'
import { tempFolder, writeTree } from '../../helpers/folders.js'

const mounts = ['29 21 254:0 / / rw - ext4 /dev/root rw', '36 29 0:45 / /b rw - fuse.bindfs b rw'].map(
  parseMount,
)

const cases: { name: string; devices: string[]; isHidden: boolean }[] = [
  { name: 'a FUSE that is mounted', devices: ['0:45', '254:0', '7:0'], isHidden: false },
  { name: 'a FUSE that no mount shows', devices: ['0:45', '0:46', '254:0'], isHidden: true },
  {
    name: 'disks alone',
    devices: ['254:0', '7:0', '250:0', '250:1', 'btrfs-1', '8:1-fuseblk'],
    isHidden: false,
  },
  { name: 'nothing', devices: [], isHidden: false },
]

for (const { name, devices, isHidden } of cases) {
  test(`Among the backing devices of sysfs is ${name}`, (t) => {
    const sysfs = tempFolder(t)
    writeTree(sysfs, {
      'class/bdi': null,
      ...Object.fromEntries(devices.map((dev) => [`class/bdi/${dev}`, null])),
    })
    t.is(mayHideFuse(sysfs, mounts), isHidden)
  })
}

test('Without sysfs nobody knows', (t) => t.true(mayHideFuse('/nowhere', mounts)))
