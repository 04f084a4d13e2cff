/** What holds of every kind of union: one list of cases, run for each. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { isMount, parseMount } from '../../src/proc/mounts/mountinfo.js'
import { ndjsonLine, parse } from '../../src/text/json.js'
import type { BranchTable } from '../../src/unions/branch-table.js'
import { LayerStack } from '../../src/unions/layers/layer-stack.js'
import { remountCommands } from '../../src/unions/remount/remount.js'
import { isBranchTable, tableFilter } from '../../src/unions/tables.js'
import { isOtherMount, typeOfTable, unionTypeOf, unionTypes } from '../../src/unions/types.js'
import type { UnionType } from '../../src/unions/union-type.js'
import { tell } from '../helpers/filters.js'
import { askAll, tempFolder, writeTree } from '../helpers/folders.js'

/** How a kind of union is made up for a test. */
interface Fixture {
  /** The options of a mount of `FOLDER/top` (writable), `FOLDER/mid` and `FOLDER/base`; null where none tell them. */
  options(folder: string): string | null
  /** Files of sysfs that go with it. */
  sysfs(folder: string): Record<string, string>
  /** Hides a name in a folder of a branch. */
  whiteOut(folder: string, name: string): void
}

const fixtures: Record<string, Fixture> = {
  aufs: {
    options: () => 'rw,si=1a',
    sysfs: (folder) => ({
      'fs/aufs/si_1a/br0': `${folder}/top=rw\n`,
      'fs/aufs/si_1a/br1': `${folder}/mid=ro+wh\n`,
      'fs/aufs/si_1a/br2': `${folder}/base=ro+wh\n`,
      'fs/aufs/si_1a/xi_path': '',
    }),
    whiteOut: (folder, name) => writeFileSync(`${folder}/.wh.${name}`, ''),
  },
  overlay: {
    options: (folder) =>
      `rw,lowerdir=${folder}/mid:${folder}/base,upperdir=${folder}/top,workdir=${folder}/work`,
    sysfs: () => ({}),
    // Since Linux 5.8 anybody may make this device.
    whiteOut: (folder, name) => spawnSync('mknod', [`${folder}/${name}`, 'c', '0', '0']),
  },
  'fuse.fuse-overlayfs': {
    options: () => null,
    sysfs: () => ({}),
    whiteOut: () => {},
  },
}

const names = ({ fsType, formerFsTypes }: UnionType) => [fsType, ...formerFsTypes]

function lineOf(name: string, options: string): string {
  return `29 21 0:17 / /u rw - ${name} none ${options}`
}

/** The branch folders of a union, and its table. */
function build(
  t: ExecutionContext,
  { fsType }: UnionType,
  fixture: Fixture,
): { folder: string; table: BranchTable } {
  const folder = tempFolder(t)
  writeTree(folder, { top: null, mid: null, base: null, work: null, sys: null })
  writeTree(`${folder}/sys`, fixture.sysfs(folder))
  const line = lineOf(fsType, fixture.options(folder) ?? 'rw')
  const { records, errors } = tell(tableFilter({ sysfs: `${folder}/sys` }), [line])
  t.deepEqual(errors, [])
  const [table] = records
  if (table === undefined) throw new Error(`no table of ${line}`)
  return { folder, table }
}

function stackOf(t: ExecutionContext, table: BranchTable): LayerStack {
  const stack = new LayerStack(table, typeOfTable(table).whiteouts(table, [], '/nowhere'), askAll)
  t.teardown(() => stack.close())
  return stack
}

/** Each is run for every kind of union; those in the second list for every kind whose branches are told. */
const always: Record<string, (t: ExecutionContext, type: UnionType) => void> = {
  'its mounts are known by each of its names': (t, type) => {
    for (const name of names(type)) {
      t.is(unionTypeOf(name), type)
      t.false(isOtherMount(lineOf(name, 'rw')), 'such a line is not passed over')
    }
  },
  'a mount whose options tell nothing is an error of its line, not silence': (t, type) => {
    for (const name of names(type)) {
      const { records, errors } = tell(tableFilter({ sysfs: '/nowhere' }), [lineOf(name, 'rw')])
      t.deepEqual(records, [])
      t.is(errors.length, 1)
    }
  },
  'a mount of a kind that is not wanted is passed over': (t, type) => {
    const { records, errors } = tell(tableFilter({ types: ['none'] }), [lineOf(type.fsType, 'rw')])
    t.deepEqual([records, errors], [[], []])
  },
}

const ofTables: Record<string, (t: ExecutionContext, type: UnionType, fixture: Fixture) => void> = {
  'the table has its branches topmost first, whatever the type is called': (t, type, fixture) => {
    const { folder, table } = build(t, type, fixture)
    for (const name of names(type)) {
      const line = lineOf(name, fixture.options(folder) ?? '')
      const { records } = tell(tableFilter({ sysfs: `${folder}/sys` }), [line])
      t.deepEqual(records, [table])
      t.is(table.fs_type, type.fsType)
    }
    t.deepEqual(
      table.branches.map(({ index, path, perm }) => [index, path, perm]),
      [
        [0, `${folder}/top`, 'rw'],
        [1, `${folder}/mid`, 'ro'],
        [2, `${folder}/base`, 'ro'],
      ],
    )
  },
  'mount records give the same table as lines': (t, type, fixture) => {
    const { folder, table } = build(t, type, fixture)
    const mount = parseMount(lineOf(type.fsType, fixture.options(folder) ?? ''))
    t.true(isMount(mount))
    const { records } = tell(tableFilter({ sysfs: `${folder}/sys` }), [ndjsonLine(mount).trimEnd()])
    t.deepEqual(records, [table])
  },
  'the table is the same when it was read back': (t, type, fixture) => {
    const { table } = build(t, type, fixture)
    const again = parse(ndjsonLine(table).trimEnd())
    t.true(isBranchTable(again))
    t.deepEqual(again as unknown, table)
  },
  'the copies of a file are found topmost first': (t, type, fixture) => {
    const { folder, table } = build(t, type, fixture)
    writeTree(folder, { 'top/d/x': 'top', 'base/d/x': 'base' })
    const { copies, isComplete } = stackOf(t, table).find('/d/x')
    t.deepEqual(
      copies.map(({ branch }) => branch.index),
      [0, 2],
    )
    // The marks of overlayfs may be closed to this user, or nothing installed that reads them.
    if (type.fsType === 'aufs') t.true(isComplete)
  },
  'a whiteout hides what lies below it': (t, type, fixture) => {
    const { folder, table } = build(t, type, fixture)
    writeTree(folder, { 'top/d': null, 'mid/d': null, 'base/d/x': 'base' })
    const stack = stackOf(t, table)
    t.deepEqual(
      stack.find('/d/x').copies.map(({ branch }) => branch.index),
      [2],
    )
    fixture.whiteOut(`${folder}/mid/d`, 'x')
    t.deepEqual(stackOf(t, table).find('/d/x'), { copies: [], isComplete: true })
    t.deepEqual(
      stack
        .holders('/d/x')
        .holders.map(({ branch }) => branch.index)
        .at(-1),
      2,
      'what is hidden may still be mapped',
    )
  },
  'a file of one layer with a folder above it is not shown': (t, type, fixture) => {
    const { folder, table } = build(t, type, fixture)
    writeTree(folder, { 'base/x': 'base' })
    mkdirSync(`${folder}/top/x`)
    t.deepEqual(stackOf(t, table).find('/x'), { copies: [], isComplete: true })
  },
  'the commands that mount it again name every branch, topmost first': (t, type, fixture) => {
    const { folder, table } = build(t, type, fixture)
    const commands = remountCommands(table, { root: '/mnt' })
    t.true(commands.includes(`mount -t ${type.fsType} `), commands)
    const lower = [`${folder}/mid`, `${folder}/base`].map((path) => commands.indexOf(path))
    t.true(commands.includes(`${folder}/top`) && lower.every((place) => place > 0), commands)
    t.deepEqual(
      lower,
      lower.toSorted((a, b) => a - b),
    )
  },
}

test('every kind of union has a fixture', (t) => {
  t.deepEqual(
    unionTypes.map(({ fsType }) => fsType),
    Object.keys(fixtures),
  )
})

for (const type of unionTypes) {
  const fixture = fixtures[type.fsType]
  for (const [title, run] of Object.entries(always)) test(`${type.fsType}: ${title}`, run, type)
  if (fixture === undefined || fixture.options('') === null) continue
  for (const [title, run] of Object.entries(ofTables)) test(`${type.fsType}: ${title}`, run, type, fixture)
}

test('a fuse-overlayfs mount is an error that says who knows its layers', (t) => {
  const { records, errors } = tell(tableFilter(), [lineOf('fuse.fuse-overlayfs', 'rw,user_id=0')])
  t.deepEqual(records, [])
  t.regex(errors[0]?.message ?? '', /fuse-overlayfs.*no mountinfo/)
})
