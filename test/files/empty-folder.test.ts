import { mkdirSync, mkdtempSync } from 'node:fs'
import test from 'ava'
import { isEmptyFolder } from '../../src/files/empty-folder.js'
import { askAll, openBelow, tempFolder, writeTree } from '../helpers/folders.js'

test('a folder without entries, and one that is not there, are empty', (t) => {
  const root = tempFolder(t)
  mkdirSync(`${root}/empty`)
  writeTree(root, { 'full/f': 'x', 'work/f': 'x' })
  t.true(isEmptyFolder(`${root}/empty`, askAll))
  t.true(isEmptyFolder(`${root}/work/index`, askAll))
  t.false(isEmptyFolder(`${root}/full`, askAll))
})

test('of what is no folder, and of what has nothing above it, emptiness is not told', (t) => {
  const root = tempFolder(t)
  writeTree(root, { f: 'x' })
  t.is(isEmptyFolder(`${root}/f`, askAll), undefined)
  t.is(isEmptyFolder(`${root}/gone/index`, askAll), undefined)
  t.is(isEmptyFolder('work/index', askAll), undefined, 'a relative path leads anywhere')
})

test('a folder whose filesystem may not be asked is not read', (t) => {
  const root = tempFolder(t)
  mkdirSync(`${root}/empty`)
  t.is(isEmptyFolder(`${root}/empty`, { mayAsk: () => false, mayPass: () => true }), undefined)
  t.is(isEmptyFolder(`${root}/empty`, { mayAsk: () => true, mayPass: () => false }), undefined)
})

test('a look into a folder leaves no descriptor open', (t) => {
  const root = tempFolder(t)
  writeTree(root, { 'full/f': 'x' })
  const empty = mkdtempSync(`${root}/e`)
  for (const path of [`${root}/full`, empty, `${root}/full/f`, `${root}/gone`]) isEmptyFolder(path, askAll)
  t.is(openBelow(root), 0)
})
