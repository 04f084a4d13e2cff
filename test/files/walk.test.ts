import { closeSync, mkdirSync, readlinkSync, statSync, symlinkSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { type Asking, NotAskedError } from '../../src/files/asking.js'
import { mountIdOf } from '../../src/files/ids.js'
import { jumpTo, walkTo } from '../../src/files/walk.js'
import { askAll, openAt, openBelow, tempFolder, writeTree } from '../helpers/folders.js'

/** A tree with links of each kind, and where it is. */
function tree(t: ExecutionContext): string {
  const root = tempFolder(t)
  writeTree(root, { 'a/b/f': '', 'l/file': '' })
  symlinkSync('../a/b', `${root}/l/relative`)
  symlinkSync(`${root}/a`, `${root}/l/absolute`)
  symlinkSync('relative', `${root}/l/second`)
  symlinkSync('loop', `${root}/l/loop`)
  symlinkSync('nowhere', `${root}/l/dangling`)
  mkdirSync(Buffer.from(`${root}/a/\xff`, 'latin1'))
  symlinkSync(Buffer.from('../a/\xff', 'latin1'), `${root}/l/bytes`)
  return root
}

/** Where a walk ends. */
function walkedTo(path: string, asking: Asking): string | null {
  const folder = walkTo(path, asking)
  closeSync(folder.fd)
  return folder.path
}

const walks: [name: string, path: string, to: string][] = [
  ['plain', '/a/b', '/a/b'],
  ['slashes and dots that lead nowhere', '//a/./b/', '/a/b'],
  ['the folder above', '/a/b/../../l/..', ''],
  ['a relative link', '/l/relative', '/a/b'],
  ['an absolute link on the way', '/l/absolute/b', '/a/b'],
  ['a link to a link', '/l/second', '/a/b'],
  ['up from where a link leads', '/l/second/..', '/a'],
  ['bytes that are no UTF-8', '/a/\xff', '/a/\xff'],
  ['a link to bytes that are no UTF-8', '/l/bytes', '/a/\xff'],
]

for (const [name, path, to] of walks) {
  test(`A folder is walked to as the kernel would: ${name}`, (t) => {
    const root = tree(t)
    const folder = walkTo(root + path, askAll)
    t.is(folder.path, root + to)
    t.is(readlinkSync(`/proc/self/fd/${folder.fd}`, 'latin1'), root + to)
    t.true(folder.mountId === mountIdOf(folder.fd))
    closeSync(folder.fd)
    t.is(openBelow(root), 0)
  })
}

test('A path that leads to no folder ends in the error that the kernel would give, and nothing is left open', (t) => {
  const root = tree(t)
  t.throws(() => walkTo(`${root}/l/loop`, askAll), { code: 'ELOOP' })
  t.throws(() => walkTo(`${root}/l/dangling`, askAll), { code: 'ENOENT' })
  t.throws(() => walkTo(`${root}/l/file`, askAll), { code: 'ENOTDIR' })
  t.throws(() => walkTo(`${root}/l/file/x`, askAll), { code: 'ENOTDIR' })
  t.is(openBelow(root), 0)
})

test('A relative path begins where this process is', (t) => {
  const folder = walkTo('dist/..', askAll)
  t.is(folder.path, process.cwd())
  closeSync(folder.fd)
})

test('A link of procfs is jumped through: its text is no way', (t) => {
  const root = walkTo('/proc/self/root', askAll)
  t.is(root.path, null)
  t.is(readlinkSync(`/proc/self/fd/${root.fd}`), '/')
  closeSync(root.fd)
  // Nobody knows where what lies behind it is.
  const mayPass = (path: string | null) => path !== null && !path.startsWith('null')
  const below = walkTo('/proc/self/root/proc', { mayAsk: () => true, mayPass })
  t.is(below.path, null)
  closeSync(below.fd)
  const own = walkTo('/proc/self', askAll)
  t.is(readlinkSync(`/proc/self/fd/${own.fd}`), `/proc/${process.pid}`)
  closeSync(own.fd)
  const jumped = jumpTo('/proc/self/root', askAll)
  t.is(jumped.path, '/')
  closeSync(jumped.fd)
})

test('Nothing below a mount that may not be asked is looked up', (t) => {
  const proc = walkTo('/proc', askAll)
  const { mountId } = proc
  closeSync(proc.fd)
  const asking: Asking = { mayAsk: (_, id) => id !== mountId, mayPass: () => true }
  t.throws(() => walkTo('/proc', asking), { instanceOf: NotAskedError })
  t.throws(() => walkTo('/proc/self', asking), { instanceOf: NotAskedError })
  const root = tempFolder(t)
  symlinkSync('/proc/self', `${root}/link`)
  t.throws(() => walkTo(`${root}/link`, asking), { instanceOf: NotAskedError })
  t.is(openBelow(root), 0)
})

test('A walk that ends half way leaves nothing open, wherever it ends', (t) => {
  const proc = walkTo('/proc', askAll)
  const { mountId } = proc
  closeSync(proc.fd)
  const notProc: Asking = { mayAsk: (_, id) => id !== mountId, mayPass: () => true }
  const notBelow: Asking = { mayAsk: () => true, mayPass: (path) => path !== '/proc/sys/kernel' }
  for (let round = 0; round < 200; round += 1) {
    t.throws(() => walkTo('/proc/sys', notProc))
    t.throws(() => jumpTo('/proc', notProc))
    t.throws(() => walkTo('/proc/sys/kernel', notBelow))
    t.throws(() => walkTo('/proc/sys/none', askAll))
    t.throws(() => walkTo('/proc/version', askAll))
    t.throws(() => walkTo('/proc/self/exe', askAll))
  }
  const files = ['/', '/proc', '/proc/sys', '/proc/version', process.execPath]
  for (const file of files) t.true(openAt(file) < 100, `${openAt(file)} are open on ${file}`)
})

test('As many links are followed as the kernel follows', (t) => {
  const root = tempFolder(t)
  mkdirSync(`${root}/l0`)
  for (let i = 1; i <= 41; i += 1) symlinkSync(`l${i - 1}`, `${root}/l${i}`)
  t.true(statSync(`${root}/l40`).isDirectory())
  t.is(walkedTo(`${root}/l40`, askAll), `${root}/l0`)
  t.throws(() => statSync(`${root}/l41`), { code: 'ELOOP' })
  t.throws(() => walkTo(`${root}/l41`, askAll), { code: 'ELOOP' })
})

test('Above the root there is the root', (t) => {
  t.is(walkedTo('/..', askAll), '/')
  t.is(walkedTo('/proc/..', askAll), '/')
  t.is(walkedTo('/proc/../..', askAll), '/')
})

test('Nothing is opened where the root, or the folder that this process is in, must not be', (t) => {
  const not = (folder: string): Asking => ({ mayAsk: () => true, mayPass: (path) => path !== folder })
  t.throws(() => walkTo('/proc', not('/')), { instanceOf: NotAskedError })
  t.throws(() => jumpTo('/proc/self/root', not('/')), { instanceOf: NotAskedError })
  t.throws(() => walkTo('dist', not(process.cwd())), { instanceOf: NotAskedError })
  t.is(walkedTo('dist', not('/')), `${process.cwd()}/dist`)
})

test('A mount of which nothing is known is not asked', (t) => {
  t.throws(() => walkTo('/', { mayAsk: () => null, mayPass: () => true }), { instanceOf: NotAskedError })
})

test('A path that must not be opened is not, by itself or through a link', (t) => {
  const root = tree(t)
  const asking: Asking = { mayAsk: () => true, mayPass: (path) => path !== `${root}/a/b` }
  for (const path of ['/a/b', '/l/relative', '/l/absolute/b'])
    t.throws(() => walkTo(root + path, asking), { instanceOf: NotAskedError }, path)
  closeSync(walkTo(`${root}/a`, asking).fd)
})
