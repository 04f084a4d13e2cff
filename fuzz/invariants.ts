/** What holds of every filter, whatever it is given: the fuzzer looks for an input that breaks it, the tests keep those that did. */
import assert from 'node:assert/strict'
import { namingOtherKinds } from '../src/cli/other-kinds.js'
import { Selection, selecting } from '../src/cli/selection.js'
import { logFilter } from '../src/criu/dump-log.js'
import { type ExternalFile, ExternalFiles, mappedFileFilter } from '../src/criu/external-files.js'
import { logFormat } from '../src/criu/log-format.js'
import type { InputError } from '../src/errors.js'
import { imageFilter } from '../src/images/images.js'
import { Stores } from '../src/images/places.js'
import type { Filter, LineOptions } from '../src/lines/filter.js'
import { lineTransform } from '../src/lines/line-transform.js'
import { scanRoom } from '../src/lines/scan.js'
import { entryFilter } from '../src/proc/map-files.js'
import { mountFilter } from '../src/proc/mounts/mountinfo.js'
import { mountJsonFilter } from '../src/proc/mounts/mountinfo-json.js'
import type { ByteString } from '../src/text/byte-string.js'
import { type Json, ndjsonLine, parse } from '../src/text/json.js'
import { decodeOctal, encodeOctal } from '../src/text/octal.js'
import { branchesInOptions } from '../src/unions/aufs/options.js'
import type { BranchTable } from '../src/unions/branch-table.js'
import { remountCommands, remountFilter } from '../src/unions/remount/remount.js'
import { tableFilter, tableRecordFilter } from '../src/unions/tables.js'
import { drawnFilter } from '../src/view/drawn-records.js'
import type { Choice } from '../src/view/order.js'
import { renderPage } from '../src/view/page/page.js'
import { pictureOf } from '../src/view/picture.js'
import { draw } from '../src/view/terminal/terminal.js'
import { vmaFilter } from '../src/vma/fixer.js'
import { attempt, readers } from './readers.js'

/** Where no captured sysfs is. */
const NOWHERE = '/nonexistent'

const NO_STORES = new Stores({ docker: [], containerd: [], podman: [] })

/** Lines are cut early, so that too long ones are met as well. */
const MAX_LINE = 100_000

/** So that nearly every line is. */
const SHORT = 100

/** What a filter makes of an input. */
interface Outcome {
  text: ByteString
  errors: string[]
}

type Make = () => { filter: Filter<object | ByteString>; isText?: boolean }

/** Every filter that somebody else's bytes reach, by the name that a finding begins with. */
export const filters: { [name: string]: Make } = {
  mounts: () => ({ filter: mountJsonFilter(), isText: true }),
  branches: () => ({ filter: tableFilter({ sysfs: NOWHERE }) }),
  log: () => ({ filter: logFilter() }),
  tables: () => ({ filter: tableRecordFilter() }),
  entries: () => ({ filter: entryFilter() }),
  vma: () => ({ filter: vmaOf() }),
  restart: () => ({ filter: selecting(vmaOf(), new Selection({ stale: true, code: true })) }),
  remount: () => ({ filter: remountFilter({ root: '/mnt' }), isText: true }),
  criu: () => ({ filter: externalFilter() }),
  images: () => ({ filter: imageFilter(NO_STORES) }),
  view: () => ({ filter: drawnFilter() }),
  kinds: () => ({ filter: namingOtherKinds(tableRecordFilter(), 'branch tables') }),
}

const vmaOf = () => vmaFilter({ procfs: NOWHERE, sysfs: NOWHERE, stat: false, tables: [TABLE] })

/** What CRIU is told of, at the end. */
function externalFilter(): Filter<ExternalFile> {
  const mapped = mappedFileFilter()
  const external = new ExternalFiles()
  return {
    line: (line, _, warn) => mapped.line(line, (file) => external.add(file), warn),
    end: (emit) => external.files.forEach(emit),
  }
}

/** All that is held. */
export const names = [...Object.keys(filters), ...Object.keys(readers)]

const TABLE: BranchTable = {
  ...{ mount_id: 29, mount_point: '/', root: '/', dev: '0:17', fs_type: 'aufs', si: '1a', source: 'sysfs' },
  ...{ xi_path: null, workdir: null, mount_options: null, options: null },
  branches: ['/l/top', '/l/a', '/l/ab', '/'].map((path, index) => ({
    ...{ index, id: 64 + index, path, perm: index === 0 ? 'rw' : 'ro', attributes: [] },
  })),
}

/**
 * Holds a filter against all that is promised of any input.
 *
 * @param cuts where the input is cut into chunks
 * @throws whatever is broken
 */
export function hold(name: string, input: ByteString, cuts: readonly number[]): void {
  const reader = readers[name]
  if (reader !== undefined) {
    reader(input)
    return
  }
  const make = filters[name]
  if (make === undefined) throw new Error(`no filter ${name}`)
  const whole = outcomeOf(make(), input, [])
  assert.deepEqual(outcomeOf(make(), input, cuts), whole, 'any chunking gives the same')
  const [short, shortWhole] = [outcomeOf(make(), input, cuts, SHORT), outcomeOf(make(), input, [], SHORT)]
  // How much of such a line its message shows depends on the chunk.
  assert.equal(short.text, shortWhole.text, 'any chunking gives the same, where lines are too long')
  assert.equal(short.errors.length, shortWhole.errors.length, 'any chunking says as much of lines too long')
  for (const error of whole.errors) assert.match(error, /^[^\x00-\x1f\x7f]*$/, 'a message is one line')
  if (name === 'remount') return
  const records = whole.text.split('\n').slice(0, -1).map(parse)
  for (const record of records) {
    assert.ok(typeof record === 'object' && record !== null && !Array.isArray(record), 'a line is one object')
    assert.deepEqual(parse(ndjsonLine(record).slice(0, -1)), record, 'a record written and read is the same')
  }
  holdOf[name]?.({ input, whole, records })
}

/** What a filter made of an input. */
interface Made {
  input: ByteString
  whole: ReturnType<typeof outcomeOf>
  records: readonly Json[]
}

/** What holds of one filter besides. */
const holdOf: Record<string, (made: Made) => void> = {
  mounts({ input, whole }) {
    assert.deepEqual(outcomeOf({ filter: mountFilter() }, input, []), whole, 'both ways to JSON')
    // The first two lines say whether lines end in a carriage return: without one of them it may be another two.
    if (/\r(\n|$)/.test(input)) return
    const used = usedLines(input, whole.errors)
    assert.equal(
      textOf('branches', whole.text),
      textOf('branches', used),
      'tables of records are those of lines',
    )
  },
  vma({ input, whole, records }) {
    for (const record of records)
      assert.deepEqual(Object.keys(record ?? {}).filter(isVmaKey), VMA_KEYS, 'every key, in order')
    assert.equal(textOf('vma', whole.text), whole.text, 'a fixed record fixed again is the same')
    const all = whole.text.split('\n')
    for (const line of textOf('restart', input).split('\n'))
      assert.ok(all.includes(line), 'what is chosen is not changed')
  },
  entries({ whole }) {
    assert.equal(textOf('entries', whole.text), whole.text, 'entries read back')
  },
  branches: holdTables,
  log: holdTables,
  tables({ records }) {
    for (const record of records) holdMount(record as unknown as BranchTable)
  },
  kinds({ input, whole }) {
    assert.equal(whole.text, textOf('tables', input), 'what an input is called changes no table')
  },
  criu({ records }) {
    const files = records as unknown as ExternalFile[]
    for (const { key } of files) assert.match(key, /^file\[[0-9a-f]+:[0-9a-f]+\]$/, 'as CRIU calls a file')
    assert.equal(new Set(files.map(({ key }) => key)).size, files.length, 'each file once')
  },
  view({ records }) {
    const picture = pictureOf(records as unknown as Parameters<typeof pictureOf>[0])
    assert.doesNotMatch(
      draw(picture, { ...ALL, width: 80, color: false }),
      ACTS,
      'nothing acts on a terminal',
    )
    // A page does the same with each.
    if (records.length > 1) return
    const [, data = '', ...others] = renderPage(picture, ALL).split(/<script[^>]*>/)
    assert.equal(others.length, 1, 'a page has its own script and no other')
    assert.doesNotMatch(data, ACTS, 'nothing turns the direction of writing')
  },
}

/** Every process is drawn. */
const ALL: Choice = { sort: 'stale', stale: false, unions: false, all: true }

/** Control characters but newlines, and those that turn the direction of writing. */
const ACTS = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/

function holdTables({ whole, records }: Made): void {
  assert.equal(textOf('tables', whole.text), whole.text, 'tables read back')
  for (const record of records) holdTable(record as unknown as BranchTable)
}

const VMA_KEYS = [
  ...[
    'pid',
    'comm',
    'container',
    'unit',
    'cgroup',
    'start',
    'end',
    'perms',
    'offset',
    'link',
    'path',
    'rpath',
    'fpath',
  ],
  ...['dev', 'ino', 'mnt_id', 'fixed', 'state', 'branch', 'kernel'],
]

const isVmaKey = (key: string) => VMA_KEYS.includes(key)

/** The lines of an input that no message is of. */
function usedLines(input: ByteString, errors: readonly string[]): ByteString {
  const bad = new Set(errors.map((error) => Number.parseInt(error, 10)))
  return input
    .split('\n')
    .map((line, i) => (bad.has(i + 1) ? '' : line))
    .join('\n')
}

/** What a filter makes of an input, without a word of what it cannot use. */
export function textOf(name: string, input: ByteString): ByteString {
  const make = filters[name]
  if (make === undefined) throw new Error(`no filter ${name}`)
  return outcomeOf(make(), input, []).text
}

function holdTable(table: BranchTable): void {
  const known = table.branches.filter(({ path }) => path !== null)
  for (const { path } of known) assert.equal(decodeOctal(encodeOctal(path ?? '')), path, 'octal escapes')
  holdMount(table)
  if (table.si === null || known.length === 0) return
  const { text } = outcomeOf({ filter: logFilter() }, logFormat()(table), [])
  const [again] = text
    .split('\n')
    .slice(0, -1)
    .map((line) => parse(line) as unknown as BranchTable)
  assert.equal(again?.si, table.si)
  assert.deepEqual(
    again?.branches.map(({ index, path }) => [index, path]),
    known.map(({ path }, i) => [i, path]),
  )
}

const ONE_MOUNT = /\nmount -t aufs -o (.*) none \/mnt \|\| failed=.*\ntest -z .*\n$/s

/** The `br:` text of a mount command, where no path needs another way. */
function holdMount(table: BranchTable): void {
  if (table.fs_type !== 'aufs' || table.branches.some(({ perm }) => perm === null)) return
  const [, word] =
    ONE_MOUNT.exec(
      attempt(() =>
        remountCommands({ ...table, root: '/', options: null, mount_options: null }, { root: '/mnt' }),
      ) ?? '',
    ) ?? []
  if (word === undefined || word.includes(',append:')) return
  const text = word.replace(/'([^']*)'|\\(.)/gs, '$1$2')
  assert.deepEqual(
    branchesInOptions(text.split(','))?.map(({ path, perm, attributes }) => [path, perm, ...attributes]),
    table.branches.map(({ path, perm, attributes }) => [path, perm, ...attributes]),
    'mount options read back',
  )
}

function outcomeOf(
  { filter, isText = false }: ReturnType<Make>,
  input: ByteString,
  cuts: readonly number[],
  maxLine = MAX_LINE,
): Outcome {
  const errors: string[] = []
  const options: Required<LineOptions> = {
    maxLine,
    onError: ({ line, message }: InputError) => void errors.push(`${line}: ${message}`),
  }
  const format = (record: object | ByteString) => (typeof record === 'string' ? record : ndjsonLine(record))
  const { write, flush } = lineTransform(filter, isText ? String : format, options)
  const places = [0, ...cuts.map((cut) => cut % (input.length + 1)).sort((a, b) => a - b), input.length]
  let text = ''
  for (const [i, place] of places.entries()) {
    const bytes = Buffer.from(input.slice(places[i - 1] ?? 0, place), 'latin1')
    text += [...write(cuts.length === 0 ? bytes : inRoom(bytes))].join('')
  }
  return { text: text + flush(), errors }
}

/** A chunk where it is looked through, if there is room for it. */
function inRoom(bytes: Buffer): Buffer {
  const room = scanRoom()
  if (room === null || room.length < bytes.length) return bytes
  return room.subarray(0, bytes.copy(room))
}
