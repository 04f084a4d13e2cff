import { closeSync, constants, readFileSync, symlinkSync, writeFileSync, writeSync } from 'node:fs'
import test from 'ava'
import { howToGet } from '../../src/errors.js'
import { Folder } from '../../src/files/folder.js'
import { openRegularFile } from '../../src/files/regular-file.js'
import { whileFailing } from '../helpers/failing.js'
import { inputError } from '../helpers/filters.js'
import { askAll, openBelow, tempFolder, writeTree } from '../helpers/folders.js'
import { outcome } from '../helpers/run.js'

test('a file is opened to be read, or to be written to as well', (t) => {
  const root = tempFolder(t)
  writeTree(root, { 'a/b': 'one' })
  writeFileSync(Buffer.from(`${root}/new\nline \xff`, 'latin1'), 'two')
  const folder = new Folder(root, { asking: askAll })
  t.teardown(() => folder.close())
  const reading = openRegularFile(folder, '/a/b', false)
  t.is(readFileSync(reading, 'latin1'), 'one')
  t.throws(() => writeSync(reading, 'x'), { code: 'EBADF' })
  closeSync(reading)
  const writing = openRegularFile(folder, '/a/b', true)
  writeSync(writing, 'two', 0)
  closeSync(writing)
  t.is(readFileSync(`${root}/a/b`, 'latin1'), 'two')
  const odd = openRegularFile(folder, '/new\nline \xff', false)
  t.is(readFileSync(odd, 'latin1'), 'two')
  closeSync(odd)
})

test('nothing else is opened, and nothing outside', async (t) => {
  const root = tempFolder(t)
  const outside = tempFolder(t)
  writeTree(outside, { file: 'secret' })
  writeTree(root, { 'a/b': 'x' })
  symlinkSync(`${outside}/file`, `${root}/link`)
  symlinkSync(outside, `${root}/folder`)
  symlinkSync('a', `${root}/inside`)
  await outcome('mkfifo', [`${root}/fifo`])
  const folder = new Folder(root, { asking: askAll })
  const refused: [path: string, message: RegExp][] = [
    ['/fifo', /^no regular file: "\/fifo"$/],
    ['/a', /^no regular file/],
    ['/link', /^no regular file/],
    ['/folder/file', /^not there, or below a symbolic link: "\/folder\/file"$/],
    ['/inside/b', /^not there/],
    ['/a/../a/b', /^not there/],
    ['/..', /^not there/],
    ['a/b', /^not there/],
    ['/a/b/', /^not there/],
    ['/a\0/b', /^not there/],
    ['', /^not there/],
  ]
  for (const [path, message] of refused)
    for (const writes of [false, true])
      t.regex(inputError(t, () => openRegularFile(folder, path, writes)).message, message, path)
  const devices = new Folder('/dev', { asking: askAll })
  t.regex(inputError(t, () => openRegularFile(devices, '/null', true)).message, /^no regular file/)
  devices.close()
  folder.close()
  t.is(openBelow(root), 0)
})

test('a file that may not be opened is told with the reason', async (t) => {
  // Who runs a program has its file, so that nobody writes to it.
  const folder = new Folder(process.execPath.replace(/\/[^/]*$/, ''), { asking: askAll })
  t.teardown(() => folder.close())
  const { message } = inputError(t, () =>
    openRegularFile(folder, process.execPath.replace(/^.*\//, '/'), true),
  )
  t.regex(message, /\((ETXTBSY|EACCES|EROFS)\)(; try sudo \(CAP_DAC_OVERRIDE\))?: "\/node"$/)
})

test('of a file that may not be opened it is said what is missing, and nothing stays open', (t) => {
  const root = tempFolder(t)
  writeTree(root, { f: 'x' })
  const folder = new Folder(root, { asking: askAll })
  for (const [writes, missing] of [
    [false, 'CAP_DAC_READ_SEARCH'],
    [true, 'CAP_DAC_OVERRIDE'],
  ] as const) {
    const isReopening = (path: unknown, flags: unknown) =>
      /^\/proc\/self\/fd\/\d+$/.test(String(path)) &&
      flags === (writes ? constants.O_RDWR : constants.O_RDONLY)
    const { reason } = inputError(t, () =>
      whileFailing('openSync', 'EACCES', isReopening, () => openRegularFile(folder, '/f', writes)),
    )
    t.is(reason, `EACCES; ${howToGet(missing)}`)
  }
  folder.close()
  t.is(openBelow(root), 0)
})
