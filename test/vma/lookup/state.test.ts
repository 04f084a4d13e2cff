/**
 * State and branch of every mapping in the captures, behind what stat said on those machines. What is expected stands here
 * by hand: from the commands that made each capture, and what the kernel said of each mapping.
 */
import { readdirSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import type { Found } from '../../../src/files/found.js'
import type { RawVma } from '../../../src/proc/map-files.js'
import { Process } from '../../../src/proc/process.js'
import type { ByteString } from '../../../src/text/byte-string.js'
import { parse } from '../../../src/text/json.js'
import type { BranchTable } from '../../../src/unions/branch-table.js'
import type { Copies } from '../../../src/unions/layers/layer.js'
import { claimOf, showsLeak } from '../../../src/vma/claim.js'
import type { FileLookup, ProcessContext } from '../../../src/vma/context.js'
import { ContextReader } from '../../../src/vma/context-reader.js'
import { fixVma } from '../../../src/vma/fix-vma.js'
import { lookUp } from '../../../src/vma/lookup/look-up.js'
import { isStale, type State, type Vma } from '../../../src/vma/record.js'
import { read, statFacts } from '../../helpers/facts.js'
import { foundAs, lookupOf } from '../../helpers/lookups.js'
import { repository } from '../../helpers/run.js'

/** What is to be found of the mappings of one file. */
interface Mapping {
  link: ByteString
  /** What maps calls it, where one link means several files. */
  name?: ByteString
  path: ByteString
  /** The folder of the branch. */
  branch: ByteString | null
  state: State | null
  /** The mount of the branch, where several show it. */
  mount_id?: number | null
}

const DISK = '254:0'
const TOP_ID = '28720365c5e7476a011e4f43ac003ee5f16247a263b9d623aa85ed311d73bf39'
const L1_ID = '2804bad6fe94a55f18b2b37e300919a5fd517b95aa81e95db574c0ba069a3740'
const L2_ID = '8a1cee436cbac1489a1883c9d886fcfc46f302c55ed4106ae31729e4f4eb9041'
const BASE_ID = 'cae662172fd450bb0cd710a769079c05bfc5d8e35efa6576edc7d0377afdd4a2'

const DIFF = '/var/lib/docker/aufs/diff'
const MNT = `/var/lib/docker/aufs/mnt/${TOP_ID}`
const [TOP, L2, L1, BASE] = [
  `${DIFF}/${TOP_ID}`,
  `${DIFF}/${L2_ID}`,
  `${DIFF}/${L1_ID}`,
  `${DIFF}/${BASE_ID}`,
]

const OVERLAY2 = '/var/lib/docker/overlay2'

const MEMORY = '/oldroot/run/initramfs/memory'
const [CHANGES, EXTRA, CORE] = [
  `${MEMORY}/changes`,
  `${MEMORY}/bundles/02-extra.sb`,
  `${MEMORY}/bundles/01-core.sb`,
]

/** A file that was there, but nobody noted its number: one that no other has. */
const other = (number: number) => `254:0/${910_000 + number}`

/** What ls-layers.txt does not tell: what lies under a mount, or on another filesystem, or was listed too early. Device and inode. */
const UNLISTED: { [sample: string]: { [branch: string]: { [file: string]: string } } } = {
  'leaky-05-prefix': {
    '/layers/a': { '/b/f_ab_nested': '254:0/366' },
    '/layers/a/b': { '/f_ab_nested': '0:17/2' },
  },
  'leaky-10-overlay-odd': {
    '/ov/sp ace': { '/f1': '254:0/481' },
    '/ov/t\tab': { '/f2': '254:0/483' },
    '/ov/new\nline': { '/f3': '254:0/485' },
    '/ov/back\\slash': { '/f4': '254:0/487' },
    '/ov/eq=x': { '/f5': '254:0/489' },
    '/ov/com,ma': { '/f6': '254:0/491' },
    '/ov/co:lon': { '/f7': '254:0/493' },
    '/ov/#hash': { '/f8': '254:0/495' },
    '/ov/\xc3\xbcml': { '/f9': '254:0/497' },
    '/ov/bad\xffbyte': { '/f10': '254:0/499' },
    '/ov/base': { '/bin/mapper': '254:0/477' },
  },
  'fixed-77-renamed': {
    '/l/base': { '/bin/mapper': other(1), '/d/ren.dat': other(2), '/d/ren2.dat': other(3) },
    '/l/top': {
      '/d/own.dat': other(4),
      '/d/ren-new.dat': other(5),
      '/d/ren2-new.dat': other(6),
      '/d/.wh.ren.dat': other(7),
      '/d/.wh.ren2.dat': other(7),
    },
  },
  'leaky-73-links': { '/l/top': { '/d/q2': '254:0/9377', '/d/.wh.q1': '254:0/9368' } },
  'leaky-73-links-dirs': {
    '/l/top': { '/d/swapb': '254:0/9384', '/d/opq/.wh..wh..opq': '254:0/9368' },
    '/l/mid': { '/d/opq2/.wh..wh..opq': other(1) },
  },
  'leaky-73-links-gone': { '/l/top': { '/d/trunc': '254:0/9387', '/d/.wh.gone': '254:0/9368' } },
  'leaky-75-shift-inserted': { '/l/new': { '/fb': other(1), '/over.dat': other(2) } },
  'leaky-75-shift-newtop': {
    '/l/newtop': { '/fc': other(3) },
    '/l/new': { '/fb': other(1), '/over.dat': other(2) },
  },
  'leaky-76-live-cd': { [CHANGES]: { '/opt/after.dat': other(1), '/opt/.wh.del.dat': other(2) } },
}

/** What stat said of a file in a union besides its number: of r1 three links, where /l/base has two of it. */
const UNION_FILES: { [sample: string]: { [path: string]: Partial<Found> } } = {
  'leaky-73-links': { '/d/r1': { links: 3n, changed: 1n } },
}

type Listed = Pick<Found, 'ino' | 'isWhiteout'>

/** What `ls -li` listed, by path; it writes a newline as `?`. */
function listing(sample: string): Map<string, Listed> {
  if (!readdirSync(`${repository}/samples/${sample}`).includes('ls-layers.txt')) return new Map()
  return new Map(
    read(`samples/${sample}/ls-layers.txt`)
      .split('\n')
      .flatMap((line): [string, Listed][] => {
        const [, ino, mode, path] = /^ *(\d+) (\S+) .*? (\/.*)$/.exec(line) ?? []
        return ino === undefined || path === undefined
          ? []
          : [[path, { ino, isWhiteout: mode === 'c---------' }]]
      }),
  )
}

/** A folder of Docker's overlay2 is named by a short symbolic link. */
function resolved(folder: string, files: Map<string, Listed>): string {
  const link = [...files.keys()].find((path) => path.startsWith(`${folder} -> ../`))
  return link === undefined ? folder : `${OVERLAY2}/${link.slice(`${folder} -> ../`.length)}`
}

/** What one would have seen on the captured machine. */
function looksAt(sample: string, union: BranchTable): FileLookup {
  const unionDev = union.dev ?? ''
  const branches = union.branches.map(({ path }) => path ?? '')
  const files = listing(sample)
  const facts = statFacts(`samples/${sample}`)
  const names = new Map(facts.map(({ name, inRoot }) => [name, inRoot]))

  const inBranch = (branch: string, path: string): Found | undefined => {
    const [, dev, ino] = /^(.*)\/(.*)$/.exec(UNLISTED[sample]?.[branch]?.[path] ?? '') ?? []
    if (dev !== undefined && ino !== undefined) return foundAs(`${dev}/${ino}`)
    if (files.size > 0) {
      const listed = files.get(`${resolved(branch, files)}${path}`.replaceAll('\n', '?'))
      return listed && { ...foundAs(`${DISK}/${listed.ino}`), ...listed }
    }
    const fact = facts.find(({ link }) => link === branch + path)
    return fact && foundAs(`${fact.dev ?? ''}/${fact.ino ?? ''}`)
  }

  const ancestors = (path: string) => [...path.matchAll(/\/[^/]+/g)].map(({ index }) => path.slice(0, index))
  const hidesBelow = (branch: string, path: string) =>
    [...ancestors(path), path].some((each) => {
      const slash = each.lastIndexOf('/')
      return (
        (each !== '' &&
          inBranch(branch, `${each.slice(0, slash)}/.wh.${each.slice(slash + 1)}`) !== undefined) ||
        (each !== path && inBranch(branch, `${each}/.wh..wh..opq`) !== undefined) ||
        // A file is mapped that has a folder's name.
        (each !== path && facts.some(({ link }) => link === branch + each))
      )
    })

  const copies = (
    table: { branches: ProcessContext['unions'][number]['branches'] },
    path: ByteString,
  ): Copies => {
    const layers: Copies['copies'] = []
    for (const branch of table.branches) {
      const file = inBranch(branch.path ?? '', path)
      if (file?.isWhiteout) break
      if (file !== undefined)
        layers.push({
          branch,
          path,
          file,
          mount_id: null,
          isMeta: false,
          isNamed: true,
          since: file.birth,
          isCopiedUp: () => null,
          openData: () => null,
        })
      if (hidesBelow(branch.path ?? '', path)) break
    }
    return { copies: layers, isComplete: true }
  }

  /** A name that stat was not asked for: what the layers make of it is another file, with a number of its own. */
  const unasked = (path: ByteString): Found | null => {
    const listed = files.get(MNT + path)
    if (listed !== undefined) return foundAs(`${unionDev}/${listed.ino}`)
    return union.fs_type === 'aufs' && shows(path) ? foundAs(`${unionDev}/900001`) : null
  }
  const shows = (path: ByteString) =>
    branches.some(
      (branch, i, all) =>
        inBranch(branch, path) !== undefined && !all.slice(0, i).some((above) => hidesBelow(above, path)),
    )

  return lookupOf({
    files: {
      find(path) {
        const told = names.get(path)
        if (told === undefined) return unasked(path)
        return told === null
          ? null
          : { ...foundAs(`${told.dev}/${told.ino}`), ...UNION_FILES[sample]?.[path] }
      },
      close() {},
    },
    copies,
    holders: () => ({ holders: [], isComplete: false }),
  })
}

/** The entries of a capture's process, fixed behind what stat said. */
function fixedOf(sample: string, change: (lookup: FileLookup) => FileLookup = (lookup) => lookup): Vma[] {
  const { raws, context } = capture(sample, change)
  return raws.map((raw) => fixVma(raw, context))
}

function capture(
  sample: string,
  change: (lookup: FileLookup) => FileLookup,
): { raws: RawVma[]; context: ProcessContext } {
  const folder = `samples/${sample}`
  const entries = readdirSync(`${repository}/${folder}`).find((name) => name.startsWith('entries-')) ?? ''
  const pid = Number(/\d+/.exec(entries)?.[0])
  const raws = read(`${folder}/${entries}`)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => parse(line) as unknown as RawVma)
  const procfs = `${repository}/${folder}/proc`
  const viewer = new ContextReader({ procfs, sysfs: `${repository}/${folder}/sys`, overlayBase: OVERLAY2 })
  const { context } = viewer.ofProcess(new Process(pid, procfs), (error) => {
    throw error
  })
  const leaky = raws.some((raw) => showsLeak(raw, context))
  const [union] = context.unions
  if (union === undefined) throw new Error(`${sample}: no union`)
  return {
    raws,
    context: { ...context, root: `/proc/${pid}/root`, lookup: change(looksAt(sample, union)), leaky },
  }
}

/** What was found, each once, in the order and with the fields of what was expected; and what no expected mapping speaks of. */
function compared(vmas: Vma[], expected: Mapping[]): { got: Mapping[]; missing: Vma[] } {
  const isOf = ({ link, name }: Mapping, vma: Vma) =>
    vma.link === link && (name === undefined || vma.kernel.maps_name === name)
  const got = expected.flatMap((mapping) => {
    const found = vmas
      .filter((vma) => isOf(mapping, vma))
      .map(
        ({ path, branch, state }): Mapping => ({
          ...mapping,
          ...{ path, branch: branch?.path ?? null, state },
          ...(mapping.mount_id !== undefined && { mount_id: branch?.mount_id ?? null }),
        }),
      )
    return found.filter((one, i) => found.findIndex((other) => isDeepStrictEqual(one, other)) === i)
  })
  return { got, missing: vmas.filter((vma) => !expected.some((mapping) => isOf(mapping, vma))) }
}

const onMachine07: Mapping[] = [
  { link: '/dev/shm/tdel.dat (deleted)', path: '/dev/shm/tdel.dat', branch: null, state: 'deleted' },
  { link: '/dev/shm/t.dat', path: '/dev/shm/t.dat', branch: null, state: 'current' },
  { link: '/vol/vol-del.dat (deleted)', path: '/vol/vol-del.dat', branch: null, state: 'deleted' },
  { link: '/vol/vol sp.dat', path: '/vol/vol sp.dat', branch: null, state: 'current' },
  { link: '/vol/vol.dat', path: '/vol/vol.dat', branch: null, state: 'current' },
  { link: '/dev/zero (deleted)', path: '/dev/zero', branch: null, state: 'deleted' },
  { link: '/SYSV00000000 (deleted)', path: '/SYSV00000000', branch: null, state: 'deleted' },
  { link: '/SYSV00004d41 (deleted)', path: '/SYSV00004d41', branch: null, state: 'deleted' },
  { link: '/memfd:mem sp/ace (deleted)', path: '/memfd:mem sp/ace', branch: null, state: 'deleted' },
  { link: '/memfd:mymem (deleted)', path: '/memfd:mymem', branch: null, state: 'deleted' },
]

const expected: { [sample: string]: Mapping[] } = {
  'leaky-07-mappings': [
    ...onMachine07,
    { link: '/l/base/bin/mapper', path: '/bin/mapper', branch: '/l/base', state: 'current' },
    { link: '/l/top/d/#406 (deleted)', path: '/d/#46', branch: '/l/top', state: 'deleted' },
    { link: '/l/mid/d/real (deleted)', path: '/d/real (deleted)', branch: '/l/mid', state: 'current' },
    { link: '/l/mid/d/back\\slash.dat', path: '/d/back\\slash.dat', branch: '/l/mid', state: 'current' },
    { link: '/l/mid/d/new\nline.dat', path: '/d/new\nline.dat', branch: '/l/mid', state: 'current' },
    { link: '/l/mid/d/sp ace.dat', path: '/d/sp ace.dat', branch: '/l/mid', state: 'current' },
    {
      link: '/l/top/d/rendir2-new/in-top.dat',
      path: '/d/rendir2-new/in-top.dat',
      branch: '/l/top',
      state: 'current',
    },
    {
      link: '/l/base/d/rendir/in-lower.dat',
      path: '/d/rendir/in-lower.dat',
      branch: '/l/base',
      state: 'current',
    },
    {
      link: '/l/top/d/.wh..wh.deldir2.000b/in-top.dat (deleted)',
      path: '/d/deldir2/in-top.dat',
      branch: '/l/top',
      state: 'deleted',
    },
    {
      link: '/l/top/d/.wh..wh.deldir.000a/in-top.dat (deleted)',
      path: '/d/deldir/in-top.dat',
      branch: '/l/top',
      state: 'deleted',
    },
    {
      link: '/l/base/d/deldir/in-lower.dat',
      path: '/d/deldir/in-lower.dat',
      branch: '/l/base',
      state: 'deleted',
    },
    { link: '/l/base/d/chm-lower.dat', path: '/d/chm-lower.dat', branch: '/l/base', state: 'copied_up' },
    { link: '/l/top/d/cu-hl1-lower.dat', path: '/d/cu-hl1-lower.dat', branch: '/l/top', state: 'current' },
    { link: '/l/top/d/cu-hl2-lower.dat', path: '/d/cu-hl2-lower.dat', branch: '/l/top', state: 'current' },
    {
      link: '/l/base/d/cu-hl1-lower.dat',
      path: '/d/cu-hl1-lower.dat',
      branch: '/l/base',
      state: 'copied_up',
    },
    {
      link: '/l/top/d/cu-after-lower.dat',
      path: '/d/cu-after-lower.dat',
      branch: '/l/top',
      state: 'current',
    },
    {
      link: '/l/base/d/cu-after-lower.dat',
      path: '/d/cu-after-lower.dat',
      branch: '/l/base',
      state: 'copied_up',
    },
    {
      link: '/l/top/d/cu-before-lower.dat',
      path: '/d/cu-before-lower.dat',
      branch: '/l/top',
      state: 'current',
    },
    { link: '/l/top/d/hl1-top.dat (deleted)', path: '/d/hl1-top.dat', branch: '/l/top', state: 'deleted' },
    { link: '/l/base/d/hl1-lower.dat', path: '/d/hl1-lower.dat', branch: '/l/base', state: 'deleted' },
    { link: '/l/top/d/rep-top.dat (deleted)', path: '/d/rep-top.dat', branch: '/l/top', state: 'replaced' },
    { link: '/l/base/d/rep-lower.dat', path: '/d/rep-lower.dat', branch: '/l/base', state: 'replaced' },
    { link: '/l/top/d/renamed-top.dat', path: '/d/renamed-top.dat', branch: '/l/top', state: 'current' },
    { link: '/l/base/d/ren-lower.dat', path: '/d/renamed-lower.dat', branch: '/l/base', state: 'copied_up' },
    { link: '/l/top/d/del-top.dat (deleted)', path: '/d/del-top.dat', branch: '/l/top', state: 'deleted' },
    { link: '/l/base/d/del-lower.dat', path: '/d/del-lower.dat', branch: '/l/base', state: 'deleted' },
  ],
  'fixed-07-mappings': [
    ...onMachine07,
    { link: '/bin/mapper', path: '/bin/mapper', branch: '/l/base', state: 'current' },
    { link: '/d/#46 (deleted)', path: '/d/#46', branch: null, state: 'deleted' },
    { link: '/d/real (deleted)', path: '/d/real (deleted)', branch: '/l/mid', state: 'current' },
    { link: '/d/back\\slash.dat', path: '/d/back\\slash.dat', branch: '/l/mid', state: 'current' },
    { link: '/d/new\nline.dat', path: '/d/new\nline.dat', branch: '/l/mid', state: 'current' },
    { link: '/d/sp ace.dat', path: '/d/sp ace.dat', branch: '/l/mid', state: 'current' },
    {
      link: '/d/rendir2-new/in-top.dat',
      path: '/d/rendir2-new/in-top.dat',
      branch: '/l/top',
      state: 'current',
    },
    { link: '/d/rendir/in-lower.dat', path: '/d/rendir/in-lower.dat', branch: '/l/base', state: 'current' },
    {
      link: '/d/deldir2/in-top.dat (deleted)',
      path: '/d/deldir2/in-top.dat',
      branch: null,
      state: 'deleted',
    },
    { link: '/d/deldir/in-top.dat (deleted)', path: '/d/deldir/in-top.dat', branch: null, state: 'deleted' },
    {
      link: '/d/deldir/in-lower.dat (deleted)',
      path: '/d/deldir/in-lower.dat',
      branch: null,
      state: 'deleted',
    },
    // The writable branch has its own copy of these by now: which one is mapped, nothing tells.
    { link: '/d/chm-lower.dat', path: '/d/chm-lower.dat', branch: null, state: null },
    { link: '/d/cu-hl1-lower.dat', path: '/d/cu-hl1-lower.dat', branch: null, state: null },
    { link: '/d/cu-hl2-lower.dat', path: '/d/cu-hl2-lower.dat', branch: null, state: null },
    { link: '/d/cu-after-lower.dat', path: '/d/cu-after-lower.dat', branch: null, state: null },
    { link: '/d/cu-before-lower.dat', path: '/d/cu-before-lower.dat', branch: null, state: null },
    { link: '/d/hl1-top.dat (deleted)', path: '/d/hl1-top.dat', branch: null, state: 'deleted' },
    { link: '/d/hl1-lower.dat (deleted)', path: '/d/hl1-lower.dat', branch: null, state: 'deleted' },
    { link: '/d/rep-top.dat (deleted)', path: '/d/rep-top.dat', branch: null, state: 'replaced' },
    { link: '/d/rep-lower.dat (deleted)', path: '/d/rep-lower.dat', branch: null, state: 'replaced' },
    { link: '/d/renamed-top.dat', path: '/d/renamed-top.dat', branch: '/l/top', state: 'current' },
    // Copied up and renamed: in the writable branch, with none of that name below.
    { link: '/d/renamed-lower.dat', path: '/d/renamed-lower.dat', branch: null, state: null },
    { link: '/d/del-top.dat (deleted)', path: '/d/del-top.dat', branch: null, state: 'deleted' },
    { link: '/d/del-lower.dat (deleted)', path: '/d/del-lower.dat', branch: null, state: 'deleted' },
  ],
  'leaky-01-docker': [
    { link: `${BASE}/bin/mapper`, path: '/bin/mapper', branch: BASE, state: 'current' },
    { link: '/etc/hosts', path: '/etc/hosts', branch: null, state: 'current' },
    { link: `${BASE}/usr/share/later.dat`, path: '/usr/share/later.dat', branch: BASE, state: 'copied_up' },
    { link: `${TOP}/usr/share/wh.dat`, path: '/usr/share/wh.dat', branch: TOP, state: 'current' },
    { link: `${TOP}/usr/share/cow.dat`, path: '/usr/share/cow.dat', branch: TOP, state: 'current' },
    { link: `${TOP}/data/rw.dat`, path: '/data/rw.dat', branch: TOP, state: 'current' },
    { link: `${L1}/usr/share/over.dat`, path: '/usr/share/over.dat', branch: L1, state: 'current' },
    { link: `${L2}/usr/lib/libl2.so`, path: '/usr/lib/libl2.so', branch: L2, state: 'current' },
    { link: `${L1}/usr/lib/liblower.so`, path: '/usr/lib/liblower.so', branch: L1, state: 'current' },
    { link: `${BASE}/usr/lib/libbase.so`, path: '/usr/lib/libbase.so', branch: BASE, state: 'current' },
  ],
  'leakymaps-01-docker': [
    { link: `${BASE}/bin/mapper`, path: '/bin/mapper', branch: BASE, state: 'current' },
    { link: '/etc/hosts', path: '/etc/hosts', branch: null, state: 'current' },
    // Another file may have been put in its place as well as a copy.
    { link: `${BASE}/usr/share/later.dat`, path: '/usr/share/later.dat', branch: BASE, state: null },
    { link: `${TOP}/usr/share/wh.dat`, path: '/usr/share/wh.dat', branch: TOP, state: 'current' },
    { link: `${TOP}/usr/share/cow.dat`, path: '/usr/share/cow.dat', branch: TOP, state: 'current' },
    { link: `${TOP}/data/rw.dat`, path: '/data/rw.dat', branch: TOP, state: 'current' },
    { link: `${L1}/usr/share/over.dat`, path: '/usr/share/over.dat', branch: L1, state: 'current' },
    { link: `${L2}/usr/lib/libl2.so`, path: '/usr/lib/libl2.so', branch: L2, state: 'current' },
    { link: `${L1}/usr/lib/liblower.so`, path: '/usr/lib/liblower.so', branch: L1, state: 'current' },
    { link: `${BASE}/usr/lib/libbase.so`, path: '/usr/lib/libbase.so', branch: BASE, state: 'current' },
  ],
  'fixed-01-docker': [
    { link: '/bin/mapper', path: '/bin/mapper', branch: BASE, state: 'current' },
    { link: '/etc/hosts', path: '/etc/hosts', branch: null, state: 'current' },
    { link: '/usr/share/later.dat', path: '/usr/share/later.dat', branch: null, state: null },
    // Whited out in a branch between, but a file of another name may have been copied up to it.
    { link: '/usr/share/wh.dat', path: '/usr/share/wh.dat', branch: null, state: null },
    // Mapped for writing.
    { link: '/usr/share/cow.dat', path: '/usr/share/cow.dat', branch: TOP, state: 'current' },
    { link: '/data/rw.dat', path: '/data/rw.dat', branch: TOP, state: 'current' },
    { link: '/usr/share/over.dat', path: '/usr/share/over.dat', branch: L1, state: 'current' },
    { link: '/usr/lib/libl2.so', path: '/usr/lib/libl2.so', branch: L2, state: 'current' },
    { link: '/usr/lib/liblower.so', path: '/usr/lib/liblower.so', branch: L1, state: 'current' },
    { link: '/usr/lib/libbase.so', path: '/usr/lib/libbase.so', branch: BASE, state: 'current' },
  ],
  'leaky-05-prefix': [
    { link: '/layers/ab/bin/mapper', path: '/bin/mapper', branch: '/layers/ab', state: 'current' },
    { link: '/layers/top/f_top', path: '/f_top', branch: '/layers/top', state: 'current' },
    { link: '/layers/b/sub/deep/f_bdeep', path: '/sub/deep/f_bdeep', branch: '/layers/b', state: 'current' },
    { link: '/layers/b/f_b', path: '/f_b', branch: '/layers/b', state: 'current' },
    {
      link: '/layers/a/b/f_ab_nested',
      name: '/b/f_ab_nested',
      path: '/b/f_ab_nested',
      branch: '/layers/a',
      state: 'current',
    },
    {
      link: '/layers/a/b/f_ab_nested',
      name: '/f_ab_nested',
      path: '/f_ab_nested',
      branch: '/layers/a/b',
      state: 'current',
    },
    { link: '/layers/ab/f_ab', path: '/f_ab', branch: '/layers/ab', state: 'current' },
    { link: '/layers/a/f_a', path: '/f_a', branch: '/layers/a', state: 'current' },
  ],
  'leaky-04-odd-after-rm-rf': [
    { link: '/o/base/bin/mapper', path: '/bin/mapper', branch: '/o/base', state: 'current' },
    { link: '/o/top/new\nline file', path: '/new\nline file', branch: '/o/top', state: 'current' },
    { link: '/o/top/sp ace file', path: '/sp ace file', branch: '/o/top', state: 'current' },
    // stat found nothing at these two: one of the branches that made up that folder is gone.
    { link: '/o/re named/s u b/g1', path: '/s u b/g1', branch: '/o/re named', state: 'deleted' },
    { link: '/o/back\\slash/s u b/g4', path: '/s u b/g4', branch: '/o/back\\slash', state: 'deleted' },
    { link: '/o/*?[a]/f18', path: '/f18', branch: '/o/*?[a]', state: 'current' },
    { link: '/o/100%d%s/f17', path: '/f17', branch: '/o/100%d%s', state: 'current' },
    { link: `/o/q"u'o/f16`, path: '/f16', branch: `/o/q"u'o`, state: 'current' },
    { link: '/o/x (deleted)/f15', path: '/f15', branch: '/o/x (deleted)', state: 'current' },
    { link: '/o/trail. /f14', path: '/f14', branch: '/o/trail. ', state: 'current' },
    { link: '/o/ctl\x01\x1b[31m/f13', path: '/f13', branch: '/o/ctl\x01\x1b[31m', state: 'current' },
    { link: '/o/del\x7fete/f12', path: '/f12', branch: '/o/del\x7fete', state: 'current' },
    { link: '/o/bad\xffbyte/f11', path: '/f11', branch: '/o/bad\xffbyte', state: 'current' },
    {
      link: '/o/\xc3\xbcml\xc3\xa4ut-\xe6\x97\xa5/f10',
      path: '/f10',
      branch: '/o/\xc3\xbcml\xc3\xa4ut-\xe6\x97\xa5',
      state: 'current',
    },
    { link: '/o/#hash/f9', path: '/f9', branch: '/o/#hash', state: 'current' },
    { link: '/o/co:lon/f8 (deleted)', path: '/f8', branch: '/o/co:lon (deleted)', state: 'deleted' },
    { link: '/o/com,ma/f7', path: '/f7', branch: '/o/com,ma', state: 'current' },
    { link: '/o/eq=rw/f6', path: '/f6', branch: '/o/eq=rw', state: 'current' },
    { link: '/o/lit\\040eral/f5', path: '/f5', branch: '/o/lit\\040eral', state: 'current' },
    { link: '/o/back\\slash/f4', path: '/f4', branch: '/o/back\\slash', state: 'current' },
    { link: '/o/new\nline/f3', path: '/f3', branch: '/o/new\nline', state: 'current' },
    { link: '/o/t\tab/f2', path: '/f2', branch: '/o/t\tab', state: 'current' },
    { link: '/o/re named/f1', path: '/f1', branch: '/o/re named', state: 'current' },
  ],
  'leaky-08-several': [
    { link: '/l/a/bin/mapper', path: '/bin/mapper', branch: '/l/a', state: 'current', mount_id: 37 },
    { link: '/l/t2/ft2', path: '/vol/ft2', branch: '/l/t2', state: 'current', mount_id: 39 },
    { link: '/l/t1/ft1', path: '/ft1', branch: '/l/t1', state: 'current', mount_id: 37 },
    { link: '/l/a/fa', name: '/again/fa', path: '/again/fa', branch: '/l/a', state: 'current', mount_id: 41 },
    { link: '/l/a/fa', name: '/fa', path: '/fa', branch: '/l/a', state: 'current', mount_id: 37 },
    {
      link: '/l/a/dir/deep/fsub',
      name: '/dir/deep/fsub',
      path: '/dir/deep/fsub',
      branch: '/l/a',
      state: 'current',
      mount_id: 37,
    },
    {
      link: '/l/a/dir/deep/fsub',
      name: '/subm/deep/fsub',
      path: '/subm/deep/fsub',
      branch: '/l/a',
      state: 'current',
      mount_id: 40,
    },
    {
      link: '/l/common/fcommon',
      name: '/vol/fcommon',
      path: '/vol/fcommon',
      branch: '/l/common',
      state: 'current',
      mount_id: 39,
    },
    {
      link: '/l/common/fcommon',
      name: '/fcommon',
      path: '/fcommon',
      branch: '/l/common',
      state: 'current',
      mount_id: 37,
    },
    { link: '/l/b/fb', path: '/vol/fb', branch: '/l/b', state: 'current', mount_id: 39 },
  ],
  'leaky-08-several-c2': [
    { link: '/l/t2/bin/mapper', path: '/bin/mapper', branch: '/l/t2', state: 'current', mount_id: 34 },
    { link: '/l/common/fcommon', path: '/fcommon', branch: '/l/common', state: 'current', mount_id: 34 },
    { link: '/l/b/fb', path: '/fb', branch: '/l/b', state: 'current', mount_id: 34 },
  ],
  'leaky-08-several-c3': [
    { link: '/l/a/bin/mapper', path: '/bin/mapper', branch: '/l/a', state: 'current', mount_id: 49 },
    { link: '/l/a/fa', path: '/fa', branch: '/l/a', state: 'current', mount_id: 49 },
  ],
  'leaky-08-several-c4': [
    { link: '/l/t1/dir/bin/mapper', path: '/bin/mapper', branch: '/l/t1', state: 'current', mount_id: 55 },
    { link: '/l/a/dir/deep/fsub', path: '/deep/fsub', branch: '/l/a', state: 'current', mount_id: 55 },
  ],
  'fixed-77-renamed': [
    { link: '/bin/mapper', path: '/bin/mapper', branch: '/l/base', state: 'current' },
    // Mapped for writing.
    { link: '/d/own.dat', path: '/d/own.dat', branch: '/l/top', state: 'current' },
    { link: '/d/lnk.dat (deleted)', path: '/d/lnk.dat', branch: null, state: 'deleted' },
    // Both are copied_up, and the process maps /l/base: nothing tells that from a file that was made under this name.
    { link: '/d/ren2-new.dat', path: '/d/ren2-new.dat', branch: null, state: null },
    { link: '/d/ren-new.dat', path: '/d/ren-new.dat', branch: null, state: null },
  ],
  'leaky-73-links': [
    { link: '/l/base/bin/mapper', path: '/bin/mapper', branch: '/l/base', state: 'current' },
    { link: '/l/top/d/new2', path: '/d/new2', branch: '/l/top', state: 'current' },
    { link: '/l/top/d/new', path: '/d/new', branch: '/l/top', state: 'current' },
    { link: '/l/top/d/r2', path: '/d/r2', branch: '/l/top', state: 'current' },
    { link: '/l/top/d/r3', path: '/d/r3', branch: '/l/top', state: 'current' },
    // Copied up through another of its names, r3, as which r2 is opened too; r1 has no copy of its own.
    { link: '/l/base/d/r1', path: '/d/r1', branch: '/l/base', state: null },
    { link: '/l/top/d/q3', path: '/d/q3', branch: '/l/top', state: 'current' },
    { link: '/l/base/d/q2', path: '/d/q2', branch: '/l/base', state: 'copied_up' },
    { link: '/l/base/d/q1', path: '/d/q1', branch: '/l/base', state: 'deleted' },
    { link: '/l/top/d/p2', path: '/d/p2', branch: '/l/top', state: 'current' },
    { link: '/l/top/d/p1', path: '/d/p1', branch: '/l/top', state: 'current' },
    { link: '/l/base/d/p1', path: '/d/p1', branch: '/l/base', state: 'copied_up' },
    { link: '/l/base/d/h2', path: '/d/h2', branch: '/l/base', state: 'current' },
    { link: '/l/base/d/h1', path: '/d/h1', branch: '/l/base', state: 'current' },
  ],
  'leaky-73-links-dirs': [
    { link: '/l/base/bin/mapper', path: '/bin/mapper', branch: '/l/base', state: 'current' },
    { link: '/l/top/d/swapa', path: '/d/swapa', branch: '/l/top', state: 'current' },
    { link: '/l/base/d/swapb', path: '/d/swapa', branch: '/l/base', state: 'copied_up' },
    { link: '/l/base/d/swapa', path: '/d/swapb', branch: '/l/base', state: 'copied_up' },
    { link: '/l/mid/d/opq2/g', path: '/d/opq2/g', branch: '/l/mid', state: 'current' },
    { link: '/l/top/d/opq/f', path: '/d/opq/f', branch: '/l/top', state: 'current' },
    { link: '/l/base/d/opq/f', path: '/d/opq/f', branch: '/l/base', state: 'replaced' },
    { link: '/l/top/d/dir2', path: '/d/dir2', branch: '/l/top', state: 'current' },
    { link: '/l/base/d/dir2/f', path: '/d/dir2/f', branch: '/l/base', state: 'deleted' },
    // AUFS refused to rename the folder, which lies in a lower branch.
    { link: '/l/base/d/dir/sub/f', path: '/d/dir/sub/f', branch: '/l/base', state: 'current' },
  ],
  'leaky-73-links-gone': [
    { link: '/l/base/bin/mapper', path: '/bin/mapper', branch: '/l/base', state: 'current' },
    { link: '/l/base/d/trunc', path: '/d/trunc', branch: '/l/base', state: 'copied_up' },
    { link: '/l/base/d/gone/f', path: '/d/gone/f', branch: '/l/base', state: 'deleted' },
  ],
  'leaky-75-shift': [
    { link: '/l/a/bin/mapper', path: '/bin/mapper', branch: '/l/a', state: 'current' },
    { link: '/l/a/over.dat', path: '/over.dat', branch: '/l/a', state: 'current' },
    { link: '/l/c/fc', path: '/fc', branch: '/l/c', state: 'current' },
    { link: '/l/top/ftop', path: '/ftop', branch: '/l/top', state: 'current' },
    { link: '/l/b/fb', path: '/fb', branch: '/l/b', state: 'current' },
  ],
  'leaky-75-shift-inserted': [
    { link: '/l/a/bin/mapper', path: '/bin/mapper', branch: '/l/a', state: 'current' },
    { link: '/l/a/over.dat', path: '/over.dat', branch: '/l/a', state: 'replaced' },
    { link: '/l/c/fc', path: '/fc', branch: '/l/c', state: 'current' },
    { link: '/l/top/ftop', path: '/ftop', branch: '/l/top', state: 'current' },
    { link: '/l/b/fb', path: '/fb', branch: '/l/b', state: 'replaced' },
  ],
  'leaky-75-shift-newtop': [
    { link: '/l/a/bin/mapper', path: '/bin/mapper', branch: '/l/a', state: 'current' },
    { link: '/l/a/over.dat', path: '/over.dat', branch: '/l/a', state: 'replaced' },
    { link: '/l/c/fc', path: '/fc', branch: '/l/c', state: 'replaced' },
    { link: '/l/top/ftop', path: '/ftop', branch: '/l/top', state: 'current' },
    { link: '/l/b/fb', path: '/fb', branch: '/l/b', state: 'replaced' },
  ],
  'leaky-75-shift-deleted': [
    { link: '/l/a/bin/mapper', path: '/bin/mapper', branch: '/l/a', state: 'current' },
    // maps says (deleted) still, but the path shows the branch's own file again, whatever its number in the union.
    { link: '/l/a/over.dat', path: '/over.dat', branch: '/l/a', state: 'current' },
    { link: '/l/c/fc', path: '/fc', branch: '/l/c', state: 'current' },
    { link: '/l/top/ftop', path: '/ftop', branch: '/l/top', state: 'current' },
    { link: '/l/b/fb', path: '/fb', branch: '/l/b', state: 'current' },
  ],
  'leaky-76-live-cd': [
    { link: `${CORE}/bin/mapper`, path: '/bin/mapper', branch: CORE, state: 'current' },
    { link: `${CORE}/opt/after.dat`, path: '/opt/after.dat', branch: CORE, state: 'copied_up' },
    { link: `${CHANGES}/opt/cow.dat`, path: '/opt/cow.dat', branch: CHANGES, state: 'current' },
    { link: `${CORE}/opt/del.dat`, path: '/opt/del.dat', branch: CORE, state: 'deleted' },
    { link: `${EXTRA}/opt/two.dat`, path: '/opt/two.dat', branch: EXTRA, state: 'current' },
    { link: `${EXTRA}/opt/over.dat`, path: '/opt/over.dat', branch: EXTRA, state: 'current' },
    { link: `${CORE}/usr-f1`, path: '/usr-f1', branch: CORE, state: 'current' },
  ],
  // On this kernel maps has the layer's own inode, and so tells the mapped copy from the one that is shown.
  'leaky-10-overlay': [
    {
      link: '/bin/mapper',
      path: '/bin/mapper',
      branch: `${OVERLAY2}/l/FKFPCDNGGKCLKBCIGAHJCMJGAF`,
      state: 'current',
    },
    { link: '/usr/share/del.dat (deleted)', path: '/usr/share/del.dat', branch: null, state: 'deleted' },
    {
      link: '/usr/share/later.dat',
      path: '/usr/share/later.dat',
      branch: `${OVERLAY2}/l/FKFPCDNGGKCLKBCIGAHJCMJGAF`,
      state: 'copied_up',
    },
    {
      link: '/usr/share/cow.dat',
      path: '/usr/share/cow.dat',
      branch: `${OVERLAY2}/${TOP_ID}/diff`,
      state: 'current',
    },
    { link: '/data/rw.dat', path: '/data/rw.dat', branch: `${OVERLAY2}/${TOP_ID}/diff`, state: 'current' },
    {
      link: '/usr/share/over.dat',
      path: '/usr/share/over.dat',
      branch: `${OVERLAY2}/l/JKKOIPPNAMJNANBFKGBDAKNMHL`,
      state: 'current',
    },
    {
      link: '/usr/lib/liblower.so',
      path: '/usr/lib/liblower.so',
      branch: `${OVERLAY2}/l/MAFOIKPMDJJMFPHMOKKECOLHFO`,
      state: 'current',
    },
    {
      link: '/usr/lib/libbase.so',
      path: '/usr/lib/libbase.so',
      branch: `${OVERLAY2}/l/FKFPCDNGGKCLKBCIGAHJCMJGAF`,
      state: 'current',
    },
  ],
  'leaky-10-overlay-odd': [
    { link: '/bin/mapper', path: '/bin/mapper', branch: '/ov/base', state: 'current' },
    { link: '/f1', path: '/f1', branch: '/ov/sp ace', state: 'current' },
    { link: '/f2', path: '/f2', branch: '/ov/t\tab', state: 'current' },
    { link: '/f3', path: '/f3', branch: '/ov/new\nline', state: 'current' },
    { link: '/f4', path: '/f4', branch: '/ov/back\\slash', state: 'current' },
    { link: '/f5', path: '/f5', branch: '/ov/eq=x', state: 'current' },
    { link: '/f6', path: '/f6', branch: '/ov/com,ma', state: 'current' },
    { link: '/f7', path: '/f7', branch: '/ov/co:lon', state: 'current' },
    { link: '/f8', path: '/f8', branch: '/ov/#hash', state: 'current' },
    { link: '/f9', path: '/f9', branch: '/ov/\xc3\xbcml', state: 'current' },
    { link: '/f10', path: '/f10', branch: '/ov/bad\xffbyte', state: 'current' },
  ],
}

for (const [sample, mappings] of Object.entries(expected)) {
  test(`State and branch of every mapping of ${sample}`, (t) => {
    const { got, missing } = compared(fixedOf(sample), mappings)
    t.deepEqual(missing, [], 'mappings that are not expected')
    t.deepEqual(got, mappings)
  })
}

test('Device and inode are those of the union where only the branch was told', (t) => {
  const vmas = fixedOf('leakymaps-01-docker')
  const idOf = (path: string) => vmas.filter((vma) => vma.path === path).map(({ dev, ino }) => [dev, ino])[0]
  t.deepEqual(idOf('/bin/mapper'), ['0:18', '25'])
  t.deepEqual(idOf('/usr/share/over.dat'), ['0:18', '15'])
  t.deepEqual(idOf('/usr/share/later.dat'), [null, null])
  t.deepEqual(idOf('/etc/hosts'), ['254:0', '388'])
})

test('A replaced file is not told with the device and inode of the new one', (t) => {
  for (const sample of ['leaky-07-mappings', 'fixed-07-mappings']) {
    const [vma] = fixedOf(sample).filter(({ path }) => path === '/d/rep-lower.dat')
    t.like(vma, { dev: '0:17', ino: '32', state: 'replaced' })
  }
})

/** A capture whose mount is younger than all copies in its branches. */
const older = (lookup: FileLookup) => ({ ...lookup, isOlderThanMount: () => true })

/** A union that shows other attributes than the copies in its branches have, as of one that was written. */
const written = (lookup: FileLookup): FileLookup => ({
  ...lookup,
  copies: (table, path) => {
    const { copies, isComplete } = lookup.copies(table, path)
    return { isComplete, copies: copies.map((copy) => ({ ...copy, file: { ...copy.file, changed: 1n } })) }
  },
})

/** Branches that cannot all be looked into. */
const incomplete = (lookup: FileLookup): FileLookup => ({
  ...lookup,
  copies: (table, path) => ({ ...lookup.copies(table, path), isComplete: false }),
})

/** Branches in which nothing is found. */
const empty = (isComplete: boolean) => (lookup: FileLookup) => ({
  ...lookup,
  copies: () => ({ copies: [], isComplete }),
})

interface ChangedCase {
  name: string
  path: ByteString
  /** What the files of fixed-01-docker tell instead. */
  files: (lookup: FileLookup) => FileLookup
  expected: Pick<Mapping, 'branch' | 'state'>
}

const COW = '/usr/share/cow.dat'
const UNKNOWN = { branch: null, state: null }

const changed: ChangedCase[] = [
  {
    name: 'A copy in the writable branch may have come after the mapping',
    ...{ path: '/usr/share/wh.dat', files: (lookup) => lookup, expected: UNKNOWN },
  },
  {
    name: 'A copy that is older than the mount of its union is the mapped one',
    ...{ path: '/usr/share/wh.dat', files: older, expected: { branch: TOP, state: 'current' } },
  },
  {
    name: 'A mapping that writes to its file is of the copy in the writable branch',
    ...{ path: COW, files: (lookup) => lookup, expected: { branch: TOP, state: 'current' } },
  },
  {
    name: 'A lower file that was written through another of its names is not what the union shows',
    ...{ path: '/bin/mapper', files: written, expected: UNKNOWN },
  },
  {
    name: 'Where lower branches cannot be looked into, a file without a copy in a writable one is current',
    path: '/bin/mapper',
    files: (lookup) => ({
      ...empty(false)(lookup),
      ...{ isNotCopied: () => true, hasNoHardLinks: () => true, isUpperSeen: () => true },
    }),
    expected: { branch: null, state: 'current' },
  },
  {
    name: 'Where a branch cannot be looked into, a copy in a writable one above it is not certain',
    ...{ path: '/usr/share/wh.dat', files: incomplete, expected: UNKNOWN },
  },
  {
    name: 'Where a branch cannot be looked into, a copy in a read-only one above it is certain',
    ...{ path: '/usr/share/over.dat', files: incomplete, expected: { branch: L1, state: 'current' } },
  },
  {
    name: 'Where the branches show nothing of the file, no branch is guessed',
    ...{ path: '/bin/mapper', files: empty(true), expected: UNKNOWN },
  },
  {
    name: 'Where the branches show nothing of the file, and not all could be looked into, no branch is guessed',
    ...{ path: '/bin/mapper', files: empty(false), expected: UNKNOWN },
  },
]

for (const { name, path, files, expected } of changed) {
  test(name, (t) => {
    const [vma] = fixedOf('fixed-01-docker', files).filter((each) => each.path === path)
    t.deepEqual(vma && { branch: vma.branch?.path ?? null, state: vma.state }, expected)
  })
}

test('Where a path cannot be looked up, the state is not known, and a deleted file stays deleted', (t) => {
  const blind = (lookup: FileLookup): FileLookup => ({
    ...lookup,
    files: { find: () => undefined, close() {} },
  })
  const vmas = fixedOf('leaky-07-mappings', blind)
  const stateOf = (link: string) => vmas.filter((vma) => vma.link === link).map(({ state }) => state)[0]
  t.is(stateOf('/l/base/bin/mapper'), null)
  t.is(stateOf('/vol/vol.dat'), null)
  t.is(stateOf('/l/top/d/del-top.dat (deleted)'), 'deleted')
  t.is(stateOf('/l/base/d/del-lower.dat'), 'deleted')
})

test('Without a look at files only deleted can be told', (t) => {
  for (const sample of Object.keys(expected)) {
    const { raws, context } = capture(sample, (lookup) => lookup)
    for (const raw of raws) {
      const { state } = lookUp({ raw, claim: claimOf(raw, context), context: { ...context, lookup: null } })
      const saysSo = [raw.link, raw.kernel.maps_name ?? ''].some((name) => name.endsWith(' (deleted)'))
      t.is(state, saysSo ? 'deleted' : null, raw.link)
    }
  }
})

test('Stale is what is known not to be current', (t) => {
  const states = [null, 'current', 'copied_up', 'replaced', 'deleted'] as const
  t.deepEqual(
    states.filter((state) => isStale({ state })),
    ['copied_up', 'replaced', 'deleted'],
  )
  for (const state of states) {
    t.false(isStale({ state, same_bytes: true }), 'the same bytes are as good')
    t.true(isStale({ state, same_bytes: false }))
    t.is(isStale({ state, same_bytes: null }), isStale({ state }))
  }
})
