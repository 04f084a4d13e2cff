import { spawnSync } from 'node:child_process'
import { chmodSync, closeSync, lstatSync, mkdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { Folder } from '../../src/files/folder.js'
import { deviceName } from '../../src/files/ids.js'
import { askAll, mountAt, openAt, openBelow, tempFolder, writeTree } from '../helpers/folders.js'
import { isRoot, skip } from '../helpers/machine.js'

const inodeOf = (path: string | Buffer) => String(lstatSync(path, { bigint: true }).ino)

test('a file below the folder is told by its device and inode', (t) => {
  const root = tempFolder(t)
  writeTree(root, { 'a/b/c': 'x', d: '' })
  const folder = new Folder(root, { asking: askAll })
  t.teardown(() => folder.close())
  const { dev } = lstatSync(root, { bigint: true })
  for (const path of ['/a/b/c', '/a/b', '/a', '/d']) {
    t.like(
      folder.find(path),
      { dev: deviceName(dev), ino: inodeOf(root + path), isFolder: !/[cd]$/.test(path) },
      path,
    )
  }
  t.is(folder.find('/a/x'), null)
  t.is(folder.find('/x/b/c'), null)
  t.is(folder.find('/d/x'), null, 'below a file there is nothing')
})

test('the bytes of a name are its own, UTF-8 or not', (t) => {
  const root = tempFolder(t)
  const names = [
    '\xff\xfe',
    '\xc3\xa9',
    'new\nline',
    'back\\slash',
    'lit\\040eral',
    ' sp ',
    'x (deleted)',
    '\x01\x7f',
  ]
  for (const name of names) {
    mkdirSync(Buffer.from(`${root}/${name}`, 'latin1'))
    writeFileSync(Buffer.from(`${root}/${name}/${name}`, 'latin1'), '')
  }
  const folder = new Folder(root, { asking: askAll })
  t.teardown(() => folder.close())
  for (const name of names) {
    const ino = inodeOf(Buffer.from(`${root}/${name}/${name}`, 'latin1'))
    t.is(folder.find(`/${name}/${name}`)?.ino, ino, JSON.stringify(name))
  }
  t.is(folder.find('/\xef\xbf\xbd'), null)
})

test('the folder itself is followed, and may have a name of any bytes', (t) => {
  const root = tempFolder(t)
  mkdirSync(Buffer.from(`${root}/\xff`, 'latin1'))
  writeFileSync(Buffer.from(`${root}/\xff/f`, 'latin1'), '')
  symlinkSync(Buffer.from('\xff', 'latin1'), `${root}/link`)
  for (const path of [`${root}/\xff`, `${root}/link`]) {
    const folder = new Folder(path, { asking: askAll })
    t.is(folder.find('/f')?.ino, inodeOf(Buffer.from(`${root}/\xff/f`, 'latin1')))
    folder.close()
  }
})

test('below a folder that is not there nothing can be told', (t) => {
  const root = tempFolder(t)
  writeTree(root, { file: '' })
  for (const path of [`${root}/none`, `${root}/file`]) {
    const folder = new Folder(path, { asking: askAll })
    t.false(folder.isThere())
    t.is(folder.find('/f'), undefined)
    t.is(folder.find('/f/g'), undefined)
    t.is(folder.openPath('/f'), null)
    folder.close()
  }
  const folder = new Folder(root, { asking: askAll })
  t.true(folder.isThere())
  folder.close()
})

test('a file is told apart from a folder, and one that may lack its data from one that has it', (t) => {
  const root = tempFolder(t)
  writeTree(root, { folder: null, empty: '', full: 'x'.repeat(100_000) })
  const folder = new Folder(root, { asking: askAll })
  t.teardown(() => folder.close())
  t.like(folder.find('/folder'), { isFolder: true, isWhiteout: false, mayLackData: false })
  t.like(folder.find('/empty'), { isFolder: false, isWhiteout: false, mayLackData: true })
  t.like(folder.find('/full'), { isFolder: false, isWhiteout: false, mayLackData: false })
})

test('a character device 0:0 is a whiteout, another is none', (t) => {
  const root = tempFolder(t)
  const made = spawnSync('sh', ['-c', 'mknod zero c 0 0 && mknod one c 1 3'], { cwd: root })
  if (made.status !== 0) return skip(t, 'no device can be made here')
  const folder = new Folder(root, { asking: askAll })
  t.teardown(() => folder.close())
  t.like(folder.find('/zero'), { isWhiteout: true })
  t.like(folder.find('/one'), { isWhiteout: false })
})

test('a file below is opened as a path only, and never through a symbolic link', (t) => {
  const root = tempFolder(t)
  writeTree(root, { 'a/f': '' })
  symlinkSync('f', `${root}/a/link`)
  symlinkSync('a', `${root}/b`)
  spawnSync('mkfifo', [`${root}/a/fifo`])
  const folder = new Folder(root, { asking: askAll })
  t.teardown(() => folder.close())
  const open = (path: string) => {
    const fd = folder.openPath(path)
    if (fd === null) return null
    t.teardown(() => closeSync(fd))
    return readlinkSync(`/proc/self/fd/${fd}`)
  }
  t.is(open('/a/f'), `${root}/a/f`)
  t.is(open('/a/fifo'), `${root}/a/fifo`)
  t.is(open('/a/link'), `${root}/a/link`)
  for (const path of ['/a/none', '/b/f', '/a/../a/f', '/a/', 'a/f', '/a/f\0']) t.is(open(path), null, path)
})

test('a symbolic link on the way is not followed', (t) => {
  const root = tempFolder(t)
  writeTree(root, { 'real/sub/f': '', 'outside/f': '' })
  symlinkSync('real', `${root}/relative`)
  symlinkSync(`${root}/outside`, `${root}/absolute`)
  symlinkSync('..', `${root}/real/up`)
  symlinkSync('loop', `${root}/loop`)
  const folder = new Folder(root, { asking: askAll })
  t.teardown(() => folder.close())
  t.not(folder.find('/real/sub/f'), null)
  for (const path of ['/relative/sub/f', '/relative/sub', '/absolute/f', '/real/up/real/sub/f', '/loop/f']) {
    t.is(folder.find(path), null, path)
  }
})

test('a symbolic link at the end is itself, not what it leads to', (t) => {
  const root = tempFolder(t)
  writeTree(root, { f: '', 'dir/g': '' })
  symlinkSync('f', `${root}/link`)
  symlinkSync('/nowhere', `${root}/dangling`)
  symlinkSync('dir', `${root}/folder`)
  const folder = new Folder(root, { asking: askAll })
  t.teardown(() => folder.close())
  for (const name of ['link', 'dangling', 'folder']) {
    t.is(folder.find(`/${name}`)?.ino, inodeOf(`${root}/${name}`), name)
  }
  t.not(folder.find('/link')?.ino, folder.find('/f')?.ino)
})

const refused = [
  '/..',
  '/../x',
  '/a/../f',
  '/a/..',
  '/./f',
  '/a/.',
  '/.',
  '//f',
  '/a//b',
  '/a/',
  '',
  'f',
  'a/b',
  '../f',
  '/f\0',
  '/\0',
  '/a\0/../f',
]

for (const path of refused) {
  test(`a path that may lead elsewhere is refused: ${JSON.stringify(path)}`, (t) => {
    const root = tempFolder(t)
    writeTree(root, { f: '', 'in/f': '', 'in/a/b': '', 'in/a/f': '' })
    const folder = new Folder(`${root}/in`, { asking: askAll })
    t.teardown(() => folder.close())
    t.is(folder.find(path), null)
  })
}

test('names that only look like that are names', (t) => {
  const root = tempFolder(t)
  writeTree(root, { '...': '', '..a': '', '.a/..b': '', 'a.': '' })
  const folder = new Folder(root, { asking: askAll })
  t.teardown(() => folder.close())
  for (const path of ['/...', '/..a', '/.a', '/.a/..b', '/a.'])
    t.is(folder.find(path)?.ino, inodeOf(root + path), path)
})

test('a FIFO is not opened, neither at the end nor on the way', (t) => {
  const root = tempFolder(t)
  spawnSync('mkfifo', [`${root}/fifo`])
  const folder = new Folder(root, { asking: askAll })
  t.teardown(() => folder.close())
  t.is(folder.find('/fifo')?.ino, inodeOf(`${root}/fifo`))
  t.is(folder.find('/fifo/x'), null)
})

test('a name that is too long is nothing, as is a path of megabytes', (t) => {
  const folder = new Folder(tempFolder(t), { asking: askAll })
  t.teardown(() => folder.close())
  t.is(folder.find(`/${'x'.repeat(300)}`), null)
  t.is(folder.find(`/${'x'.repeat(300)}/f`), null)
  t.is(folder.find(`/${'x'.repeat(8_000_000)}`), null)
  t.is(folder.find('/a'.repeat(4_000_000)), null)
})

test('a path of a hundred folders is found', (t) => {
  const root = tempFolder(t)
  const path = '/d'.repeat(100)
  writeTree(root, { [`${path}/f`]: '' })
  const folder = new Folder(root, { asking: askAll })
  t.teardown(() => folder.close())
  t.is(folder.find(`${path}/f`)?.ino, inodeOf(`${root}${path}/f`))
  t.is(folder.find('/d/d')?.ino, inodeOf(`${root}/d/d`))
})

test('files of 400 folders do not hold 400 folders open, and none when closed', (t) => {
  const root = tempFolder(t)
  const paths = Array.from({ length: 200 }, (_, i) => `/d${i}/sub/f`)
  writeTree(root, Object.fromEntries(paths.map((path) => [path, ''])))
  const folder = new Folder(root, { asking: askAll })
  const other = new Folder(`${root}/d7`, { asking: askAll })
  t.is(other.find('/sub/f')?.ino, inodeOf(`${root}/d7/sub/f`))
  for (let round = 0; round < 3; round += 1) {
    for (const path of paths) t.is(folder.find(path)?.ino, inodeOf(root + path))
    for (const path of paths) t.is(folder.find(`${path}/none`), null)
  }
  const held = openBelow(root)
  t.true(held > 0 && held < 300, `${held} are open`)
  t.is(other.find('/sub/f')?.ino, inodeOf(`${root}/d7/sub/f`), 'another folder is as before')
  folder.close()
  t.true(openBelow(root) <= 2, 'what is left is the other folder')
  folder.close()
  t.is(folder.find('/d7/sub/f')?.ino, inodeOf(`${root}/d7/sub/f`), 'it may be used again')
  t.is(other.find('/sub/f')?.ino, inodeOf(`${root}/d7/sub/f`))
  folder.close()
  other.close()
  t.is(openBelow(root), 0)
})

test('a mount in the way cannot be told where it is none of the folder, and does not stay open', (t) => {
  const folder = new Folder('/', { asking: askAll, crossMounts: false })
  for (let round = 0; round < 200; round += 1) t.is(folder.find('/proc'), undefined)
  folder.close()
  t.true(openAt('/proc') < 100, `${openAt('/proc')} are open`)
  const crossing = new Folder('/', { asking: askAll })
  t.true(crossing.find('/proc')?.isFolder)
  crossing.close()
})

test('what lies on the mount of the folder itself is told, and which mount that is', (t) => {
  const root = tempFolder(t)
  writeTree(root, { 'a/f': '' })
  const folder = new Folder(root, { asking: askAll, crossMounts: false })
  t.is(folder.find('/a/f')?.ino, inodeOf(`${root}/a/f`))
  t.is(folder.mountId, mountAt(root))
  folder.close()
  const crossing = new Folder(root, { asking: askAll })
  t.true(crossing.isThere())
  t.is(crossing.mountId, null)
  crossing.close()
})

test('below a folder of which nobody knows where it is, no path is judged by its name', (t) => {
  const mayPass = (path: string) => !path.startsWith('null')
  const folder = new Folder('/proc/self/root', { asking: { mayAsk: () => true, mayPass } })
  t.true(folder.find('/proc')?.isFolder)
  folder.close()
})

test('a path below that must not be opened cannot be told', (t) => {
  const root = tempFolder(t)
  writeTree(root, { 'a/b/f': '', 'a/bc': '' })
  const folder = new Folder(root, {
    asking: { mayAsk: () => true, mayPass: (path) => path !== `${root}/a/b` },
  })
  t.teardown(() => folder.close())
  t.is(folder.find('/a/b'), undefined)
  t.is(folder.find('/a/b/f'), undefined)
  t.is(folder.openPath('/a/b'), null)
  t.is(folder.find('/a/bc')?.ino, inodeOf(`${root}/a/bc`))
})

test('what may not be looked into cannot be told', (t) => {
  if (isRoot) return skip(t, 'root may look everywhere')
  const root = tempFolder(t)
  writeTree(root, { 'secret/sub/f': '' })
  chmodSync(`${root}/secret`, 0)
  const folder = new Folder(root, { asking: askAll })
  t.teardown(() => {
    folder.close()
    chmodSync(`${root}/secret`, 0o700)
  })
  t.is(folder.find('/secret/sub/f'), undefined)
  t.is(folder.find('/secret/sub'), undefined)
  t.is(folder.find('/secret')?.ino, inodeOf(`${root}/secret`))
})
