/**
 * A superblock whose branches change all the time, as in a loop of remounts: what a stand-in for sysfs shows at any moment is
 * one true state, and between two reads it is another. No text of a state comes again, so a mix of two shows.
 */
import { existsSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { tempFolder, writeTree } from '../helpers/folders.js'
import { launched, until } from '../helpers/processes.js'
import { lines, run } from '../helpers/run.js'

/** Branches are added, taken out, moved and given other permissions; the number of the state is in each path. */
const SHAPES = [
  ['top=rw', 'mid=ro', 'base=ro+wh'],
  ['top=rw', 'new=ro', 'mid=ro', 'base=ro+wh'],
  ['new=rw', 'top=ro', 'mid=ro', 'base=ro+wh'],
  ['top=rw', 'base=ro'],
]

const stateOf = (number: number) =>
  (SHAPES[number % SHAPES.length] ?? []).map((text) => text.replace(/^(\w+)=/, `/$1.${number}=`))

/** Puts one state after the other in place, each at once, as the kernel does under its lock. */
const LOOP = `
const fs = require('node:fs')
const [folder, shapes] = [process.argv[1], JSON.parse(process.argv[2])]
const wait = new Int32Array(new SharedArrayBuffer(4))
for (let n = 0; ; n += 1) {
  fs.mkdirSync(folder + '/state.' + n)
  shapes[n % shapes.length].forEach((text, i) => {
    fs.writeFileSync(folder + '/state.' + n + '/br' + i, text.replace(/^(\\w+)=/, '/$1.' + n + '=') + '\\n')
    fs.writeFileSync(folder + '/state.' + n + '/brid' + i, n + 64 + i + '\\n')
  })
  fs.symlinkSync('../../../state.' + n, folder + '/next')
  fs.renameSync(folder + '/next', folder + '/sys/fs/aufs/si_abc')
  if (n > 50) fs.rmSync(folder + '/state.' + (n - 50), { recursive: true })
  Atomics.wait(wait, 0, 0, (n * 7919) % 5)
}`

interface Table {
  branches: { index: number; id: number | null; path: string | null; perm: string; attributes: string[] }[]
}

test('Every table read in a loop of remounts is one true state, or a message', async (t) => {
  const folder = tempFolder(t)
  writeTree(folder, { 'sys/fs/aufs': null })
  writeFileSync(`${folder}/mountinfo`, '29 21 0:17 / / rw - aufs none rw,si=abc\n')
  launched(t, [process.execPath, '--eval', LOOP, folder, JSON.stringify(SHAPES)])
  await until(() => existsSync(`${folder}/sys/fs/aufs/si_abc/br0`))

  // Superblocks are read anew for each FILE.
  const files = Array.from({ length: 300 }, () => `${folder}/mountinfo`)
  const { stdout, stderr } = await run('aufs-branches', ['--sysfs', `${folder}/sys`, ...files])
  const [tables, messages] = [lines(stdout), lines(stderr)]
  t.log(`${tables.length} tables, ${messages.length} messages`)
  t.is(tables.length + messages.length, files.length)
  for (const message of messages) t.regex(message, /si_abc: it is remounted again and again/)
  for (const table of tables) {
    const { branches } = JSON.parse(table) as Table
    const number = Number(/\.(\d+)$/.exec(branches[0]?.path ?? '')?.[1])
    t.deepEqual(
      branches.map(({ path, perm, attributes }) => `${path}=${[perm, ...attributes].join('+')}`),
      stateOf(number),
    )
    t.deepEqual(
      branches.map(({ id }) => id),
      branches.map((_, i) => number + 64 + i),
    )
  }
})
