/** Under which of the names that a mapped file may have it is looked up. */
import test from 'ava'
import { parseEntry, type RawVma, UNKNOWN } from '../../../src/proc/map-files.js'
import { parseMount } from '../../../src/proc/mounts/mountinfo.js'
import { claimOf } from '../../../src/vma/claim.js'
import type { ProcessContext } from '../../../src/vma/context.js'
import { lookUp } from '../../../src/vma/lookup/look-up.js'
import { filesAt, foundAs, lookupOf } from '../../helpers/lookups.js'

/** Inode 9 is mapped. */
function entry(link: string, maps_name: string): RawVma {
  const raw = parseEntry(`1000-2000 -> ${link}`)
  if (raw === null) throw new Error('no entry')
  const ids = { dev: '254:0', ino: '9', maps_dev: '254:0', maps_ino: '9', mnt_id: 29, mnt_listed: true }
  return { ...raw, kernel: { ...UNKNOWN, ...ids, maps_name } }
}

/** A process of one disk, with files of these inodes. */
function contextOf(files: { [path: string]: string }): ProcessContext {
  const shown = Object.entries(files).map(([path, ino]) => [path, foundAs(`254:0/${ino}`)])
  return {
    mounts: [parseMount('29 21 254:0 / / rw - ext4 /dev/root rw')],
    ...{ unions: [], chroot: '/', root: '/r', leaky: false, reader: null },
    lookup: lookupOf(filesAt(Object.fromEntries(shown))),
  }
}

const cases = [
  {
    name: 'a newline that maps escapes and the link does not show, of a file that is not deleted',
    maps: '/a/n\\012l (deleted)',
    files: { '/a/n\nl': '9' },
    path: '/a/n\nl',
    state: 'current',
  },
  {
    name: 'such a newline, and a name that truly ends so',
    maps: '/a/n\\012l (deleted)',
    files: { '/a/n\nl (deleted)': '9', '/a/n\nl': '8' },
    path: '/a/n\nl (deleted)',
    state: 'current',
  },
  {
    name: 'an escape that is part of the name',
    maps: '/a/n\\012l',
    files: { '/a/n\\012l': '9', '/a/n\nl': '8' },
    path: '/a/n\\012l',
    state: 'current',
  },
  {
    name: 'a deleted file, and another that has the name of the mark',
    maps: '/a/f (deleted)',
    files: { '/a/f (deleted)': '8' },
    path: '/a/f',
    state: 'deleted',
  },
]

for (const { name, maps, files, path, state } of cases) {
  test(`A file is looked up by each name that it may have: ${name}`, (t) => {
    const raw = entry('/a/old (deleted)', maps)
    const context = contextOf(files)
    const { path: told, state: is } = lookUp({ raw, claim: claimOf(raw, context), context })
    t.deepEqual([told, is], [path, state])
  })
}
