/** What each branch of a union has by itself, whatever hides it. */
import { statSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import type { Branch } from '../../../src/unions/branch-table.js'
import { BranchFolders } from '../../../src/unions/layers/layer.js'
import { askAll, mountAt, openBelow, tempFolder, writeTree } from '../../helpers/folders.js'

const branch = (
  index: number,
  path: string | null,
  perm: string | null,
  attributes: string[] = [],
): Branch => ({
  ...{ index, id: null, path, perm, attributes },
})

function foldersOf(t: ExecutionContext, branches: Branch[], isOwn = false): BranchFolders {
  const folders = new BranchFolders(branches, askAll, () => isOwn)
  t.teardown(() => folders.close())
  return folders
}

/** Three folders, of which the lower two have a file. */
function tree(t: ExecutionContext): string {
  const folder = tempFolder(t)
  writeTree(folder, { top: null, 'mid/f': 'mid', 'base/f': 'base' })
  return folder
}

test('The holders of a path are all branches that have it, whether or not all could be looked into', (t) => {
  const folder = tree(t)
  const known = [
    branch(0, `${folder}/top`, 'rw'),
    branch(1, `${folder}/mid`, 'ro'),
    branch(2, `${folder}/base`, 'ro'),
  ]
  const holdersIn = (branches: Branch[], path: string) => {
    const { holders, isComplete } = foldersOf(t, branches).holders(path)
    return [holders.map(({ branch: { index } }) => index), isComplete]
  }
  t.deepEqual(holdersIn(known, '/f'), [[1, 2], true])
  t.deepEqual(holdersIn(known, '/g'), [[], true])
  t.deepEqual(holdersIn([...known, branch(3, null, 'ro')], '/f'), [[1, 2], false])
  t.deepEqual(holdersIn([...known, branch(3, `${folder}/gone`, 'ro')], '/f'), [[1, 2], false])
  t.deepEqual(holdersIn([...known, branch(3, `${folder}/gone (deleted)`, 'ro')], '/f'), [[1, 2], true])
})

test('A holder is told with its file, its mount, and a way to its data', (t) => {
  const folder = tree(t)
  const [holder] = foldersOf(t, [branch(0, `${folder}/mid`, 'ro')]).holders('/f').holders
  t.like(holder, { path: '/f', mount_id: mountAt(`${folder}/mid`) })
  t.is(holder?.file.ino, String(statSync(`${folder}/mid/f`).ino))
  const data = holder?.openData()
  t.is(data?.file.size, 3n)
  data?.close()
})

for (const attribute of ['relative', 'detached'])
  test(`A folder whose path does not tell where it is, is not opened: ${attribute}`, (t) => {
    const folder = tree(t)
    const [mid, top] = [
      branch(0, `${folder}/mid`, 'ro', ['wh', attribute]),
      branch(1, `${folder}/top`, 'ro', ['wh']),
    ]
    const folders = foldersOf(t, [mid, top])
    t.is(folders.open(mid), undefined)
    t.truthy(folders.open(top))
    t.deepEqual(folders.holders('/f'), { holders: [], isComplete: false })
  })

test('The folder / is opened where one branch alone is called so: detached mounts all are', (t) => {
  const folder = tree(t)
  const [root, other, top] = [branch(0, '/', 'ro'), branch(1, '/', 'ro'), branch(2, `${folder}/top`, 'ro')]
  t.truthy(foldersOf(t, [root, top]).open(root))
  t.is(foldersOf(t, [root, other, top]).open(root), undefined)
  t.truthy(foldersOf(t, [root, other, top]).open(top))
})

for (const [name, top, isNotCopied] of [
  ['the writable branch has none', (folder: string) => branch(0, `${folder}/top`, 'rw'), true],
  ['the writable branch has one', (folder: string) => branch(0, `${folder}/mid`, 'rw'), false],
  ['a branch has one that may be writable', (folder: string) => branch(0, `${folder}/mid`, null), false],
  ['a branch has none that may be writable', (folder: string) => branch(0, `${folder}/top`, null), true],
  ['no branch is writable', (folder: string) => branch(0, `${folder}/mid`, 'ro'), true],
  ['the writable branch is not known', () => branch(0, null, 'rw'), false],
  ['the writable branch is not there', (folder: string) => branch(0, `${folder}/gone`, 'rw'), false],
] as const) {
  test(`Whether a path was not copied up: ${name}`, (t) => {
    const folder = tree(t)
    const branches = [top(folder), branch(1, `${folder}/mid`, 'ro'), branch(2, `${folder}/base`, 'rr')]
    t.is(foldersOf(t, branches).isNotCopied('/f'), isNotCopied)
  })
}

test('A union that is mounted over one of its own branches hides that', (t) => {
  const folder = tree(t)
  const [mid, base] = [branch(0, `${folder}/mid`, 'ro'), branch(1, null, 'ro')]
  t.is(foldersOf(t, [mid, base], true).open(mid), undefined)
  t.not(foldersOf(t, [mid, base]).open(mid), undefined)
})

test('What is held open is given back, and may be opened again', (t) => {
  const folder = tree(t)
  const mid = branch(0, `${folder}/mid`, 'ro')
  const folders = foldersOf(t, [mid])
  for (let round = 0; round < 2; round += 1) {
    t.is(folders.holders('/f').holders.length, 1)
    t.true(openBelow(folder) > 0)
    folders.close()
    t.is(openBelow(folder), 0)
  }
})
