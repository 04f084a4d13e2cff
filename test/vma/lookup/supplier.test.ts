/** Which copy is the one that is mapped, where the kernel shows only the union's file. */
import test from 'ava'
import type { Found } from '../../../src/files/found.js'
import { type Kernel, parseEntry, UNKNOWN } from '../../../src/proc/map-files.js'
import type { Copy } from '../../../src/unions/layers/layer.js'
import { supplierOf } from '../../../src/vma/lookup/supplier.js'
import { foundAs, lookupOf } from '../../helpers/lookups.js'
import { table } from '../../helpers/tables.js'

const overlay = table([], { dev: '0:40', fs_type: 'overlay', si: null })
const aufs = table([])

/** A copy of inode 9 in a branch of some permission. */
const copy = (perm: string | null, more: Partial<Copy> = {}): Copy => ({
  ...{ branch: { index: 0, id: null, path: '/b', perm, attributes: [] }, path: '/f', mount_id: 29 },
  ...{ file: foundAs('254:0/9'), isMeta: false, since: 0n, isNamed: true },
  ...{ isCopiedUp: () => null, openData: () => null },
  ...more,
})

const data = copy('ro', { path: '/data' })
const meta = copy('rw', { isMeta: true })
/** What the union shows of the copies: the inode of the layer's file. */
const same = foundAs('0:40/9')
const changed = foundAs('0:40/9', { changed: 8n })
const ofAnother = foundAs('0:40/77')
/** Layers on several filesystems have another device, of which an inode tells nothing. */
const elsewhere = foundAs('0:41/9')

interface Case {
  name: string
  copies: Copy[]
  found: Found
  perms?: string
  kernel?: Partial<Kernel>
  isOlder?: boolean
  union?: typeof overlay
  /** The place of the copy that is mapped; null where none is told. */
  told: number | null
}

const copied = (told: boolean | null) => copy('rw', { isCopiedUp: () => told })
const inMaps = (dev: string | null, ino: string | null) => ({ maps_dev: dev, maps_ino: ino })

const cases: Case[] = [
  { name: 'there is none', copies: [], found: same, told: null },
  { name: 'one of a read-only branch', copies: [copy('ro')], found: same, told: 0 },
  { name: 'one of a really read-only branch', copies: [copy('rr')], found: same, told: 0 },
  { name: 'the topmost', copies: [copy('ro'), copy('ro')], found: same, told: 0 },
  {
    name: 'none of a read-only branch is written to',
    copies: [copy('ro')],
    found: same,
    perms: 'rw-s',
    told: null,
  },
  { name: 'the union shows one that was changed', copies: [copy('ro')], found: changed, told: null },
  {
    name: 'the union shows one that was changed, of a branch that cannot change',
    copies: [copy('rr')],
    found: changed,
    told: null,
  },
  { name: 'the union shows another inode', copies: [copy('ro')], found: ofAnother, told: null },
  { name: 'the name tells where no inode can', copies: [copy('ro')], found: elsewhere, told: 0 },
  {
    name: 'the name tells nothing where it was made by another',
    copies: [copy('ro', { isNamed: false })],
    found: elsewhere,
    told: null,
  },
  {
    name: 'AUFS has inodes of its own: the name tells',
    copies: [copy('ro')],
    found: foundAs('0:18/25'),
    union: aufs,
    told: 0,
  },
  {
    name: 'nobody knows whether the topmost has data',
    copies: [copy('ro', { isMeta: null })],
    found: same,
    told: null,
  },
  { name: 'the data of a metacopy lies below', copies: [meta, meta, data], found: same, told: 2 },
  { name: 'a metacopy has no data anywhere', copies: [meta], found: same, told: null },
  {
    name: 'nobody knows whether the next has data',
    copies: [meta, copy('ro', { isMeta: null })],
    found: same,
    told: null,
  },
  {
    name: 'a metacopy that is written to has its data',
    copies: [meta, data],
    found: same,
    perms: 'rw-s',
    told: null,
  },
  {
    name: 'what is written to is the writable one',
    copies: [copied(true)],
    found: ofAnother,
    perms: 'rw-s',
    told: 0,
  },
  {
    name: 'what was made in the writable branch has its inode',
    copies: [copied(true)],
    found: same,
    told: 0,
  },
  {
    name: 'what was copied up keeps the inode of the lower file',
    copies: [copied(false)],
    found: ofAnother,
    told: null,
  },
  {
    name: 'its attributes tell where no inode can: made there',
    copies: [copied(false)],
    found: elsewhere,
    told: 0,
  },
  {
    name: 'its attributes tell where no inode can: copied up',
    copies: [copied(true)],
    found: elsewhere,
    told: null,
  },
  { name: 'nothing tells', copies: [copied(null)], found: elsewhere, told: null },
  { name: 'a branch of which no permission is told', copies: [copy(null)], found: same, told: 0 },
  {
    name: 'maps keeps the inode of the lower file where a hard link was copied up',
    copies: [copied(false)],
    found: same,
    kernel: inMaps('0:40', '77'),
    told: null,
  },
  {
    name: 'maps has the same inode',
    copies: [copied(true)],
    found: same,
    kernel: inMaps('0:40', '9'),
    told: 0,
  },
  {
    name: 'maps has another device',
    copies: [copied(true)],
    found: same,
    kernel: inMaps('0:41', '77'),
    told: 0,
  },
  { name: 'maps has no device', copies: [copied(true)], found: same, kernel: inMaps(null, '77'), told: 0 },
  { name: 'maps has no inode', copies: [copied(true)], found: same, kernel: inMaps('0:40', null), told: 0 },
  {
    name: 'what was there before the mount was not copied up since',
    copies: [copied(true)],
    found: elsewhere,
    isOlder: true,
    told: 0,
  },
]

for (const { name, copies, found, perms = 'r-xp', kernel, isOlder = false, union = overlay, told } of cases)
  test(`Which copy is mapped: ${name}`, (t) => {
    const entry = parseEntry('1000-2000 -> /f')
    if (entry === null) return t.fail()
    const raw = { ...entry, perms, kernel: { ...UNKNOWN, ...kernel } }
    const lookup = lookupOf({ isOlderThanMount: () => isOlder })
    const supplier = supplierOf({ raw, lookup }, { copies, isComplete: true }, found, union)
    t.is(supplier, told === null ? null : (copies[told] ?? null))
  })
