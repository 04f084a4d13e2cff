import test from 'ava'
import { parseEntry } from '../../src/proc/map-files.js'
import type { ProcessContext } from '../../src/vma/context.js'
import { fixVma } from '../../src/vma/fix-vma.js'
import { isMemory, type NamedFile, neverHadName } from '../../src/vma/names.js'
import { isStale, isState, staleness, unfixed } from '../../src/vma/record.js'

const kernel = { dev: '0:1', ino: '7', maps_ino: '7', mnt_listed: false }
const memory: NamedFile = { path: '/memfd:jit', rpath: null, dev: '0:1', ino: '7', kernel }
const file: NamedFile = {
  path: '/usr/lib/a.so',
  rpath: null,
  dev: '254:0',
  ino: '46',
  kernel: { dev: '254:0', ino: '46', maps_ino: '46', mnt_listed: true },
}

/** What Linux 6.18 calls them, but for the buffers of GPUs, of which its source tells. */
const NAMES = [
  '/memfd:jit',
  '/memfd:',
  '/memfd:a\nb /x',
  '/memfd:x (deleted)',
  '/SYSV00000000',
  '/SYSV1234abcd',
  '/dev/zero',
  '/anon_hugepage',
  '/[aio]',
  '/secretmem',
  '/drm mm object',
  '/i915',
  '/dev/ashmem/dalvik-jit-code-cache',
]

for (const name of NAMES)
  test(`Memory never had a name: ${JSON.stringify(name)}`, (t) => {
    t.true(isMemory(`${name} (deleted)`))
    t.false(isMemory(`/lib${name} (deleted)`))
    t.true(neverHadName({ ...memory, path: name }))
    t.is(staleness({ ...memory, path: name, state: 'deleted' }), false)
  })

for (const name of [
  '/dmabuf:',
  '/dmabuf:video',
  'anon_inode:[io_uring]',
  'anon_inode:kvm-vcpu:0',
  'socket:[12]',
])
  test(`Memory that is never called deleted has no name either: ${name}`, (t) => {
    t.true(isMemory(name))
    t.true(neverHadName({ ...memory, path: name }))
    t.is(staleness({ ...memory, path: name, state: null }), false)
  })

const cases: { name: string; file: NamedFile; never: boolean }[] = [
  { name: 'a library', file, never: false },
  { name: 'a file called as memory is, on a mount', file: { ...file, path: '/memfd:jit' }, never: false },
  {
    name: 'a file of a union called as memory is',
    file: { ...memory, path: '/SYSV00000000', rpath: './SYSV00000000' },
    never: false,
  },
  {
    name: 'a file called as memory is, of which maps alone tells that it is on a mount',
    file: { ...file, path: '/i915', kernel: { ...kernel, dev: null, ino: null, mnt_listed: null } },
    never: false,
  },
  {
    name: 'memory of which maps alone tells',
    file: {
      ...memory,
      dev: null,
      ino: null,
      kernel: { ...kernel, dev: null, ino: null, mnt_listed: null },
    },
    never: true,
  },
  {
    name: 'memory of a text entry',
    file: {
      ...memory,
      dev: null,
      ino: null,
      kernel: { dev: null, ino: null, maps_ino: null, mnt_listed: null },
    },
    never: true,
  },
  {
    name: 'memory without what the kernel says',
    file: { path: '/memfd:x', rpath: null, dev: null, ino: null },
    never: true,
  },
  { name: 'a file of O_TMPFILE', file: { ...file, path: '/tmp/#46' }, never: true },
  {
    name: 'a file of O_TMPFILE of a union',
    file: { ...file, path: '/var/#46', rpath: './var/#46' },
    never: true,
  },
  {
    name: 'a file of O_TMPFILE of which maps alone tells',
    file: {
      ...file,
      path: '/tmp/#46',
      ino: null,
      kernel: { ...kernel, dev: null, ino: null, maps_ino: '46' },
    },
    never: true,
  },
  { name: 'a file that was called #47', file: { ...file, path: '/tmp/#47' }, never: false },
  { name: 'a file that was called #046', file: { ...file, path: '/tmp/#046' }, never: false },
  { name: 'a file in a folder #46', file: { ...file, path: '/tmp/#46/x' }, never: false },
  { name: 'a file called a#46', file: { ...file, path: '/tmp/a#46' }, never: false },
  {
    name: 'a name like that of O_TMPFILE, of which nothing tells the inode',
    file: { path: '/tmp/#46', rpath: null, dev: null, ino: null },
    never: false,
  },
  { name: 'shared memory by a file (shm_open)', file: { ...file, path: '/dev/shm/x' }, never: false },
]

for (const { name, file, never } of cases)
  test(`Whether ${name} ever had a name`, (t) => {
    t.is(neverHadName(file), never)
    t.is(staleness({ ...file, state: 'deleted' }), !never)
    t.is(staleness({ ...file, state: null }), never ? false : null)
  })

test('What is current is not stale, and any other state is', (t) => {
  t.is(staleness({ ...file, state: 'current' }), false)
  for (const state of ['copied_up', 'replaced', 'deleted'] as const) t.is(staleness({ ...file, state }), true)
})

test('What was compared is stale where its bytes differ, known state or not, and never where they are the same', (t) => {
  const file = { path: '/bin/sh', rpath: null, dev: '254:0', ino: '46' }
  for (const state of ['copied_up', 'replaced', 'deleted', null] as const) {
    t.true(staleness({ ...file, state, same_bytes: false }))
    t.false(staleness({ ...file, state, same_bytes: true }))
    t.is(staleness({ ...file, state, same_bytes: null }), state === null ? null : true)
  }
})

test('A state is one of four words', (t) => {
  for (const word of ['current', 'copied_up', 'replaced', 'deleted']) t.true(isState(word), word)
  for (const other of ['', 'gone', 'Current', null, undefined, 0, ['current']]) t.false(isState(other))
})

test('What is not known is not known to be stale', (t) => {
  t.false(isStale({ state: null }))
  t.true(isStale({ state: 'deleted' }))
})

test('A record unfixed has what the kernel says, and what somebody added, and nothing of what was found out', (t) => {
  const context: ProcessContext = {
    ...{ mounts: [], unions: [], chroot: '/', root: '/r', lookup: null, leaky: false, reader: null },
  }
  const raw = parseEntry('1000-2000 -> /bin/sh')
  if (raw === null) return t.fail()
  const fixed = {
    ...fixVma({ ...raw, unit: 'x.service', cgroup: '/x' }, context),
    same_bytes: true,
    host: 'web',
  }
  t.deepEqual(unfixed(fixed) as object, { ...raw, host: 'web' })
  t.deepEqual(Object.keys(unfixed(fixed)), [...Object.keys(raw), 'host'])
})
