import { spawnSync } from 'node:child_process'
import fs, { chmodSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import test, { type ExecutionContext } from 'ava'
import type { ByteString } from '../../../src/text/byte-string.js'
import { readSuperblock } from '../../../src/unions/aufs/sysfs.js'
import type { Branch } from '../../../src/unions/branch-table.js'
import { inputError } from '../../helpers/filters.js'
import { tempFolder, writeTree } from '../../helpers/folders.js'
import { isRoot, skip } from '../../helpers/machine.js'
import { outcome, started } from '../../helpers/run.js'

const branch = (index: number, id: number | null, path: ByteString | null, permission?: string): Branch => {
  const [perm = null, ...attributes] = permission?.split('+') ?? []
  return { index, id, path, perm, attributes }
}

/** The files of a superblock, as AUFS has them: an id for each branch, from 64 on. */
function superblock(texts: ByteString[], xino = '/dev/shm/aufs.xino\n'): Record<string, ByteString> {
  const files = texts.flatMap((text, i) => [
    [`br${i}`, `${text}\n`],
    [`brid${i}`, `${64 + i}\n`],
  ])
  return Object.fromEntries([...files, ['xi_path', xino]])
}

test('a superblock has its branches, topmost first, with their ids', (t) => {
  const sysfs = tempFolder(t)
  writeTree(`${sysfs}/fs/aufs/si_18bf05b21c975f3c`, superblock(['/l/top=rw', '/l/ro=ro+wh', '/cd=rr']))
  t.deepEqual(readSuperblock('18bf05b21c975f3c', sysfs), {
    xi_path: '/dev/shm/aufs.xino',
    branches: [branch(0, 64, '/l/top', 'rw'), branch(1, 65, '/l/ro', 'ro+wh'), branch(2, 66, '/cd', 'rr')],
    errors: [],
  })
})

test('ids stay with their branches, whatever their order', (t) => {
  const sysfs = tempFolder(t)
  writeTree(`${sysfs}/fs/aufs/si_1`, {
    br0: '/new=rw\n',
    brid0: '70\n',
    br1: '/old=ro\n',
    brid1: '64\n',
    xi_path: '\n',
  })
  t.deepEqual(
    readSuperblock('1', sysfs).branches.map(({ id }) => id),
    [70, 64],
  )
})

test('of a text the newline at its end is taken off, and no other byte that is white space somewhere', (t) => {
  const sysfs = tempFolder(t)
  writeTree(`${sysfs}/fs/aufs/si_1`, superblock(['/a=rw'], '/xino\xc2\xa0\n'))
  t.is(readSuperblock('1', sysfs).xi_path, '/xino\xc2\xa0')
})

// The exact bytes of captures/leaky-04-odd.
const odd: [ByteString, ByteString][] = [
  ['/o/top=rw', '/o/top'],
  ['/o/base=ro+wh', '/o/base'],
  ['/o/sp\\040ace=ro+wh', '/o/sp ace'],
  ['/o/t\\011ab=ro+wh', '/o/t\tab'],
  ['/o/new\\012line=ro+wh', '/o/new\nline'],
  ['/o/back\\134slash=ro+wh', '/o/back\\slash'],
  ['/o/lit\\134040eral=ro+wh', '/o/lit\\040eral'],
  ['/o/eq=rw=ro+wh', '/o/eq=rw'],
  ['/o/com,ma=ro+wh', '/o/com,ma'],
  ['/o/co:lon=ro+wh', '/o/co:lon'],
  ['/o/#hash=ro+wh', '/o/#hash'],
  ['/o/\xc3\xbcml\xc3\xa4ut-\xe6\x97\xa5=ro+wh', '/o/\xc3\xbcml\xc3\xa4ut-\xe6\x97\xa5'],
  ['/o/bad\xffbyte=ro+wh', '/o/bad\xffbyte'],
  ['/o/del\\177ete=ro+wh', '/o/del\x7fete'],
  ['/o/ctl\\001\\033[31m=ro+wh', '/o/ctl\x01\x1b[31m'],
  ['/o/trail.\\040=ro+wh', '/o/trail. '],
  ['/o/x\\040(deleted)=ro+wh', '/o/x (deleted)'],
  [`/o/q"u'o=ro+wh`, `/o/q"u'o`],
  ['/o/100%d%s=ro+wh', '/o/100%d%s'],
  ['/o/*?[a]=ro+wh', '/o/*?[a]'],
]

test('twenty branches with every kind of odd byte, br10 after br9', (t) => {
  const sysfs = tempFolder(t)
  writeTree(`${sysfs}/fs/aufs/si_a257da936bb3377a`, superblock(odd.map(([text]) => text)))
  const { branches, errors } = readSuperblock('a257da936bb3377a', sysfs)
  t.deepEqual(errors, [])
  t.deepEqual(
    branches,
    odd.map(([, path], i) => branch(i, 64 + i, path, i === 0 ? 'rw' : 'ro+wh')),
  )
})

test('127 branches are in the order of their numbers', (t) => {
  const sysfs = tempFolder(t)
  const texts = Array.from({ length: 127 }, (_, i) => `/l/${i}=${i === 0 ? 'rw' : 'ro'}`)
  writeTree(`${sysfs}/fs/aufs/si_1`, superblock(texts))
  t.deepEqual(
    readSuperblock('1', sysfs).branches.map(({ path }) => path),
    texts.map((_, i) => `/l/${i}`),
  )
})

test('a page of text is read whole', (t) => {
  const sysfs = tempFolder(t)
  const path = `/${'x'.repeat(4080)}`
  writeTree(`${sysfs}/fs/aufs/si_1`, superblock([`${path}=rw`, '/b=ro']))
  t.deepEqual(
    readSuperblock('1', sysfs).branches.map((each) => each.path),
    [path, '/b'],
  )
})

const xinos = [
  { name: 'an empty file is noxino', content: '', expected: null },
  { name: 'a newline alone is noxino', content: '\n', expected: null },
  {
    name: 'its escapes are decoded',
    content: '/x/sp\\040ace/.aufs.xino\n',
    expected: '/x/sp ace/.aufs.xino',
  },
  { name: 'its newline is not the path', content: '/x/new\\012\n', expected: '/x/new\n' },
]

for (const { name, content, expected } of xinos) {
  test(`of xi_path, ${name}`, (t) => {
    const sysfs = tempFolder(t)
    writeTree(`${sysfs}/fs/aufs/si_1`, superblock(['/a=rw'], content))
    t.is(readSuperblock('1', sysfs).xi_path, expected)
  })
}

test('aufs.brs=0: there is xi_path alone', (t) => {
  const sysfs = tempFolder(t)
  writeTree(`${sysfs}/fs/aufs/si_1`, { xi_path: '/o/top/.aufs.xino\n' })
  t.deepEqual(readSuperblock('1', sysfs), { xi_path: '/o/top/.aufs.xino', branches: [], errors: [] })
})

test('files that are no branches are none', (t) => {
  const sysfs = tempFolder(t)
  writeTree(`${sysfs}/fs/aufs/si_1`, {
    ...superblock(['/a=rw']),
    'br1.ERR': 'x',
    br01: '/x=ro\n',
    brx: '/x=ro\n',
    xbr2: '/x=ro\n',
    brid7: '71\n',
  })
  const { branches, errors } = readSuperblock('1', sysfs)
  t.deepEqual([branches, errors], [[branch(0, 64, '/a', 'rw')], []])
})

test('a branch that is missing between others, also on a second look, is a message and a branch without a path', (t) => {
  const sysfs = tempFolder(t)
  writeTree(`${sysfs}/fs/aufs/si_1`, {
    br0: '/a=rw\n',
    brid0: '64\n',
    br2: '/c=ro\n',
    brid2: '66\n',
    xi_path: '',
  })
  const { branches, errors } = readSuperblock('1', sysfs)
  t.deepEqual(branches, [branch(0, 64, '/a', 'rw'), branch(1, null, null), branch(2, 66, '/c', 'ro')])
  t.is(errors.length, 1)
  t.regex(errors[0]?.message ?? '', /si_1\/br1: .*missing/)
})

test('a branch that cannot be read is a message and a branch without a path; the others stand', (t) => {
  const sysfs = tempFolder(t)
  writeTree(`${sysfs}/fs/aufs/si_1`, { ...superblock(['/a=rw', '/b=ro', '/c=ro+wh']), br1: null })
  const { branches, errors } = readSuperblock('1', sysfs)
  t.deepEqual(branches, [branch(0, 64, '/a', 'rw'), branch(1, 65, null), branch(2, 66, '/c', 'ro+wh')])
  t.is(errors.length, 1)
  t.regex(errors[0]?.message ?? '', /si_1\/br1: no file/)
})

test('no device, FIFO or link of a captured tree is opened', (t) => {
  const sysfs = tempFolder(t)
  const folder = `${sysfs}/fs/aufs/si_1`
  writeTree(folder, superblock(['/a=rw', '/b=ro', '/c=ro', '/d=ro']))
  spawnSync('sh', ['-c', 'rm br1 br2 brid3; mkfifo br1 brid3; ln -s /dev/zero br2'], { cwd: folder })
  const { branches, errors } = readSuperblock('1', sysfs)
  t.deepEqual(
    branches.map(({ path, id }) => [path, id]),
    [
      ['/a', 64],
      [null, 65],
      [null, 66],
      ['/d', null],
    ],
  )
  t.deepEqual(
    errors.map(({ message }) => message.replace(/.*\//, '')),
    ['br1: no file', 'br2: no file', 'brid3: no file'],
  )
})

test('a number that no branch has is none of a branch', (t) => {
  const sysfs = tempFolder(t)
  writeTree(`${sysfs}/fs/aufs/si_1`, { ...superblock(['/a=rw']), br3000000: '/b=ro\n' })
  t.deepEqual(readSuperblock('1', sysfs).branches, [branch(0, 64, '/a', 'rw')])
})

test('a branch that may not be read is a message', (t) => {
  if (isRoot) return skip(t, 'root may read all')
  const sysfs = tempFolder(t)
  writeTree(`${sysfs}/fs/aufs/si_1`, superblock(['/a=rw', '/b=ro']))
  chmodSync(`${sysfs}/fs/aufs/si_1/br1`, 0)
  const { branches, errors } = readSuperblock('1', sysfs)
  t.deepEqual(branches, [branch(0, 64, '/a', 'rw'), branch(1, 65, null)])
  t.regex(errors[0]?.message ?? '', /br1: .*EACCES/)
  t.is(errors.length, 1)
})

test('a text that is no branch is a message that shows it', (t) => {
  const sysfs = tempFolder(t)
  writeTree(`${sysfs}/fs/aufs/si_1`, superblock(['/a=rw', '\x1b[31m', '/c=ro']))
  const { branches, errors } = readSuperblock('1', sysfs)
  t.deepEqual(branches, [branch(0, 64, '/a', 'rw'), branch(1, 65, null), branch(2, 66, '/c', 'ro')])
  t.is(errors.length, 1)
  t.regex(errors[0]?.message ?? '', /br1: .*"\\u001b\[31m"/)
})

test('an id that is none is null', (t) => {
  const sysfs = tempFolder(t)
  writeTree(`${sysfs}/fs/aufs/si_1`, { ...superblock(['/a=rw', '/b=ro']), brid0: 'x\n', brid1: '' })
  t.deepEqual(
    readSuperblock('1', sysfs).branches.map(({ id, path }) => [id, path]),
    [
      [null, '/a'],
      [null, '/b'],
    ],
  )
})

test('an id may be less than zero', (t) => {
  const sysfs = tempFolder(t)
  writeTree(`${sysfs}/fs/aufs/si_1`, { ...superblock(['/a=rw']), brid0: '-1\n' })
  t.is(readSuperblock('1', sysfs).branches[0]?.id, -1)
})

test('a kernel without brid files has branches without ids', (t) => {
  const sysfs = tempFolder(t)
  writeTree(`${sysfs}/fs/aufs/si_1`, { br0: '/a=rw\n', xi_path: '' })
  t.deepEqual(readSuperblock('1', sysfs).branches, [branch(0, null, '/a', 'rw')])
})

/** Does something to a superblock in the middle of the first look: when the folder has been listed, and before br0 is read. */
function whileLooking(folder: string, script: string): void {
  beforeReads(folder, { 1: script })
}

/** Does something to a superblock before some of its files are read, by how many were read until then, and this one. */
function beforeReads(folder: string, scripts: { [read: number]: string }): void {
  const { readFileSync } = fs
  const replace = (read: typeof readFileSync) => {
    fs.readFileSync = read
    syncBuiltinESMExports()
  }
  let reads = 0
  const last = Math.max(...Object.keys(scripts).map(Number))
  const counting = (...args: Parameters<typeof readFileSync>) => {
    reads += 1
    if (reads === last) replace(readFileSync)
    const script = scripts[reads]
    if (script !== undefined) spawnSync('sh', ['-c', script], { cwd: folder })
    return readFileSync(...args)
  }
  replace(counting as typeof readFileSync)
}

/** A superblock of two branches, of which each look reads five files. */
function twoBranches(t: ExecutionContext): { sysfs: string; folder: string } {
  const sysfs = tempFolder(t)
  const folder = `${sysfs}/fs/aufs/si_1`
  writeTree(folder, superblock(['/a=rw', '/b=ro']))
  return { sysfs, folder }
}

test('two looks that both came upon a remount are not taken for rest, though they are the same', (t) => {
  const { sysfs, folder } = twoBranches(t)
  // br1 is listed, gone when it is read, and back at the end.
  beforeReads(folder, { 1: 'mv br1 away', 5: 'mv away br1', 6: 'mv br1 away', 10: 'mv away br1' })
  const { branches, errors } = readSuperblock('1', sysfs)
  t.deepEqual([branches.map(({ path }) => path), errors], [['/a', '/b'], []])
})

test('a look that lists fewer files than the one before is not the same', (t) => {
  const { sysfs, folder } = twoBranches(t)
  // xi_path is read last, by when br1 is gone; the second look reads three files.
  beforeReads(folder, { 5: 'rm br1 brid1', 8: 'echo /other=rw > br0' })
  t.deepEqual(
    readSuperblock('1', sysfs).branches.map(({ path }) => path),
    ['/other'],
  )
})

test('two looks that could not read a file for different reasons are not the same', (t) => {
  const { sysfs, folder } = twoBranches(t)
  writeTree(folder, { br2: '/c=ro\n', brid2: '66\n' })
  fs.renameSync(`${folder}/br1`, `${folder}/away`)
  // Of br1 nothing is read where it is a folder, nor where it is missing.
  fs.mkdirSync(`${folder}/br1`)
  beforeReads(folder, { 6: 'rmdir br1', 12: 'mv away br1' })
  const { branches, errors } = readSuperblock('1', sysfs)
  t.deepEqual([branches.map(({ path }) => path), errors], [['/a', '/b', '/c'], []])
})

test('a branch that was missing at the first look and is there at the second is no error', (t) => {
  const sysfs = tempFolder(t)
  const folder = `${sysfs}/fs/aufs/si_1`
  writeTree(folder, { ...superblock(['/a=rw', '/b=ro', '/c=ro']), 'br1.later': '/b=ro\n' })
  fs.rmSync(`${folder}/br1`)
  whileLooking(folder, 'mv br1.later br1')
  const { branches, errors } = readSuperblock('1', sysfs)
  t.deepEqual(errors, [])
  t.deepEqual(branches, [branch(0, 64, '/a', 'rw'), branch(1, 65, '/b', 'ro'), branch(2, 66, '/c', 'ro')])
})

test('a branch that is removed while we look is no error', (t) => {
  const sysfs = tempFolder(t)
  const folder = `${sysfs}/fs/aufs/si_1`
  writeTree(folder, superblock(['/a=rw', '/b=ro', '/c=ro']))
  whileLooking(folder, 'mv br2 br1; mv brid2 brid1')
  const { branches, errors } = readSuperblock('1', sysfs)
  t.deepEqual(errors, [])
  t.deepEqual(branches, [branch(0, 64, '/a', 'rw'), branch(1, 66, '/c', 'ro')])
})

test('a union that is unmounted while we look is an error', (t) => {
  const sysfs = tempFolder(t)
  const folder = `${sysfs}/fs/aufs/si_1`
  writeTree(folder, superblock(['/a=rw', '/b=ro']))
  whileLooking(folder, 'mv ../si_1 ../si_2')
  t.regex(inputError(t, () => readSuperblock('1', sysfs)).message, /si_1: no such union/)
})

test('a superblock that is not there is an error', (t) => {
  const sysfs = tempFolder(t)
  writeTree(sysfs, { 'fs/aufs/si_1': null })
  t.regex(inputError(t, () => readSuperblock('2', sysfs)).message, /fs\/aufs\/si_2: no such union/)
})

test('a machine without AUFS is an error of its own', (t) => {
  const sysfs = tempFolder(t)
  t.regex(inputError(t, () => readSuperblock('1', sysfs)).message, /no AUFS/)
  t.regex(inputError(t, () => readSuperblock('1', `${sysfs}/nowhere`)).message, /no AUFS/)
})

for (const si of ['../x', '', '1/../../x', '1A', '0x1a', '1a\n', '12345678901234567', 'g', '1\0']) {
  test(`a si= that is no hexadecimal number is never part of a path: ${JSON.stringify(si)}`, (t) => {
    const sysfs = tempFolder(t)
    writeTree(`${sysfs}/fs/aufs`, { 'x/br0': '/a=rw\n', 'si_../br0': '/a=rw\n', 'si_1/br0': '/a=rw\n' })
    t.regex(inputError(t, () => readSuperblock(si, sysfs)).message, /si=.*hexadecimal/)
  })
}

test('the si= of every length of captures is one', (t) => {
  const sysfs = tempFolder(t)
  for (const si of ['18bf05b21c975f3c', 'b5c9ff2ff0466b2', '1956a7d9c240c0', '0']) {
    writeTree(`${sysfs}/fs/aufs/si_${si}`, superblock(['/a=rw']))
    t.is(readSuperblock(si, sysfs).branches.length, 1, si)
  }
})

interface RemountCase {
  name: string
  /** What reading br1 for the Nth time does instead. */
  reading: string
  expected: { paths: (string | null)[] } | { message: RegExp }
}

const remounts: RemountCase[] = [
  {
    name: 'A branch that is moved between two looks is read again',
    reading: "if (N === 1) return '/top=ro\\n'",
    expected: { paths: ['/top', '/mid', '/base'] },
  },
  {
    name: 'A branch that is removed while it is opened is read again',
    reading:
      "if (N === 1) throw Object.assign(new Error('ENODEV'), { code: 'ENODEV', errno: -require('node:os').constants.errno.ENODEV })",
    expected: { paths: ['/top', '/mid', '/base'] },
  },
  {
    name: 'A superblock that never comes to rest is a message, and no table',
    reading: "return '/' + N + '=ro\\n'",
    expected: { message: /^aufs-branches: stdin:1: .*si_1a: it is remounted again and again.*\n$/ },
  },
]

for (const { name, reading, expected } of remounts) {
  test(name, async (t) => {
    const folder = tempFolder(t)
    writeTree(folder, {
      'sys/fs/aufs/si_1a/br0': '/top=rw\n',
      'sys/fs/aufs/si_1a/br1': '/mid=ro\n',
      'sys/fs/aufs/si_1a/br2': '/base=ro\n',
      'remount.cjs': `const fs = require('node:fs')
        const { readFileSync } = fs
        let N = 0
        fs.readFileSync = (file, ...rest) => {
          if (String(file).endsWith('/br1')) {
            N += 1
            ${reading}
          }
          return readFileSync(file, ...rest)
        }`,
    })
    const [program, script] = started('aufs-branches')
    const args = ['--require', `${folder}/remount.cjs`, script, '--sysfs', `${folder}/sys`]
    const line = '29 21 0:17 / / rw - aufs none rw,si=1a\n'
    const { stdout, stderr, status } = await outcome(program, args, line)
    if ('message' in expected) {
      t.regex(stderr, expected.message)
      t.deepEqual([stdout, status], ['', 1])
      return
    }
    const { branches } = JSON.parse(stdout) as { branches: { path: string | null }[] }
    t.deepEqual(
      branches.map(({ path }) => path),
      expected.paths,
    )
    t.deepEqual([stderr, status], ['', 0])
  })
}
