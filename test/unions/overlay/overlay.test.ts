/** What the options of an overlay say of the files in its layers. */
import { execFileSync } from 'node:child_process'
import { lstatSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { Folder } from '../../../src/files/folder.js'
import { type Found, foundOf } from '../../../src/files/found.js'
import type { Copy, LayerEntry } from '../../../src/unions/layers/layer.js'
import { overlay } from '../../../src/unions/overlay/overlay.js'
import { overlayWhiteouts } from '../../../src/unions/overlay/whiteouts.js'
import { unionTypeOf } from '../../../src/unions/types.js'
import { askAll, tempFolder, writeTree } from '../../helpers/folders.js'
import { skip } from '../../helpers/machine.js'
import { table } from '../../helpers/tables.js'

/** A file of a layer with attributes of `user.overlay.`; null where this machine has none. */
function entryOf(t: ExecutionContext, attributes: string[], more: Partial<Found> = {}): LayerEntry | null {
  const root = tempFolder(t)
  writeTree(root, { f: '' })
  try {
    for (const name of attributes)
      execFileSync('setfattr', ['-n', `user.overlay.${name}`, `${root}/f`], { stdio: 'ignore' })
    execFileSync('getfattr', ['-d', `${root}/f`], { stdio: 'ignore' })
  } catch {
    skip(t, 'it needs setfattr, getfattr, and a filesystem that keeps user attributes')
    return null
  }
  const folder = new Folder(root, { asking: askAll })
  t.teardown(() => folder.close())
  const branch = { index: 0, id: null, path: root, perm: 'rw', attributes: [] }
  const file = { ...foundOf(lstatSync(`${root}/f`, { bigint: true })), ...more }
  return { layer: { branch, folder, path: '/f', isNamed: true }, file }
}

type Origin = Pick<Copy, 'isMeta' | 'since' | 'isCopiedUp'>

/** What is told of a metacopy by the options of its union, the module's default, and a data-only layer. */
function metacopy(
  t: ExecutionContext,
  options: string[],
  parameter: string | null,
  lower = '/l',
): Origin | null {
  const entry = entryOf(t, ['metacopy'])
  if (entry === null) return null
  const sysfs = tempFolder(t)
  if (parameter !== null) writeTree(sysfs, { 'module/overlay/parameters/metacopy': parameter })
  const { branches } = table(['/u', lower])
  const told = branches.map((branch) => (branch.path === '/d' ? { ...branch, attributes: ['data'] } : branch))
  return overlay.whiteouts(table([], { branches: told }), options, sysfs).origin(entry)
}

for (const [name, options, parameter, lower, isMeta] of [
  ['the option is on', ['userxattr', 'metacopy=on'], null, '/l', true],
  ['the option is off', ['userxattr', 'metacopy=off'], null, '/l', false],
  ['the last of two options counts', ['userxattr', 'metacopy=off', 'metacopy=on'], null, '/l', true],
  ['the last of two options counts', ['userxattr', 'metacopy=on', 'metacopy=off'], null, '/l', false],
  ['the option is off, and there are data-only layers', ['userxattr', 'metacopy=off'], null, '/d', true],
  ['the module has it on', ['userxattr'], 'Y\n', '/l', true],
  ['the module has it off', ['userxattr'], 'N\n', '/l', false],
  ['nobody tells', ['userxattr'], null, '/l', true],
] as const) {
  test(`A file without data is ${isMeta ? 'a' : 'no'} metacopy: ${name} ${lower} ${options.join()}`, (t) => {
    const origin = metacopy(t, [...options], parameter, lower)
    if (origin !== null) t.is(origin.isMeta, isMeta)
  })
}

test('Without userxattr the attributes of a user are none of overlayfs', (t) => {
  const origin = metacopy(t, ['metacopy=on'], null)
  // Nobody but who may see trusted attributes knows that there is none.
  if (origin !== null) t.not(origin.isMeta, true)
})

test('A copy is there with its data since it was made, or since it was last changed where that may have come later', (t) => {
  const entry = entryOf(t, [], { birth: 5n, changed: 9n })
  if (entry === null) return
  const since = (hasMetacopies: boolean, file: Partial<Found> = {}) =>
    overlayWhiteouts('user', hasMetacopies).origin({ ...entry, file: { ...entry.file, ...file } }).since
  t.is(since(false), 5n)
  t.is(since(true), 9n)
  t.is(since(true, { changed: 4n }), 5n)
  t.is(since(true, { birth: 0n }), 0n, 'when it was made is not told')
})

test('A copy that came from below says so, and one that is whited out by an attribute hides what is there', (t) => {
  const [copied, own, hidden] = [entryOf(t, ['origin']), entryOf(t, []), entryOf(t, ['whiteout'])]
  if (copied === null || own === null || hidden === null) return
  const format = overlayWhiteouts('user', false)
  t.deepEqual(
    [copied, own].map((entry) => format.origin(entry).isCopiedUp()),
    [true, false],
  )
  t.deepEqual(format.marks([copied, own, hidden], 1), [
    { isOpaque: false, redirect: null },
    { isOpaque: false, redirect: null },
    { isOpaque: true, redirect: null },
  ])
})

test('What cannot be read says neither that it hides what is below nor that it does not lead elsewhere', (t) => {
  const entry = entryOf(t, ['whiteout'])
  if (entry === null) return
  const gone = { ...entry, layer: { ...entry.layer, path: '/gone' } }
  const format = overlayWhiteouts('user', true)
  t.deepEqual(format.marks([gone], 1), [{ isOpaque: false, redirect: undefined }])
  t.is(format.origin(gone).isMeta, null)
  t.is(format.origin(gone).isCopiedUp(), null)
})

test('Marks are read only of what may have some: each read is a program of its own', (t) => {
  const entry = entryOf(t, ['whiteout'])
  if (entry === null) return
  /** What cannot be read says that it does not know where it leads. */
  const isRead = (hasMetacopies: boolean, bottom: number, file: Partial<Found>) => {
    const gone = { layer: { ...entry.layer, path: '/gone' }, file: { ...entry.file, ...file } }
    const [marks] = overlayWhiteouts('user', hasMetacopies).marks([gone], bottom)
    return marks?.redirect === undefined
  }
  const { index } = entry.layer.branch
  const small = { size: 7n, mayLackData: true }
  t.true(isRead(false, index + 1, { size: 0n }), 'an empty file may be a whiteout')
  t.false(isRead(false, index, { size: 0n }), 'nothing is below')
  t.false(isRead(false, index + 1, small), 'a whiteout is empty')
  t.true(isRead(true, index, small), 'the data of a metacopy may be in a data-only layer')
  t.false(isRead(true, index + 1, { size: 7n, mayLackData: false }), 'it has its data')
  t.true(isRead(false, index + 1, { isFolder: true, size: 7n }), 'a folder may be opaque')
  t.false(isRead(false, index, { isFolder: true, size: 7n }), 'nothing is below')
})

test('Before Linux 3.18 it was called overlayfs', (t) => {
  t.is(unionTypeOf('overlayfs'), overlay)
})

test('A mount makes a folder beside the copies of files with several names, where its workdir is told', (t) => {
  const folders = (workdir: string | null) => {
    const union = table([], { workdir })
    return [overlay.madeByMount?.(union), ...overlay.hardLinkFolders(union)]
  }
  t.deepEqual(folders('/w'), ['/w/work', '/w/index'])
  // Nobody knows where it is.
  t.deepEqual(folders('x/w'), [null, 'x/w/index'])
  t.deepEqual(folders(null), [null])
})

/** A mount, by its options. */
const mountOf = (...super_options: string[]) => ({
  ...{ mount_id: 1, mount_point: '/', root: '/', dev: '0:17', fs_type: 'overlay', mount_source: 'o' },
  ...{ mount_options: ['rw'], super_options },
})

test('CRIU’s mount options tell the layers, unless they are elsewhere', (t) => {
  const told = (...options: string[]) =>
    overlay.branchesInLog(mountOf(...options))?.branches.map(({ path }) => path) ?? null
  t.deepEqual(told('rw', 'lowerdir=/a:/b', 'upperdir=/u', 'workdir=/w'), ['/u', '/a', '/b'])
  t.deepEqual(told('rw', 'lowerdir+=/a', 'lowerdir+=/b'), ['/a', '/b'])
  t.deepEqual(told('lowerdir=l/A:l/B'), ['l/A', 'l/B'])
  t.is(told('rw', 'xlowerdir=/a'), null)
  t.is(told(), null)
})

test('The layers are those of the options, by the source of the mount and the folder that is given', (t) => {
  const read = (mount_source: string, overlayBase: string | null, ...options: string[]) => {
    const reader = overlay.branchReader({ sysfs: '/nowhere', overlayBase })
    const { branches } = reader({ ...mountOf(...options), mount_source }, () => {})
    return branches.map(({ path, attributes }) => [path, ...attributes])
  }
  t.deepEqual(read('composefs', null, 'lowerdir=/a::/d'), [
    ['/a', 'detached'],
    ['/d', 'data'],
  ])
  t.deepEqual(read('o', '/base', 'lowerdir=l/A'), [['/base/l/A']])
  const folder = tempFolder(t)
  writeTree(folder, { 'a\\b': null })
  t.deepEqual(
    read('o', null, 'lowerdir=/l', `upperdir=${folder}/a\\b`, 'workdir=/w'),
    [[`${folder}/a\\b`], ['/l']],
    'an upper folder that is there with its backslash',
  )
})
