/** Files that are there whole, or not at all. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import test from 'ava'
import { save } from '../../src/cli/save.js'
import { openBelow, tempFolder } from '../helpers/folders.js'

test('a file is written whole, byte for byte, and nothing is left beside it', (t) => {
  const folder = tempFolder(t)
  const bytes = '\xff\n'.repeat(100_000)
  for (const name of ['page', 'x'.repeat(255)]) {
    save(`${folder}/${name}`, bytes)
    t.is(readFileSync(`${folder}/${name}`, 'latin1'), bytes)
  }
  t.deepEqual(readdirSync(folder), ['page', 'x'.repeat(255)])
  t.is(statSync(`${folder}/page`).mode & 0o777, 0o666 & ~process.umask())
  t.is(openBelow(folder), 0)
})

test('a file that is there keeps its mode, and one that a link leads to stays where it is', (t) => {
  const folder = tempFolder(t)
  mkdirSync(`${folder}/real`)
  writeFileSync(`${folder}/real/page`, 'an older one, which is longer')
  chmodSync(`${folder}/real/page`, 0o600)
  symlinkSync('real/page', `${folder}/link`)
  save(`${folder}/link`, 'new')
  t.is(readFileSync(`${folder}/real/page`, 'latin1'), 'new')
  t.is(statSync(`${folder}/real/page`).mode & 0o777, 0o600)
  t.deepEqual(readdirSync(folder), ['link', 'real'])
  t.deepEqual(readdirSync(`${folder}/real`), ['page'])
})

test('whoever has a file open reads it to its end as it was', (t) => {
  const file = `${tempFolder(t)}/page`
  save(file, 'old')
  const fd = openSync(file, 'r')
  save(file, 'new')
  t.is(readFileSync(fd, 'latin1'), 'old')
  closeSync(fd)
})

test('what is no regular file is written to, and stays what it is', (t) => {
  const folder = tempFolder(t)
  // No device: root would put a file in its place where this goes wrong.
  const fifo = `${folder}/fifo`
  spawnSync('mkfifo', [fifo])
  const fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK)
  t.teardown(() => closeSync(fd))
  save(fifo, 'page')
  const read = Buffer.alloc(8)
  t.is(read.toString('latin1', 0, readSync(fd, read)), 'page')
  t.true(lstatSync(fifo).isFIFO())
  t.is(openBelow(folder), 1)
  t.deepEqual(readdirSync(folder), ['fifo'])
})

test('what cannot be written is told, and leaves nothing', (t) => {
  const folder = tempFolder(t)
  t.throws(() => save(`${folder}/none/page`, 'x'), { code: 'ENOENT', message: /, open / })
  t.throws(() => save(folder, 'x'), { code: 'EISDIR' })
  t.deepEqual(readdirSync(folder), [])
})
