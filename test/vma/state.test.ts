/**
 * State and branch of every mapping in the captures, behind what stat said on those machines. What is expected stands here
 * by hand: from the commands that made each capture, and what the kernel said of each mapping.
 */
import { readdirSync } from 'node:fs'
import test from 'ava'
import type { Found } from '../../src/files/folder.js'
import type { RawVma } from '../../src/proc/map-files.js'
import { Process } from '../../src/proc/process.js'
import type { ByteString } from '../../src/text/byte-string.js'
import { parse } from '../../src/text/json.js'
import type { Copies } from '../../src/unions/layer.js'
import { claimOf, showsLeak } from '../../src/vma/claim.js'
import type { FileLookup, ProcessContext } from '../../src/vma/context.js'
import { ContextReader } from '../../src/vma/context-reader.js'
import { fixVma } from '../../src/vma/fix-vma.js'
import { lookUp } from '../../src/vma/look-up.js'
import type { Vma } from '../../src/vma/record.js'
import { isStale, type State } from '../../src/vma/state.js'
import { read, statFacts } from '../helpers/facts.js'
import { repository } from '../helpers/run.js'

/** The link (with ` as NAME`, the name in maps, where one link means several), the path, the branch's folder, the state; the mount of the branch. */
type Row = [link: string, path: string, branch: string | null, state: State | null, mount?: number]

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

const found = (dev: string, ino: string): Found => ({
  dev,
  ino,
  isFolder: false,
  isWhiteout: false,
  mayLackData: false,
  birth: 0n,
  changed: 0n,
})

/** What one would have seen on the captured machine. */
function looksAt(sample: string, unionDev: string): FileLookup {
  const files = listing(sample)
  const facts = statFacts(`samples/${sample}`)
  const names = new Map(facts.map(({ name, inRoot }) => [name, inRoot]))

  const inBranch = (branch: string, path: string): Found | undefined => {
    const [, dev, ino] = /^(.*)\/(.*)$/.exec(UNLISTED[sample]?.[branch]?.[path] ?? '') ?? []
    if (dev !== undefined && ino !== undefined) return found(dev, ino)
    if (files.size > 0) {
      const listed = files.get(`${resolved(branch, files)}${path}`.replaceAll('\n', '?'))
      return listed && { ...found(DISK, listed.ino), ...listed }
    }
    const fact = facts.find(({ link }) => link === branch + path)
    return fact && found(fact.dev ?? '', fact.ino ?? '')
  }

  const ancestors = (path: string) => [...path.matchAll(/\/[^/]+/g)].map(({ index }) => path.slice(0, index))
  const hidesBelow = (branch: string, path: string) =>
    [...ancestors(path), path].some((each) => {
      const slash = each.lastIndexOf('/')
      return (
        (each !== '' &&
          inBranch(branch, `${each.slice(0, slash)}/.wh.${each.slice(slash + 1)}`) !== undefined) ||
        (each !== path && inBranch(branch, `${each}/.wh..wh..opq`) !== undefined)
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
          file,
          mount_id: null,
          isMeta: false,
          isNamed: true,
          since: file.birth,
          isCopiedUp: () => null,
        })
      if (hidesBelow(branch.path ?? '', path)) break
    }
    return { copies: layers, isComplete: true }
  }

  /** A name that stat was not asked for: what the layers make of it is another file, with a number of its own. */
  const unasked = (path: ByteString): Found | null => {
    const listed = files.get(MNT + path)
    if (listed !== undefined) return found(unionDev, listed.ino)
    return sample.endsWith('07-mappings') && layered07(path) ? found(unionDev, '900001') : null
  }
  const layered07 = (path: ByteString) =>
    ['/l/top', '/l/mid', '/l/base'].some(
      (branch, i, all) =>
        inBranch(branch, path) !== undefined && !all.slice(0, i).some((above) => hidesBelow(above, path)),
    )

  return {
    files: {
      find(path) {
        const told = names.get(path)
        if (told === undefined) return unasked(path)
        return told === null ? null : found(told.dev, told.ino)
      },
      close() {},
    },
    isOwnRoot: true,
    copies,
    holders: () => [],
    deviceOf: () => null,
    firstStart: () => null,
    close() {},
  }
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
  const { context } = viewer.ofProcess(new Process(procfs, pid), (error) => {
    throw error
  })
  const leaky = raws.some((raw) => showsLeak(raw, context))
  const unionDev = context.unions[0]?.dev ?? ''
  return {
    raws,
    context: { ...context, root: `/proc/${pid}/root`, lookup: change(looksAt(sample, unionDev)), leaky },
  }
}

/** The rows of what was found, in the order of what was expected. */
function compared(vmas: Vma[], expected: Row[]): { got: unknown[]; missing: string[] } {
  const rows = new Map(expected.map((row) => [row[0], row]))
  const seen = new Map<string, Set<string>>()
  for (const { link, path, branch, state, kernel } of vmas) {
    const key = rows.has(link) ? link : `${link} as ${kernel.maps_name}`
    const row = [
      key,
      path,
      branch?.path ?? null,
      state,
      ...(rows.get(key)?.length === 5 ? [branch?.mount_id] : []),
    ]
    seen.set(key, (seen.get(key) ?? new Set()).add(JSON.stringify(row)))
  }
  return {
    got: [...rows.keys()].flatMap((key) => [...(seen.get(key) ?? [])].map((row): unknown => JSON.parse(row))),
    missing: [...seen.keys()].filter((key) => !rows.has(key)),
  }
}

const onMachine07: Row[] = [
  ['/dev/shm/tdel.dat (deleted)', '/dev/shm/tdel.dat', null, 'deleted'],
  ['/dev/shm/t.dat', '/dev/shm/t.dat', null, 'current'],
  ['/vol/vol-del.dat (deleted)', '/vol/vol-del.dat', null, 'deleted'],
  ['/vol/vol sp.dat', '/vol/vol sp.dat', null, 'current'],
  ['/vol/vol.dat', '/vol/vol.dat', null, 'current'],
  ['/dev/zero (deleted)', '/dev/zero', null, 'deleted'],
  ['/SYSV00000000 (deleted)', '/SYSV00000000', null, 'deleted'],
  ['/SYSV00004d41 (deleted)', '/SYSV00004d41', null, 'deleted'],
  ['/memfd:mem sp/ace (deleted)', '/memfd:mem sp/ace', null, 'deleted'],
  ['/memfd:mymem (deleted)', '/memfd:mymem', null, 'deleted'],
]

const tables: { [sample: string]: Row[] } = {
  'leaky-07-mappings': [
    ...onMachine07,
    ['/l/base/bin/mapper', '/bin/mapper', '/l/base', 'current'],
    ['/l/top/d/#406 (deleted)', '/d/#46', '/l/top', 'deleted'],
    ['/l/mid/d/real (deleted)', '/d/real (deleted)', '/l/mid', 'current'],
    ['/l/mid/d/back\\slash.dat', '/d/back\\slash.dat', '/l/mid', 'current'],
    ['/l/mid/d/new\nline.dat', '/d/new\nline.dat', '/l/mid', 'current'],
    ['/l/mid/d/sp ace.dat', '/d/sp ace.dat', '/l/mid', 'current'],
    ['/l/top/d/rendir2-new/in-top.dat', '/d/rendir2-new/in-top.dat', '/l/top', 'current'],
    ['/l/base/d/rendir/in-lower.dat', '/d/rendir/in-lower.dat', '/l/base', 'current'],
    ['/l/top/d/.wh..wh.deldir2.000b/in-top.dat (deleted)', '/d/deldir2/in-top.dat', '/l/top', 'deleted'],
    ['/l/top/d/.wh..wh.deldir.000a/in-top.dat (deleted)', '/d/deldir/in-top.dat', '/l/top', 'deleted'],
    ['/l/base/d/deldir/in-lower.dat', '/d/deldir/in-lower.dat', '/l/base', 'deleted'],
    ['/l/base/d/chm-lower.dat', '/d/chm-lower.dat', '/l/base', 'copied_up'],
    ['/l/top/d/cu-hl1-lower.dat', '/d/cu-hl1-lower.dat', '/l/top', 'current'],
    ['/l/top/d/cu-hl2-lower.dat', '/d/cu-hl2-lower.dat', '/l/top', 'current'],
    ['/l/base/d/cu-hl1-lower.dat', '/d/cu-hl1-lower.dat', '/l/base', 'copied_up'],
    ['/l/top/d/cu-after-lower.dat', '/d/cu-after-lower.dat', '/l/top', 'current'],
    ['/l/base/d/cu-after-lower.dat', '/d/cu-after-lower.dat', '/l/base', 'copied_up'],
    ['/l/top/d/cu-before-lower.dat', '/d/cu-before-lower.dat', '/l/top', 'current'],
    ['/l/top/d/hl1-top.dat (deleted)', '/d/hl1-top.dat', '/l/top', 'deleted'],
    ['/l/base/d/hl1-lower.dat', '/d/hl1-lower.dat', '/l/base', 'deleted'],
    ['/l/top/d/rep-top.dat (deleted)', '/d/rep-top.dat', '/l/top', 'replaced'],
    ['/l/base/d/rep-lower.dat', '/d/rep-lower.dat', '/l/base', 'replaced'],
    ['/l/top/d/renamed-top.dat', '/d/renamed-top.dat', '/l/top', 'current'],
    ['/l/base/d/ren-lower.dat', '/d/renamed-lower.dat', '/l/base', 'copied_up'],
    ['/l/top/d/del-top.dat (deleted)', '/d/del-top.dat', '/l/top', 'deleted'],
    ['/l/base/d/del-lower.dat', '/d/del-lower.dat', '/l/base', 'deleted'],
  ],
  'fixed-07-mappings': [
    ...onMachine07,
    ['/bin/mapper', '/bin/mapper', '/l/base', 'current'],
    ['/d/#46 (deleted)', '/d/#46', null, 'deleted'],
    ['/d/real (deleted)', '/d/real (deleted)', '/l/mid', 'current'],
    ['/d/back\\slash.dat', '/d/back\\slash.dat', '/l/mid', 'current'],
    ['/d/new\nline.dat', '/d/new\nline.dat', '/l/mid', 'current'],
    ['/d/sp ace.dat', '/d/sp ace.dat', '/l/mid', 'current'],
    ['/d/rendir2-new/in-top.dat', '/d/rendir2-new/in-top.dat', '/l/top', 'current'],
    ['/d/rendir/in-lower.dat', '/d/rendir/in-lower.dat', '/l/base', 'current'],
    ['/d/deldir2/in-top.dat (deleted)', '/d/deldir2/in-top.dat', null, 'deleted'],
    ['/d/deldir/in-top.dat (deleted)', '/d/deldir/in-top.dat', null, 'deleted'],
    ['/d/deldir/in-lower.dat (deleted)', '/d/deldir/in-lower.dat', null, 'deleted'],
    // The writable branch has its own copy of these by now: which one is mapped, nothing tells.
    ['/d/chm-lower.dat', '/d/chm-lower.dat', null, null],
    ['/d/cu-hl1-lower.dat', '/d/cu-hl1-lower.dat', null, null],
    ['/d/cu-hl2-lower.dat', '/d/cu-hl2-lower.dat', null, null],
    ['/d/cu-after-lower.dat', '/d/cu-after-lower.dat', null, null],
    ['/d/cu-before-lower.dat', '/d/cu-before-lower.dat', null, null],
    ['/d/hl1-top.dat (deleted)', '/d/hl1-top.dat', null, 'deleted'],
    ['/d/hl1-lower.dat (deleted)', '/d/hl1-lower.dat', null, 'deleted'],
    ['/d/rep-top.dat (deleted)', '/d/rep-top.dat', null, 'replaced'],
    ['/d/rep-lower.dat (deleted)', '/d/rep-lower.dat', null, 'replaced'],
    ['/d/renamed-top.dat', '/d/renamed-top.dat', '/l/top', 'current'],
    // Copied up and renamed: in the writable branch, with none of that name below.
    ['/d/renamed-lower.dat', '/d/renamed-lower.dat', '/l/top', 'current'],
    ['/d/del-top.dat (deleted)', '/d/del-top.dat', null, 'deleted'],
    ['/d/del-lower.dat (deleted)', '/d/del-lower.dat', null, 'deleted'],
  ],
  'leaky-01-docker': [
    [`${BASE}/bin/mapper`, '/bin/mapper', BASE, 'current'],
    ['/etc/hosts', '/etc/hosts', null, 'current'],
    [`${BASE}/usr/share/later.dat`, '/usr/share/later.dat', BASE, 'copied_up'],
    [`${TOP}/usr/share/wh.dat`, '/usr/share/wh.dat', TOP, 'current'],
    [`${TOP}/usr/share/cow.dat`, '/usr/share/cow.dat', TOP, 'current'],
    [`${TOP}/data/rw.dat`, '/data/rw.dat', TOP, 'current'],
    [`${L1}/usr/share/over.dat`, '/usr/share/over.dat', L1, 'current'],
    [`${L2}/usr/lib/libl2.so`, '/usr/lib/libl2.so', L2, 'current'],
    [`${L1}/usr/lib/liblower.so`, '/usr/lib/liblower.so', L1, 'current'],
    [`${BASE}/usr/lib/libbase.so`, '/usr/lib/libbase.so', BASE, 'current'],
  ],
  'leakymaps-01-docker': [
    [`${BASE}/bin/mapper`, '/bin/mapper', BASE, 'current'],
    ['/etc/hosts', '/etc/hosts', null, 'current'],
    // Another file may have been put in its place as well as a copy.
    [`${BASE}/usr/share/later.dat`, '/usr/share/later.dat', BASE, null],
    [`${TOP}/usr/share/wh.dat`, '/usr/share/wh.dat', TOP, 'current'],
    [`${TOP}/usr/share/cow.dat`, '/usr/share/cow.dat', TOP, 'current'],
    [`${TOP}/data/rw.dat`, '/data/rw.dat', TOP, 'current'],
    [`${L1}/usr/share/over.dat`, '/usr/share/over.dat', L1, 'current'],
    [`${L2}/usr/lib/libl2.so`, '/usr/lib/libl2.so', L2, 'current'],
    [`${L1}/usr/lib/liblower.so`, '/usr/lib/liblower.so', L1, 'current'],
    [`${BASE}/usr/lib/libbase.so`, '/usr/lib/libbase.so', BASE, 'current'],
  ],
  'fixed-01-docker': [
    ['/bin/mapper', '/bin/mapper', BASE, 'current'],
    ['/etc/hosts', '/etc/hosts', null, 'current'],
    ['/usr/share/later.dat', '/usr/share/later.dat', null, null],
    // Whited out in a branch between, so the copy in the base does not count.
    ['/usr/share/wh.dat', '/usr/share/wh.dat', TOP, 'current'],
    ['/usr/share/cow.dat', '/usr/share/cow.dat', null, null],
    ['/data/rw.dat', '/data/rw.dat', TOP, 'current'],
    ['/usr/share/over.dat', '/usr/share/over.dat', L1, 'current'],
    ['/usr/lib/libl2.so', '/usr/lib/libl2.so', L2, 'current'],
    ['/usr/lib/liblower.so', '/usr/lib/liblower.so', L1, 'current'],
    ['/usr/lib/libbase.so', '/usr/lib/libbase.so', BASE, 'current'],
  ],
  'leaky-05-prefix': [
    ['/layers/ab/bin/mapper', '/bin/mapper', '/layers/ab', 'current'],
    ['/layers/top/f_top', '/f_top', '/layers/top', 'current'],
    ['/layers/b/sub/deep/f_bdeep', '/sub/deep/f_bdeep', '/layers/b', 'current'],
    ['/layers/b/f_b', '/f_b', '/layers/b', 'current'],
    ['/layers/a/b/f_ab_nested as /b/f_ab_nested', '/b/f_ab_nested', '/layers/a', 'current'],
    ['/layers/a/b/f_ab_nested as /f_ab_nested', '/f_ab_nested', '/layers/a/b', 'current'],
    ['/layers/ab/f_ab', '/f_ab', '/layers/ab', 'current'],
    ['/layers/a/f_a', '/f_a', '/layers/a', 'current'],
  ],
  'leaky-04-odd-after-rm-rf': [
    ['/o/base/bin/mapper', '/bin/mapper', '/o/base', 'current'],
    ['/o/top/new\nline file', '/new\nline file', '/o/top', 'current'],
    ['/o/top/sp ace file', '/sp ace file', '/o/top', 'current'],
    // stat found nothing at these two: one of the branches that made up that folder is gone.
    ['/o/re named/s u b/g1', '/s u b/g1', '/o/re named', 'deleted'],
    ['/o/back\\slash/s u b/g4', '/s u b/g4', '/o/back\\slash', 'deleted'],
    ['/o/*?[a]/f18', '/f18', '/o/*?[a]', 'current'],
    ['/o/100%d%s/f17', '/f17', '/o/100%d%s', 'current'],
    [`/o/q"u'o/f16`, '/f16', `/o/q"u'o`, 'current'],
    ['/o/x (deleted)/f15', '/f15', '/o/x (deleted)', 'current'],
    ['/o/trail. /f14', '/f14', '/o/trail. ', 'current'],
    ['/o/ctl\x01\x1b[31m/f13', '/f13', '/o/ctl\x01\x1b[31m', 'current'],
    ['/o/del\x7fete/f12', '/f12', '/o/del\x7fete', 'current'],
    ['/o/bad\xffbyte/f11', '/f11', '/o/bad\xffbyte', 'current'],
    ['/o/\xc3\xbcml\xc3\xa4ut-\xe6\x97\xa5/f10', '/f10', '/o/\xc3\xbcml\xc3\xa4ut-\xe6\x97\xa5', 'current'],
    ['/o/#hash/f9', '/f9', '/o/#hash', 'current'],
    ['/o/co:lon/f8 (deleted)', '/f8', '/o/co:lon (deleted)', 'deleted'],
    ['/o/com,ma/f7', '/f7', '/o/com,ma', 'current'],
    ['/o/eq=rw/f6', '/f6', '/o/eq=rw', 'current'],
    ['/o/lit\\040eral/f5', '/f5', '/o/lit\\040eral', 'current'],
    ['/o/back\\slash/f4', '/f4', '/o/back\\slash', 'current'],
    ['/o/new\nline/f3', '/f3', '/o/new\nline', 'current'],
    ['/o/t\tab/f2', '/f2', '/o/t\tab', 'current'],
    ['/o/re named/f1', '/f1', '/o/re named', 'current'],
  ],
  'leaky-08-several': [
    ['/l/a/bin/mapper', '/bin/mapper', '/l/a', 'current', 37],
    ['/l/t2/ft2', '/vol/ft2', '/l/t2', 'current', 39],
    ['/l/t1/ft1', '/ft1', '/l/t1', 'current', 37],
    ['/l/a/fa as /again/fa', '/again/fa', '/l/a', 'current', 41],
    ['/l/a/fa as /fa', '/fa', '/l/a', 'current', 37],
    ['/l/a/dir/deep/fsub as /dir/deep/fsub', '/dir/deep/fsub', '/l/a', 'current', 37],
    ['/l/a/dir/deep/fsub as /subm/deep/fsub', '/subm/deep/fsub', '/l/a', 'current', 40],
    ['/l/common/fcommon as /vol/fcommon', '/vol/fcommon', '/l/common', 'current', 39],
    ['/l/common/fcommon as /fcommon', '/fcommon', '/l/common', 'current', 37],
    ['/l/b/fb', '/vol/fb', '/l/b', 'current', 39],
  ],
  'leaky-08-several-c2': [
    ['/l/t2/bin/mapper', '/bin/mapper', '/l/t2', 'current', 34],
    ['/l/common/fcommon', '/fcommon', '/l/common', 'current', 34],
    ['/l/b/fb', '/fb', '/l/b', 'current', 34],
  ],
  'leaky-08-several-c3': [
    ['/l/a/bin/mapper', '/bin/mapper', '/l/a', 'current', 49],
    ['/l/a/fa', '/fa', '/l/a', 'current', 49],
  ],
  'leaky-08-several-c4': [
    ['/l/t1/dir/bin/mapper', '/bin/mapper', '/l/t1', 'current', 55],
    ['/l/a/dir/deep/fsub', '/deep/fsub', '/l/a', 'current', 55],
  ],
  // On this kernel maps has the layer's own inode, and so tells the mapped copy from the one that is shown.
  'leaky-10-overlay': [
    ['/bin/mapper', '/bin/mapper', `${OVERLAY2}/l/FKFPCDNGGKCLKBCIGAHJCMJGAF`, 'current'],
    ['/usr/share/del.dat (deleted)', '/usr/share/del.dat', null, 'deleted'],
    ['/usr/share/later.dat', '/usr/share/later.dat', `${OVERLAY2}/l/FKFPCDNGGKCLKBCIGAHJCMJGAF`, 'copied_up'],
    ['/usr/share/cow.dat', '/usr/share/cow.dat', `${OVERLAY2}/${TOP_ID}/diff`, 'current'],
    ['/data/rw.dat', '/data/rw.dat', `${OVERLAY2}/${TOP_ID}/diff`, 'current'],
    ['/usr/share/over.dat', '/usr/share/over.dat', `${OVERLAY2}/l/JKKOIPPNAMJNANBFKGBDAKNMHL`, 'current'],
    ['/usr/lib/liblower.so', '/usr/lib/liblower.so', `${OVERLAY2}/l/MAFOIKPMDJJMFPHMOKKECOLHFO`, 'current'],
    ['/usr/lib/libbase.so', '/usr/lib/libbase.so', `${OVERLAY2}/l/FKFPCDNGGKCLKBCIGAHJCMJGAF`, 'current'],
  ],
  'leaky-10-overlay-odd': [
    ['/bin/mapper', '/bin/mapper', '/ov/base', 'current'],
    ['/f1', '/f1', '/ov/sp ace', 'current'],
    ['/f2', '/f2', '/ov/t\tab', 'current'],
    ['/f3', '/f3', '/ov/new\nline', 'current'],
    ['/f4', '/f4', '/ov/back\\slash', 'current'],
    ['/f5', '/f5', '/ov/eq=x', 'current'],
    ['/f6', '/f6', '/ov/com,ma', 'current'],
    ['/f7', '/f7', '/ov/co:lon', 'current'],
    ['/f8', '/f8', '/ov/#hash', 'current'],
    ['/f9', '/f9', '/ov/\xc3\xbcml', 'current'],
    ['/f10', '/f10', '/ov/bad\xffbyte', 'current'],
  ],
}

for (const [sample, rows] of Object.entries(tables)) {
  test(`State and branch of every mapping of ${sample}`, (t) => {
    const { got, missing } = compared(fixedOf(sample), rows)
    t.deepEqual(missing, [], 'mappings that no row tells of')
    t.deepEqual(
      got,
      rows.map((row) => [...row]),
    )
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

/** A capture in whose branches every file was made at one time, and the first process began at another. */
const withTimes = (birth: bigint, start: bigint | null) => (lookup: FileLookup) => ({
  ...lookup,
  firstStart: () => start,
  copies: (table: Parameters<FileLookup['copies']>[0], path: ByteString): Copies => {
    const { copies, isComplete } = lookup.copies(table, path)
    return { isComplete, copies: copies.map((copy) => ({ ...copy, since: birth })) }
  },
})

const fixed01 = (path: string, change: (lookup: FileLookup) => FileLookup) =>
  fixedOf('fixed-01-docker', change)
    .filter((vma) => vma.path === path)
    .map(({ branch, state }) => [branch?.path ?? null, state])[0]

test('A copy that is older than the first process of its namespace is the mapped one', (t) => {
  t.deepEqual(fixed01('/usr/share/cow.dat', withTimes(100n, 101n)), [TOP, 'current'])
})

test('A copy that is as old as the first process, or younger, may have come after the mapping', (t) => {
  t.deepEqual(fixed01('/usr/share/cow.dat', withTimes(100n, 100n)), [null, null])
  t.deepEqual(fixed01('/usr/share/cow.dat', withTimes(101n, 100n)), [null, null])
})

test('A filesystem that tells no birth, or a start that is not known, leaves it open', (t) => {
  t.deepEqual(fixed01('/usr/share/cow.dat', withTimes(0n, 100n)), [null, null])
  t.deepEqual(fixed01('/usr/share/cow.dat', withTimes(100n, null)), [null, null])
})

test('Where a branch cannot be looked into, a copy in a writable one above it is not certain, one in a read-only one is', (t) => {
  const incomplete = (lookup: FileLookup): FileLookup => ({
    ...lookup,
    copies: (table, path) => ({ ...lookup.copies(table, path), isComplete: false }),
  })
  t.deepEqual(fixed01('/data/rw.dat', incomplete), [null, null])
  t.deepEqual(fixed01('/usr/share/over.dat', incomplete), [L1, 'current'])
})

test('Where the branches show nothing of the file, no branch is guessed', (t) => {
  const empty = (isComplete: boolean) => (lookup: FileLookup) => ({
    ...lookup,
    copies: () => ({ copies: [], isComplete }),
  })
  t.deepEqual(fixed01('/bin/mapper', empty(true)), [null, null])
  t.deepEqual(fixed01('/bin/mapper', empty(false)), [null, null])
})

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
  for (const sample of Object.keys(tables)) {
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
})
