/**
 * What users of the library may write, and what they may not: compiled by test/index.test.ts against the published types, as
 * those inside of the repository take any string for bytes.
 */
import { createReadStream, readFileSync } from 'node:fs'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  type BranchTable,
  branchTables,
  bytesOf,
  ContextReader,
  findImages,
  fixVma,
  fixVmas,
  fromNdjson,
  isBranchTable,
  isMount,
  isStale,
  listPids,
  mountOver,
  mounts,
  overlayLayers,
  parseEntry,
  parseLog,
  parseMapFiles,
  parseMount,
  parseMounts,
  parseTables,
  quote,
  readMapFiles,
  remount,
  remountCommands,
  stringify,
  type Text,
  tables,
  toBytes,
  toNdjson,
  toText,
  type Vma,
  vmas,
} from 'aufs-filters'

const file = createReadStream('file')

// The fields of records are known, and the `_b64` twins of those that are bytes.
for await (const vma of readMapFiles({ pids: listPids() }).pipe(fixVmas())) {
  const path: string = vma.path
  const exact: string | undefined = vma.path_b64 ?? vma.rpath_b64 ?? vma.unit_b64 ?? vma.kernel.maps_name_b64
  const attributes: (string | null)[] | undefined = vma.branch?.attributes_b64
  console.log(path, exact, attributes, vma.state === 'current', isStale(vma))
  // @ts-expect-error: no such field
  vma.nonsense
  // @ts-expect-error: an address is no bytes
  vma.start_b64
  // @ts-expect-error: it may be null
  vma.branch.path
}
for await (const { mount_point, super_options_b64 } of mounts())
  console.log(mount_point, super_options_b64?.[0])
for await (const { branches } of tables('/proc/1/mountinfo')) console.log(branches[0]?.path_b64)
for await (const { same_bytes } of vmas({ pids: [1], compare: true })) console.log(same_bytes)
for await (const value of file.pipe(fromNdjson())) {
  // @ts-expect-error: nobody has checked it
  value.root
  if (isMount(value)) console.log(value.root_b64)
}
readMapFiles()
  .on('data', (entry) => console.log(entry.link_b64))
  .once('error', ({ message }) => console.log(message))
  .on('close', () => {})
// @ts-expect-error: no such field
readMapFiles().on('data', (entry) => entry.nonsense)

// A stream takes what the one before gives.
file.pipe(parseMounts()).pipe(branchTables()).pipe(toNdjson()).pipe(process.stdout)
file
  .pipe(parseLog())
  .pipe(remount({ root: '/mnt' }))
  .pipe(process.stdout)
file.pipe(parseLog()).pipe(findImages<Text<BranchTable>>()).pipe(remount())
readMapFiles()
  .pipe(fixVmas())
  .pipe(new Writable({ objectMode: true }))
await pipeline(process.stdin, parseMapFiles(), fixVmas(), toNdjson(), process.stdout)
await pipeline(readMapFiles(), fixVmas(), async (source: AsyncIterable<Text<Vma>>) => {
  for await (const { path } of source) console.log(path)
})
const images = readMapFiles().pipe(fixVmas()).pipe(findImages<Text<Vma>>())
for await (const { path, branch } of images) console.log(path, branch?.image?.names)
// @ts-expect-error: entries are no mounts
readMapFiles().pipe(branchTables())
// @ts-expect-error: mounts are no entries
file.pipe(parseMounts()).pipe(fixVmas())
// @ts-expect-error: JSON may be anything
file.pipe(fromNdjson()).pipe(fixVmas())
// @ts-expect-error: tables are no VMA records
file.pipe(parseLog()).pipe(findImages<Text<Vma>>())

// Bytes are no text, and text is no bytes.
const mount = parseMount(bytesOf('29 21 0:17 / / rw - aufs none rw'))
const own = bytesOf(readFileSync('/proc/self/mountinfo')).split('\n').map(parseMount)
console.log(mountOver(own, mount.mount_point)?.root === '/', overlayLayers(mount.super_options).branches)
// @ts-expect-error: a text
parseMount('29 21 0:17 / / rw - aufs none rw')
// @ts-expect-error: a text
mountOver(own, '/bin/sh')
for await (const text of vmas()) {
  // @ts-expect-error: a text
  quote(text.path)
  // @ts-expect-error: a record of text
  const wrong: Vma = text
  const bytes: Vma = toBytes(text)
  const again: Text<Vma> = toText(bytes)
  console.log(quote(bytes.path), stringify(bytes), again, wrong)
}
const entry = parseEntry(bytesOf('400000-489000 -> /bin/sh'))
if (entry !== null) console.log(fixVma(entry, new ContextReader().ofEntry(null)).path)
for await (const table of file.pipe(fromNdjson()))
  if (isBranchTable(table)) console.log(remountCommands(toBytes(table)))
fixVmas({ tables: await file.pipe(parseTables()).toArray(), root: '/mnt' })
