/** What names and devices claim: which union a file is of, which branch its link names, and where a name leads. */
import test from 'ava'
import { type Kernel, parseEntry, type RawVma, UNKNOWN } from '../../src/proc/map-files.js'
import { parseMount } from '../../src/proc/mounts/mountinfo.js'
import type { Branch, BranchTable } from '../../src/unions/branch-table.js'
import { claimOf, namesNoBranch, showsLeak } from '../../src/vma/claim.js'
import type { ProcessContext } from '../../src/vma/context.js'
import { fixVma } from '../../src/vma/fix-vma.js'
import type { Vma } from '../../src/vma/record.js'
import { table } from '../helpers/tables.js'

function entry(link: string, kernel: Partial<Kernel>): RawVma {
  const raw = parseEntry(`1000-2000 -> ${link}`)
  if (raw === null) throw new Error('no entry')
  return { ...raw, kernel: { ...UNKNOWN, ...kernel } }
}

const context: ProcessContext = {
  mounts: [],
  unions: [],
  chroot: '/c',
  root: null,
  lookup: null,
  leaky: false,
  reader: null,
}

const places = [
  { name: 'maps has a name in it, and the link one of a branch', link: '/l/base/bin/sh', maps: '/c/bin/sh' },
  { name: 'maps has one outside, and the link one in it', link: '/c/bin/sh', maps: '/bin/sh', outside: true },
  { name: 'the link has a name in it, and maps none', link: '/c/bin/sh', maps: null },
  { name: 'the link has one outside, and maps none', link: '/cc/bin/sh', maps: null, outside: true },
]

for (const { name, link, maps, outside = false } of places) {
  test(`Whether a file lies outside of a chroot is told by maps, or else by the link: ${name}`, (t) => {
    const claim = claimOf(entry(link, { maps_name: maps }), context)
    t.is(claim.isOutside, outside)
    t.is(claim.name, outside ? (maps ?? link) : '/bin/sh')
  })
}

const AUFS = table(['/l/top', '/l/base'], { dev: '0:17' })
const OVERLAY = table(['/o/up', '/o/low'], { dev: '0:17', fs_type: 'overlay', si: null })

/** A process that has the unions mounted, and a volume. */
const has = (unions: BranchTable[], more: Partial<ProcessContext> = {}): ProcessContext => ({
  ...{ ...context, chroot: '/', unions },
  mounts: [`29 21 0:17 / / rw - aufs none rw`, '36 29 254:0 /srv /vol rw - ext4 /dev/root rw'].map(
    parseMount,
  ),
  ...more,
})

/** What is told of a process by a log: its unions, and no mounts or devices. */
const logged = (union: BranchTable): ProcessContext => has([{ ...union, dev: null }], { mounts: [] })

/** An overlay that lies on a mount of its own, and is a layer of another. */
const LAYER = ['50 29 0:50 / /merged rw - overlay a rw']
const nested = (more: Partial<BranchTable>, mounts = ['60 29 0:60 / / rw - overlay b rw']): ProcessContext =>
  has([table(['/merged'], { dev: '0:60', fs_type: 'overlay', si: null, ...more })], {
    mounts: mounts.map(parseMount),
    reader: { ...context, mounts: LAYER.map(parseMount) },
  })

interface Told {
  /** The device of the union, null where that is not told; left out where none is claimed. */
  union?: string | null
  /** The folder of the branch. */
  branch?: string
  leaks?: boolean
  /** Where it is not that of maps, nor the link. */
  name?: string
  linkPath?: string
}

interface Case {
  name: string
  link: string
  kernel: Partial<Kernel>
  context: ProcessContext
  told: Told
}

const cases: Case[] = [
  {
    name: 'one of which nothing but the link is told is of no overlay of which no device is told',
    link: '/bin/sh',
    kernel: {},
    context: logged(OVERLAY),
    told: {},
  },
  {
    name: 'one of which nothing but the link is told is of the overlay over its name',
    link: '/bin/sh',
    kernel: {},
    context: has([OVERLAY]),
    told: { union: '0:17' },
  },
  {
    name: 'one of which nothing but the link is told is of the AUFS, of which no device is told, whose branch it names',
    link: '/l/base/bin/sh',
    kernel: {},
    context: logged(AUFS),
    told: { union: null, branch: '/l/base', leaks: true, name: '/bin/sh' },
  },
  {
    name: 'one on a volume is of no overlay, though it was not opened',
    link: '/vol/f',
    kernel: { maps_dev: '254:0', maps_name: '/vol/f' },
    context: has([OVERLAY]),
    told: {},
  },
  {
    name: 'of two unions with one branch it is of that of its device, whatever maps calls it by now',
    link: '/l/base/f',
    kernel: { maps_dev: '0:18', maps_name: '/vol/renamed' },
    context: has([AUFS, table(['/l/other', '/l/base'], { dev: '0:18', mount_point: '/vol', si: '2b' })]),
    told: { union: '0:18', branch: '/l/base', leaks: true },
  },
  {
    name: 'where maps has no name, the link names the longest branch, though another gives the link itself',
    link: '/l/base/bin/sh',
    kernel: { maps_dev: '0:17' },
    context: has([table(['/l/base', '/'], { dev: '0:17' })]),
    told: { union: '0:17', branch: '/l/base', leaks: true, name: '/bin/sh', linkPath: '/bin/sh' },
  },
  {
    name: 'where maps has no name, a link that names no branch of its union does not leak',
    link: '/null',
    kernel: { maps_dev: '0:17' },
    context: has([AUFS]),
    told: { union: '0:17' },
  },
  {
    name: 'a link that names no branch, and not what maps names, leaks',
    link: '/elsewhere/f',
    kernel: { maps_dev: '0:17', maps_name: '/f', mnt_listed: false },
    context: has([AUFS]),
    told: { union: '0:17', leaks: true },
  },
  {
    name: 'on a mount that the process lists it was renamed, and does not leak',
    link: '/new',
    kernel: { maps_dev: '0:17', maps_name: '/old', mnt_id: 29, mnt_listed: true },
    context: has([AUFS]),
    told: { union: '0:17' },
  },
  {
    name: 'a link of an overlay that is not what maps names does not leak',
    link: '/new',
    kernel: { maps_dev: '0:17', maps_name: '/old' },
    context: has([OVERLAY]),
    told: { union: '0:17' },
  },
  {
    name: 'the path that the link gives is no other where maps names the same',
    link: '/l/base/bin/sh',
    kernel: { maps_dev: '0:17', maps_name: '/bin/sh' },
    context: has([AUFS]),
    told: { union: '0:17', branch: '/l/base', leaks: true },
  },
  {
    name: 'the path that the link gives is no other where maps names one that does not end in it',
    link: '/l/base/bin/sh',
    kernel: { maps_dev: '0:17', maps_name: '/bin/dash' },
    context: has([AUFS]),
    told: { union: '0:17', branch: '/l/base', leaks: true },
  },
  {
    name: 'one that was not opened is of the layer whose device it has, and not the mount over its name',
    link: '/bin/sh',
    kernel: { maps_dev: '0:50', maps_name: '/bin/sh' },
    context: nested({}),
    told: { union: '0:60', branch: '/merged', leaks: true },
  },
  {
    name: 'one that was not opened is of no layer where the mount over its name has its device',
    link: '/merged/bin/sh',
    kernel: { maps_dev: '0:50', maps_name: '/merged/bin/sh' },
    context: nested({}, ['60 29 0:60 / / rw - overlay b rw', ...LAYER]),
    told: {},
  },
  {
    name: 'a branch of which no path is known, or no folder that it is relative to, is no layer on another overlay',
    link: '/bin/sh',
    kernel: { maps_dev: '0:50', maps_name: '/bin/sh', mnt_id: 77, mnt_listed: false },
    context: nested({ branches: table([null, 'merged', '/merged']).branches }),
    told: { union: '0:60', branch: '/merged', leaks: true },
  },
  {
    name: 'a branch of an AUFS that lies on an overlay is none: its links name it',
    link: '/bin/sh',
    kernel: { maps_dev: '0:50', maps_name: '/bin/sh', mnt_id: 77, mnt_listed: false },
    context: nested({ fs_type: 'aufs' }),
    told: {},
  },
  {
    name: 'a branch over which the union itself is mounted is no layer on another',
    link: '/bin/sh',
    kernel: { maps_dev: '0:60', maps_name: '/bin/sh', mnt_id: 77, mnt_listed: false },
    context: {
      ...nested({}),
      reader: { ...context, mounts: [parseMount('60 29 0:60 / /merged rw - overlay b rw')] },
    },
    told: {},
  },
  {
    name: 'a file of a layer outside of what is mounted of the union is of none',
    link: '/bin/sh',
    kernel: { maps_dev: '0:50', maps_name: '/bin/sh', mnt_id: 77, mnt_listed: false },
    context: nested({ root: '/sub' }),
    told: {},
  },
  {
    name: 'a link that names a branch, of a device that is none of the union, is of none where maps names another',
    link: '/l/base/bin/sh',
    kernel: { maps_dev: '254:0', maps_name: '/bin/dash', mnt_id: 77, mnt_listed: false },
    context: has([AUFS]),
    told: {},
  },
  {
    name: 'where no device is told, a link that names a branch leaks where maps names another',
    link: '/l/base/bin/sh',
    kernel: { maps_name: '/bin/sh' },
    context: has([AUFS]),
    told: { union: '0:17', branch: '/l/base', leaks: true },
  },
  {
    name: 'one that the mount over its name has, by its device, is of no union, though it lies in the folder of a branch',
    link: '/l/base/bin/sh',
    kernel: { maps_dev: '254:0', maps_name: '/l/base/bin/sh' },
    context: has([AUFS], { mounts: ['21 1 254:0 / / rw - ext4 /dev/root rw'].map(parseMount) }),
    told: {},
  },
  {
    name: 'one that is called as memory is, is of the union whose device stat has',
    link: '/memfd:x (deleted)',
    kernel: { dev: '0:17', maps_dev: '254:0', maps_name: '/memfd:x (deleted)', mnt_id: 29, mnt_listed: true },
    context: has([table(['/x'], { dev: '0:99' }), OVERLAY]),
    told: { union: '0:17' },
  },
  {
    name: 'memory of which no device is told is of no union of which none is told',
    link: '/memfd:x (deleted)',
    kernel: {},
    context: logged(table(['/'])),
    told: {},
  },
  {
    name: 'of links that may leak, one that is right may be of a branch /, and of no other that holds it',
    link: '/top/f',
    kernel: { maps_dev: '0:17', maps_name: '/top/f', mnt_id: 29, mnt_listed: true },
    context: has([table(['/top', '/'], { dev: '0:17' })], { leaky: true }),
    told: { union: '0:17', branch: '/' },
  },
  {
    name: 'of links that may leak, one that is right is of no branch where none is /',
    link: '/top/f',
    kernel: { maps_dev: '0:17', maps_name: '/top/f', mnt_id: 29, mnt_listed: true },
    context: has([table(['/top'], { dev: '0:17' })], { leaky: true }),
    told: { union: '0:17' },
  },
  {
    name: 'of links that may leak, one that is right is of neither of two branches /',
    link: '/f',
    kernel: { maps_dev: '0:17', maps_name: '/f', mnt_id: 29, mnt_listed: true },
    context: has([table(['/', '/'], { dev: '0:17' })], { leaky: true }),
    told: { union: '0:17' },
  },
  {
    name: 'where links are not known to leak, one that is right is of no branch',
    link: '/f',
    kernel: { maps_dev: '0:17', maps_name: '/f', mnt_id: 29, mnt_listed: true },
    context: has([table(['/'], { dev: '0:17' })]),
    told: { union: '0:17' },
  },
  {
    name: 'on a mount that nobody lists, a link that is right leaks the branch /',
    link: '/f',
    kernel: { maps_dev: '0:17', maps_name: '/f', mnt_id: 77, mnt_listed: false },
    context: has([table(['/top', '/'], { dev: '0:17' })]),
    told: { union: '0:17', branch: '/', leaks: true },
  },
  {
    name: 'on a mount that nobody lists, a link that is right does not leak where no branch is /',
    link: '/top/f',
    kernel: { maps_dev: '0:17', maps_name: '/top/f', mnt_id: 77, mnt_listed: false },
    context: has([table(['/top'], { dev: '0:17' })]),
    told: { union: '0:17' },
  },
]

for (const { name, link, kernel, context: process, told } of cases) {
  test(`A mapped file: ${name}`, (t) => {
    const claim = claimOf(entry(link, kernel), process)
    const { union, branch = null, leaks = false, linkPath = null } = told
    t.is(claim.table?.dev, union)
    t.is(claim.branch?.path ?? null, branch)
    t.is(claim.leaks, leaks)
    t.is(claim.name, told.name ?? kernel.maps_name ?? link)
    t.is(claim.linkPath, linkPath)
    t.false(claim.isOutside)
  })
}

test('That links leak is shown by one below a branch that is not what maps names', (t) => {
  const shows = (link: string, maps_name: string | null) => showsLeak(entry(link, { maps_name }), has([AUFS]))
  t.true(shows('/l/base/f', '/f'))
  t.false(shows('/l/base/f', '/l/base/f'))
  t.false(shows('/l/base/f (deleted)', '/l/base/f'))
  t.false(shows('/new', '/old'))
  t.false(shows('/l/base/f', null))
})

test('The branches are of another namespace where a leaking link is below none of them', (t) => {
  const empty = table([], { dev: '0:99' })
  const names = (more: Partial<Vma>, unions: BranchTable[] = [empty, AUFS]) => {
    const vma = fixVma(entry('/m/base/f', {}), has(unions))
    return namesNoBranch({ ...vma, mnt_id: -1, ...more }, has(unions))
  }
  t.true(names({}))
  t.false(names({ mnt_id: 29 }), 'it does not leak')
  t.false(
    names({ branch: { ...(AUFS.branches[0] as Branch), mount_id: 29, si: '1a' } }),
    'its branch is known',
  )
  t.false(names({ state: 'deleted' }), 'a branch may be gone with it')
  t.false(names({ link: '/m/base/f (deleted)' }))
  t.false(names({ link: '/l/base/f' }), 'it is below one')
  t.false(names({}, [empty]), 'there are none')
  t.false(names({}, []))
})
