/** What the branches of a union hold of a path: folders made for each test. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { whiteouts as aufsWhiteouts } from '../../../src/unions/aufs/whiteouts.js'
import type { Branch } from '../../../src/unions/branch-table.js'
import type { WhiteoutFormat } from '../../../src/unions/layers/layer.js'
import { LayerStack } from '../../../src/unions/layers/layer-stack.js'
import { overlayWhiteouts } from '../../../src/unions/overlay/whiteouts.js'
import { askAll, openBelow, tempFolder } from '../../helpers/folders.js'
import { skip } from '../../helpers/machine.js'
import { table } from '../../helpers/tables.js'

interface Built {
  folder: string
  /** The branches that have a path, and whether that is all. */
  find: Finder
  /** The branches that have a path, whatever hides it, and whether that is all. */
  holders: Finder
  isNotCopied(path: string): boolean
}

type Finder = (path: string) => [branches: (string | null)[], isComplete: boolean]

const fsPath = (path: string) => Buffer.from(path, 'latin1')

/** A file, or where the name ends in a slash a folder, or where it has an arrow a symbolic link. */
function make(path: string): void {
  const [name = '', target] = path.split(' -> ')
  mkdirSync(fsPath(name.endsWith('/') ? name : dirname(name)), { recursive: true })
  if (target !== undefined) symlinkSync(target, name)
  else if (!name.endsWith('/')) writeFileSync(fsPath(name), 'data')
}

/** A union of these branches, `NAME=PERM+ATTRIBUTE`, the topmost first, with the files that each has. */
function union(
  t: ExecutionContext,
  branches: { [branch: string]: string[] },
  hiding: WhiteoutFormat = aufsWhiteouts,
  isOwnMount?: (mountId: number | null) => boolean,
): Built {
  const folder = tempFolder(t)
  const told = Object.entries(branches).map(([branch, files], index): Branch => {
    const [, name = '', perm = '', rest = ''] = /^(.*)=(r[wor])(.*)$/.exec(branch) ?? []
    mkdirSync(`${folder}/${name}`, { recursive: true })
    for (const file of files) make(`${folder}/${name}/${file}`)
    return { index, id: null, path: `${folder}/${name}`, perm, attributes: rest.split('+').slice(1) }
  })
  return { folder, ...finder(t, told, hiding, isOwnMount) }
}

function finder(
  t: ExecutionContext,
  told: Branch[],
  hiding: WhiteoutFormat = aufsWhiteouts,
  isOwnMount?: (mountId: number | null) => boolean,
): Omit<Built, 'folder'> {
  const open = new LayerStack(table([], { branches: told }), hiding, askAll, isOwnMount)
  t.teardown(() => open.close())
  const named = (found: { branch: Branch }[]) =>
    found.map(({ branch }) => branch.path?.replace(/^.*\/aufs-filters-[^/]*\//, '') ?? null)
  return {
    find(path) {
      const { copies, isComplete } = open.find(path)
      return [named(copies), isComplete]
    },
    holders(path) {
      const { holders, isComplete } = open.holders(path)
      return [named(holders), isComplete]
    },
    isNotCopied: (path) => open.isNotCopied(path),
  }
}

test('The topmost branch comes first', (t) => {
  const { find } = union(t, { 'top=rw': ['f'], 'mid=ro+wh': ['g'], 'base=ro': ['f', 'g', 'd/h'] })
  t.deepEqual(find('/f'), [['top', 'base'], true])
  t.deepEqual(find('/g'), [['mid', 'base'], true])
  t.deepEqual(find('/d/h'), [['base'], true])
  t.deepEqual(find('/nothing'), [[], true])
  t.deepEqual(find('/d/nothing'), [[], true])
  t.deepEqual(find('/nowhere/nothing'), [[], true])
})

test('A copy is told with its device, inode and birth', (t) => {
  const { folder } = union(t, { 'top=rw': ['f'] })
  const branches = new LayerStack(
    table([], { branches: [{ index: 0, id: null, path: `${folder}/top`, perm: null, attributes: [] }] }),
    aufsWhiteouts,
    askAll,
  )
  const { ino, birthtimeNs } = statSync(`${folder}/top/f`, { bigint: true })
  t.like(branches.find('/f').copies[0]?.file, { ino: String(ino), birth: birthtimeNs, isFolder: false })
  branches.close()
})

test('A whiteout hides the file in the branches below', (t) => {
  const { find } = union(t, { 'top=rw': [], 'mid=ro+wh': ['d/.wh.f'], 'base=ro': ['d/f', 'd/g'] })
  t.deepEqual(find('/d/f'), [[], true])
  t.deepEqual(find('/d/g'), [['base'], true])
})

test('A file above its whiteout was created anew', (t) => {
  const { find } = union(t, { 'top=rw': ['f'], 'mid=ro+wh': ['.wh.f'], 'base=ro': ['f'] })
  t.deepEqual(find('/f'), [['top'], true])
})

test('A whiteout hides a folder with all that is in it', (t) => {
  const { find } = union(t, { 'top=rw': ['.wh.d'], 'mid=ro+wh': ['d/e/f'], 'base=ro': ['d/f', 'dd/f'] })
  t.deepEqual(find('/d/e/f'), [[], true])
  t.deepEqual(find('/d/f'), [[], true])
  t.deepEqual(find('/dd/f'), [['base'], true])
})

test('An opaque folder hides the same folder below, and its own files are seen', (t) => {
  const { find } = union(t, { 'top=rw': ['d/.wh..wh..opq', 'd/f'], 'base=ro': ['d/f', 'd/g', 'd/e/h', 'f'] })
  t.deepEqual(find('/d/f'), [['top'], true])
  t.deepEqual(find('/d/g'), [[], true])
  t.deepEqual(find('/d/e/h'), [[], true])
  t.deepEqual(find('/f'), [['base'], true])
})

test('A read-only branch hides nothing unless it has the attribute wh', (t) => {
  const files = ['.wh.f', 'd/.wh..wh..opq', '.wh.e']
  const below = ['f', 'd/g', 'e/h']
  for (const [branch, seen] of [
    ['mid=ro', ['base']],
    ['mid=rr', ['base']],
    ['mid=ro+wh', []],
    ['mid=rr+coo_all+wh', []],
    ['mid=rw', []],
    ['mid=rw+nolwh', []],
  ] as const) {
    const { find } = union(t, { [branch]: files, 'base=ro': below })
    for (const path of ['/f', '/d/g', '/e/h']) t.deepEqual(find(path), [[...seen], true], `${branch} ${path}`)
  }
})

test('A branch whose permission is not told, as in a log, may hide', (t) => {
  const { folder } = union(t, { 'top=rw': ['.wh.f'], 'base=ro': ['f'] })
  const branch = (name: string, index: number): Branch => ({
    index,
    id: null,
    path: `${folder}/${name}`,
    perm: null,
    attributes: [],
  })
  t.deepEqual(finder(t, [branch('top', 0), branch('base', 1)]).find('/f'), [[], true])
})

test('A file in the place of a folder hides what is in the folder below', (t) => {
  const { find } = union(t, { 'top=rw': ['d'], 'base=ro': ['d/f'] })
  t.deepEqual(find('/d/f'), [[], true])
})

test('A symbolic link in the place of a folder hides it too, and is not followed', (t) => {
  const { find, folder } = union(t, { 'top=rw': ['d -> ../outside'], 'base=ro': ['d/f'] })
  make(`${folder}/outside/f`)
  t.deepEqual(find('/d/f'), [[], true])
})

test('A symbolic link is a file like others where it is the last', (t) => {
  const { find } = union(t, { 'top=rw': ['f -> /etc/passwd'], 'base=ro': ['f'] })
  t.deepEqual(find('/f'), [['top', 'base'], true])
})

test('A folder has no copies', (t) => {
  const { find } = union(t, { 'top=rw': ['d/'], 'base=ro': ['d/f'] })
  t.deepEqual(find('/d'), [[], true])
})

test('A path that would lead out of the branch finds nothing', (t) => {
  const { find, folder } = union(t, { 'top=rw': ['d/f'] })
  make(`${folder}/secret`)
  for (const path of ['/../secret', '/d/../../secret', '/./d/f', '//d/f', '/d/f/', '/d/f\0', ''])
    t.deepEqual(find(path)[0], [], JSON.stringify(path))
})

test('Names may have any bytes, and as many as there can be', (t) => {
  const names = [
    'sp ace',
    'new\nline',
    'bad\xff',
    '\xc3\xbc',
    'real (deleted)',
    '\\012',
    'x'.repeat(255),
    '...',
  ]
  const { find } = union(t, { 'top=rw': ['f'], 'base=ro': names })
  for (const name of names) t.deepEqual(find(`/${name}`), [['base'], true], name)
  t.deepEqual(find(`/${'x'.repeat(256)}`), [[], true])
})

test('Below a branch that cannot be looked into nothing is told', (t) => {
  const { folder } = union(t, { 'top=rw': ['f'], 'base=ro': ['f', 'g'] })
  const branch = (path: string | null, index: number, attributes: string[] = []): Branch => ({
    index,
    id: null,
    path,
    perm: index === 0 ? 'rw' : 'ro',
    attributes,
  })
  const through = (middle: Branch) => [branch(`${folder}/top`, 0), middle, branch(`${folder}/base`, 2)]
  for (const middle of [branch(`${folder}/gone`, 1), branch(null, 1), branch('l/SHORT', 1, ['relative'])]) {
    const { find } = finder(t, through(middle))
    t.deepEqual(find('/f'), [['top'], false])
    t.deepEqual(find('/g'), [[], false])
  }
  // A folder that the kernel says was removed has nothing any more.
  const { find } = finder(t, through(branch(`${folder}/gone (deleted)`, 1)))
  t.deepEqual(find('/f'), [['top', 'base'], true])
})

test('Where a whiteout hides what is below, it does not matter what cannot be looked into there', (t) => {
  const { folder } = union(t, { 'top=rw': ['.wh.f', 'd/.wh.f'], 'base=ro': ['f'] })
  const branch = (path: string | null, index: number, perm: string): Branch => ({
    ...{ index, id: null, path, perm, attributes: [] },
  })
  const { find } = finder(t, [branch(`${folder}/top`, 0, 'rw'), branch(null, 1, 'ro')])
  t.deepEqual(find('/f'), [[], true])
  t.deepEqual(find('/g'), [[], false])
  t.deepEqual(find('/d/f'), [[], true])
})

test('What was seen is forgotten when it is closed', (t) => {
  const { folder } = union(t, { 'top=rw': [], 'base=ro': ['d/f'] })
  const paths = [`${folder}/top`, `${folder}/base`]
  const branches = paths.map((path, index) => ({ index, id: null, path, perm: 'rw', attributes: [] }))
  const stack = new LayerStack(
    table(
      branches.map(({ path }) => path),
      { branches },
    ),
    aufsWhiteouts,
    askAll,
  )
  t.is(stack.find('/d/f').copies.length, 1)
  make(`${folder}/top/.wh.d`)
  stack.close()
  t.deepEqual(stack.find('/d/f'), { copies: [], isComplete: true })
  stack.close()
  t.is(openBelow(folder), 0)
})

test('Below an entry of which no mark can be read nothing is sure, and there may be more', (t) => {
  const unreadable: WhiteoutFormat = {
    ...aufsWhiteouts,
    marks: (entries) => entries.map(() => ({ isOpaque: false, redirect: undefined })),
  }
  const { folder } = union(t, { 'top=rw': ['f', 'd/g'], 'base=ro': ['f', 'd/g'] })
  const branches = ['top', 'base'].map((name, index) => ({
    ...{ index, id: null, path: `${folder}/${name}`, perm: 'ro', attributes: [] },
  }))
  const stack = new LayerStack(table([], { branches }), unreadable, askAll)
  t.teardown(() => stack.close())
  for (const path of ['/f', '/d/g']) {
    const { copies, isComplete } = stack.find(path)
    t.deepEqual(
      copies.map(({ branch, isNamed }) => [branch.index, isNamed]),
      [
        [0, true],
        [1, false],
      ],
    )
    t.false(isComplete)
  }
})

test('A folder that is truly named so is no removed one', (t) => {
  const { find } = union(t, { 'x (deleted)=rw': ['f'], 'base=ro': ['f'] })
  t.deepEqual(find('/f'), [['x (deleted)', 'base'], true])
})

test('One branch / is the root, and several are detached mounts that nobody can tell apart', (t) => {
  const root = (index: number): Branch => ({ index, id: null, path: '/', perm: 'ro', attributes: [] })
  t.deepEqual(finder(t, [root(0)]).find('/etc/passwd'), [['/'], true])
  t.deepEqual(finder(t, [root(0), root(1)]).find('/etc/passwd'), [[], false])
})

test('Many folders are looked into with few open at a time, and none stays open', (t) => {
  const files = Array.from({ length: 1500 }, (_, i) => `d${i}/e/f`)
  const { folder } = union(t, { 'top=rw': [], 'base=ro': files })
  const branch = (name: string, index: number, perm: string): Branch => ({
    index,
    id: null,
    path: `${folder}/${name}`,
    perm,
    attributes: [],
  })
  const told = table([], { branches: [branch('top', 0, 'rw'), branch('base', 1, 'ro')] })
  const branches = new LayerStack(told, aufsWhiteouts, askAll)
  for (const file of files) t.is(branches.find(`/${file}`).copies[0]?.branch.index, 1)
  const open = openBelow(folder)
  t.true(open > 0 && open < 1000, `${open}`)
  branches.close()
  t.is(openBelow(folder), 0)
})

/** Sets overlayfs's attributes, as a user may with `userxattr`; false where this filesystem or machine cannot. */
function setAttributes(file: string, attributes: { [name: string]: string }): boolean {
  try {
    for (const [name, value] of Object.entries(attributes))
      execFileSync('setfattr', ['-n', `user.overlay.${name}`, '-v', value, file], { stdio: 'ignore' })
    execFileSync('getfattr', ['-d', '-m', '^user', file], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

interface OverlayCase {
  title: string
  files: { [branch: string]: string[] }
  attributes: { [file: string]: { [name: string]: string } }
  found: { [path: string]: (string | null)[] }
}

const overlays: OverlayCase[] = [
  {
    title: 'An opaque folder of an overlay hides those below',
    files: { 'top=rw': ['d/f'], 'mid=ro': ['e/'], 'base=ro': ['d/f', 'd/g', 'e/h'] },
    attributes: { 'top/d': { opaque: 'y' }, 'mid/e': { opaque: 'y' } },
    found: { '/d/f': ['top'], '/d/g': [], '/e/h': [] },
  },
  {
    title: 'A folder of an overlay that was renamed has its files below under the old name',
    files: { 'top=rw': ['new/own'], 'base=ro': ['old/f', 'new/g'] },
    attributes: { 'top/new': { redirect: 'old' } },
    found: { '/new/own': ['top'], '/new/f': ['base'], '/new/g': [] },
  },
  {
    title: 'A folder of an overlay that was moved has its files below at another path',
    files: { 'top=rw': ['a/new/'], 'mid=ro': ['x/y/'], 'base=ro': ['x/y/f', 'a/new/g'] },
    attributes: { 'top/a/new': { redirect: '/x/y' } },
    found: { '/a/new/f': ['base'], '/a/new/g': [] },
  },
  {
    title:
      'A path from the root, of an overlay, is one of the layers below alone: what those above made of it does not count',
    files: {
      'top=rw': ['k/b/', 's/'],
      'mid=ro': ['t/b/wrong', 'k/'],
      'base=ro': ['s/b/right', 't/b/low'],
    },
    attributes: { 'top/k/b': { redirect: '/s/b' }, 'top/s': { redirect: '/t', opaque: 'n' } },
    found: { '/k/b/right': ['base'], '/k/b/wrong': [], '/k/b/low': [], '/s/b/wrong': ['mid'] },
  },
  {
    title: 'What a folder of an overlay was called before, its own layer may have again: that is another',
    files: { 'top=rw': ['new/', 'old/x', 'moved/', 'a/b/y'], 'base=ro': ['old/f', 'a/b/f'] },
    attributes: { 'top/new': { redirect: 'old' }, 'top/moved': { redirect: '/a/b' } },
    found: { '/new/f': ['base'], '/new/x': [], '/moved/f': ['base'], '/moved/y': [] },
  },
  {
    title: 'Data-only layers of an overlay show no files of a folder, wherever that leads',
    files: { 'top=ro': ['d/'], 'base=ro': ['real/f'], 'data=ro+data': ['real/f', 'real/g'] },
    attributes: { 'top/d': { redirect: '/real' } },
    found: { '/d/f': ['base'], '/d/g': [], '/real/g': [] },
  },
  {
    title: 'A whiteout of AUFS is a file like others to an overlay',
    files: { 'top=rw': ['.wh.f', 'd/.wh..wh..opq'], 'base=ro': ['f', 'd/g'] },
    attributes: {},
    found: { '/f': ['base'], '/d/g': ['base'], '/.wh.f': ['top'] },
  },
  {
    title: 'Folders of an overlay that lead to each other have an end',
    files: { 'top=rw': ['a/', 'b/'], 'base=ro': ['a/f', 'b/f'] },
    attributes: { 'top/a': { redirect: '/b' }, 'top/b': { redirect: '/a' } },
    found: { '/a/f': ['base'], '/b/f': ['base'] },
  },
]

for (const { title, files, attributes, found } of overlays) {
  test(title, (t) => {
    const { find, folder } = union(t, files, overlayWhiteouts('user', true))
    const isSet = Object.entries(attributes).every(([file, each]) => setAttributes(`${folder}/${file}`, each))
    if (!isSet) {
      t.log('passed over, as it needs setfattr, getfattr, and a filesystem that keeps user attributes')
      t.pass()
      return
    }
    for (const [path, branches] of Object.entries(found)) t.deepEqual(find(path), [branches, true], path)
  })
}

test('Data of an overlay that may lie in a layer which is not known is not looked for below that', (t) => {
  const { folder } = union(t, { 'top=ro': ['f'], 'd1=ro': [], 'd2=ro': ['real'] })
  if (!setAttributes(`${folder}/top/f`, { metacopy: '', redirect: '/real' }))
    return skip(t, 'it needs setfattr, getfattr, and a filesystem that keeps user attributes')
  const branch = (path: string | null, index: number, ...attributes: string[]): Branch => ({
    ...{ index, id: null, path, perm: 'ro', attributes },
  })
  const through = (first: Branch) =>
    finder(
      t,
      [branch(`${folder}/top`, 0), first, branch(`${folder}/d2`, 2, 'data')],
      overlayWhiteouts('user', true),
    ).find('/f')
  t.deepEqual(through(branch(`${folder}/d1`, 1, 'data')), [['top', 'd2'], true])
  t.deepEqual(through(branch(`${folder}/d1 (deleted)`, 1, 'data')), [['top', 'd2'], true])
  t.deepEqual(through(branch('l/SHORT', 1, 'data', 'relative')), [['top'], false])
  t.deepEqual(through(branch(null, 1, 'data')), [['top'], false])
})

test('A path that leads round in circles in an overlay has an end', (t) => {
  const { find, folder } = union(
    t,
    { 'top=rw': ['a/'], 'mid=ro': ['a/'], 'base=ro': ['a/f'] },
    overlayWhiteouts('user', true),
  )
  if (
    !setAttributes(`${folder}/top/a`, { redirect: '/a/a' }) ||
    !setAttributes(`${folder}/mid/a`, { redirect: '/a' })
  ) {
    t.log('passed over, as it needs setfattr, getfattr, and a filesystem that keeps user attributes')
    t.pass()
    return
  }
  t.notThrows(() => find('/a/f'))
  t.notThrows(() => find('/a/a/a/a/f'))
})

test('What is hidden by now is held by its branches still', (t) => {
  const { find, holders } = union(t, {
    'top=rw': ['.wh.f', 'd/.wh..wh..opq', 'gone'],
    'mid=ro+wh': ['f', 'd/g', 'gone/h'],
    'base=ro': ['f', 'd/g', 'gone/h'],
  })
  for (const path of ['/f', '/d/g', '/gone/h']) {
    t.deepEqual(find(path), [[], true], path)
    t.deepEqual(holders(path), [['mid', 'base'], true], path)
  }
  t.deepEqual(holders('/nothing'), [[], true])
})

test('Where a branch is not to be looked into, its files may be held all the same', (t) => {
  const folder = tempFolder(t)
  make(`${folder}/base/f`)
  const perms = { perm: 'ro', attributes: [], id: null }
  const hidden = [null, `${folder}/nowhere`, '/', '/']
  const { holders, isNotCopied } = finder(t, [
    ...hidden.map((path, index) => ({ index, path, ...perms })),
    { index: 4, path: `${folder}/base`, ...perms },
  ])
  t.deepEqual(holders('/f'), [['base'], false])
  t.true(isNotCopied('/f'), 'none of these is writable')
})

const copiedTo: { branches: { [branch: string]: string[] }; expected: boolean }[] = [
  { branches: { 'top=rw': [], 'base=ro': ['f'] }, expected: true },
  { branches: { 'top=rw': ['f'], 'base=ro': ['f'] }, expected: false },
  { branches: { 'top=ro': ['f'], 'base=rr': ['f'] }, expected: true },
  { branches: { 'top=rw': [], 'mid=rw': ['f'], 'base=ro': ['f'] }, expected: false },
  { branches: { 'top=rw': ['.wh.f'], 'base=ro': ['f'] }, expected: true },
]

for (const { branches, expected } of copiedTo) {
  test(`Nothing was copied up where no writable branch has it: ${JSON.stringify(branches)}`, (t) => {
    t.is(union(t, branches).isNotCopied('/f'), expected)
  })
}

test('A writable branch that is not to be looked into, and one whose permission nobody told, may have a copy', (t) => {
  const folder = tempFolder(t)
  make(`${folder}/base/f`)
  const base = { index: 1, id: null, path: `${folder}/base`, perm: 'ro', attributes: [] }
  const top = { index: 0, id: null, path: `${folder}/nowhere`, perm: 'rw', attributes: [] }
  t.false(finder(t, [top, base]).isNotCopied('/f'))
  t.false(finder(t, [{ ...base, index: 0, perm: null }]).isNotCopied('/f'))
})

test('A union that is mounted over one of its own branches hides that from us', (t) => {
  const branches = { 'top=rw': ['f'], 'base=ro': ['f', 'g'] }
  const { find, holders, isNotCopied } = union(t, branches, aufsWhiteouts, () => true)
  t.deepEqual(find('/f'), [[], false])
  t.deepEqual(holders('/g'), [[], false])
  t.false(isNotCopied('/g'))
  const asked = new Set<number | null>()
  const other = union(t, branches, aufsWhiteouts, (id) => asked.add(id).size < 0)
  t.deepEqual(other.find('/f'), [['top', 'base'], true])
  t.deepEqual(other.holders('/g'), [['base'], true])
  t.true(other.isNotCopied('/g'))
  t.true([...asked].every((id) => id !== null) && asked.size > 0, 'it is asked by the mount of the folder')
})

test('Names in an overlay that lead to each other, as no kernel writes them, have an end', (t) => {
  const { find, folder } = union(
    t,
    { 'top=rw': ['a/', 'b/'], 'base=ro': ['a/f'] },
    overlayWhiteouts('user', true),
  )
  const isSet =
    setAttributes(`${folder}/top/a`, { redirect: 'b/x' }) &&
    setAttributes(`${folder}/top/b`, { redirect: 'a/x' })
  if (!isSet) return skip(t, 'it needs setfattr, getfattr, and a filesystem that keeps user attributes')
  t.notThrows(() => find('/a/f'))
  t.notThrows(() => find('/b/f'))
})
