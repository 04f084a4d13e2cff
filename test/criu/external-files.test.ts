import test from 'ava'
import {
  dumpOptions,
  ExternalFiles,
  type MappedFile,
  mappedFileFilter,
  restoreOptions,
  withOptions,
} from '../../src/criu/external-files.js'
import { inputError, tell } from '../helpers/filters.js'

/** A file that AUFS shows by its branch. */
const leaked: MappedFile = {
  perms: 'r-xp',
  link: '/l/base/bin/sh',
  path: '/bin/sh',
  dev: '0:17',
  ino: '15',
  mnt_id: -1,
  state: 'current',
  kernel: { dev: '254:0', ino: '9350', mnt_id: 13, mnt_listed: false },
}
const { kernel } = leaked
const unknown = { dev: null, ino: null, mnt_id: null, mnt_listed: null }

function filesOf(...mapped: MappedFile[]) {
  const external = new ExternalFiles()
  for (const file of mapped) external.add(file)
  return external.files
}

test('a file is named by its mount and inode, hexadecimal, once for all its mappings', (t) => {
  t.deepEqual(filesOf(leaked, { ...leaked, perms: 'rw-p' }), [
    { key: 'file[d:2486]', path: '/bin/sh', isWritten: false },
  ])
  const large = { ...leaked, kernel: { ...kernel, ino: '18446744073709551615', mnt_id: 4711 } }
  t.is(filesOf(large)[0]?.key, 'file[1267:ffffffffffffffff]')
})

test('a file is written to where one of its mappings is shared and can write', (t) => {
  for (const perms of ['rw-s', '-w-s', 'rwxs']) {
    t.true(filesOf({ ...leaked, perms })[0]?.isWritten, perms)
    t.true(filesOf({ ...leaked, perms }, leaked)[0]?.isWritten, `${perms}, then r-xp`)
    t.true(filesOf(leaked, { ...leaked, perms })[0]?.isWritten, `r-xp, then ${perms}`)
  }
  for (const perms of ['r--s', 'rw-p', null]) t.false(filesOf({ ...leaked, perms })[0]?.isWritten, `${perms}`)
})

const found: [name: string, file: MappedFile][] = [
  [
    'on a mount of the process',
    { ...leaked, mnt_id: 29, kernel: { ...kernel, mnt_id: 29, mnt_listed: true } },
  ],
  ['in a branch that is a mount of the process', { ...leaked, kernel: { ...kernel, mnt_listed: true } }],
  [
    'of which nothing is known',
    { ...leaked, mnt_id: null, kernel: { dev: null, ino: null, mnt_id: null, mnt_listed: null } },
  ],
  [
    'that is deleted, on a mount of the process',
    { ...leaked, state: 'deleted', mnt_id: 29, kernel: { ...kernel, mnt_id: 29, mnt_listed: true } },
  ],
  ...['/memfd:x', '/SYSV00000000', '/dev/zero'].map((name): [string, MappedFile] => [
    `that is memory, ${name}`,
    {
      ...leaked,
      link: `${name} (deleted)`,
      path: name,
      state: 'deleted',
      mnt_id: 0,
      kernel: { ...kernel, mnt_id: 0 },
    },
  ]),
]
for (const [name, file] of found)
  test(`CRIU is not told of a file ${name}`, (t) => t.deepEqual(filesOf(file), []))

test('a file that no link leaks is told of just as well, where its mount is not the process`s', (t) => {
  t.deepEqual(filesOf({ ...leaked, link: '/bin/sh', mnt_id: 13 }), [
    { key: 'file[d:2486]', path: '/bin/sh', isWritten: false },
  ])
})

const refused: { name: string; file: MappedFile; message: RegExp }[] = [
  {
    name: 'was copied up',
    file: { ...leaked, state: 'copied_up' },
    message: /^not to be restored .* copy of a higher branch .*\(copied_up\): "\/bin\/sh"$/,
  },
  {
    name: 'was replaced',
    file: { ...leaked, state: 'replaced' },
    message: /another file by now \(replaced\)/,
  },
  { name: 'is deleted', file: { ...leaked, state: 'deleted' }, message: /nothing any more \(deleted\)/ },
  {
    name: 'is deleted, and called as memory is, in a branch',
    file: { ...leaked, state: 'deleted', link: '/dev/zero (deleted)' },
    message: /nothing any more/,
  },
  {
    name: 'is deleted, so that the kernel tells no inode',
    file: { ...leaked, state: 'deleted', kernel: { ...kernel, ino: null } },
    message: /nothing any more/,
  },
  { name: 'has no known state', file: { ...leaked, state: null }, message: /not known what that shows/ },
  {
    name: 'has no known inode',
    file: { ...leaked, kernel: { ...kernel, ino: null } },
    message: /CAP_CHECKPOINT_RESTORE/,
  },
  {
    name: 'has no known mount',
    file: { ...leaked, kernel: { ...kernel, mnt_id: null } },
    message: /CAP_CHECKPOINT_RESTORE/,
  },
  {
    name: 'was not followed',
    file: { ...leaked, state: null, kernel: unknown },
    message: /CAP_CHECKPOINT_RESTORE/,
  },
]
for (const { name, file, message } of refused)
  test(`a file that ${name} is refused, once`, (t) => {
    const external = new ExternalFiles()
    t.regex(inputError(t, () => external.add(file)).message, message)
    t.notThrows(() => external.add({ ...file, perms: 'r--p' }))
    t.deepEqual(external.files, [])
  })

test('two files that CRIU calls the same are refused, a hard link is not', (t) => {
  const link = { ...leaked, path: '/bin/dash' }
  t.deepEqual(filesOf(leaked, link), filesOf(leaked))
  const others: MappedFile[] = [
    { ...link, kernel: { ...kernel, dev: '254:1' } },
    { ...link, dev: '0:18' },
    { ...link, ino: '16' },
  ]
  for (const other of others) {
    const external = new ExternalFiles()
    external.add({ ...leaked, path: '/bin/\x1b' })
    const { message } = inputError(t, () => external.add(other))
    t.is(message, 'CRIU calls it file[d:2486], as it does another file, "/bin/\\u001b": "/bin/dash"')
  }
})

test('the options of CRIU, of a dump and of a restore', (t) => {
  const other = { ...leaked, path: '/bin/dash', ino: '16', perms: 'rw-s', kernel: { ...kernel, ino: '16' } }
  const files = filesOf(leaked, other)
  t.deepEqual(dumpOptions(files), ['--external', 'file[d:2486]', '--external', 'file[d:10]'])
  t.deepEqual(restoreOptions('/mnt', files), [
    ...['--root', '/mnt'],
    ...['--inherit-fd', 'fd[3]:file[d:2486]', '--inherit-fd', 'fd[4]:file[d:10]'],
  ])
})

const commands: [command: string, expected: string][] = [
  ['criu dump -t 7', 'criu dump X -t 7'],
  ['criu -D img dump', 'criu -D img dump X'],
  ['sudo -- criu dump -t 7', 'sudo -- criu dump X -t 7'],
  ['criu dump -- sh', 'criu dump X -- sh'],
  ['dump', 'dump X'],
  ['dump dump -t 7', 'dump dump X -t 7'],
  ['criu pre-dump -t 7', 'criu pre-dump -t 7 X'],
]
for (const [command, expected] of commands)
  test(`options go after the action: ${expected}`, (t) => {
    t.is(withOptions(command.split(' '), 'dump', ['X']).join(' '), expected)
  })

test('a record without a field, or with one of another type, is none', (t) => {
  const line = (record: object) => tell(mappedFileFilter(), [JSON.stringify(record)])
  t.is(line(leaked).records.length, 1)
  t.is(line({ ...leaked, kernel: { ...kernel, mnt_id: 0 } }).records.length, 1)
  const wrong: [record: object, reason: string][] = [
    [{ ...leaked, path: null }, '"path" is no text'],
    [{ ...leaked, state: 'gone' }, '"state" is no state'],
    [{ ...leaked, kernel: null }, '"kernel" is no object'],
    [{ ...leaked, kernel: { ...kernel, ino: '0x12' } }, '"kernel.ino" is no inode number'],
    [{ ...leaked, kernel: { ...kernel, ino: 9350 } }, '"kernel.ino" is no inode number'],
    [{ ...leaked, kernel: { ...kernel, mnt_id: 'd' } }, '"kernel.mnt_id" is no mount'],
    [{ ...leaked, kernel: { ...kernel, mnt_id: -1 } }, '"kernel.mnt_id" is no mount'],
    [{ ...leaked, kernel: { ...kernel, mnt_listed: 1 } }, '"kernel.mnt_listed" is no boolean'],
  ]
  for (const [record, reason] of wrong) {
    const [message = ''] = line(record).errors.map((error) => error.message)
    t.true(message.startsWith(`no VMA record: ${reason}: `), message)
  }
})
