/** What a look at the files makes of an entry: of one mapped file, behind files that a test makes up. */
import test from 'ava'
import type { Found } from '../../../src/files/found.js'
import { type Kernel, type RawVma, UNKNOWN } from '../../../src/proc/map-files.js'
import { parseMount } from '../../../src/proc/mounts/mountinfo.js'
import type { ByteString } from '../../../src/text/byte-string.js'
import { withoutDeleted } from '../../../src/text/paths.js'
import type { Branch, BranchTable } from '../../../src/unions/branch-table.js'
import type { Copy, Holders } from '../../../src/unions/layers/layer.js'
import type { FileLookup, ProcessContext } from '../../../src/vma/context.js'
import { fixVma } from '../../../src/vma/fix-vma.js'
import type { State } from '../../../src/vma/record.js'
import { filesAt, foundAs, lookupOf } from '../../helpers/lookups.js'
import { table } from '../../helpers/tables.js'

const SH = '/usr/bin/sh'
const ROOT = '29 21 254:0 / / rw - ext4 /dev/root rw'
const UNION = '30 29 0:18 / / rw - aufs none rw,si=f11b4637bf59a3c0'
const OVERLAY = '40 29 0:40 / / rw - overlay o rw,lowerdir=/o/low,upperdir=/o/up,workdir=/o/work'

/** A union of a writable branch over a read-only one. */
function union(folder: string, more: Partial<BranchTable> = {}): BranchTable {
  const { branches, ...rest } = table([`${folder}/up`, `${folder}/mid`, `${folder}/low`], more)
  return { ...rest, branches: branches.map((each, i) => (i === 0 ? { ...each, perm: 'rw' } : each)) }
}

const aufs = union('/l', { mount_id: 30 })
const overlay = union('/o', { mount_id: 40, dev: '0:40', fs_type: 'overlay', si: null, source: 'mountinfo' })

const file = (id: string, more: Partial<Found> = {}) =>
  foundAs(id, { changed: 5n, modified: 5n, size: 4096n, ...more })

function branchOf({ branches }: BranchTable, index: number): Branch {
  const branch = branches[index]
  if (branch === undefined) throw new Error(`no branch ${index}`)
  return branch
}

const copyIn = (of: BranchTable, index: number, found: Found, more: Partial<Copy> = {}): Copy => ({
  ...{ branch: branchOf(of, index), path: SH, file: found, mount_id: 29, isMeta: false, since: 0n },
  isNamed: true,
  isCopiedUp: () => null,
  openData: () => null,
  ...more,
})

const holdersIn = (of: BranchTable, files: { [index: number]: Found }, isComplete = true): Holders => ({
  holders: Object.entries(files).map(([index, found]) => ({
    ...{ branch: branchOf(of, Number(index)), path: SH, file: found, mount_id: 29, openData: () => null },
  })),
  isComplete,
})

interface Look extends Partial<Omit<FileLookup, 'files'>> {
  /** What the paths show; nothing is at any other. Null where nothing can be looked up. */
  at?: { [path: ByteString]: Found } | null
}

const lookup = ({ at = {}, ...more }: Look) => lookupOf({ ...filesAt(at), ...more })

interface Case {
  title: string
  link: ByteString
  kernel: Partial<Kernel>
  perms?: string
  mounts?: string[]
  unions: BranchTable[]
  context?: Partial<ProcessContext>
  look: Look
  expected: { path: ByteString; state: State | null; branch: ByteString | null; rpath?: ByteString | null }
}

const opened = (dev: string, ino: string, mnt_id: number, mnt_listed = true): Partial<Kernel> => ({
  ...{ dev, ino, mnt_id, mnt_listed },
})

const inMaps = (maps_name: ByteString, maps_dev: string, maps_ino: string): Partial<Kernel> => ({
  ...{ maps_name, maps_dev, maps_ino },
})

/** Of a leaking link the opened entry is the branch's file, by a mount that the process has not. */
const leaked = (name: ByteString, maps = '0:18/25'): Partial<Kernel> => {
  const [dev = '', ino = ''] = maps.split('/')
  return { ...opened('254:0', '364', 13, false), ...inMaps(name, dev, ino) }
}

const VOLUME = '41 30 0:19 / /vol rw - aufs none rw,si=2b'
const volume = union('/v', { mount_id: 41, mount_point: '/vol', dev: '0:19', si: '2b' })

const elsewhere: Case[] = [
  {
    title: 'Below another root a second union, which only the container has mounted, is not to be seen',
    link: '/v/low/f',
    kernel: leaked('/vol/f', '0:19/25'),
    mounts: [UNION, VOLUME],
    unions: [aufs, volume],
    look: { isOwnRoot: false, deviceAt: () => '0:18' },
    expected: { path: '/vol/f', state: null, branch: '/v/low' },
  },
  {
    title: 'Below another root a union that is mounted there too is looked up',
    link: '/v/low/f',
    kernel: leaked('/vol/f', '0:19/25'),
    mounts: [UNION, VOLUME],
    unions: [aufs, volume],
    look: {
      at: { '/vol/f': file('0:19/25') },
      isOwnRoot: false,
      deviceAt: () => '0:19',
      copies: (of) => ({ copies: [copyIn(of, 2, file('254:0/364'))], isComplete: true }),
    },
    expected: { path: '/vol/f', state: 'current', branch: '/v/low' },
  },
  {
    title: 'Below another root a union that is mounted there too has lost what is not there',
    link: '/v/low/f',
    kernel: leaked('/vol/f', '0:19/25'),
    mounts: [UNION, VOLUME],
    unions: [aufs, volume],
    look: { isOwnRoot: false, deviceAt: () => '0:19' },
    expected: { path: '/vol/f', state: 'deleted', branch: '/v/low' },
  },
]

const RESTORED = '/mnt/restore/bin/sh'
const lowCopy = (of: BranchTable) => ({ copies: [copyIn(of, 2, file('254:0/364'))], isComplete: true })

const restored: Case[] = [
  {
    title:
      'Of a process that CRIU restored maps has the path where the file was handed in; its own is what the link tells',
    link: '/l/low/bin/sh',
    kernel: leaked(RESTORED),
    mounts: [UNION],
    unions: [aufs],
    look: { at: { '/bin/sh': file('0:18/25') }, copies: lowCopy },
    expected: { path: '/bin/sh', state: 'current', branch: '/l/low', rpath: './bin/sh' },
  },
  {
    title: 'A file that really has the longer path keeps it',
    link: '/l/low/bin/sh',
    kernel: leaked(RESTORED),
    mounts: [UNION],
    unions: [aufs],
    look: {
      at: { [RESTORED]: file('0:18/25') },
      copies: (of) => ({ copies: [copyIn(of, 0, file('254:0/99'))], isComplete: true }),
    },
    expected: { path: RESTORED, state: 'copied_up', branch: '/l/low' },
  },
  {
    title: 'Where neither path can be looked up, the restored one’s state is not known',
    link: '/l/low/bin/sh',
    kernel: leaked(RESTORED),
    mounts: [UNION],
    unions: [aufs],
    look: { at: null },
    expected: { path: '/bin/sh', state: null, branch: '/l/low' },
  },
]

const onDisk = inMaps(SH, '254:0', '9')

const unknownMount: Case[] = [
  {
    title: 'Where the entry was not opened, another file of the same filesystem at its path proves nothing',
    link: SH,
    kernel: onDisk,
    mounts: [ROOT, '50 29 254:0 /other/sh /usr/bin/sh rw - ext4 /dev/root rw'],
    unions: [],
    look: { at: { [SH]: file('254:0/77') } },
    expected: { path: SH, state: null, branch: null },
  },
  {
    title: 'Where the entry was not opened, another file at the path of a deleted one is in its place',
    link: `${SH} (deleted)`,
    kernel: inMaps(`${SH} (deleted)`, '254:0', '9'),
    mounts: [ROOT],
    unions: [],
    look: { at: { [SH]: file('254:0/77') } },
    expected: { path: SH, state: 'replaced', branch: null },
  },
  {
    title:
      'Where the entry was not opened, a file of another filesystem at the path of a deleted one proves nothing',
    link: `${SH} (deleted)`,
    kernel: inMaps(`${SH} (deleted)`, '254:0', '9'),
    mounts: [ROOT, '50 29 0:50 / /usr rw - tmpfs none rw'],
    unions: [],
    look: { at: { [SH]: file('0:50/77') } },
    expected: { path: SH, state: 'deleted', branch: null },
  },
  {
    title: 'A file of a mount that is gone is not looked up at all (bwrap’s first process)',
    link: SH,
    kernel: { ...onDisk, ...opened('254:0', '9', 77, false) },
    mounts: ['60 29 0:60 / / rw - tmpfs none rw'],
    unions: [],
    look: { at: { [SH]: file('0:60/9') } },
    expected: { path: SH, state: null, branch: null },
  },
  {
    title: 'Where the mount is listed, another file at the path is in its place',
    link: SH,
    kernel: { ...onDisk, ...opened('254:0', '9', 29) },
    mounts: [ROOT],
    unions: [],
    look: { at: { [SH]: file('254:0/77') } },
    expected: { path: SH, state: 'replaced', branch: null },
  },
]

const OVER = '40 29 0:40 / /usr rw - overlay o rw,lowerdir=/usr,upperdir=/o/up,workdir=/o/work'
const over = { ...overlay, mount_point: '/usr' }

const covered = (title: string, look: Look, state: State | null): Case => ({
  title,
  link: SH,
  kernel: { ...onDisk, ...opened('254:0', '9', 29) },
  mounts: [ROOT, OVER],
  unions: [over],
  look,
  expected: { path: SH, state, branch: null },
})

const mine = file('254:0/9')
const copied = (isCopiedUp: boolean | null, perm = 'rw') => ({
  copies: (of: BranchTable) => ({
    copies: [
      copyIn(of, 0, file('0:40/9'), {
        branch: { ...branchOf(of, 0), perm },
        isCopiedUp: () => isCopiedUp,
      }),
    ],
    isComplete: true,
  }),
})

const coveredFolder: Case[] = [
  covered(
    'Where an overlay was mounted over the folder, it shows the same lower file: current',
    { at: { [SH]: file('0:40/9') }, mapped: () => mine, isNotCopied: () => true },
    'current',
  ),
  covered(
    'Where it shows a copy that looks the same, nothing is known',
    { at: { [SH]: file('0:40/9') }, mapped: () => mine, isNotCopied: () => false },
    null,
  ),
  covered(
    'Where the file was written through it, that is a copy',
    { at: { [SH]: file('0:40/9', { modified: 8n }) }, mapped: () => mine, ...copied(true) },
    'copied_up',
  ),
  covered(
    'Where its attributes were changed through it, that is a copy',
    { at: { [SH]: file('0:40/9', { changed: 8n }) }, mapped: () => mine, ...copied(true) },
    'copied_up',
  ),
  covered(
    'Where nothing tells that the other file is a copy, nothing is known',
    { at: { [SH]: file('0:40/9', { changed: 8n }) }, mapped: () => mine, ...copied(null) },
    null,
  ),
  covered(
    'Where the changed file is of no writable branch, it is no copy that anybody made through it',
    { at: { [SH]: file('0:40/9', { changed: 8n }) }, mapped: () => mine, ...copied(true, 'ro') },
    null,
  ),
  covered(
    'Where the changed file is in no branch, nothing is known',
    { at: { [SH]: file('0:40/9', { changed: 8n }) }, mapped: () => mine },
    null,
  ),
  ...['/o/low', null].map(
    (branch): Case => ({
      title: `Where a union was mounted over another, the file is of the layer that supplied it below: ${branch}`,
      link: SH,
      kernel: { ...inMaps(SH, '0:40', '9'), ...opened('0:40', '9', 40) },
      mounts: [OVERLAY, '60 40 0:60 / /usr rw - overlay o rw,lowerdir=/usr,upperdir=/p/up,workdir=/p/work'],
      unions: [overlay, union('/p', { ...overlay, mount_id: 60, mount_point: '/usr', dev: '0:60' })],
      look: {
        at: { [SH]: file('0:60/9') },
        mapped: () => file('0:40/9'),
        isNotCopied: () => true,
        copies: (of) => ({
          copies: of.mount_id === 40 && branch !== null ? [copyIn(of, 2, file('254:0/9'))] : [],
          isComplete: true,
        }),
      },
      expected: { path: SH, state: 'current', branch },
    }),
  ),
  {
    title: 'Where the same union is mounted over the folder again, another file is in its place',
    link: SH,
    kernel: { ...inMaps(SH, '0:40', '9'), ...opened('0:40', '9', 40) },
    mounts: [OVERLAY, OVERLAY.replace('40 29', '41 40').replace('/ / rw', '/usr /usr rw')],
    unions: [overlay, { ...overlay, mount_id: 41, root: '/usr', mount_point: '/usr' }],
    look: { at: { [SH]: file('0:40/77') } },
    expected: { path: SH, state: 'replaced', branch: null },
  },
  {
    title: 'Where a union is mounted elsewhere, another file is in its place',
    link: SH,
    kernel: { ...onDisk, ...opened('254:0', '9', 29) },
    mounts: [ROOT, OVERLAY.replace('/ / rw', '/ /x rw')],
    unions: [{ ...overlay, mount_point: '/x' }],
    look: { at: { [SH]: file('254:0/77') } },
    expected: { path: SH, state: 'replaced', branch: null },
  },
  {
    title: 'Where no mounts are told but that its own is one, another file is in its place',
    link: SH,
    kernel: { ...onDisk, ...opened('254:0', '9', 29) },
    unions: [overlay],
    look: { at: { [SH]: file('254:0/77') } },
    expected: { path: SH, state: 'replaced', branch: null },
  },
  covered(
    'Where another was renamed over it there, that is in its place',
    { at: { [SH]: file('0:40/77') }, mapped: () => mine },
    'replaced',
  ),
  covered(
    'Where the mapped file cannot be looked at, nothing is known',
    { at: { [SH]: file('0:40/77') }, mapped: () => null },
    null,
  ),
]

const inOverlay = { ...inMaps(SH, '0:40', '9'), ...opened('0:40', '9', 40) }
const gone = { ...inMaps(`${SH} (deleted)`, '0:40', '9'), ...opened('0:40', '9', 40) }

const hardLinked: Case[] = [
  {
    title:
      'A lower file with several names that was written through another one (index=on) is not told as current',
    link: SH,
    kernel: inOverlay,
    mounts: [OVERLAY],
    unions: [overlay],
    look: {
      at: { [SH]: file('0:40/9', { modified: 8n, changed: 8n, links: 2n }) },
      copies: (of) => ({ copies: [copyIn(of, 2, file('254:0/9', { links: 2n }))], isComplete: true }),
    },
    expected: { path: SH, state: null, branch: null },
  },
  {
    title: 'A lower file with several names that was not written is',
    link: SH,
    kernel: inOverlay,
    mounts: [OVERLAY],
    unions: [overlay],
    look: {
      at: { [SH]: file('0:40/9', { links: 2n }) },
      copies: (of) => ({ copies: [copyIn(of, 2, file('254:0/9', { links: 2n }))], isComplete: true }),
    },
    expected: { path: SH, state: 'current', branch: '/o/low' },
  },
]

const unlooked = (title: string, look: Look, state: State | null, perms = 'r-xp'): Case => ({
  title: `Of layers that cannot be looked into, ${title}`,
  link: SH,
  kernel: inOverlay,
  perms,
  mounts: [OVERLAY],
  unions: [overlay],
  look: {
    at: { [SH]: file('0:40/9') },
    copies: () => ({ copies: [], isComplete: false }),
    ...{ isNotCopied: () => true, hasNoHardLinks: () => true, isUpperSeen: () => true },
    ...look,
  },
  expected: { path: SH, state, branch: null },
})

const emptyLayers = { copies: () => ({ copies: [], isComplete: true }) }

const notLookedInto: Case[] = [
  unlooked('a file that was not copied is current', {}, 'current'),
  unlooked(
    'a file that was not copied is current, also where it was written to in memory',
    {},
    'current',
    'rw-p',
  ),
  unlooked('a file that is shared and written to is a copy, of which nothing is known', {}, null, 'rw-s'),
  unlooked(
    'a file with several names is not told as current',
    { at: { [SH]: file('0:40/9', { links: 2n }) } },
    null,
  ),
  unlooked('a file that was copied is not told as current', { isNotCopied: () => false }, null),
  unlooked(
    'a file that may have been copied by another name is not told as current',
    { hasNoHardLinks: () => false },
    null,
  ),
  unlooked(
    'a file is not told as current where a mount may cover the writable branch',
    { isUpperSeen: () => false },
    null,
  ),
  unlooked(
    'a file that was not copied is current, where its type leaves nothing beside the writable branch',
    { isUpperSeen: () => null },
    'current',
  ),
  unlooked(
    'but that are there and empty, a file is current where no mount covers the writable branch',
    emptyLayers,
    'current',
  ),
  unlooked(
    'but that are there and empty, a file is not told as current where nothing shows the writable branch',
    { ...emptyLayers, isUpperSeen: () => null },
    null,
  ),
]

const removed = (
  title: string,
  look: Look,
  branch: ByteString | null,
  kernel: Partial<Kernel> = gone,
): Case => ({
  title,
  link: `${SH} (deleted)`,
  kernel,
  mounts: [OVERLAY],
  unions: [overlay],
  look: { mapped: () => mine, ...look },
  expected: { path: SH, state: look.at === undefined ? 'deleted' : 'replaced', branch },
})

const one = { 2: file('254:0/9') }

const heldBelow: Case[] = [
  removed(
    'A deleted file is of the layer that still has its inode',
    { holders: (of) => holdersIn(of, one) },
    '/o/low',
  ),
  removed(
    'A replaced file is of the layer that still has its inode',
    { at: { [SH]: file('0:40/77') }, holders: (of) => holdersIn(of, { 0: file('254:0/77'), ...one }) },
    '/o/low',
  ),
  removed(
    'Where two layers have that inode, none is told',
    { holders: (of) => holdersIn(of, { 1: file('254:0/9'), ...one }) },
    null,
  ),
  removed(
    'Where a layer cannot be looked into, none is told',
    { holders: (of) => holdersIn(of, one, false) },
    null,
  ),
  removed(
    'Where size or times are others, it was copied up before it went, and none is told',
    { holders: (of) => holdersIn(of, one), mapped: () => file('0:40/9', { changed: 8n }) },
    null,
  ),
  removed(
    'Where the entry cannot be looked at, none is told',
    { holders: (of) => holdersIn(of, one), mapped: () => null },
    null,
  ),
  removed(
    'Where layers lie on several filesystems, an inode tells nothing',
    { holders: (of) => holdersIn(of, one) },
    null,
    { ...gone, dev: '0:41' },
  ),
  removed(
    'By the kernel’s own word it is of the layer that has the inode, whatever its times',
    { holders: (of) => holdersIn(of, { 2: file('254:0/364', { changed: 8n }) }) },
    '/o/low',
    { ...gone, real_dev: '254:0', real_ino: '364' },
  ),
  removed(
    'On btrfs it is of the layer that has the inode and the times',
    { holders: (of) => holdersIn(of, { 2: file('0:31/364') }), deviceOf: () => '0:29' },
    '/o/low',
    { ...gone, real_dev: '0:29', real_ino: '364' },
  ),
  removed(
    'On btrfs another subvolume may have had the inode: with other times none is told',
    { holders: (of) => holdersIn(of, { 2: file('0:31/364', { changed: 8n }) }), deviceOf: () => '0:29' },
    null,
    { ...gone, real_dev: '0:29', real_ino: '364' },
  ),
]

const again = (dev: string): Case => ({
  title: `A branch’s file is shown again only where the union itself is: ${dev}`,
  link: '/l/low/f',
  kernel: leaked('/f (deleted)'),
  mounts: [UNION],
  unions: [aufs],
  look: { at: { '/f': file(`${dev}/77`) }, copies: lowCopy },
  expected: { path: '/f', state: dev === '0:18' ? 'current' : 'replaced', branch: '/l/low' },
})

const writable: Case[] = ['rw-s', 'r--s', 'rw-p', 'r--p'].map((perms) => ({
  title: `A mapping ${perms === 'rw-s' ? 'for writing' : 'for reading'} of what the writable branch has: ${perms}`,
  link: '/f',
  kernel: { ...inMaps('/f', '0:18', '25'), ...opened('0:18', '25', 30) },
  perms,
  mounts: [UNION],
  unions: [aufs],
  look: {
    at: { '/f': file('0:18/25') },
    copies: (of) => ({
      copies: [copyIn(of, 0, file('254:0/99')), copyIn(of, 2, file('254:0/364'))],
      isComplete: true,
    }),
  },
  expected:
    perms === 'rw-s'
      ? { path: '/f', state: 'current', branch: '/l/up' }
      : { path: '/f', state: null, branch: null },
}))

/** What the reader has mounted, at whose root there is one file. */
const readerWith = (mounts: string[], unions: BranchTable[], look: Look): ProcessContext => ({
  ...{ mounts: mounts.map(parseMount), unions, chroot: '/', root: '/' },
  ...{ lookup: lookup(look), leaky: false, reader: null },
})

const IN_JAIL = { at: { [SH]: file('0:18/77') } }
const onUnion = { ...inMaps(SH, '0:18', '25'), ...opened('0:18', '25', 30) }
const unionReader = readerWith([UNION], [aufs], {
  at: { [SH]: file('0:18/25') },
  copies: (of) => ({ copies: [copyIn(of, 2, file('254:0/364'))], isComplete: true }),
})

const leftBehind: Case[] = [
  {
    title:
      'Of a process that has entered another mount namespace since, a file is looked up by the reader’s mount',
    link: SH,
    kernel: { ...onDisk, ...opened('254:0', '9', 29, false) },
    mounts: ['129 121 254:0 /other / rw - ext4 /dev/root rw'],
    unions: [],
    context: { reader: readerWith([ROOT], [], { at: { [SH]: file('254:0/9') } }) },
    look: { at: { [SH]: file('254:0/77') } },
    expected: { path: SH, state: 'current', branch: null },
  },
  {
    title: 'What has another file in its place there is replaced',
    link: SH,
    kernel: { ...onDisk, ...opened('254:0', '9', 29, false) },
    mounts: ['129 121 0:60 / / rw - tmpfs none rw'],
    unions: [],
    context: { reader: readerWith([ROOT], [], { at: { [SH]: file('254:0/77') } }) },
    look: { at: { [SH]: file('0:60/9') } },
    expected: { path: SH, state: 'replaced', branch: null },
  },
  {
    title: 'Of an overlay that the process has still, by another mount, it has the path as well',
    link: SH,
    kernel: { ...inMaps(SH, '0:40', '9'), ...opened('0:40', '9', 40, false) },
    mounts: [OVERLAY.replace('40 29', '140 129')],
    unions: [{ ...overlay, mount_id: 140 }],
    context: { reader: readerWith([OVERLAY], [overlay], {}) },
    look: {
      at: { [SH]: file('0:40/9') },
      copies: (of) => ({ copies: [copyIn(of, 2, file('254:0/9'))], isComplete: true }),
    },
    expected: { path: SH, state: 'current', branch: '/o/low', rpath: `.${SH}` },
  },
  {
    title: 'Of an overlay that the process has not any more, it has no path',
    link: SH,
    kernel: { ...inMaps(SH, '0:40', '9'), ...opened('0:40', '9', 40, false) },
    mounts: ['129 121 0:60 / / rw - tmpfs none rw'],
    unions: [],
    context: {
      reader: readerWith([OVERLAY], [overlay], {
        at: { [SH]: file('0:40/9') },
        copies: (of) => ({ copies: [copyIn(of, 2, file('254:0/9'))], isComplete: true }),
      }),
    },
    look: {},
    expected: { path: SH, state: 'current', branch: '/o/low', rpath: null },
  },
  {
    title: 'Of a process that has gone into a chroot of the same union since, the reader’s root has the file',
    link: SH,
    kernel: onUnion,
    mounts: [UNION.replace(' / / ', ' /jail / ')],
    unions: [{ ...aufs, root: '/jail' }],
    context: { chroot: '/jail', reader: unionReader },
    look: IN_JAIL,
    expected: { path: SH, state: 'current', branch: '/l/low', rpath: null },
  },
  {
    title: 'Where the reader has not that mount, nothing is known of it',
    link: SH,
    kernel: onUnion,
    mounts: [UNION.replace(' / / ', ' /jail / ')],
    unions: [{ ...aufs, root: '/jail' }],
    context: { chroot: '/jail', reader: readerWith([ROOT], [], {}) },
    look: IN_JAIL,
    expected: { path: SH, state: null, branch: null, rpath: null },
  },
  {
    title: 'Where the entry was not opened, nothing is known of it',
    link: SH,
    kernel: inMaps(SH, '0:18', '25'),
    mounts: [UNION.replace(' / / ', ' /jail / ')],
    unions: [{ ...aufs, root: '/jail' }],
    context: { chroot: '/jail', reader: unionReader },
    look: IN_JAIL,
    expected: { path: SH, state: null, branch: null, rpath: null },
  },
]

/** An overlay that is a layer of the other. */
const INNER = '50 29 0:50 / /o/low rw - overlay o rw'
const inner = union('/i', { ...overlay, mount_id: 50, mount_point: '/o/low', dev: '0:50' })

/** Where the iterator tells that the file 364 of the disk is mapped. */
const really = (
  title: string,
  copies: (of: BranchTable) => Copy[],
  [state, branch]: [State | null, ByteString | null],
  { of = overlay, found = {}, real = DISK_FILE, ...look }: Really = {},
): Case => ({
  title,
  link: SH,
  kernel: {
    ...{ ...inMaps(SH, of.dev ?? '', '25'), ...opened(of.dev ?? '', '25', of.mount_id ?? 0) },
    ...{ real_dev: real.split('/')[0] ?? '', real_ino: real.split('/')[1] ?? '' },
  },
  mounts: [of === aufs ? UNION : OVERLAY],
  unions: [of],
  look: {
    at: { [SH]: file(`${of.dev}/25`, found) },
    copies: (table) => ({ copies: copies(table), isComplete: true }),
    ...look,
  },
  expected: { path: SH, state, branch },
})

interface Really extends Omit<Look, 'at' | 'copies'> {
  of?: BranchTable
  /** What the union shows, if other than the layers. */
  found?: Partial<Found>
  real?: string
}

const DISK_FILE = '254:0/364'
const low = (of: BranchTable, more: Partial<Found> = {}) => copyIn(of, 2, file(DISK_FILE, more))
const up = (of: BranchTable, more: Partial<Copy> = {}) => copyIn(of, 0, file('254:0/99'), more)
const onBtrfs = { deviceOf: () => '0:29', real: '0:29/364' }
const twoNames = { links: 2n }
const written = { size: 4097n, modified: 8n, changed: 8n }

const toldReal: Case[] = [
  ...[aufs, overlay].flatMap((of) => [
    really(
      `${of.fs_type}: a lower file is mapped, and the union shows a copy`,
      (table) => [up(table), low(table)],
      ['copied_up', of === aufs ? '/l/low' : '/o/low'],
      { of },
    ),
    really(
      `${of.fs_type}: the copy is mapped`,
      (table) => [copyIn(table, 0, file(DISK_FILE)), copyIn(table, 2, file('254:0/99'))],
      ['current', of === aufs ? '/l/up' : '/o/up'],
      { of },
    ),
    really(
      `${of.fs_type}: neither is mapped, so the file was renamed after it was copied up`,
      (table) => [up(table), copyIn(table, 2, file('254:0/98'))],
      ['copied_up', null],
      { of },
    ),
  ]),
  really(
    'A FUSE maps its own file, which tells nothing of the layers',
    (table) => [copyIn(table, 2, file('254:0/25'))],
    ['current', '/o/low'],
    { real: '0:40/25' },
  ),
  really(
    'The device is the filesystem’s, which st_dev is not (btrfs)',
    (table) => [copyIn(table, 2, file('0:31/364'))],
    ['current', '/o/low'],
    onBtrfs,
  ),
  really(
    'Of two subvolumes that have the number neither is told',
    (table) => [copyIn(table, 0, file('0:31/364')), copyIn(table, 2, file('0:32/364'))],
    [null, null],
    onBtrfs,
  ),
  really(
    'Where the mount of a layer is not known, its st_dev proves nothing',
    (table) => [copyIn(table, 0, file('0:31/364'))],
    [null, null],
    { real: '0:29/364' },
  ),
  really('A copy without data shows the mapped file', (table) => [up(table, { isMeta: true }), low(table)], [
    'current',
    '/o/low',
  ]),
  really(
    'Where nothing tells whether the copy has data, nothing is known but the branch',
    (table) => [up(table, { isMeta: null }), low(table)],
    [null, '/o/low'],
  ),
  really(
    'Where the union shows neither, a mount hides its own branch from this reader',
    (table) => [up(table), low(table)],
    [null, '/o/low'],
    { found: written },
  ),
  really(
    'A copy that is being written has its birth',
    (table) => [copyIn(table, 0, file('254:0/99', { birth: 3n })), low(table)],
    ['copied_up', '/o/low'],
    { found: { ...written, birth: 3n } },
  ),
  really(
    'Of a file with several names the union shows a copy that has another (index=on)',
    (table) => [low(table, twoNames)],
    ['copied_up', '/o/low'],
    { found: { ...twoNames, ...written }, hasMetacopies: () => true },
  ),
  really(
    'That copy may have no data of its own (metacopy=on)',
    (table) => [low(table, twoNames)],
    [null, '/o/low'],
    { found: { ...twoNames, changed: 8n }, hasMetacopies: () => true },
  ),
  really('Without metacopies it has', (table) => [low(table, twoNames)], ['copied_up', '/o/low'], {
    found: { ...twoNames, changed: 8n },
  }),
  really(
    'A lower file with one name that the union shows otherwise is of a union that cannot be looked into',
    (table) => [low(table)],
    [null, '/o/low'],
    { found: written },
  ),
  {
    ...removed(
      'A deleted file is of the layer that has the mapped one, whatever its inode in the union',
      { holders: (of) => holdersIn(of, { 0: file('254:0/9'), 2: file(DISK_FILE) }) },
      '/o/low',
      { ...gone, real_dev: '254:0', real_ino: '364' },
    ),
  },
  {
    ...removed(
      'A deleted file that no layer has any more is of none',
      { holders: (of) => holdersIn(of, one) },
      null,
      { ...gone, real_dev: '254:0', real_ino: '364' },
    ),
  },
  {
    title: 'A layer that is a union itself has the mapped file in a layer of its own',
    link: SH,
    kernel: { ...inOverlay, real_dev: '254:0', real_ino: '364' },
    mounts: [OVERLAY],
    unions: [overlay],
    context: {
      reader: readerWith([INNER], [inner], {
        copies: (of) => ({ copies: [copyIn(of, 2, file(DISK_FILE))], isComplete: true }),
      }),
    },
    look: {
      at: { [SH]: file('0:40/9') },
      copies: (of) => ({
        copies: [up(of), copyIn(of, 2, file('0:50/3'), { mount_id: 50 })],
        isComplete: true,
      }),
    },
    expected: { path: SH, state: 'copied_up', branch: '/o/low' },
  },
]

const listed = { ...onDisk, ...opened('254:0', '9', 29) }
const MEMORY = '/memfd:x (deleted)'
/** A mount over a folder of the union. */
const VOLUME_AT_USR = '42 30 254:0 / /usr rw - ext4 /dev/root rw'

/** A file of a disk, and whether it is looked up where it is called. */
const plain = (title: string, more: Partial<Case> & { look: Look }, state: State | null): Case => ({
  ...{ title, link: SH, kernel: listed, mounts: [ROOT], unions: [] },
  ...more,
  look: { at: { [SH]: mine }, ...more.look },
  expected: { path: withoutDeleted(more.link ?? SH), state, branch: null },
})

/** A file whose link leaks a branch, where nothing is at its path any more. */
const missing = (title: string, more: Partial<Case>, state: State | null): Case => ({
  ...{ title, link: `/l/low${SH}`, kernel: leaked(SH), mounts: [UNION], unions: [aufs], look: {} },
  ...more,
  expected: { path: SH, state, branch: '/l/low' },
})

const looked: Case[] = [
  plain(
    'What is not at its path, and is not called deleted, is hidden by something',
    { look: { at: {} } },
    null,
  ),
  missing('What leaks and is not at its path is deleted', {}, 'deleted'),
  missing(
    'What leaks and is not at its path is deleted, also where no mounts are told',
    { mounts: [] },
    'deleted',
  ),
  missing(
    'What is not at its path, where a mount covers the union, is hidden',
    { mounts: [UNION, VOLUME_AT_USR] },
    null,
  ),
  missing(
    'A union of which no device is told is covered by nothing that is known',
    { kernel: { maps_name: SH }, unions: [{ ...aufs, dev: null }] },
    'deleted',
  ),
  plain(
    'In the process’s own root a file is looked up whatever device the reader has there',
    { look: { deviceAt: () => '0:60' } },
    'current',
  ),
  plain(
    'Below another root a file is looked up where the same device is there',
    { look: { isOwnRoot: false, deviceAt: () => '254:0' } },
    'current',
  ),
  plain(
    'Below another root a file is looked up where nobody knows what is there',
    { look: { isOwnRoot: false } },
    'current',
  ),
  plain(
    'Below another root a file is not looked up where another device is there',
    { look: { isOwnRoot: false, deviceAt: () => '0:60' } },
    null,
  ),
  plain(
    'Below another root a file of a process without mounts is looked up',
    { mounts: [], look: { isOwnRoot: false, deviceAt: () => '0:60' } },
    'current',
  ),
  plain(
    'Below another root another file of the same name proves nothing',
    { look: { isOwnRoot: false, at: { [SH]: file('254:0/77') } } },
    null,
  ),
  {
    title: 'Below another root a union is looked up by its own device, also under what is mounted over it',
    link: `/l/low${SH}`,
    kernel: leaked(SH),
    mounts: [UNION, VOLUME_AT_USR],
    unions: [aufs],
    look: { at: { [SH]: file('0:18/25') }, copies: lowCopy, isOwnRoot: false, deviceAt: () => '0:18' },
    expected: { path: SH, state: 'current', branch: '/l/low' },
  },
  plain(
    'What is on no mount of the process is current where its path shows it all the same',
    { kernel: { ...onDisk, ...opened('254:0', '9', 77, false) }, look: {} },
    'current',
  ),
  plain(
    'Of a process without mounts a file that was not opened is looked up',
    { kernel: onDisk, mounts: [], look: {} },
    'current',
  ),
  plain(
    'What has no path at all is not looked up',
    {
      link: 'anon_inode:[io_uring]',
      kernel: inMaps('anon_inode:[io_uring]', '0:14', '9'),
      look: { at: { 'anon_inode:[io_uring]': file('0:14/9') } },
    },
    null,
  ),
  plain(
    'What lies outside of the process’s root is not looked up',
    { context: { chroot: '/c' }, look: {} },
    null,
  ),
  plain(
    'Memory is not looked up, whatever is called as it is',
    {
      link: MEMORY,
      kernel: { ...inMaps(MEMORY, '0:1', '9'), ...opened('0:1', '9', 7, false) },
      look: { at: { '/memfd:x': file('0:1/9') } },
    },
    'deleted',
  ),
  plain(
    'A deleted file that was not opened is looked up where one of the mounts is its own',
    {
      link: `${SH} (deleted)`,
      kernel: inMaps(`${SH} (deleted)`, '254:0', '9'),
      mounts: [ROOT, '50 29 0:50 / /x rw - tmpfs none rw'],
      look: { at: { [SH]: file('254:0/77') } },
    },
    'replaced',
  ),
  plain(
    'A deleted file of a mount that is listed is looked up, also where maps has another device (btrfs)',
    {
      link: `${SH} (deleted)`,
      kernel: { ...inMaps(`${SH} (deleted)`, '0:31', '9'), ...opened('0:32', '9', 29) },
      look: { at: { [SH]: file('0:32/77') } },
    },
    'replaced',
  ),
  plain(
    'A file of another device whose name truly ends in (deleted) is none that was deleted',
    {
      link: `${SH} (deleted)`,
      kernel: inMaps(`${SH} (deleted)`, '254:0', '9'),
      look: { at: { [`${SH} (deleted)`]: file('0:31/9') } },
    },
    'deleted',
  ),
  {
    title: 'A file of a union that is called deleted is looked up, also where no mounts are told',
    link: `/l/low${SH} (deleted)`,
    kernel: leaked(`${SH} (deleted)`),
    mounts: [],
    unions: [aufs],
    look: { at: { [SH]: file('0:18/25') }, copies: lowCopy },
    expected: { path: SH, state: 'current', branch: '/l/low' },
  },
  ...[
    { ino: '364', path: '/f (deleted)', state: 'current' as const },
    { ino: '365', path: '/f', state: 'deleted' as const },
  ].map(
    ({ ino, path, state }): Case => ({
      title: `Where maps leaks too, the branch’s own file tells whether a name truly ends in (deleted): ${state}`,
      link: '/l/low/f (deleted)',
      kernel: { ...opened('254:0', '364', 13, false), ...inMaps('/l/low/f (deleted)', '254:0', '364') },
      mounts: [UNION],
      unions: [aufs],
      look: {
        at: { '/f (deleted)': file('0:18/25') },
        copies: (of) => ({ copies: [copyIn(of, 2, file(`254:0/${ino}`))], isComplete: true }),
      },
      expected: { path, state, branch: '/l/low' },
    }),
  ),
]

/** A file that leaks a branch of AUFS, and what the branches have by its name. */
const inBranch = (
  title: string,
  copies: Copy[],
  state: State | null,
  { branch = '/l/low', kernel = leaked('/f') }: { branch?: ByteString; kernel?: Partial<Kernel> } = {},
): Case => ({
  title,
  link: `${branch}/f`,
  kernel,
  mounts: [UNION],
  unions: [aufs],
  look: { at: { '/f': file('0:18/25') }, copies: () => ({ copies, isComplete: true }) },
  expected: { path: '/f', state, branch },
})

/** A file of a lower branch that was deleted, and what the union shows in its place. */
const inItsPlace = (title: string, copies: Copy[], state: State): Case => ({
  ...inBranch(title, copies, state, { kernel: leaked('/f (deleted)') }),
  look: { at: { '/f': file('0:18/77') }, copies: () => ({ copies, isComplete: true }) },
})

const lowFile = (id: string, more: Partial<Found> = {}) => [copyIn(aufs, 2, file(id, more))]

const byBranch: Case[] = [
  inBranch('The very file that the link names is on top', lowFile('254:0/364'), 'current'),
  inBranch('Another inode is on top in its branch', lowFile('254:0/365'), 'replaced'),
  inBranch('A file of another device is on top in its branch', lowFile('254:1/364'), 'replaced'),
  inBranch('Nobody knows the inode of the file that the link names', lowFile('254:0/365'), 'current', {
    kernel: { ...leaked('/f'), dev: null, ino: null },
  }),
  inBranch('Its branch has it no more, and one below has', lowFile('254:0/364'), null, { branch: '/l/mid' }),
  inBranch('No branch that can be looked into has it', [], null),
  inBranch(
    'A file of the writable branch is being changed',
    [copyIn(aufs, 0, file('254:0/364', { changed: 8n }))],
    'current',
    { branch: '/l/up' },
  ),
  inBranch(
    'A file of a read-only branch that looks otherwise was shown by another name',
    lowFile('254:0/364', { changed: 8n }),
    null,
  ),
  inItsPlace('A branch’s own file is shown again', lowFile('254:0/364'), 'current'),
  inItsPlace('Another inode of its branch is shown in its place', lowFile('254:0/365'), 'replaced'),
  inItsPlace('Another device has its inode', lowFile('254:1/364'), 'replaced'),
  inItsPlace(
    'A higher branch has another in its place',
    [copyIn(aufs, 0, file('254:0/364')), ...lowFile('254:0/364')],
    'replaced',
  ),
  inItsPlace('No branch tells what is shown in its place', [], 'replaced'),
]

const undecided: Case[] = [
  plain(
    'Where the entry was not opened, and its path shows another device (btrfs), nothing is known',
    { kernel: onDisk, look: { at: { [SH]: file('0:31/9') } } },
    null,
  ),
  {
    title: 'Where the entry was not opened, an overlay may show a copied hard link by another inode',
    link: SH,
    kernel: inMaps(SH, '0:40', '9'),
    mounts: [OVERLAY],
    unions: [overlay],
    look: {
      at: { [SH]: file('0:40/77') },
      copies: (of) => ({ copies: [copyIn(of, 2, file('254:0/77'))], isComplete: true }),
    },
    expected: { path: SH, state: null, branch: null },
  },
  {
    title: 'Where the mount of the union does not hold the path, no branch is told',
    link: '/f',
    kernel: { ...inMaps('/f', '0:18', '25'), ...opened('0:18', '25', 30) },
    mounts: [UNION],
    unions: [{ ...aufs, mount_point: '/vol' }],
    look: { at: { '/f': file('0:18/25') }, copies: lowCopy },
    expected: { path: '/f', state: null, branch: null },
  },
  really(
    'AUFS: where the kernel tells a file that may be none of the copies, their names tell nothing',
    (table) => [copyIn(table, 2, file('0:31/364'))],
    [null, null],
    { of: aufs, real: '0:29/364' },
  ),
  unlooked(
    'where one has another file of that name, nothing is current',
    { copies: (of) => ({ copies: [copyIn(of, 2, file('254:0/9', { changed: 8n }))], isComplete: false }) },
    null,
  ),
]

const cases = [
  ...looked,
  ...byBranch,
  ...undecided,
  ...toldReal,
  ...leftBehind,
  ...elsewhere,
  ...restored,
  ...unknownMount,
  ...coveredFolder,
  ...hardLinked,
  ...notLookedInto,
  ...heldBelow,
  ...['0:18', '0:50'].map(again),
  ...writable,
]

for (const { title, link, kernel, perms = 'r-xp', mounts = [], unions, context, look, expected } of cases) {
  test(title, (t) => {
    const raw: RawVma = {
      ...{ pid: 7, comm: 'sh', container: null, start: '1000', end: '2000', perms, offset: '0', link },
      kernel: { ...UNKNOWN, ...kernel },
    }
    const { path, state, branch, rpath } = fixVma(raw, {
      ...{ mounts: mounts.map(parseMount), unions, chroot: '/', root: '/proc/7/root' },
      ...{ lookup: lookup(look), leaky: false, reader: null },
      ...context,
    })
    const told = { path, state, branch: branch?.path ?? null }
    t.deepEqual(expected.rpath === undefined ? told : { ...told, rpath }, expected)
  })
}
