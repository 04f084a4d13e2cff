import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  constants,
  openSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { DataFile } from '../../src/files/data-file.js'
import { Folder } from '../../src/files/folder.js'
import { O_PATH } from '../../src/files/ids.js'
import { whileFailing } from '../helpers/failing.js'
import { askAll, openBelow, tempFolder, writeTree } from '../helpers/folders.js'

function opened(t: ExecutionContext, path: string): DataFile | null {
  const fd = openSync(path, O_PATH)
  try {
    const file = DataFile.open(fd)
    t.teardown(() => file?.close())
    return file
  } finally {
    closeSync(fd)
  }
}

function textOf(file: DataFile | null, offset: number, length: number): [text: string, length: number] {
  const into = Buffer.alloc(length, '#')
  const read = file?.read(into, offset) ?? -1
  return [into.toString('latin1'), read]
}

test('What lies after the end of a file is zero', (t) => {
  const root = tempFolder(t)
  writeTree(root, { f: 'abcdef' })
  const file = opened(t, `${root}/f`)
  t.deepEqual(textOf(file, 0, 4), ['abcd', 4])
  t.deepEqual(textOf(file, 4, 4), ['ef\0\0', 2])
  t.deepEqual(textOf(file, 8, 2), ['\0\0', 0])
})

test('What has no data is not opened: folders, links, FIFOs, devices, and what the kernel makes up', (t) => {
  const root = tempFolder(t)
  writeTree(root, { folder: null, empty: '', 'plain.so': 'x' })
  symlinkSync('plain.so', `${root}/link`)
  spawnSync('mkfifo', [`${root}/fifo`])
  const folder = new Folder(root, { asking: askAll })
  t.teardown(() => folder.close())
  for (const name of ['folder', 'empty', 'link', 'fifo', 'nothing'])
    t.is(folder.openData(`/${name}`), null, name)
  for (const path of ['/dev/null', '/dev/zero', '/proc/version', '/proc/self/mem', '/sys/kernel/notes'])
    if (statSync(path, { throwIfNoEntry: false })) t.is(opened(t, path), null, path)
})

test('It is the file that was found, whatever has its name by now', (t) => {
  const root = tempFolder(t)
  writeTree(root, { f: 'old', g: 'new' })
  const fd = openSync(`${root}/f`, O_PATH)
  renameSync(`${root}/g`, `${root}/f`)
  const file = DataFile.open(fd)
  closeSync(fd)
  t.deepEqual(textOf(file, 0, 3), ['old', 3])
  file?.close()
})

test('A file that is changed meanwhile is known to be', (t) => {
  const root = tempFolder(t)
  writeTree(root, { f: 'abc' })
  const file = opened(t, `${root}/f`)
  textOf(file, 0, 3)
  t.true(file?.isUnchanged())
  appendFileSync(`${root}/f`, 'd')
  t.false(file?.isUnchanged())
})

test('Reading leaves no trace in the access time', (t) => {
  const root = tempFolder(t)
  writeTree(root, { f: 'abc' })
  // relatime would set it where it is older than the modification.
  utimesSync(`${root}/f`, 1, 2)
  const before = statSync(`${root}/f`).atimeMs
  t.is(textOf(opened(t, `${root}/f`), 0, 3)[0], 'abc')
  t.is(statSync(`${root}/f`).atimeMs, before)
})

test('A file on which somebody has a lease is not waited for, and one that may not be read is an error', (t) => {
  const root = tempFolder(t)
  writeTree(root, { f: 'abc' })
  const isOpening = (path: unknown) => String(path).startsWith('/proc/self/fd/')
  const fd = openSync(`${root}/f`, O_PATH)
  const failing = (code: string) => whileFailing('openSync', code, isOpening, () => DataFile.open(fd))
  t.is(failing('EAGAIN'), null)
  t.throws(() => failing('EACCES'), { code: 'EACCES' })
  t.throws(() => failing('EPERM'), { code: 'EPERM' })
  closeSync(fd)
  t.is(openBelow(root), 0)
})

test('Whoever may not leave the access time alone reads all the same', (t) => {
  const root = tempFolder(t)
  writeTree(root, { f: 'abc' })
  const isQuiet = (_: unknown, flags: unknown) => (Number(flags) & constants.O_NOATIME) !== 0
  const file = whileFailing('openSync', 'EPERM', isQuiet, () => opened(t, `${root}/f`))
  t.deepEqual(textOf(file, 0, 3), ['abc', 3])
})

test('Nothing stays open', (t) => {
  const root = tempFolder(t)
  writeTree(root, { f: 'abc' })
  writeFileSync(`${root}/empty`, '')
  const folder = new Folder(root, { asking: askAll })
  folder.openData('/f')?.close()
  folder.openData('/empty')
  folder.openData('/g')
  folder.close()
  t.is(openBelow(root), 0)
})
