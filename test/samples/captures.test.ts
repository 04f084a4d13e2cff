import test, { type ExecutionContext } from 'ava'
import type { BranchTable } from '../../src/unions/branch-table.js'
import type { Vma } from '../../src/vma/record.js'
import {
  type BranchFact,
  branchFacts,
  bytesIn,
  type Fact,
  layerFacts,
  linkFacts,
  type MountFact,
  mapsFacts,
  mountFacts,
  octal,
  read,
  statFacts,
} from '../helpers/facts.js'
import { lines, run } from '../helpers/run.js'
import { logs, type Machine, machines, treeOptions } from '../helpers/sample-cases.js'

const captured = machines.filter(({ pid }) => pid !== null)

/** The fields of a VMA record, in the order that is promised. */
const FIELDS = [
  ...['pid', 'comm', 'container', 'unit', 'cgroup', 'start', 'end', 'perms', 'offset', 'link'],
  ...['path', 'rpath', 'fpath'],
  ...['dev', 'ino', 'mnt_id', 'fixed', 'state', 'branch', 'kernel'],
]

const RAW_FIELDS = [...['pid', 'comm', 'container', 'start', 'end', 'perms', 'offset', 'link', 'kernel']]

for (const machine of captured) {
  test(`${machine.name}: every entry of map_files is one record, fixed as the kernel's own facts say`, async (t) => {
    compare(t, await fixedOf(machine), expectedRecords(machine, 'links alone'))
  })

  test(`${machine.name}: raw records are fixed as the kernel's own facts say`, async (t) => {
    const entries = read(`${machine.folder}/entries-${machine.pid}.ndjson`)
    const { stdout } = await run('aufs-vma', treeOptions(machine), entries)
    compare(t, records(stdout), expectedRecords(machine, 'opened entries'))
  })

  test(`${machine.name}: the fields of a record stand in the order that is promised`, async (t) => {
    const { stdout } = await run('aufs-vma', [...treeOptions(machine), '--pid', String(machine.pid)])
    for (const line of lines(stdout)) {
      const record: { kernel: object; branch: object | null } = JSON.parse(line)
      t.deepEqual(exactKeys(record), FIELDS)
      t.deepEqual(exactKeys(record.kernel), [
        'dev',
        'ino',
        'maps_dev',
        'maps_ino',
        'maps_name',
        'mnt_id',
        'mnt_listed',
        'real_dev',
        'real_ino',
      ])
      if (record.branch !== null)
        t.deepEqual(exactKeys(record.branch), ['mount_id', 'si', 'index', 'id', 'path', 'perm', 'attributes'])
    }
  })

  test(`${machine.name}: a union's file has the device and inode that stat finds below the process's root`, async (t) => {
    const fixed = await fixedOf(machine)
    for (const [i, { inRoot, mapsDev }] of statFacts(machine.folder).entries()) {
      const { dev, ino } = fixed[i] ?? {}
      // overlayfs: maps does not have the union's, and nothing else may be looked up in a captured tree.
      if (inRoot !== null && inRoot.dev === mapsDev) t.deepEqual({ dev, ino }, inRoot)
    }
    t.is(fixed.length, statFacts(machine.folder).length)
  })

  test(`${machine.name}: --raw gives the entries as they are`, async (t) => {
    const { stdout } = await run('aufs-vma', [...treeOptions(machine), '--raw', '--pid', String(machine.pid)])
    const entries = records(stdout)
    t.deepEqual(
      entries.map(({ start, end, link }) => ({ range: `${start}-${end}`, link })),
      linkFacts(`${machine.folder}/proc/${machine.pid}/map_files`),
    )
    for (const line of lines(stdout)) t.deepEqual(exactKeys(JSON.parse(line)), RAW_FIELDS)
  })
}

for (const machine of captured.filter(
  ({ name, folder }) => name.startsWith('leaky') && layerFacts(folder) !== null,
)) {
  test(`${machine.name}: the branch that is told holds the mapped inode under the path that is told`, async (t) => {
    const fixed = await fixedOf(machine)
    const layers = layerFacts(machine.folder)
    let seen = 0
    for (const [i, { dev, ino }] of statFacts(machine.folder).entries()) {
      const { branch, path = '', state } = fixed[i] ?? {}
      const listed = layers?.get(`${branch?.path}${path}`.replaceAll('\n', '?'))
      // Not listed: renamed in the union alone, or of no branch. Another device: a tmpfs in a branch.
      if (listed === undefined || state === 'deleted' || dev !== '254:0') continue
      t.deepEqual(listed, ino)
      seen += 1
    }
    t.true(seen > 5 || machine.name.includes('overlay'))
  })
}

test('leakymaps: each path is one that the union shows', async (t) => {
  const machine = machineCalled('leakymaps-01-docker')
  const fixed = await fixedOf(machine)
  const union = '/var/lib/docker/aufs/mnt/28720365c5e7476a011e4f43ac003ee5f16247a263b9d623aa85ed311d73bf39'
  for (const { mnt_id, path } of fixed)
    if (mnt_id === -1) t.true(layerFacts(machine.folder)?.has(union + path), path)
})

/** Of the table of mapped files in a union: what maps calls it, and what is to come of it on the leaky kernel. */
const kinds: [name: string, path: string, branch: string, ino: string, state: 'deleted' | null][] = [
  ['/d/#46 (deleted)', '/d/#46', '/l/top', '46', 'deleted'],
  ['/d/back\\slash.dat', '/d/back\\slash.dat', '/l/mid', '44', null],
  ['/d/new\\012line.dat', '/d/new\nline.dat', '/l/mid', '43', null],
  ['/d/sp ace.dat', '/d/sp ace.dat', '/l/mid', '42', null],
  ['/d/rendir2-new/in-top.dat', '/d/rendir2-new/in-top.dat', '/l/top', '23', null],
  ['/d/rendir/in-lower.dat', '/d/rendir/in-lower.dat', '/l/base', '41', null],
  ['/d/deldir2/in-top.dat (deleted)', '/d/deldir2/in-top.dat', '/l/top', '22', 'deleted'],
  ['/d/deldir/in-top.dat (deleted)', '/d/deldir/in-top.dat', '/l/top', '17', 'deleted'],
  ['/d/deldir/in-lower.dat (deleted)', '/d/deldir/in-lower.dat', '/l/base', '40', 'deleted'],
  ['/d/hl1-lower.dat (deleted)', '/d/hl1-lower.dat', '/l/base', '35', 'deleted'],
  ['/d/rep-top.dat (deleted)', '/d/rep-top.dat', '/l/top', '14', 'deleted'],
  ['/d/rep-lower.dat (deleted)', '/d/rep-lower.dat', '/l/base', '32', 'deleted'],
  ['/d/renamed-top.dat', '/d/renamed-top.dat', '/l/top', '13', null],
  ['/d/renamed-lower.dat', '/d/renamed-lower.dat', '/l/base', '31', null],
  ['/d/del-top.dat (deleted)', '/d/del-top.dat', '/l/top', '12', 'deleted'],
  ['/d/del-lower.dat (deleted)', '/d/del-lower.dat', '/l/base', '30', 'deleted'],
]

for (const kernel of ['leaky', 'fixed'] as const) {
  test(`${kernel}: deleted, renamed, replaced and odd files have the path of the process`, async (t) => {
    const machine = machineCalled(`${kernel}-07-mappings`)
    const fixed = await fixedOf(machine)
    for (const [name, path, branch, ino, state] of kinds) {
      const record = fixed.find(({ kernel }) => kernel.maps_name === name)
      t.like(record, { path, rpath: `.${path}`, dev: '0:17', ino, state, fixed: kernel === 'leaky' }, name)
      t.is(record?.branch?.path, kernel === 'leaky' ? branch : undefined, name)
      t.is(record?.mnt_id, kernel === 'leaky' ? -1 : null, name)
    }
  })
}

test('leaky: a name truly ending in (deleted) cannot be told apart where nothing may be looked up', async (t) => {
  const machine = machineCalled('leaky-07-mappings')
  const fixed = await fixedOf(machine)
  const record = fixed.find(({ link }) => link === '/l/mid/d/real (deleted)')
  t.like(record, { path: '/d/real', ino: '45', state: 'deleted' })
})

test('the branches of unions are those that sysfs lists', async (t) => {
  for (const machine of captured) {
    const mountinfo = `${machine.folder}/proc/${machine.pid}/mountinfo`
    const { stdout } = await run('aufs-branches', [...treeOptions(machine), '--type', 'aufs', mountinfo])
    const unions = mountFacts(mountinfo).filter(({ type }) => type === 'aufs')
    const tables = lines(stdout).map((line) => bytesIn(JSON.parse(utf8(line))))
    t.is(tables.length, unions.length, machine.name)
    for (const [i, { id, dev, root, point, own, options }] of unions.entries()) {
      const si = superblock(options)
      const branches = branchFacts(machine.folder, si)
      if (branches.length === 0) continue
      const xi = octal(read(`${machine.folder}/sys/fs/aufs/si_${si}/xi_path`).slice(0, -1)) || null
      t.deepEqual(tables[i], {
        mount_id: id,
        mount_point: point,
        root,
        dev,
        fs_type: 'aufs',
        si,
        source: 'sysfs',
        xi_path: xi,
        workdir: null,
        mount_options: own.split(','),
        options: options.split(',').filter((option) => !option.startsWith('si=')),
        branches,
      })
    }
  }
})

test('the odd names of branches are decoded', async (t) => {
  const { stdout } = await run('aufs-branches', [
    ...treeOptions(machineCalled('leaky-04-odd')),
    'samples/leaky-04-odd/proc/325/mountinfo',
  ])
  const paths = tablePaths(stdout)
  const names = [
    'top',
    'base',
    'sp ace',
    't\tab',
    'new\nline',
    'back\\slash',
    'lit\\040eral',
    'eq=rw',
    'com,ma',
  ]
  names.push('co:lon', '#hash', '\xc3\xbcml\xc3\xa4ut-\xe6\x97\xa5', 'bad\xffbyte', 'del\x7fete')
  names.push('ctl\x01\x1b[31m', 'trail. ', 'x (deleted)', 'q"u\'o', '100%d%s', '*?[a]')
  t.deepEqual(paths, [names.map((name) => `/o/${name}`)])
})

test('branches in the mount options are cut where the kernel cut them', async (t) => {
  const { stdout } = await run('aufs-branches', [
    ...treeOptions(machineCalled('leaky-09-brs0')),
    'samples/leaky-09-brs0/proc/93/mountinfo',
  ])
  const names = ['top', 'base', 'sp ace', 't\tab', 'new\nline', 'back\\slash', 'eq=rw', 'com,ma', 'co:lon']
  names.push('bad\xffbyte', '- aufs none rw,si=1234')
  const [paths] = tablePaths(stdout)
  for (const name of names) t.true(paths?.includes(`/o/${name}`), name)
  const union = mountFacts('samples/leaky-09-brs0/proc/93/mountinfo').find(({ type }) => type === 'aufs')
  t.is(paths?.length, union?.options.split('=ro').length, 'as many as permissions')
})

test('a union of 127 branches has them all', async (t) => {
  const { stdout } = await run('aufs-branches', ['samples/leaky-09-brs0-many/proc/1/mountinfo'])
  t.is(tablePaths(stdout).at(-1)?.length, 127)
})

for (const log of logs.filter((folder) => folder.includes('/docker'))) {
  test(`${log}: the branches are those that sysfs listed`, async (t) => {
    const { stdout } = await run('aufs-log', [`${log}/dump.log`])
    const block = `${log}/../sys-fs-aufs/si_1b4a13cc4ecf8916`
    t.deepEqual(tablePaths(stdout), [
      [0, 1, 2, 3, 4].map((n) => octal(read(`${block}/br${n}`)).replace(/=r[wo].*\n/, '')),
    ])
  })
}

for (const name of ['docker', 'docker-full']) {
  test(`criu-logs/${name}: paths are fixed as a repaired CRIU fixed them`, async (t) => {
    const folder = `samples/criu-logs/${name}`
    const root = mountFacts(`${folder}/mountinfo-global`).find(({ type }) => type === 'aufs')?.point ?? ''
    const tables = `${folder}/criu/expected/tables.ndjson`
    const entries = read(`${folder}/map_files.txt`).replace(/^(\S+) /gm, '$1 -> ')
    const { stdout } = await run('aufs-vma', ['--branches', tables, '--root', root], entries)
    const saved = [
      ...read(`${folder}/criu-fix4/dump.log`).matchAll(
        /Replacing (\/\S+) with (\/\S+)\n(?:.*\n)*?.*Saved AUFS paths (\S+) and (\S+)\n/g,
      ),
    ]
    t.is(saved.length, 6)
    for (const [, link = '', path = '', rpath = '', fpath = ''] of saved) {
      const record = records(stdout).find((each) => each.link === link)
      t.like(record, { path, rpath, fpath, mnt_id: -1, fixed: true })
    }
  })
}

for (const name of ['restore', 'restore-full']) {
  test(`criu-logs/${name}: the branches of the log are mounted again as the restored union had them`, async (t) => {
    const folder = `samples/criu-logs/${name}`
    const { stdout } = await run('aufs-remount', [
      '--root',
      '/mnt/restore',
      `${folder}/criu4/expected/tables.ndjson`,
    ])
    const [, option] = /-o dio,dirperm1,br:(\S+) none \/mnt\/restore \|\|/.exec(stdout) ?? []
    t.deepEqual(option?.split(':'), lines(read(`${folder}/brs-after`)))
  })
}

test('criu-logs/restore-external: what was dumped is fixed by the branches of the log', async (t) => {
  const folder = 'samples/criu-logs/restore-external'
  const tables = `${folder}/criu4/expected/tables.ndjson`
  const { stdout } = await run('aufs-vma', ['--branches', tables, `${folder}/entries-54.ndjson`])
  const fixed = records(stdout)
  t.is(fixed.length, 8)
  for (const { link, path, mnt_id, fixed: isFixed, kernel, branch } of fixed) {
    t.deepEqual([path, link], [kernel.maps_name ?? '', `${branch?.path}${path}`])
    t.deepEqual([mnt_id, isFixed], [-1, true], path)
  }
})

/**
 * The records that are to come of a captured process.
 *
 * @param told what the filter is given: the links, maps and mounts of the tree, or also what stat and fdinfo said
 */
function expectedRecords(machine: Machine, told: 'links alone' | 'opened entries'): Vma[] {
  const { folder, pid } = machine
  const process = `${folder}/proc/${pid}`
  const mounts = mountFacts(`${process}/mountinfo`)
  const maps = mapsFacts(`${process}/maps`)
  return statFacts(folder).map((fact) => {
    const [start = '', end = ''] = fact.range.split('-')
    const { perms = null, offset = null } = maps.get(fact.range) ?? {}
    const leaks = isLeaking(machine, fact, mounts)
    const path = expectedPath(machine, fact, leaks, mounts)
    const union = expectedUnion(fact, over(mounts, path))
    // A path in a branch `/` is a right one too: that it leaks only its mount tells.
    const isSeen = told === 'opened entries' || fact.link !== fact.mapsName || fact.mapsDev !== union?.dev
    const opened = told === 'opened entries' ? openedFacts(fact, mounts) : NOT_OPENED
    return {
      pid,
      comm: read(`${process}/comm`).trim(),
      container: null,
      unit: null,
      cgroup: null,
      start,
      end,
      perms,
      offset,
      link: fact.link,
      path,
      ...(union === null ? { rpath: null, fpath: null } : pathsFrom(`${process}/root`, path)),
      ...expectedInode(fact, over(mounts, path), union, opened),
      mnt_id: leaks && isSeen ? -1 : opened.mnt_id,
      fixed: leaks && isSeen,
      state: isDeleted(fact) ? 'deleted' : null,
      branch: union !== null && leaks ? expectedBranch(machine, fact, union, path) : null,
      kernel: {
        dev: opened.dev,
        ino: opened.ino,
        maps_dev: fact.mapsDev,
        maps_ino: fact.mapsIno,
        maps_name: fact.mapsName,
        mnt_id: opened.mnt_id,
        mnt_listed: opened.mnt_listed,
        ...{ real_dev: null, real_ino: null },
      },
    }
  })
}

const pathsFrom = (root: string, path: string) => ({ rpath: `.${path}`, fpath: root + path })

const NOT_OPENED = { dev: null, ino: null, mnt_id: null, mnt_listed: null }

/** What stat and fdinfo said of an entry. */
function openedFacts({ dev, ino, mount }: Fact, mounts: MountFact[]) {
  return { dev, ino, mnt_id: mount, mnt_listed: isListed(mount, mounts) }
}

function isListed(mount: number | null, mounts: MountFact[]): boolean | null {
  return mount === null ? null : mounts.some(({ id }) => id === mount)
}

/** The kernel's own mount of memfd and SysV memory is in nobody's mountinfo. */
const isInternal = ({ mapsDev }: Pick<Fact, 'mapsDev'>) => mapsDev === '0:1'

/** The mount of a link that leaks is the branch's: the process may have that too, but maps has the union's device. */
function isLeaking({ name }: Machine, { mount, mapsDev }: Fact, mounts: MountFact[]): boolean {
  const own = mounts.find(({ id }) => id === mount)
  const isBranch =
    own === undefined ? mount !== null : own.dev !== mapsDev && !['aufs', 'overlay'].includes(own.type)
  return !name.startsWith('fixed') && isBranch && !isInternal({ mapsDev })
}

const isDeleted = ({ link, mapsName }: Fact) => link.endsWith(DELETED) || mapsName.endsWith(DELETED)

function expectedUnion(fact: Fact, mount: MountFact): MountFact | null {
  return isInternal(fact) || !['aufs', 'overlay'].includes(mount.type) ? null : mount
}

/** Without a union, stat has the device and inode; else maps, where its device is the mount's. */
function expectedInode(
  fact: Fact,
  mount: MountFact,
  union: MountFact | null,
  { dev, ino }: Pick<Vma, 'dev' | 'ino'>,
): Pick<Vma, 'dev' | 'ino'> {
  if (union === null && dev !== null) return { dev, ino }
  if (!isInternal(fact) && fact.mapsDev === mount.dev) return { dev: fact.mapsDev, ino: fact.mapsIno }
  return { dev: null, ino: null }
}

const DELETED = ' (deleted)'

function expectedPath({ name, folder }: Machine, fact: Fact, leaks: boolean, mounts: MountFact[]): string {
  if (!name.startsWith('leakymaps') || !leaks) return bare(fact.name)
  const [union] = mounts.filter(({ type }) => type === 'aufs')
  const branch = branches(folder, union).find(({ path }) => fact.link.startsWith(`${path}/`))
  return bare(fact.link.slice(branch?.path.length))
}

/** The branch that gives the path; where the file was renamed, the one that holds the link; none of two that are alike. */
function expectedBranch({ folder }: Machine, { link }: Fact, union: MountFact, path: string): Vma['branch'] {
  const inner =
    (union.root === '/' ? '' : union.root) + (union.point === '/' ? path : path.slice(union.point.length))
  const file = bare(link)
  const holding = branches(folder, union).filter(({ path }) =>
    tops(path).some((each) => file.startsWith(`${each}/`)),
  )
  const giving = holding.filter(({ path }) => tops(path).some((each) => each + inner === file))
  const [branch, other] = giving.length > 0 ? giving : holding
  if (branch === undefined || other !== undefined) return null
  return { mount_id: union.id, si: superblock(union.options), ...branch }
}

/** From sysfs; with aufs.brs=0 from the options, where each of these has `=ro+wh` but the first. */
function branches(folder: string, union: MountFact | undefined): BranchFact[] {
  const told = branchFacts(folder, superblock(union?.options ?? ''))
  if (told.length > 0) return told
  const [, options = ''] = union?.options.split(',br:') ?? []
  return options.split(/(?<==ro\+wh|=rw):(?=\/)/).map((option, index) => {
    const [, path = '', perm = '', wh] = /^(.*)=(r[ow])(\+wh)?$/.exec(option) ?? []
    return { index, id: null, path: octal(path), perm, attributes: wh === undefined ? [] : ['wh'] }
  })
}

function superblock(options: string): string {
  return /si=([0-9a-f]+)/.exec(options)?.[1] ?? ''
}

/** The last mount of those whose mount point holds a path and is the longest. */
function over(mounts: MountFact[], path: string): MountFact {
  const holding = mounts.filter(({ point }) => path === point || path.startsWith(`${top(point)}/`))
  const [mount] = holding.sort((a, b) => b.point.length - a.point.length || b.id - a.id)
  if (mount === undefined) throw new Error(`no mount over ${path}`)
  return mount
}

/** A folder as the start of the paths in it: nothing for `/`. */
function top(folder: string): string {
  return folder === '/' ? '' : folder
}

/** A branch that was removed ends in ` (deleted)`, which is no part of the paths in it; or it is truly so named. */
function tops(branch: string): string[] {
  return [top(branch), bare(top(branch))]
}

function bare(name: string): string {
  return name.endsWith(DELETED) ? name.slice(0, -DELETED.length) : name
}

function records(ndjson: string): Vma[] {
  return lines(ndjson).map((line) => bytesIn(JSON.parse(utf8(line))) as Vma)
}

/** Output is read as bytes; JSON is text. */
function utf8(line: string): string {
  return Buffer.from(line, 'latin1').toString('utf8')
}

function tablePaths(ndjson: string): (string | null)[][] {
  return lines(ndjson).map((line) =>
    (bytesIn(JSON.parse(utf8(line))) as BranchTable).branches.map(({ path }) => path),
  )
}

function compare(t: ExecutionContext, actual: Vma[], expected: Vma[]): void {
  for (const [i, record] of expected.entries()) t.deepEqual(actual[i], record)
  t.is(actual.length, expected.length)
}

/** What the filter makes of a captured process. */
async function fixedOf(machine: Machine): Promise<Vma[]> {
  const { stdout } = await run('aufs-vma', [...treeOptions(machine), '--pid', String(machine.pid)])
  return records(stdout)
}

function machineCalled(name: string): Machine {
  const machine = machines.find((each) => each.name === name)
  if (machine === undefined) throw new Error(`no sample ${name}`)
  return machine
}

/** The keys of a record, without those of exact twins. */
function exactKeys(record: object): string[] {
  return Object.keys(record).filter((key) => !key.endsWith('_b64'))
}
