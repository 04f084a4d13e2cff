import { createHash } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { parseMount } from '../../../src/proc/mounts/mountinfo.js'
import type { ByteString } from '../../../src/text/byte-string.js'
import { branchesInOptions, ownOptions, parseBranch } from '../../../src/unions/aufs/options.js'
import { pathBytes } from '../../helpers/bytes.js'
import { inputError } from '../../helpers/filters.js'

const texts = [
  { name: 'a writable branch', entry: '/o/top=rw', path: '/o/top', perm: 'rw', attributes: [] },
  { name: 'a whiteout attribute', entry: '/o/base=ro+wh', path: '/o/base', perm: 'ro', attributes: ['wh'] },
  { name: 'a really read-only one', entry: '/cd=rr+wh', path: '/cd', perm: 'rr', attributes: ['wh'] },
  { name: '= in the path', entry: '/o/eq=rw=ro+wh', path: '/o/eq=rw', perm: 'ro', attributes: ['wh'] },
  { name: '= at the end of the path', entry: '/o/eq==ro', path: '/o/eq=', perm: 'ro', attributes: [] },
  { name: '+ in the path', entry: '/o/c++=ro', path: '/o/c++', perm: 'ro', attributes: [] },
  { name: 'the root', entry: '/=ro', path: '/', perm: 'ro', attributes: [] },
  {
    name: 'a newline and other bytes, decoded',
    entry: '/o/a\nb \xff=rw',
    path: '/o/a\nb \xff',
    perm: 'rw',
    attributes: [],
  },
  {
    name: 'a removed folder',
    entry: '/o/co:lon (deleted)=ro+wh',
    path: '/o/co:lon (deleted)',
    perm: 'ro',
    attributes: ['wh'],
  },
  {
    name: 'attributes in the order of the kernel',
    entry: '/b=ro+coo_all+wh',
    path: '/b',
    perm: 'ro',
    attributes: ['coo_all', 'wh'],
  },
  {
    name: 'the most attributes seen',
    entry: '/b=rw+coo_reg+fhsm+icexsec+icexsys+icexusr+icexoth+nolwh',
    path: '/b',
    perm: 'rw',
    attributes: ['coo_reg', 'fhsm', 'icexsec', 'icexsys', 'icexusr', 'icexoth', 'nolwh'],
  },
]

for (const { name, entry, path, perm, attributes } of texts) {
  test(`a branch is cut at its last =: ${name}`, (t) => {
    t.deepEqual(parseBranch(entry, 7), { index: 7, id: null, path, perm, attributes })
  })
}

for (const entry of [
  '',
  '/o/top',
  '/o/top=',
  '/o/top=wr',
  '/o/top=xrw',
  '/o/\0=rw',
  '/o/top=rwx',
  '/o/top=ro/x',
  'o/top=rw',
  '=rw',
  '/a=rw\n',
]) {
  test(`no branch: ${JSON.stringify(entry)}`, (t) => t.is(parseBranch(entry, 0), null))
}

test('any path and permission are read back', (t) => {
  const attributes = fc.array(fc.constantFrom('wh', 'nolwh', 'moo', 'coo_reg', 'fhsm'), { maxLength: 4 })
  fc.assert(
    fc.property(pathBytes, fc.constantFrom('rw', 'ro', 'rr'), attributes, (bytes, perm, attributes) => {
      const text = `/${bytes}=${[perm, ...attributes].join('+')}`
      t.deepEqual(parseBranch(text, 3), { index: 3, id: null, path: `/${bytes}`, perm, attributes })
    }),
  )
})

/** What captures/leaky-09-brs0 has. */
const BRS0 =
  '20 13 0:17 / /u rw,relatime - aufs none rw,si=f4e03aba4a47d9ac,br:/o/top=rw:/o/base=ro+wh:/o/sp\\040ace=ro+wh:/o/t\\011ab=ro+wh:/o/new\\012line=ro+wh:/o/back\\134slash=ro+wh:/o/eq=rw=ro+wh:/o/com,ma=ro+wh:/o/co:lon=ro+wh:/o/bad\xffbyte=ro+wh:/o/-\\040aufs\\040none\\040rw,si=1234=ro+wh:/o/\xc3\xbcml=ro+wh:/o/#hash=ro+wh'

test('the mount options have 13 branches, with all that separates inside of their paths', (t) => {
  const branches = branchesInOptions(parseMount(BRS0).super_options) ?? []
  t.deepEqual(
    branches.map(({ path }) => path),
    [
      '/o/top',
      '/o/base',
      '/o/sp ace',
      '/o/t\tab',
      '/o/new\nline',
      '/o/back\\slash',
      '/o/eq=rw',
      '/o/com,ma',
      '/o/co:lon',
      '/o/bad\xffbyte',
      '/o/- aufs none rw,si=1234',
      '/o/\xc3\xbcml',
      '/o/#hash',
    ],
  )
  t.deepEqual(
    branches.map(({ index, id, perm, attributes }) => [index, id, perm, ...attributes]),
    branches.map((_, i) => (i === 0 ? [0, null, 'rw'] : [i, null, 'ro', 'wh'])),
  )
})

test('the mount options have 127 branches', (t) => {
  const folders = Array.from(
    { length: 126 },
    (_, i) =>
      `/q/${createHash('sha256')
        .update(`l${i + 1}`)
        .digest('hex')}`,
  )
  const line = `23 13 0:21 / /u3 rw,relatime - aufs none rw,si=f4e03aba4a48c9ac,br:/q/t=rw:${folders.map((folder) => `${folder}=ro+wh`).join(':')}`
  const branches = branchesInOptions(parseMount(line).super_options) ?? []
  t.is(branches.length, 127)
  t.deepEqual(
    branches.map(({ path }) => path),
    ['/q/t', ...folders],
  )
  t.is(branches[126]?.index, 126)
  t.is(branches[126]?.path, '/q/a66566caf7bf7f977fb2160f2cffdada77aa2e9119df44e0deb211c586c15fe9')
})

const options: { name: string; entry: ByteString; expected: ByteString[] | null }[] = [
  { name: 'none in sysfs mode', entry: 'rw,si=1a,dio,dirperm1', expected: null },
  { name: 'none in an option that only begins so', entry: 'rw,brs=1,br=1', expected: null },
  { name: 'one', entry: 'rw,si=1a,br:/a=rw', expected: ['/a=rw'] },
  {
    name: 'two after other options',
    entry: 'rw,si=1a,dio,dirperm1,br:/p/t=rw:/p/a=ro+wh',
    expected: ['/p/t=rw', '/p/a=ro+wh'],
  },
  { name: 'the root', entry: 'rw,br:/cow=rw:/=ro', expected: ['/cow=rw', '/=ro'] },
  {
    name: 'a permission in the middle of a path',
    entry: 'rw,br:/a=rw/b=rw:/c=ro',
    expected: ['/a=rw/b=rw', '/c=ro'],
  },
  {
    name: 'a permission and a colon in a path',
    entry: 'rw,br:/a=rw:b=rw:/c=ro',
    expected: ['/a=rw:b=rw', '/c=ro'],
  },
  { name: 'a :/ in a path', entry: 'rw,br:/a:/b=rw:/c=ro', expected: ['/a:/b=rw', '/c=ro'] },
  {
    name: 'attributes with an underscore',
    entry: 'br:/a=rw+coo_reg+nolwh:/b=rr+wh',
    expected: ['/a=rw+coo_reg+nolwh', '/b=rr+wh'],
  },
  { name: 'another br: in a path', entry: 'rw,br:/a,br:/x=rw:/b=ro', expected: ['/a,br:/x=rw', '/b=ro'] },
  { name: 'commas at both ends of a path', entry: 'rw,br:/a/,=rw:/,b,=ro', expected: ['/a/,=rw', '/,b,=ro'] },
]

for (const { name, entry, expected } of options) {
  test(`the mount options have branches: ${name}`, (t) => {
    const found = branchesInOptions(entry.split(','))
    t.deepEqual(found, expected?.map((text, i) => parseBranch(text, i)) ?? null)
  })
}

for (const [entry, rest] of [
  ['rw,br:/a=rw:/b', '/b'],
  ['rw,br:/a', '/a'],
  ['rw,br:/a=rw:/b=rx', '/b=rx'],
  ['rw,br:/a=rw:/b=ro+', '/b=ro+'],
  ['rw,br:/a=rw:/b=ro,dio', '/b=ro,dio'],
] as const) {
  test(`branches that do not end in a permission are an error: ${entry}`, (t) => {
    const { reason, text } = inputError(t, () => branchesInOptions(entry.split(',')))
    t.deepEqual([reason, text], ['a branch without a permission', rest])
  })
}

for (const [entry, own] of [
  ['rw,si=1a,dio,xino=/x/si=', ['rw', 'dio', 'xino=/x/si=']],
  ['rw,si=1a,sum,br:/a=rw:/b,dio=ro', ['rw', 'sum']],
  ['br:/a=rw', []],
  ['rw,context="a:b:c1,c2",si=1a', ['rw', 'context="a:b:c1,c2"']],
] as const) {
  test(`a union's own options are those that tell neither its id nor its branches: ${entry}`, (t) => {
    t.deepEqual(ownOptions(entry.split(',')), [...own])
  })
}

test('branches whose paths hold no permission are read back, whatever else they hold', (t) => {
  const path = pathBytes.map((bytes) => `/${bytes}`).filter((text) => !/=r[wor]/.test(text))
  fc.assert(
    fc.property(fc.array(path, { minLength: 1, maxLength: 5 }), (paths) => {
      const text = paths.map((path, i) => `${path}=${i === 0 ? 'rw' : 'ro+wh'}`).join(':')
      const branches = branchesInOptions(`rw,si=1a,br:${text}`.split(','))
      t.deepEqual(
        branches?.map((branch) => branch.path),
        paths,
      )
    }),
  )
})
