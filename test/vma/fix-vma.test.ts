/** What names, devices and mounts tell of an entry, without a look at any file. */
import test from 'ava'
import { type Kernel, type RawVma, UNKNOWN } from '../../src/proc/map-files.js'
import { parseMount } from '../../src/proc/mounts/mountinfo.js'
import type { Branch, BranchTable } from '../../src/unions/branch-table.js'
import type { ProcessContext } from '../../src/vma/context.js'
import { fixVma } from '../../src/vma/fix-vma.js'
import type { Vma } from '../../src/vma/record.js'
import { filesAt, foundAs, lookupOf } from '../helpers/lookups.js'
import { table } from '../helpers/tables.js'

const branch = (index: number, path: string | null, perm = index === 0 ? 'rw' : 'ro'): Branch => ({
  index,
  id: 64 + index,
  path,
  perm,
  attributes: perm === 'ro' ? ['wh'] : [],
})

function tableOf(paths: string[], place: Partial<BranchTable> = {}): BranchTable {
  const branches = paths.map((path, index) => branch(index, path))
  return table([], { mount_id: 29, dev: '0:17', si: '1a', branches, ...place })
}

const MOUNTS = ['29 21 0:17 / / rw - aufs none rw,si=1a', '36 29 254:0 /srv /vol rw - ext4 /dev/root rw']

function viewOf(unions: BranchTable[], context: Partial<ProcessContext> = {}): ProcessContext {
  return {
    mounts: MOUNTS.map(parseMount),
    unions,
    chroot: '/',
    root: '/proc/7/root',
    lookup: null,
    leaky: false,
    reader: null,
    ...context,
  }
}

function entry(link: string, kernel: Partial<Kernel> = {}): RawVma {
  return {
    pid: 7,
    comm: 'cat',
    container: null,
    start: '1000',
    end: '2000',
    perms: 'r-xp',
    offset: '0',
    link,
    kernel: { ...UNKNOWN, ...kernel },
  }
}

/** What the kernel says of an entry that leaks, as seen with O_PATH: the branch's file, of a mount that is not listed. */
const leaked = (maps_name: string, maps_dev = '0:17'): Partial<Kernel> => ({
  dev: '254:0',
  ino: '364',
  maps_dev,
  maps_ino: '25',
  maps_name,
  mnt_id: 13,
  mnt_listed: false,
})

const BASE = tableOf(['/l/top', '/l/base'])
const OVERLAY = tableOf(['/o/up', '/o/low'], { fs_type: 'overlay', si: null })

test('A link that names the branch is put right', (t) => {
  const kernel = { ...UNKNOWN, ...leaked('/bin/cat') }
  t.deepEqual(fixVma(entry('/l/base/bin/cat', kernel), viewOf([BASE])), {
    pid: 7,
    comm: 'cat',
    container: null,
    unit: null,
    cgroup: null,
    start: '1000',
    end: '2000',
    perms: 'r-xp',
    offset: '0',
    link: '/l/base/bin/cat',
    path: '/bin/cat',
    rpath: './bin/cat',
    fpath: '/proc/7/root/bin/cat',
    dev: '0:17',
    ino: '25',
    mnt_id: -1,
    fixed: true,
    state: null,
    branch: { mount_id: 29, si: '1a', index: 1, id: 65, path: '/l/base', perm: 'ro', attributes: ['wh'] },
    kernel,
  })
})

test('The fields of a record stand in the order that is promised', (t) => {
  t.deepEqual(Object.keys(fixVma(entry('/l/base/bin/cat', leaked('/bin/cat')), viewOf([BASE]))), [
    ...['pid', 'comm', 'container', 'unit', 'cgroup', 'start', 'end', 'perms', 'offset', 'link'],
    ...['path', 'rpath', 'fpath'],
    ...['dev', 'ino', 'mnt_id', 'fixed', 'state', 'branch', 'kernel'],
  ])
})

interface Case {
  title: string
  raw: RawVma
  context: ProcessContext
  told: Partial<Vma>
  /** The folder of the branch; not given where it does not matter. */
  branch?: string | null
}

test('What was compared when a record was made is not taken for true when it is fixed anew', (t) => {
  const record = { ...entry('/l/base/bin/sh', leaked('/bin/sh')), same_bytes: true, note: 'mine' }
  const vma = fixVma(record, viewOf([BASE]))
  t.false('same_bytes' in vma)
  t.like(vma, { note: 'mine' }, 'fields of others pass through')
})

const AUFS_FILE: Partial<Kernel> = {
  dev: '0:17',
  ino: '25',
  maps_dev: '0:17',
  maps_ino: '25',
  mnt_id: 29,
  mnt_listed: true,
}

/** Two overlays, one of which is a layer of the other: by a mount that nobody's mountinfo lists. */
const LAYER = '50 29 0:50 / /merged rw - overlay a rw,lowerdir=/l1'
const ON_TOP = '60 29 0:60 / / rw - overlay b rw,lowerdir=/merged'
const ofLayer: Partial<Kernel> = {
  ...{ dev: '0:50', ino: '9', maps_dev: '0:50', maps_ino: '9', maps_name: '/bin/sh' },
  ...{ mnt_id: 77, mnt_listed: false },
}
const nested = (lower: string[], readers: string[], mounts: string[] = [ON_TOP]): ProcessContext => ({
  ...viewOf([tableOf(['/up', ...lower], { mount_id: 60, dev: '0:60', fs_type: 'overlay', si: null })]),
  mounts: mounts.map(parseMount),
  reader: viewOf([], { mounts: readers.map(parseMount) }),
})

const nestedCases: Case[] = [
  {
    title: 'A file of a layer that is an overlay itself has its path in the one on top',
    raw: entry('/bin/sh', ofLayer),
    context: nested(['/merged', '/plain'], [LAYER]),
    told: { path: '/bin/sh', rpath: './bin/sh', mnt_id: -1, fixed: true },
    branch: '/merged',
  },
  {
    title: 'It has the path of the mount through which the process has that',
    raw: entry('/bin/sh', ofLayer),
    context: {
      ...nested(['/merged'], [LAYER]),
      unions: [
        tableOf(['/up', '/merged'], {
          ...{ mount_id: 60, mount_point: '/sub', dev: '0:60', fs_type: 'overlay', si: null },
        }),
      ],
    },
    told: { path: '/sub/bin/sh', rpath: './sub/bin/sh' },
    branch: '/merged',
  },
  {
    title: 'Of two layers on that overlay none is claimed',
    raw: entry('/bin/sh', ofLayer),
    context: nested(['/merged/a', '/merged/b'], [LAYER]),
    told: { path: '/bin/sh', rpath: null, mnt_id: 77, fixed: false },
    branch: null,
  },
  {
    title: 'A layer on another overlay than that of the mapping is not claimed',
    raw: entry('/bin/sh', { ...ofLayer, maps_dev: '0:51' }),
    context: nested(['/merged'], [LAYER]),
    told: { path: '/bin/sh', rpath: null },
    branch: null,
  },
  {
    title: 'A layer that is no union is not claimed',
    raw: entry('/bin/sh', ofLayer),
    context: nested(['/merged'], ['50 29 0:50 / /merged rw - ext4 /dev/sdb rw']),
    told: { path: '/bin/sh', rpath: null },
    branch: null,
  },
  {
    title: 'A mount that the reader lists is no layer’s own',
    raw: entry('/bin/sh', { ...ofLayer, mnt_id: 50 }),
    context: nested(['/merged'], [LAYER]),
    told: { path: '/bin/sh', rpath: null, mnt_id: 50, fixed: false },
    branch: null,
  },
  {
    title: 'A mount that the process lists is no layer’s own',
    raw: entry('/bin/sh', { ...ofLayer, mnt_id: 50, mnt_listed: true }),
    context: nested(['/merged'], [LAYER.replace('50 29', '150 129')], [ON_TOP, LAYER]),
    told: { path: '/bin/sh', rpath: null, mnt_id: 50, fixed: false },
    branch: null,
  },
  {
    title: 'Memory is of no layer',
    raw: entry('/memfd:x (deleted)', { ...ofLayer, maps_name: '/memfd:x (deleted)' }),
    context: nested(['/merged'], [LAYER]),
    told: { path: '/memfd:x', rpath: null },
    branch: null,
  },
]

const cases: Case[] = [
  ...nestedCases,
  {
    title: 'Of a process that CRIU restored the link gives the path, where nothing may be looked up',
    raw: entry('/l/base/bin/cat', leaked('/mnt/restore/bin/cat')),
    context: viewOf([BASE]),
    told: { path: '/bin/cat', rpath: './bin/cat', state: null, mnt_id: -1 },
    branch: '/l/base',
  },
  {
    title: 'A name that ends in the link’s path by letters alone is another',
    raw: entry('/l/base/cat', leaked('/bin/bobcat')),
    context: viewOf([BASE]),
    told: { path: '/bin/bobcat' },
    branch: '/l/base',
  },
  {
    title: 'A branch is matched by whole names of folders',
    raw: entry('/l/ab/bin/cat', leaked('/bin/cat')),
    context: viewOf([tableOf(['/l/top', '/l/a', '/l/ab'])]),
    told: { path: '/bin/cat', fixed: true },
    branch: '/l/ab',
  },
  {
    title: 'Of nested branches it is the one that gives the name in maps: the inner',
    raw: entry('/l/a/b/f', leaked('/f')),
    context: viewOf([tableOf(['/l/top', '/l/a', '/l/a/b'])]),
    told: { path: '/f' },
    branch: '/l/a/b',
  },
  {
    title: 'Of nested branches it is the one that gives the name in maps: the outer',
    raw: entry('/l/a/b/f', leaked('/b/f')),
    context: viewOf([tableOf(['/l/top', '/l/a', '/l/a/b'])]),
    told: { path: '/b/f' },
    branch: '/l/a',
  },
  {
    title: 'Of nested branches it is the longest where maps has another name by now',
    raw: entry('/l/a/b/f', leaked('/renamed')),
    context: viewOf([tableOf(['/l/top', '/l/a', '/l/a/b'])]),
    told: { path: '/renamed', state: null },
    branch: '/l/a/b',
  },
  {
    title: 'Of two unions that share a branch it is the one of the device that the mapping has',
    raw: entry('/l/common/f', leaked('/vol/f', '0:18')),
    context: viewOf([
      tableOf(['/l/t1', '/l/common']),
      tableOf(['/l/t2', '/l/common'], { mount_id: 39, mount_point: '/vol', dev: '0:18', si: '2b' }),
    ]),
    told: { path: '/vol/f', rpath: './vol/f' },
    branch: '/l/common',
  },
  {
    title: 'A deleted file has its path without the mark of the kernel, and no other',
    raw: entry('/l/top/d/f (deleted)', leaked('/d/f (deleted)')),
    context: viewOf([BASE]),
    told: { path: '/d/f', state: 'deleted', fpath: '/proc/7/root/d/f' },
    branch: '/l/top',
  },
  {
    title: 'A file that was deleted from a lower branch is deleted where only maps says so',
    raw: entry('/l/base/d/f', leaked('/d/f (deleted)')),
    context: viewOf([BASE]),
    told: { path: '/d/f', state: 'deleted', dev: '0:17', ino: '25' },
    branch: '/l/base',
  },
  {
    title: 'A file in a folder that was removed has the name that maps has',
    raw: entry('/l/top/d/.wh..wh.sub.000a/f (deleted)', leaked('/d/sub/f (deleted)')),
    context: viewOf([BASE]),
    told: { path: '/d/sub/f', state: 'deleted' },
    branch: '/l/top',
  },
  {
    title: 'A newline that maps writes as an escape is a newline in the path',
    raw: entry('/l/base/new\nline', leaked('/new\\012line')),
    context: viewOf([BASE]),
    told: { path: '/new\nline' },
    branch: '/l/base',
  },
  {
    title: 'A backslash and digits in maps are themselves where the link has them so',
    raw: entry('/l/base/lit\\012eral', leaked('/lit\\012eral')),
    context: viewOf([BASE]),
    told: { path: '/lit\\012eral' },
    branch: '/l/base',
  },
  {
    title: 'A link that is right stays, though a branch has that name',
    raw: entry('/app/f', { ...AUFS_FILE, maps_name: '/app/f' }),
    context: viewOf([tableOf(['/top', '/app'])]),
    told: { path: '/app/f', mnt_id: 29, fixed: false },
    branch: null,
  },
  {
    title: 'Where maps leaks too, both are put right and no inode of the union is known',
    raw: entry('/l/base/bin/cat', { ...leaked('/l/base/bin/cat', '254:0'), maps_ino: '364' }),
    context: viewOf([BASE]),
    told: { path: '/bin/cat', dev: null, ino: null, mnt_id: -1, fixed: true },
    branch: '/l/base',
  },
  {
    title: 'A file of a volume is what the kernel says',
    raw: entry('/vol/f', {
      dev: '254:0',
      ino: '9',
      maps_dev: '254:0',
      maps_ino: '9',
      maps_name: '/vol/f',
      mnt_id: 36,
      mnt_listed: true,
    }),
    context: viewOf([BASE]),
    told: { path: '/vol/f', rpath: null, fpath: null, dev: '254:0', ino: '9', mnt_id: 36, fixed: false },
    branch: null,
  },
  {
    title: 'Memory without a file is deleted, as its link says',
    raw: entry('/memfd:x (deleted)', {
      dev: '0:1',
      ino: '2',
      maps_dev: '0:1',
      maps_ino: '2',
      mnt_id: 0,
      mnt_listed: false,
    }),
    context: viewOf([BASE]),
    told: { path: '/memfd:x', rpath: null, state: 'deleted', fixed: false },
    branch: null,
  },
  {
    title: 'A union of which the process has a folder as its root gives paths below that',
    raw: entry('/l/base/dir/bin/cat', leaked('/bin/cat')),
    context: viewOf([tableOf(['/l/top', '/l/base'], { root: '/dir' })]),
    told: { path: '/bin/cat', rpath: './bin/cat' },
    branch: '/l/base',
  },
  {
    title: 'Of several mount points it is the one in maps',
    raw: entry('/l/base/dir/f', leaked('/subm/f')),
    context: viewOf([
      BASE,
      tableOf(['/l/top', '/l/base'], { mount_id: 40, root: '/dir', mount_point: '/subm' }),
    ]),
    told: { path: '/subm/f', fpath: '/proc/7/root/subm/f' },
    branch: '/l/base',
  },
  {
    title: 'A branch folder that was removed matches links without its mark',
    raw: entry('/l/gone/f (deleted)', leaked('/f')),
    context: viewOf([tableOf(['/l/top', '/l/gone (deleted)'])]),
    told: { path: '/f', state: 'deleted' },
    branch: '/l/gone (deleted)',
  },
  {
    title: 'A branch that could not be read matches nothing',
    raw: entry('/l/base/f', leaked('/f')),
    context: viewOf([{ ...BASE, branches: [branch(0, '/l/top'), branch(1, null)] }]),
    told: { path: '/f', mnt_id: -1, fixed: true },
    branch: null,
  },
  {
    title: 'A process in a chroot has its own root, in paths too',
    raw: entry('/u/bin/cat', { ...AUFS_FILE, maps_name: '/u/bin/cat' }),
    context: viewOf([BASE], { chroot: '/u' }),
    told: { path: '/bin/cat', rpath: './bin/cat', fixed: false },
  },
  {
    title: 'A text entry, of which only the link is known, is put right by the branches',
    raw: { ...entry('/l/base/bin/cat'), pid: null, comm: null, perms: null, offset: null },
    context: viewOf([BASE], { mounts: [], root: '/mnt/ID' }),
    told: { path: '/bin/cat', fpath: '/mnt/ID/bin/cat', mnt_id: -1, fixed: true, state: null },
    branch: '/l/base',
  },
  {
    title: 'Where no root is known there is no path to look at, and no inode',
    raw: { ...entry('/l/base/bin/cat'), pid: null },
    context: viewOf([BASE], { mounts: [], root: null }),
    told: { path: '/bin/cat', rpath: './bin/cat', fpath: null, dev: null, ino: null },
    branch: '/l/base',
  },
  {
    title: 'Where no root is known there is no inode, though maps has one',
    raw: entry('/l/base/bin/cat', leaked('/bin/cat')),
    context: viewOf([BASE], { root: null }),
    told: { path: '/bin/cat', rpath: './bin/cat', fpath: null, dev: null, ino: null, mnt_id: -1 },
    branch: '/l/base',
  },
  {
    title: 'What was opened but not asked, of a mount that nobody lists, has the inode that maps has',
    raw: entry('/x/f', { maps_dev: '0:99', maps_ino: '5', maps_name: '/x/f', mnt_id: 77, mnt_listed: false }),
    context: viewOf([]),
    told: { path: '/x/f', rpath: null, dev: '0:99', ino: '5', mnt_id: 77 },
  },
  {
    title: 'What was not opened, of a device that is not that of the mount over its path, has no inode',
    raw: entry('/x/f', { maps_dev: '0:99', maps_ino: '5', maps_name: '/x/f' }),
    context: viewOf([]),
    told: { path: '/x/f', rpath: null, dev: null, ino: null, mnt_id: null },
  },
  {
    title: 'What was not opened, of the device of the mount over its path, has the inode that maps has',
    raw: entry('/vol/f', { maps_dev: '254:0', maps_ino: '5', maps_name: '/vol/f' }),
    context: viewOf([]),
    told: { path: '/vol/f', rpath: null, dev: '254:0', ino: '5' },
  },
  {
    title: 'What was not asked, of a listed mount that is of another device than maps has, has no inode',
    raw: entry('/vol/f', {
      maps_dev: '0:99',
      maps_ino: '5',
      maps_name: '/vol/f',
      mnt_id: 36,
      mnt_listed: true,
    }),
    context: viewOf([]),
    told: { path: '/vol/f', rpath: null, dev: null, ino: null, mnt_id: 36 },
  },
  {
    title: 'A file of a union has the inode that maps has, also under what was mounted over it since',
    raw: entry('/l/base/vol/f', leaked('/vol/f')),
    context: viewOf([BASE]),
    told: { path: '/vol/f', dev: '0:17', ino: '25' },
    branch: '/l/base',
  },
  {
    title: 'Of an overlay the device and inode of the union are told, where maps has the layer’s',
    raw: entry('/bin/cat', {
      dev: '0:17',
      ino: '391',
      maps_dev: '254:0',
      maps_ino: '401',
      maps_name: '/bin/cat',
      mnt_id: 29,
      mnt_listed: true,
    }),
    context: viewOf([tableOf(['/o/up', '/o/low'], { fs_type: 'overlay', si: null })]),
    told: { path: '/bin/cat', rpath: './bin/cat', mnt_id: 29 },
    branch: null,
  },
  ...['/memfd:x', '/SYSV00000000', '/dev/zero'].map(
    (path): Case => ({
      title: `A file of a union that is named as memory is: ${path}`,
      raw: entry(`${path} (deleted)`, {
        maps_dev: OVERLAY.dev,
        maps_ino: '3',
        maps_name: `${path} (deleted)`,
      }),
      context: viewOf([OVERLAY]),
      told: { path, rpath: `.${path}`, fixed: false },
      branch: null,
    }),
  ),
  ...['/memfd:a b (deleted)', '/SYSV00004d41 (deleted)', '/dev/zero (deleted)', '/[aio] (deleted)'].map(
    (link): Case => ({
      title: `Memory is no file of a union that is mounted at /: ${link}`,
      raw: entry(link, { maps_dev: '0:1', maps_ino: '3', maps_name: link }),
      context: viewOf([OVERLAY, tableOf(['/'])]),
      told: {
        path: link.replace(' (deleted)', ''),
        rpath: null,
        mnt_id: null,
        fixed: false,
        state: 'deleted',
      },
      branch: null,
    }),
  ),
  {
    title: 'What has no path at all (io_uring) is called as its link, and is of no union',
    raw: entry('anon_inode:[io_uring]', {
      maps_dev: '0:14',
      maps_ino: '9',
      maps_name: 'anon_inode:[io_uring]',
    }),
    context: viewOf([OVERLAY, tableOf(['/'])]),
    told: { path: 'anon_inode:[io_uring]', rpath: null, fixed: false, state: null },
    branch: null,
  },
  {
    title: 'Named shared memory, which maps shows in brackets, is called as its link',
    raw: entry('/dev/zero (deleted)', { maps_dev: '0:1', maps_ino: '3', maps_name: '[anon_shmem:pool]' }),
    context: viewOf([BASE]),
    told: { path: '/dev/zero', rpath: null, state: 'deleted' },
  },
  {
    title:
      'A volume of another machine is none of the overlay that is the only union known: stat and maps agree',
    raw: entry('/etc/hosts', {
      ...{ dev: '254:0', ino: '9', maps_dev: '254:0', maps_ino: '9', maps_name: '/etc/hosts' },
      ...{ mnt_id: 91, mnt_listed: true },
    }),
    context: viewOf([OVERLAY], { mounts: [] }),
    told: { path: '/etc/hosts', rpath: null, dev: '254:0', ino: '9', mnt_id: 91, fixed: false },
  },
  {
    title: 'A file of no mount of the process is none of the overlay over its name',
    raw: entry('/usr/sbin/init', {
      ...{ dev: '254:0', ino: '9', maps_dev: '254:0', maps_ino: '9', maps_name: '/usr/sbin/init' },
      ...{ mnt_id: 43, mnt_listed: false },
    }),
    context: viewOf([OVERLAY], {
      mounts: ['29 21 0:17 / / rw - overlay o rw,lowerdir=/o/low'].map(parseMount),
    }),
    told: { path: '/usr/sbin/init', rpath: null, dev: '254:0', ino: '9', mnt_id: 43 },
  },
  {
    title:
      'A layer that lies on another overlay is told by its own mount, which gives no path of the process',
    raw: entry('/d/x', {
      ...{ dev: '0:17', ino: '9', maps_dev: '0:17', maps_ino: '9', maps_name: '/d/x' },
      ...{ mnt_id: 77, mnt_listed: false },
    }),
    context: viewOf([OVERLAY]),
    told: { path: '/d/x', rpath: null, state: null },
    branch: null,
  },
  {
    title: 'With a branch / and maps that leak, a volume is none of the union',
    raw: entry('/vol/v', {
      ...{ dev: '8:1', ino: '9', maps_dev: '8:1', maps_ino: '9', maps_name: '/vol/v' },
      ...{ mnt_id: 36, mnt_listed: true },
    }),
    context: viewOf([tableOf(['/l/top', '/'])], { mounts: [] }),
    told: { path: '/vol/v', rpath: null, mnt_id: 36, fixed: false },
  },
  {
    title: 'Of two detached branches, both told as /, none is claimed',
    raw: entry('/lay/f', { maps_dev: '254:0', maps_ino: '9', maps_name: '/lay/f' }),
    context: viewOf([tableOf(['/', '/'])]),
    told: { path: '/lay/f', rpath: './lay/f', mnt_id: -1, fixed: true },
    branch: null,
  },
  {
    title: 'A table of a log that tells no device: link and maps differ by nothing but a leak',
    raw: entry('/l/base/bin/cat', leaked('/bin/cat')),
    context: viewOf([tableOf(['/l/top', '/l/base'], { dev: null })], { mounts: [] }),
    told: { path: '/bin/cat', rpath: './bin/cat', mnt_id: -1, fixed: true },
    branch: '/l/base',
  },
  {
    title: 'Where maps tells the device and no name, the link gives the path',
    raw: entry('/l/base/bin/cat', { ...leaked('/bin/cat'), maps_name: null }),
    context: viewOf([BASE]),
    told: { path: '/bin/cat', mnt_id: -1, fixed: true },
    branch: '/l/base',
  },
  {
    title: 'A branch that is there goes before a removed one of its name',
    raw: entry('/l/base/f', leaked('/f')),
    context: viewOf([tableOf(['/l/top', '/l/base (deleted)', '/l/base'])]),
    told: { path: '/f' },
    branch: '/l/base',
  },
  {
    title: 'A folder that AUFS renamed to remove it has its own name where maps leaks too',
    raw: entry('/l/top/d/.wh..wh.gone.000a/f (deleted)', {
      ...{ maps_dev: '254:0', maps_ino: '9', maps_name: '/l/top/d/.wh..wh.gone.000a/f (deleted)' },
    }),
    context: viewOf([BASE]),
    told: { path: '/d/gone/f', state: 'deleted' },
    branch: '/l/top',
  },
]

for (const { title, raw, context, told, branch: folder } of cases) {
  test(title, (t) => {
    const vma = fixVma(raw, context)
    t.like(vma, told)
    if (folder !== undefined) t.is(vma.branch?.path ?? null, folder)
  })
}

/** An entry of an overlay, by what maps has of it; and what stat has of it and its path shows, null where that cannot be told. */
const ofOverlay: [maps: string | null, shown: string | null, told: string | null, fixed: boolean][] = [
  ['254:0/401', '0:17/391', '0:17/391', true],
  ['254:0/391', '0:17/391', '0:17/391', true],
  ['0:17/401', '0:17/391', '0:17/391', true],
  ['0:17/391', '0:17/391', '0:17/391', false],
  ['0:17/391', null, '0:17/391', false],
  ['254:0/401', null, null, false],
  [null, '0:17/391', '0:17/391', false],
]

for (const [maps, shown, told, fixed] of ofOverlay)
  test(`Of an overlay maps has ${maps}, and its path shows ${shown}: it is ${told}`, (t) => {
    const [maps_dev = null, maps_ino = null] = maps?.split('/') ?? []
    const [dev = null, ino = null] = shown?.split('/') ?? []
    const kernel = { dev, ino, maps_dev, maps_ino, maps_name: '/bin/cat', mnt_id: 29, mnt_listed: true }
    const files = filesAt(shown === null ? null : { '/bin/cat': foundAs(shown) })
    const vma = fixVma(entry('/bin/cat', kernel), viewOf([OVERLAY], { lookup: lookupOf(files) }))
    t.is(vma.dev === null ? null : `${vma.dev}/${vma.ino}`, told)
    t.is(vma.fixed, fixed)
  })

test('Of an AUFS, another inode than maps has is no fault of the kernel’s', (t) => {
  const lookup = lookupOf(filesAt({ '/bin/cat': foundAs('0:17/99') }))
  const raw = entry('/bin/cat', { ...AUFS_FILE, ino: '99', maps_name: '/bin/cat' })
  t.like(fixVma(raw, viewOf([BASE], { lookup })), { dev: '0:17', ino: '99', fixed: false })
})

test('The branch’s mount is the one whose mount point holds the path', (t) => {
  const again = tableOf(['/l/top', '/l/base'], { mount_id: 41, mount_point: '/again' })
  const idOf = (name: string) =>
    fixVma(entry('/l/base/f', leaked(name)), viewOf([BASE, again])).branch?.mount_id
  t.is(idOf('/f'), 29)
  t.is(idOf('/again/f'), 41)
})

test('What is not known of a file is null, and no field is missing', (t) => {
  const raw = { ...entry('/bin/cat'), pid: null, comm: null, perms: null, offset: null }
  const vma = fixVma(raw, viewOf([], { mounts: [], root: null }))
  t.like(vma, { path: '/bin/cat', rpath: null, fpath: null, dev: null, ino: null, mnt_id: null, state: null })
  t.is(Object.values(vma).filter((value) => value === undefined).length, 0)
  t.false(vma.fixed)
})

const restored = (link: string, kernel: Partial<Kernel> = {}) =>
  entry(link, {
    ...{
      dev: '0:17',
      ino: '9',
      maps_dev: '254:0',
      maps_ino: '7',
      maps_name: link,
      mnt_id: 50,
      mnt_listed: false,
    },
    ...kernel,
  })
const inReader = (...mounts: string[]) =>
  viewOf([], { mounts: ['21 1 254:0 / / rw - ext4 /dev/vda rw', ...mounts].map(parseMount) })
const RESTORE = '50 21 0:17 / /mnt/restore rw - overlay o rw,lowerdir=/o/low'
const OWN = '60 1 0:17 / / rw - overlay o rw,lowerdir=/o/low'

const throughOwn: [title: string, raw: RawVma, own: string[], reader: string[], path: string][] = [
  [
    'of a restored process, from its own root',
    restored('/mnt/restore/bin/cat'),
    [OWN],
    [RESTORE],
    '/bin/cat',
  ],
  ['that is deleted', restored('/mnt/restore/bin/cat (deleted)'), [OWN], [RESTORE], '/bin/cat'],
  [
    'through mounts of folders',
    restored('/mnt/restore/bin/cat'),
    [OWN.replace('/ / rw', '/d/bin /usr/bin rw')],
    [RESTORE.replace('/ /mnt', '/d /mnt')],
    '/usr/bin/cat',
  ],
  [
    'by a name that is not below that mount, as the reader`s',
    restored('/elsewhere/bin/cat'),
    [OWN],
    [RESTORE],
    '/elsewhere/bin/cat',
  ],
  [
    'of which the process has another folder, as the reader`s',
    restored('/mnt/restore/bin/cat'),
    [OWN.replace('/ / rw', '/lib / rw')],
    [RESTORE],
    '/mnt/restore/bin/cat',
  ],
  [
    'over which the process has another mount, as the reader`s',
    restored('/mnt/restore/bin/cat'),
    [OWN, '61 60 254:0 /bin /bin rw - ext4 /dev/vda rw'],
    [RESTORE],
    '/mnt/restore/bin/cat',
  ],
  [
    'of a filesystem that the process has not, as the reader`s',
    restored('/mnt/restore/bin/cat'),
    [OWN.replace('0:17', '0:18')],
    [RESTORE],
    '/mnt/restore/bin/cat',
  ],
]
for (const [title, raw, own, reader, path] of throughOwn)
  test(`A file on a mount of the reader's is told ${title}`, (t) => {
    const vma = fixVma(raw, viewOf([OVERLAY], { mounts: own.map(parseMount), reader: inReader(...reader) }))
    t.is(vma.path, path)
    t.deepEqual([vma.link, vma.kernel, vma.mnt_id], [raw.link, raw.kernel, 50])
  })

test('A file on a mount of the reader’s is the reader’s, where the process is in a chroot', (t) => {
  const context = viewOf([OVERLAY], {
    chroot: '/c',
    mounts: [OWN].map(parseMount),
    reader: inReader(RESTORE),
  })
  t.is(fixVma(restored('/mnt/restore/bin/cat'), context).path, '/mnt/restore/bin/cat')
})

test('What the process has itself is its own, though the reader has the same mount', (t) => {
  const reader = viewOf([BASE], { mounts: MOUNTS.map(parseMount), root: '/' })
  const plain = { maps_dev: '254:0', maps_ino: '9', mnt_id: 36, mnt_listed: true }
  const inChroot = fixVma(
    entry('/vol/f', { ...plain, maps_name: '/vol/f' }),
    viewOf([], { chroot: '/vol', reader }),
  )
  t.is(inChroot.path, '/f')
  const ofUnion = fixVma(
    entry('/bin/cat', { ...AUFS_FILE, maps_name: '/bin/cat' }),
    viewOf([BASE], { reader }),
  )
  t.is(ofUnion.fpath, '/proc/7/root/bin/cat')
  // The branch lies on a mount that the reader has, and the process has not.
  const own = { mounts: MOUNTS.slice(0, 1).map(parseMount), reader: { ...reader, unions: [] } }
  const leaking = fixVma(entry('/l/base/f', { ...leaked('/f'), mnt_id: 36 }), viewOf([BASE], own))
  t.is(leaking.fpath, '/proc/7/root/f')
})

test('What somebody added to an entry stands after the fields of its record', (t) => {
  const raw = { ...entry('/bin/cat'), host: 'web', state: 'an old one' }
  const vma = fixVma(raw, viewOf([]))
  t.like(vma, { host: 'web', state: null } as object)
  t.is(Object.keys(vma).at(-1), 'host')
})

test('A file of a union that the process left is below its root only where that is the reader’s', (t) => {
  const left = { mnt_id: 50, mnt_listed: false, maps_dev: '0:50', maps_ino: '9', maps_name: '/o/f' }
  const union = tableOf(['/u', '/l'], {
    mount_id: 50,
    mount_point: '/o',
    fs_type: 'overlay',
    si: null,
    dev: '0:50',
  })
  const reader = viewOf([union], {
    mounts: ['50 1 0:50 / /o rw - overlay o rw,lowerdir=/l,upperdir=/u,workdir=/w'].map(parseMount),
    root: '/',
  })
  const pathsIn = (chroot: string, unions: BranchTable[]) => {
    const { path, rpath } = fixVma(entry('/o/f', left), viewOf(unions, { chroot, reader }))
    return [path, rpath]
  }
  const own = { ...union, mount_id: 60 }
  t.deepEqual(pathsIn('/', [own]), ['/o/f', './o/f'])
  t.deepEqual(pathsIn('/c', [own]), ['/o/f', null])
  t.deepEqual(pathsIn('/', []), ['/o/f', null])
  t.deepEqual(pathsIn('/', [{ ...own, dev: '0:18' }]), ['/o/f', null])
  t.deepEqual(pathsIn('/', [own, { ...own, mount_point: '/p', dev: '0:18' }]), ['/o/f', './o/f'])
})
