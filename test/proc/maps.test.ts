import { readFileSync } from 'node:fs'
import test from 'ava'
import fc from 'fast-check'
import { isFileMapping, isSharedWritable, type Mapping, parseMapping } from '../../src/proc/maps.js'
import { pathBytes } from '../helpers/bytes.js'
import { inputError } from '../helpers/filters.js'

test('a line of maps becomes a mapping', (t) => {
  t.deepEqual(
    parseMapping('00401000-0047a000 r-xp 00001000 00:12 14                                 /bin/mapper'),
    {
      start: '401000',
      end: '47a000',
      perms: 'r-xp',
      offset: '1000',
      dev: '0:18',
      ino: '14',
      name: '/bin/mapper',
    },
  )
})

const cases: { name: string; entry: string; expected: Partial<Mapping> }[] = [
  {
    name: 'padded addresses, named as map_files names them',
    entry: '00400000-00401000 r--p 00000000 00:11 25                                 /bin/mapper',
    expected: { start: '400000', end: '401000', offset: '0' },
  },
  {
    name: 'addresses of 16 digits',
    entry: 'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]',
    expected: { start: 'ffffffffff600000', end: 'ffffffffff601000', perms: '--xp', name: '[vsyscall]' },
  },
  {
    name: 'the address zero',
    entry: '00000000-00001000 r--p 00000000 fe:00 29 /x',
    expected: { start: '0', end: '1000' },
  },
  {
    name: 'a hexadecimal device',
    entry: '7f-80 rw-s 00000000 fe:00 378                        /vol/vol-del.dat (deleted)',
    expected: { dev: '254:0', ino: '378', perms: 'rw-s', name: '/vol/vol-del.dat (deleted)' },
  },
  {
    name: 'a device of more digits',
    entry: '7f-80 r--p 00000000 103:fffff 2 /x',
    expected: { dev: '259:1048575' },
  },
  {
    name: 'an inode past 2^53',
    entry: '7f-80 r--p 00000000 00:29 18446744073709551615 /x',
    expected: { ino: '18446744073709551615' },
  },
  {
    name: 'an offset past 2^53',
    entry: '7f-80 r--p fffffffffffff000 00:29 7 /x',
    expected: { offset: 'fffffffffffff000' },
  },
  {
    name: 'no name, and a space after the inode',
    entry: '004a9000-004ae000 rw-p 00000000 00:00 0 ',
    expected: { name: '', dev: '0:0' },
  },
  {
    name: 'no name at all',
    entry: '004a9000-004ae000 rw-p 00000000 00:00 0',
    expected: { name: '', ino: '0' },
  },
  {
    name: 'the heap',
    entry: '2fad9000-2fafb000 rw-p 00000000 00:00 0                                  [heap]',
    expected: { name: '[heap]' },
  },
  {
    name: 'an anonymous mapping with a name',
    entry: '7f-80 rw-p 00000000 00:00 0 [anon: a  b]',
    expected: { name: '[anon: a  b]' },
  },
  {
    name: 'a newline, which stays escaped',
    entry: '7f-80 r--s 00000000 00:11 43   /d/new\\012line.dat',
    expected: { name: '/d/new\\012line.dat' },
  },
  {
    name: 'a backslash and spaces as they are',
    entry: '7f-80 r--s 00000000 00:11 44   /d/back\\slash  x ',
    expected: { name: '/d/back\\slash  x ' },
  },
  {
    name: 'bytes that are no UTF-8, and a carriage return',
    entry: '7f-80 r--s 00000000 00:11 44 /d/\xff\r',
    expected: { name: '/d/\xff\r' },
  },
  {
    name: 'SysV memory',
    entry: '7f-80 rw-s 00000000 00:01 1    /SYSV00000000 (deleted)',
    expected: { name: '/SYSV00000000 (deleted)', dev: '0:1' },
  },
  {
    name: 'a memfd',
    entry: '7f-80 rw-s 00000000 00:01 3    /memfd:mem sp/ace (deleted)',
    expected: { name: '/memfd:mem sp/ace (deleted)' },
  },
]

for (const { name, entry, expected } of cases) {
  test(`maps has ${name}`, (t) => {
    const mapping = parseMapping(entry)
    t.deepEqual({ ...mapping, ...expected }, mapping)
  })
}

const badLines = [
  '',
  'x',
  '400000-401000',
  '400000 401000 r--p 00000000 00:11 25 /x',
  '400000-401000 r--p 00000000 00:11',
  '400000-401000 r--p 00000000 0011 25 /x',
  '400000-401000 r-- 00000000 00:11 25 /x',
  '400000-40100g r--p 00000000 00:11 25 /x',
  '400000-401000 r--p 00000000 00:11 2f /x',
  'VmFlags: rd ex mr mw me',
]

for (const entry of badLines) {
  test(`maps never has ${JSON.stringify(entry)}`, (t) => {
    t.is(inputError(t, () => parseMapping(entry)).text, entry)
  })
}

const hex = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }).map((n) => n.toString(16))
const mapping: fc.Arbitrary<Mapping> = fc.record({
  start: hex,
  end: hex,
  perms: fc.constantFrom('r--p', 'rw-s', 'r-xp', '---p', 'rwxp'),
  offset: hex,
  dev: fc.tuple(fc.nat(4095), fc.nat(1_048_575)).map(([major, minor]) => `${major}:${minor}`),
  ino: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }).map(String),
  name: fc.oneof(
    pathBytes.map((bytes) => `/${bytes.replaceAll('\n', '\\012')}`),
    fc.constantFrom('', '[heap]', '[stack]', '[anon:x y]'),
  ),
})

/** As show_map_vma() in fs/proc/task_mmu.c prints it: addresses of 8 digits at least, the name in column 73 or after a space. */
function print({ start, end, perms, offset, dev, ino, name }: Mapping): string {
  const [major = '', minor = ''] = dev.split(':').map((part) => Number(part).toString(16).padStart(2, '0'))
  const head = `${start.padStart(8, '0')}-${end.padStart(8, '0')} ${perms} ${offset.padStart(8, '0')} ${major}:${minor} ${ino} `
  return name === '' ? head : `${head.padEnd(72)} ${name}`
}

test('any mapping, printed as the kernel does, is read back', (t) => {
  fc.assert(
    fc.property(mapping, (each) => {
      t.deepEqual(parseMapping(print(each)), each)
    }),
    { numRuns: 1000 },
  )
})

test('this process has mappings, and each of them can be used', (t) => {
  const lines = readFileSync('/proc/self/maps', 'latin1').split('\n').slice(0, -1)
  const mappings = lines.map(parseMapping)
  t.true(mappings.some((each) => isFileMapping(each) && each.name.startsWith('/')))
  t.true(mappings.some((each) => !isFileMapping(each) && each.name === '[stack]'))
})

test('a file is mapped where there is a device', (t) => {
  t.true(isFileMapping(parseMapping('7f-80 rw-s 00000000 00:01 0 /SYSV00004d41 (deleted)')))
  t.true(isFileMapping(parseMapping('7f-80 rw-s 00000000 fe:00 7 /x')))
  t.false(isFileMapping(parseMapping('7f-80 rw-p 00000000 00:00 0 ')))
})

test('a line of megabytes takes no time, with a NUL at its end too', (t) => {
  const head = '7f-80 rw-s 00000000 fe:00 378'
  const spaces = ' '.repeat(1_000_000)
  t.is(parseMapping(`${head}${spaces}/x`).name, '/x')
  for (const line of [`${head}${spaces}/x\0`, '0'.repeat(1_000_000)]) {
    const error = inputError(t, () => parseMapping(line))
    t.is(error.reason, 'no mapping')
  }
})

test('a mapping is shared and may be written where both stand in its permissions', (t) => {
  const all = ['rw-s', '-w-s', 'rwxs', 'rw-p', 'r--s', 'r--p', '---p', null, '', 'rw']
  t.deepEqual(all.filter(isSharedWritable), ['rw-s', '-w-s', 'rwxs'])
})
