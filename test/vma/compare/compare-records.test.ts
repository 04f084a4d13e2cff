/** Records of this very process, compared by its own memory: what is asked, what is not, and what becomes of faults. */
import { appendFileSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { howToGet } from '../../../src/errors.js'
import { DataFile } from '../../../src/files/data-file.js'
import { O_PATH } from '../../../src/files/ids.js'
import { UNKNOWN } from '../../../src/proc/map-files.js'
import { type Mapping, parseMapping } from '../../../src/proc/maps.js'
import { ForbiddenError, GoneError, Process } from '../../../src/proc/process.js'
import type { Copy } from '../../../src/unions/layers/layer.js'
import { compared } from '../../../src/vma/compare/compare-records.js'
import type { Compared } from '../../../src/vma/compare/comparer.js'
import type { FileLookup, ProcessContext } from '../../../src/vma/context.js'
import type { Vma, VmaBranch } from '../../../src/vma/record.js'
import { openAt, openBelow, tempFolder } from '../../helpers/folders.js'
import { foundAs, lookupOf } from '../../helpers/lookups.js'
import { table } from '../../helpers/tables.js'

/** The smallest code that this process maps. */
function codeOf(): Mapping {
  const size = ({ start, end }: Mapping) => Number.parseInt(end, 16) - Number.parseInt(start, 16)
  const [code] = readFileSync('/proc/self/maps', 'latin1')
    .split('\n')
    .slice(0, -1)
    .map(parseMapping)
    .filter(({ perms, ino }) => perms === 'r-xp' && ino !== '0')
    .sort((a, b) => size(a) - size(b))
  if (code === undefined) throw new Error('no code is mapped')
  return code
}

const { start, end, perms, offset, dev, ino, name } = codeOf()

/** A record of that code, of which it is not known whether it is current. */
const CODE: Vma = {
  ...{
    pid: process.pid,
    comm: 'node',
    container: null,
    unit: null,
    cgroup: null,
    start,
    end,
    perms,
    offset,
    link: name,
  },
  ...{
    path: name,
    rpath: null,
    fpath: null,
    dev,
    ino,
    mnt_id: 1,
    fixed: false,
    state: 'replaced',
    branch: null,
  },
  kernel: {
    ...UNKNOWN,
    dev,
    ino,
    maps_dev: dev,
    maps_ino: ino,
    maps_name: name,
    mnt_id: 1,
    mnt_listed: true,
  },
}

function opened(path: string): DataFile | null {
  const fd = openSync(path, O_PATH)
  try {
    return DataFile.open(fd)
  } finally {
    closeSync(fd)
  }
}

/** A process whose path shows a file, and whose entries lead to their file. */
function contextOf(shown: string, change: Partial<FileLookup> = {}): ProcessContext {
  const file = opened(name)
  file?.close()
  const lookup = lookupOf({
    mapped: () => file?.file ?? null,
    openData: () => opened(shown),
    ...change,
  })
  return { mounts: [], unions: [], chroot: '/', root: '/', lookup, leaky: false, reader: null }
}

/** What is told of some records, and the messages. */
function told(
  context: ProcessContext,
  records: readonly Vma[] = [CODE],
  change: Partial<Process> = {},
  known: Compared = new WeakMap(),
): { bytes: (boolean | null | undefined)[]; messages: string[] } {
  const messages: string[] = []
  const self = Object.assign(new Process(process.pid), change)
  const vmas = compared(records, context, self, known, (error) => messages.push(error.message))
  return { bytes: vmas.map(({ same_bytes }) => same_bytes), messages }
}

/** A copy of the mapped file, with another byte in what is mapped of it or not. */
function copyOf(t: ExecutionContext, isOther: boolean): string {
  const path = `${tempFolder(t)}/copy`
  const bytes = readFileSync(name)
  const at = Number.parseInt(offset, 16)
  if (isOther) bytes[at] = 255 - (bytes[at] ?? 0)
  writeFileSync(path, bytes)
  return path
}

const never = () => {
  throw new Error('it is asked')
}

test('Memory is compared with what the path shows', (t) => {
  t.deepEqual(told(contextOf(copyOf(t, false))), { bytes: [true], messages: [] })
  t.deepEqual(told(contextOf(copyOf(t, true))), { bytes: [false], messages: [] })
})

test('What a mapped file told by its own bytes is told of the next process that maps the same of it', (t) => {
  const known: Compared = new WeakMap()
  const of = (shown: string, record: Vma, change: Partial<FileLookup> = {}) =>
    told(contextOf(shown, { openMapped: () => opened(name), ...change }), [record], {}, known).bytes
  t.deepEqual(of(copyOf(t, true), CODE), [false])
  const later = {
    ...CODE,
    start: '1000',
    end: (0x1000 + Number.parseInt(end, 16) - Number.parseInt(start, 16)).toString(16),
  }
  t.deepEqual(of(name, later, { openData: never, openMapped: never }), [false])
  t.deepEqual(of(name, { ...CODE, perms: 'r--p' }), [true], 'it is mapped otherwise')
  t.deepEqual(of(name, { ...CODE, offset: '0' }), [true], 'another part of it is mapped')
  t.deepEqual(of(name, { ...CODE, state: 'deleted' }), [true], 'something else is known of it')
  t.deepEqual(of(name, { ...CODE, kernel: { ...CODE.kernel } }), [true], 'it is another file')
})

test('What the memory of a process told is told of no other', (t) => {
  const known: Compared = new WeakMap()
  const of = (shown: string) => told(contextOf(shown), [CODE], {}, known).bytes
  t.deepEqual(of(copyOf(t, true)), [false])
  t.deepEqual(of(copyOf(t, false)), [true])
})

test('Mappings of one file that differ in what is known of them keep that', (t) => {
  const records: Vma[] = [CODE, { ...CODE, state: 'deleted' }]
  const vmas = compared(records, contextOf(name), new Process(process.pid), new WeakMap(), () => {})
  t.deepEqual(
    vmas.map(({ state, same_bytes }) => [state, same_bytes]),
    [
      ['replaced', true],
      ['deleted', true],
    ],
  )
})

test('The memory that was read does not stay open', (t) => {
  told(contextOf(copyOf(t, false)))
  t.is(openAt(`/proc/${process.pid}/mem`), 0)
})

test('The field stands after the state, and the record is otherwise the same', (t) => {
  const [vma] = compared([CODE], contextOf(name), new Process(process.pid), new WeakMap(), () => {})
  const keys = Object.keys(CODE)
  keys.splice(keys.indexOf('state') + 1, 0, 'same_bytes')
  t.deepEqual(Object.keys(vma ?? {}), keys)
  t.deepEqual({ ...vma, same_bytes: undefined }, { ...CODE, same_bytes: undefined })
})

/** What is told of a file of an overlay whose lower layer has the mapped bytes, or whose upper has them. */
function suppliedBy(
  t: ExecutionContext,
  layers: ('same' | 'other')[],
  change: Partial<Vma> = {},
  isShown = true,
) {
  const paths = layers.map((each) => copyOf(t, each === 'other'))
  const shown = opened(paths[0] ?? name)
  shown?.close()
  const union = table(['/up', '/low'], { dev: '0:40', fs_type: 'overlay', si: null })
  const branches = union.branches.map((branch, i) => ({ ...branch, perm: i === 0 ? 'rw' : 'ro' }))
  const copies = paths.flatMap((path, i): Copy[] => {
    const branch = branches[i]
    if (branch === undefined) return []
    const file = { ...foundAs('254:0/9'), size: 1n }
    return [
      {
        ...{ branch, path: name, file, mount_id: 1, isMeta: false, since: 0n, isNamed: true },
        ...{ isCopiedUp: () => null, openData: () => opened(path) },
      },
    ]
  })
  const opens = isShown
    ? { dev: shown?.file.dev ?? null, ino: shown?.file.ino ?? null }
    : { dev: '0:77', ino: '1' }
  const kernel = { ...CODE.kernel, ...opens, maps_dev: '0:40', maps_ino: '9' }
  const context = contextOf(paths[0] ?? name, {
    copies: () => ({ copies, isComplete: true }),
    holders: () => ({ holders: copies, isComplete: true }),
    openMapped: () => opened(name),
  })
  const record = { ...CODE, state: null, kernel, ...change }
  const unions = [{ ...union, branches }]
  const [vma] = compared([record], { ...context, unions }, new Process(process.pid), new WeakMap(), () => {})
  return [vma?.state, vma?.branch?.path ?? null, vma?.same_bytes]
}

test('Where one copy alone has the bytes, it is the one that is mapped', (t) => {
  t.deepEqual(suppliedBy(t, ['same', 'other']), ['current', '/up', true])
  t.deepEqual(suppliedBy(t, ['other', 'same']), ['copied_up', '/low', false])
})

test('What is known besides bytes is not told anew by them', (t) => {
  t.deepEqual(suppliedBy(t, ['other', 'same'], { state: 'replaced' }), ['replaced', '/low', false])
  t.deepEqual(
    suppliedBy(t, ['other', 'same'], {}, false),
    [null, '/low', false],
    'the path may show another file',
  )
  const branch = { ...table(['/x']).branches[0], mount_id: 1, si: null } as VmaBranch
  t.deepEqual(suppliedBy(t, ['other', 'same'], { branch }), [null, '/x', false])
  t.deepEqual(suppliedBy(t, ['other', 'other']), [null, null, false])
  t.deepEqual(suppliedBy(t, ['same']), [null, null, true], 'nothing to tell one copy from')
})

test('What is current, memory, or of a filesystem that may hang is not asked', (t) => {
  const records: Vma[] = [
    { ...CODE, state: 'current' },
    { ...CODE, state: 'deleted', link: '/memfd:x (deleted)' },
    { ...CODE, kernel: { ...CODE.kernel, dev: null, ino: null } },
  ]
  const context = contextOf(name, { openData: never, openMapped: never, mapped: never, copies: never })
  t.deepEqual(told(context, records), { bytes: [true, null, null], messages: [] })
})

test('An entry that leads to a device by now, or to nothing, is not read in memory', (t) => {
  const device = { ...opened(name)?.file, hasData: false }
  for (const found of [device, null])
    t.deepEqual(told(contextOf(name, { mapped: () => found as ReturnType<FileLookup['mapped']> })), {
      bytes: [null],
      messages: [],
    })
})

test('The mapped file itself is read instead of memory where its entry leads to that', (t) => {
  const context = contextOf(name, { openMapped: () => opened(name), mapped: never })
  t.deepEqual(told(context, [CODE], { attempt: never }), { bytes: [true], messages: [] })
})

test('All mappings of a file count together', (t) => {
  const gap: Vma = { ...CODE, perms: '---p' }
  const past: Vma = { ...CODE, offset: 'ffffffff000' }
  t.deepEqual(told(contextOf(name), [CODE, gap]).bytes, [true, true], 'what nobody can read does not count')
  t.deepEqual(told(contextOf(name), [gap]).bytes, [null])
  const lines = () =>
    [CODE, past].map(({ start, end, offset }) => ({ start, end, offset, dev, ino })) as never[]
  t.deepEqual(told(contextOf(name), [CODE, past], { lines }).bytes, [false, false], 'one differs')
})

test('What is mapped otherwise by now tells nothing, nor do the other mappings of the file', (t) => {
  const moved: Vma = { ...CODE, start: '1000', end: '2000' }
  t.deepEqual(told(contextOf(name), [CODE, moved]).bytes, [null, null])
  const others = { lines: () => [] as never[] }
  t.deepEqual(told(contextOf(name), [CODE], others), { bytes: [null], messages: [] })
})

test('A file that is changed while it is read tells nothing', (t) => {
  const path = copyOf(t, false)
  const context = contextOf(path, {
    mapped: () => {
      appendFileSync(path, 'x')
      return opened(name)?.file ?? null
    },
  })
  t.deepEqual(told(context), { bytes: [null], messages: [] })
})

test('Memory that may not be read is one message that names the capability', (t) => {
  const attempt = () => {
    throw new ForbiddenError('mem: permission denied (EACCES); try sudo (CAP_SYS_PTRACE)')
  }
  const other = { ...CODE, state: null, kernel: { ...CODE.kernel } }
  const gone = () => {
    throw new GoneError()
  }
  t.throws(() => told(contextOf(name), [CODE], { attempt: gone }), { instanceOf: GoneError })
  const { bytes, messages } = told(contextOf(name), [CODE, other], { attempt })
  t.deepEqual(bytes, [null, null])
  t.deepEqual(messages, ['memory cannot be read: mem: permission denied (EACCES); try sudo (CAP_SYS_PTRACE)'])
})

test('A file that may not be read is a message that names the capability, one that cannot be is none', (t) => {
  const failing = (code: string) => () => {
    throw Object.assign(new Error(code), { code })
  }
  for (const code of ['EACCES', 'EPERM'])
    t.deepEqual(told(contextOf(name, { openData: failing(code) })), {
      bytes: [null],
      messages: [`files cannot be read: ${code}; ${howToGet('CAP_DAC_READ_SEARCH')}`],
    })
  t.deepEqual(told(contextOf(name, { openData: failing('EIO') })), { bytes: [null], messages: [] })
})

test('Where nothing may be looked up, nothing is compared', (t) => {
  t.deepEqual(told({ ...contextOf(name), lookup: null }), { bytes: [null], messages: [] })
})

test('A huge mapping is not read, and a message says so once', (t) => {
  const huge = (start: string): Vma => ({ ...CODE, kernel: { ...CODE.kernel }, start, end: '7fffffffffff' })
  const context = contextOf(name, { mapped: never, openMapped: never })
  t.deepEqual(told(context, [huge('1000'), huge('2000')]), {
    bytes: [null, null],
    messages: ['more than 4 GiB is mapped of what is not current: not all is compared'],
  })
})

test('Whatever becomes of a comparison, no file stays open', (t) => {
  const path = copyOf(t, false)
  const before = openBelow(path)
  told(contextOf(path))
  told(contextOf(path), [CODE], { lines: () => [] as never[] })
  t.throws(() => told(contextOf(path, { openMapped: never })), { message: 'it is asked' })
  t.throws(() => told(contextOf(path, { mapped: never })), { message: 'it is asked' })
  t.is(openBelow(path), before)
})
