/** The files of a store: what is there, what is not, and what may not be read. */

import { spawnSync } from 'node:child_process'
import { lstatSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { InputError } from '../../src/errors.js'
import type { Asking } from '../../src/files/asking.js'
import { fileError, NoJsonError, StoreFiles } from '../../src/images/store-files.js'
import { askAll, openBelow, tempFolder, writeTree } from '../helpers/folders.js'

/** A store of these files, and where it is. */
function store(
  t: ExecutionContext,
  tree: Record<string, string | null>,
  asking: Asking = askAll,
): { root: string; files: StoreFiles } {
  const root = tempFolder(t)
  writeTree(root, tree)
  const files = new StoreFiles(root, asking)
  t.teardown(() => files.close())
  return { root, files }
}

test('A text is the bytes of a file, and null where there is none', (t) => {
  const { root, files } = store(t, { 'a/text': 'x\xff\n', folder: null })
  symlinkSync('a/text', `${root}/link`)
  symlinkSync('a', `${root}/way`)
  spawnSync('mkfifo', [`${root}/fifo`])
  t.is(files.text('/a/text'), 'x\xff\n')
  for (const path of ['/none', '/a/text/none', '/folder', '/link', '/way/text', '/fifo'])
    t.is(files.text(path), null, path)
  t.is(
    files.open('/a/text', (_, file) => file),
    `${root}/a/text`,
  )
})

test('A file that is longer than any of a store is not read', (t) => {
  const { root, files } = store(t, { long: '', longer: '' })
  truncateSync(`${root}/long`, 2 ** 26)
  truncateSync(`${root}/longer`, 2 ** 26 + 1)
  t.is(files.text('/long')?.length, 2 ** 26)
  t.throws(() => files.text('/longer'), {
    instanceOf: InputError,
    message: `longer than 67108864 bytes: "${root}/longer"`,
  })
})

test('What is no JSON is told as such, and what is not there is null', (t) => {
  const { root, files } = store(t, { good: '{"a":[1]}', bad: '{' })
  t.deepEqual(files.json('/good'), { a: [1] })
  t.is(files.json('/none'), null)
  t.throws(() => files.json('/bad'), { instanceOf: NoJsonError, message: `no JSON: "${root}/bad"` })
})

test('The names in a folder are their bytes, and none where there is no folder', (t) => {
  const { root, files } = store(t, { 'a/one': '', 'a/two': null })
  writeFileSync(Buffer.from(`${root}/a/\xff`, 'latin1'), '')
  t.deepEqual(files.names('/a').sort(), ['one', 'two', '\xff'])
  t.deepEqual(files.names('/'), ['a'])
  for (const path of ['/none', '/a/one']) t.deepEqual(files.names(path), [], path)
  t.deepEqual(new StoreFiles(`${root}/none`, askAll).names('/'), [])
})

test('The target of a link is its bytes, and null where there is no link', (t) => {
  const { root, files } = store(t, { 'a/file': '' })
  symlinkSync(Buffer.from('../\xff', 'latin1'), `${root}/a/link`)
  t.is(files.link('/a', 'link'), '../\xff')
  for (const name of ['none', 'file']) t.is(files.link('/a', name), null, name)
})

test('The root may be a link itself', (t) => {
  const { root } = store(t, { 'real/text': 'x' })
  symlinkSync('real', `${root}/link`)
  const files = new StoreFiles(`${root}/link`, askAll)
  t.teardown(() => files.close())
  t.is(files.text('/text'), 'x')
})

test('What may not be asked is told with its path, and nothing of it is read', (t) => {
  const { root } = store(t, { 'a/text': 'x' })
  const behind = (path: string): Asking => ({ ...askAll, mayPass: (each) => !each.startsWith(path) })
  const reason =
    'on a filesystem whose server may not answer, which is asked only for a store that an option names'
  for (const path of [root, `${root}/a`, `${root}/a/text`]) {
    const files = new StoreFiles(root, behind(path))
    t.teardown(() => files.close())
    t.throws(
      () => files.text('/a/text'),
      { instanceOf: InputError, message: `${reason}: "${root}/a/text"` },
      path,
    )
  }
})

test('What cannot be looked at is told with the reason', (t) => {
  const { root } = store(t, { 'a/text': 'x' })
  const failing = (error: Error) => {
    const files = new StoreFiles(root, {
      ...askAll,
      mayPass: () => {
        throw error
      },
    })
    t.teardown(() => files.close())
    return files
  }
  const system = (code: string, errno: number) => Object.assign(new Error(code), { code, errno })
  t.throws(() => failing(system('EACCES', -13)).text('/a/text'), {
    instanceOf: InputError,
    message: new RegExp(`^permission denied \\(EACCES\\); .*CAP_DAC_READ_SEARCH.*: "${root}/a/text"$`),
  })
  t.throws(() => failing(system('EIO', -5)).names('/'), {
    instanceOf: InputError,
    message: `i/o error (EIO): "${root}"`,
  })
  const odd = new Error('none of the system')
  t.is(
    t.throws(() => failing(odd).names('/')),
    odd,
  )
})

test('Nothing stays open, but folders until the store is closed', (t) => {
  const { root, files } = store(t, { 'a/text': 'x', 'a/bad': '{', 'a/longer': '' })
  truncateSync(`${root}/a/longer`, 2 ** 26 + 1)
  t.is(files.text('/a/text'), 'x')
  const kept = openBelow(root)
  t.true(kept > 0)
  for (const path of ['/a/bad', '/a/longer']) t.throws(() => files.json(path))
  files.names('/')
  files.names('/a')
  files.text('/a')
  files.link('/a', 'none')
  files.stamp('/a/text')
  t.is(openBelow(root), kept)
  files.close()
  t.is(openBelow(root), 0)
  // It may be used again, and closed again.
  t.not(files.stamp('/a/text'), '-')
  t.true(openBelow(root) > 0)
  files.close()
  t.is(openBelow(root), 0)
})

test('A store that is closed sees what has come since', (t) => {
  const { root, files } = store(t, {})
  t.is(files.text('/a/text'), null)
  writeTree(root, { 'a/text': 'x' })
  t.is(files.text('/a/text'), null)
  files.close()
  t.is(files.text('/a/text'), 'x')
})

test('A stamp is another one where the file is, or was changed in the same tick of the clock', (t) => {
  const { root, files } = store(t, { file: 'x', other: 'x' })
  t.is(files.stamp('/none'), '-')
  const { ino, size, ctimeNs, ctimeMs } = lstatSync(`${root}/file`, { bigint: true })
  const { now } = Date
  const at = (later: number) => {
    Date.now = () => Number(ctimeMs) + later
    try {
      return files.stamp('/file')
    } finally {
      Date.now = now
    }
  }
  const settled = `${ino} ${ctimeNs} ${size} `
  t.is(at(50), settled)
  t.is(at(10_000), settled)
  t.is(at(49), `${settled}${ctimeMs + 49n}`)
  t.is(at(0), `${settled}${ctimeMs}`)
})

test('A path is told whole, however long it is', (t) => {
  const long = `/${'x'.repeat(4000)}`
  t.is(fileError('gone', long).message, `gone: "${long}"`)
})
