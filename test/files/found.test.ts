import { type BigIntStats, lstatSync, statSync } from 'node:fs'
import test from 'ava'
import { type Found, foundOf, isUnchanged } from '../../src/files/found.js'

/** What stat would say of another file. */
function statOf(more: Partial<BigIntStats>): BigIntStats {
  const stat = statSync('package.json', { bigint: true })
  return Object.assign(Object.create(Object.getPrototypeOf(stat)), stat, more)
}

test('a file of one block may have its data elsewhere, one of more has it', (t) => {
  for (const [blocks, mayLackData] of [
    [0n, true],
    [8n, true],
    [9n, false],
    [16n, false],
  ] as const)
    t.is(foundOf(statOf({ blocks })).mayLackData, mayLackData, `${blocks}`)
  t.false(foundOf(lstatSync('.', { bigint: true })).mayLackData, 'of a folder there is no data')
})

test('a regular file has data that lies somewhere, where it has a block', (t) => {
  t.true(foundOf(statOf({ blocks: 1n })).hasData)
  t.false(foundOf(statOf({ blocks: 0n })).hasData)
  t.false(foundOf(statOf({ blocks: 8n, mode: 0o40755n })).hasData, 'a folder')
})

test('a file is unchanged where its size and all times of its data are', (t) => {
  const file: Found = foundOf(statOf({}))
  t.true(isUnchanged(file, { ...file, ino: '1', dev: '0:1', links: 7n, birth: 0n }))
  for (const [name, value] of [
    ['size', file.size + 1n],
    ['modified', file.modified + 1n],
    ['changed', file.changed + 1n],
  ] as const)
    t.false(isUnchanged(file, { ...file, [name]: value }), name)
})
