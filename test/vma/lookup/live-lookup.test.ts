/** Looks at real files: in layers, and through entries of map_files. */
import { lstatSync, mkdirSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { foundOf } from '../../../src/files/found.js'
import { type Kernel, parseEntry, type RawVma, UNKNOWN } from '../../../src/proc/map-files.js'
import { parseMount } from '../../../src/proc/mounts/mountinfo.js'
import type { BranchTable } from '../../../src/unions/branch-table.js'
import type { Copy } from '../../../src/unions/layers/layer.js'
import type { FileLookup } from '../../../src/vma/context.js'
import { LayerStacks, liveLookup, type Machine } from '../../../src/vma/lookup/live-lookup.js'
import { askAll, mountAt, openBelow, tempFolder, writeTree } from '../../helpers/folders.js'
import { skip } from '../../helpers/machine.js'
import { put } from '../../helpers/procfs.js'
import { table } from '../../helpers/tables.js'

interface Looking {
  folder: string
  lookup: FileLookup
  close(): void
}

/** A machine of which nothing is known but its files, and the mounts of the reader and of the process. */
function looking(t: ExecutionContext, reader: string[] = [], process: string[] = []): Looking {
  const folder = tempFolder(t)
  const machine: Machine = {
    ...{ procfs: `${folder}/proc`, sysfs: `${folder}/sys` },
    ...{ mounts: () => reader.map(parseMount), asking: () => askAll },
  }
  const stacks = new LayerStacks(machine)
  const mounts = process.map(parseMount)
  const root = { isOwnRoot: true, isProcessRoot: false, mounts, asking: askAll, mayAskDevice: () => true }
  const lookup = liveLookup(folder, root, stacks, machine)
  const close = () => {
    lookup.close()
    stacks.close()
  }
  t.teardown(close)
  return { folder, lookup, close }
}

const overlay = (path: string, dev: string, workdir: string | null = null) =>
  table([path], { fs_type: 'overlay', si: null, dev, workdir })

test('Overlays are told apart by their devices, as they have no other number', (t) => {
  const { folder, lookup } = looking(t)
  writeTree(folder, { 'one/f': '', 'other/g': '' })
  const [one, other] = [overlay(`${folder}/one`, '0:40'), overlay(`${folder}/other`, '0:41')]
  t.deepEqual(
    [one, other].flatMap((each) => ['/f', '/g'].map((path) => lookup.copies(each, path).copies.length)),
    [1, 0, 0, 1],
  )
})

test('Of many unions no more are held open than are remembered, and none when it is closed', (t) => {
  const { folder, lookup, close } = looking(t)
  const names = Array.from({ length: 130 }, (_, i) => `l${i}`)
  writeTree(folder, Object.fromEntries(names.map((name) => [`${name}/f`, ''])))
  for (const [i, name] of names.entries())
    t.is(lookup.copies(overlay(`${folder}/${name}`, `0:${i}`), '/f').copies.length, 1)
  t.is(openBelow(folder), 100)
  close()
  t.is(openBelow(folder), 0)
})

test('A copy is older than the mount of its union where that has made its work folder since, on the same filesystem', (t) => {
  const { folder, lookup, close } = looking(t)
  writeTree(folder, { 'l/f': '', 'w/work': null })
  const { dev, birth } = foundOf(lstatSync(`${folder}/w/work`, { bigint: true }))
  if (birth === 0n) return skip(t, 'no filesystem that tells when a file was made')
  const union = overlay(`${folder}/l`, '0:40', `${folder}/w`)
  const [copy] = lookup.copies(union, '/f').copies
  if (copy === undefined) return t.fail()
  const isOlder = (more: Partial<Copy>, of = union) =>
    lookup.isOlderThanMount(of, { ...copy, since: birth - 1n, ...more })
  t.true(isOlder({}))
  t.false(isOlder({ since: birth }))
  t.false(isOlder({ since: birth + 1n }))
  t.false(isOlder({ since: 0n }), 'when it was made is not told')
  t.false(isOlder({ file: { ...copy.file, dev: `${dev}1` } }))
  t.false(isOlder({}, overlay(`${folder}/l`, '0:41')), 'a union without a work folder')
  t.false(isOlder({}, overlay(`${folder}/l`, '0:42', `${folder}/none`)))
  close()
  t.is(openBelow(folder), 0)
})

test('No copy of a hard link is there where the folders for them are empty, or not there', (t) => {
  const { folder, lookup } = looking(t)
  const [none, some] = [`${folder}/none`, `${folder}/some`]
  writeTree(folder, { 'some/index/00fb': '', 'some/.wh..wh.plnk/12.34': '' })
  for (const name of ['index', '.wh..wh.plnk']) mkdirSync(`${none}/${name}`, { recursive: true })
  const withWorkdir = (workdir: string | null) => lookup.hasNoHardLinks(overlay(some, '0:40', workdir))
  t.deepEqual([none, folder, null].map(withWorkdir), [true, true, true])
  t.deepEqual([some, `${folder}/gone`].map(withWorkdir), [false, false])
  const withTop = (top: string, lower: string) =>
    lookup.hasNoHardLinks({
      ...table([]),
      branches: [top, lower].map((path, index) => {
        return { index, id: null, path, perm: index === 0 ? 'rw' : 'ro', attributes: [] }
      }),
    })
  t.true(withTop(none, some), 'nothing is copied up to a branch that cannot be written')
  t.false(withTop(some, none))
})

test('A mapped file is looked at through its entry only where that is still of the same mount and file', (t) => {
  const { folder, lookup, close } = looking(t)
  writeTree(folder, { f: 'x' })
  put(`${folder}/proc`, 7, { links: { '1000-2000': `${folder}/f` } })
  const { dev, ino } = foundOf(lstatSync(`${folder}/f`, { bigint: true }))
  const raw = parseEntry(`1000-2000 -> ${folder}/f`)
  if (raw === null) return t.fail()
  const mnt_id = mountAt(folder)
  const mapped = (kernel: Partial<Kernel>, more: Partial<RawVma> = {}) =>
    lookup.mapped({ ...raw, pid: 7, kernel: { ...UNKNOWN, dev, ino, mnt_id, ...kernel }, ...more })
  t.is(mapped({})?.size, 1n)
  t.is(mapped({ mnt_id: mnt_id + 1 }), null)
  t.is(mapped({ ino: '1' }), null)
  t.is(mapped({ dev: '0:1' }), null)
  t.is(mapped({ mnt_id: null }), null)
  t.is(mapped({}, { pid: null }), null)
  t.is(mapped({}, { pid: 8 }), null)
  close()
  t.is(openBelow(folder), 0)
})

/** An overlay of a writable branch over another, with its workdir. */
const writable = (folder: string, workdir: string | null, more: Partial<BranchTable> = {}): BranchTable => {
  const { branches, ...rest } = table([`${folder}/top`, `${folder}/low`], {
    ...{ fs_type: 'overlay', si: null, dev: '0:40', workdir },
    ...more,
  })
  return { ...rest, branches: branches.map((branch, i) => (i === 0 ? { ...branch, perm: 'rw' } : branch)) }
}

test('What the branches have of a path is told, whatever hides it, and whether it was copied', (t) => {
  const { folder, lookup } = looking(t)
  writeTree(folder, { 'top/both': '', 'low/both': '', 'low/one': '' })
  const union = writable(folder, null)
  const indexesOf = (path: string) => lookup.holders(union, path).holders.map(({ branch }) => branch.index)
  t.deepEqual(['/both', '/one', '/none'].map(indexesOf), [[0, 1], [1], []])
  t.deepEqual(
    ['/both', '/one', '/none'].map((path) => lookup.isNotCopied(union, path)),
    [false, true, true],
  )
})

test('The writable branch is seen where what the mount made is there, on the same mount', (t) => {
  const { folder, lookup } = looking(t)
  writeTree(folder, { top: null, low: null, 'w/work': null, none: null })
  const isSeen = (union: BranchTable) => lookup.isUpperSeen(union)
  t.true(isSeen(writable(folder, `${folder}/w`)))
  t.false(isSeen(writable(folder, `${folder}/none`, { dev: '0:41' })))
  t.false(isSeen(writable(folder, '/proc/self', { dev: '0:42' })))
  t.true(isSeen(overlay(`${folder}/low`, '0:43')), 'there is none')
  t.is(isSeen({ ...writable(folder, null), fs_type: 'aufs', si: '1a' }), null)
})

test('Whether there are metacopies is told by the options of the union’s own mount', (t) => {
  const line = (id: number, option: string) =>
    `${id} 1 0:40 / /${id} rw - overlay o rw,lowerdir=/l,metacopy=${option}`
  const has = (mounts: string[]) => {
    const { folder, lookup } = looking(t, [], mounts)
    return lookup.hasMetacopies(overlay(`${folder}/l`, '0:40'))
  }
  t.true(has([line(30, 'off'), line(31, 'on')]))
  t.false(has([line(30, 'on'), line(31, 'off')]))
})

test('Devices are those of the reader’s mounts', (t) => {
  const { folder, lookup } = looking(t, [
    '29 1 8:1 / / rw - ext4 none rw',
    '30 29 0:50 / /nowhere rw - tmpfs none rw',
  ])
  t.deepEqual(
    [29, 30, 31, null].map((id) => lookup.deviceOf(id)),
    ['8:1', '0:50', null, null],
  )
  t.is(lookup.deviceAt('/x'), '8:1')
  t.false(folder.startsWith('/nowhere'))
  t.is(looking(t).lookup.deviceAt('/x'), null)
})

test('A path below is opened for its data, and nothing stays open of what was looked into', (t) => {
  const { folder, lookup } = looking(t)
  writeTree(folder, { 'd/f': 'x' })
  const file = lookup.openData('/d/f')
  t.is(file?.file.size, 1n)
  file?.close()
  lookup.close()
  t.is(openBelow(folder), 0)
})

test('The mapped file itself is opened through its entry only where that lies on a mount of no union', (t) => {
  const id = mountAt(tempFolder(t))
  const opens = (reader: string[], process: string[] = []) => {
    const { folder, lookup, close } = looking(t, reader, process)
    writeTree(folder, { f: 'x' })
    put(`${folder}/proc`, 7, { links: { '1000-2000': `${folder}/f` } })
    const { dev, ino } = foundOf(lstatSync(`${folder}/f`, { bigint: true }))
    const raw = parseEntry(`1000-2000 -> ${folder}/f`)
    if (raw === null) throw new Error('no entry')
    const kernel: Kernel = { ...UNKNOWN, dev, ino, mnt_id: id, maps_dev: '8:1', maps_ino: ino }
    const file = lookup.openMapped({ ...raw, pid: 7, kernel })
    const size = file?.file.size ?? null
    file?.close()
    close()
    t.is(openBelow(folder), 0)
    return size
  }
  const mount = (dev: string, type: string, mountId = id) =>
    `${mountId} 1 ${dev} / / rw - ${type} none rw,lowerdir=/l`
  t.is(opens([mount('8:1', 'ext4')]), 1n)
  t.is(opens([], [mount('0:9', 'tmpfs', id + 1), mount('8:1', 'ext4')]), 1n)
  t.is(opens([mount('8:1', 'overlay')]), null)
  t.is(opens([mount('0:9', 'ext4')]), null)
  t.is(opens([mount('8:1', 'ext4', id + 1)]), null)
  t.is(opens([]), null)
})
