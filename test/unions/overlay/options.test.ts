import { readFileSync } from 'node:fs'
import test from 'ava'
import fc from 'fast-check'
import { parseMount } from '../../../src/proc/mounts/mountinfo.js'
import type { ByteString } from '../../../src/text/byte-string.js'
import { overlayLayers, ownOptions } from '../../../src/unions/overlay/options.js'
import { pathBytes } from '../../helpers/bytes.js'
import { inputError } from '../../helpers/filters.js'

/** The layers of a mountinfo line's options, each as its path, permission and attributes in one text. */
function layersOf(options: ByteString, base: ByteString | null = null) {
  const { super_options } = parseMount(`1 2 0:3 / /m rw - overlay o ${options}`)
  const { branches, workdir } = overlayLayers(super_options, { base })
  branches.forEach((branch, i) => {
    if (branch.index !== i || branch.id !== null) throw new Error('a wrong number')
  })
  return { layers: branches.map(({ path, perm, attributes }) => [path, perm, ...attributes]), workdir }
}

const cases: { name: string; entry: ByteString; layers: string[][]; workdir?: ByteString }[] = [
  {
    name: 'a lone backslash at the end, which the kernel drops',
    entry: 'ro,lowerdir=/x/l1:/x/l2\\134',
    layers: [
      ['/x/l1', 'ro'],
      ['/x/l2', 'ro'],
    ],
  },
  {
    name: 'a raw comma in the path of the third option',
    entry: 'ro,index=on,lowerdir=/a,B:/c',
    layers: [
      ['/a,B', 'ro'],
      ['/c', 'ro'],
    ],
  },
  {
    name: 'a raw comma after a backslash, before what looks like an option',
    entry: 'ro,lowerdir=/ov/com\\,ma,redirect_dir=on',
    layers: [['/ov/com,ma', 'ro']],
  },
  {
    name: 'the upper folder first, then the lower ones left to right',
    entry: 'rw,lowerdir=/t/l1:/t/l2:/t/l3,upperdir=/t/u,workdir=/t/w,uuid=on',
    layers: [
      ['/t/u', 'rw'],
      ['/t/l1', 'ro'],
      ['/t/l2', 'ro'],
      ['/t/l3', 'ro'],
    ],
    workdir: '/t/w',
  },
  {
    name: 'no upper folder',
    entry: 'ro,lowerdir=/a:/b',
    layers: [
      ['/a', 'ro'],
      ['/b', 'ro'],
    ],
  },
  {
    name: 'an escaped colon, a hash, a space and =',
    entry: 'ro,lowerdir=/t/l\\134:colon:/t/l#hash:/t/l\\040sp:/t/l=eq,redirect_dir=on',
    layers: [
      ['/t/l:colon', 'ro'],
      ['/t/l#hash', 'ro'],
      ['/t/l sp', 'ro'],
      ['/t/l=eq', 'ro'],
    ],
  },
  {
    name: 'an escaped comma',
    entry: 'ro,lowerdir=/t/l\\134\\054comma:/t/l1,redirect_dir=on',
    layers: [
      ['/t/l,comma', 'ro'],
      ['/t/l1', 'ro'],
    ],
  },
  {
    name: 'an escaped backslash',
    entry: 'rw,lowerdir=/t/l\\134\\134bs:/t/l1,upperdir=/t/u2,workdir=/t/w2,userxattr',
    layers: [
      ['/t/u2', 'rw'],
      ['/t/l\\bs', 'ro'],
      ['/t/l1', 'ro'],
    ],
    workdir: '/t/w2',
  },
  {
    name: 'an escaped backslash before the colon that cuts',
    entry: 'ro,lowerdir=/a\\134\\134:/b',
    layers: [
      ['/a\\', 'ro'],
      ['/b', 'ro'],
    ],
  },
  {
    name: 'data-only layers after ::',
    entry: 'ro,lowerdir=/t/l1:/t/l2::/t/d1::/t/d2,redirect_dir=on,metacopy=on',
    layers: [
      ['/t/l1', 'ro'],
      ['/t/l2', 'ro'],
      ['/t/d1', 'ro', 'data'],
      ['/t/d2', 'ro', 'data'],
    ],
  },
  {
    name: 'bytes that are no UTF-8 and a carriage return',
    entry: 'ro,lowerdir=/t/l\xc3\xa9:/t/l\xffx:/t/cr\rx,redirect_dir=on',
    layers: [
      ['/t/l\xc3\xa9', 'ro'],
      ['/t/l\xffx', 'ro'],
      ['/t/cr\rx', 'ro'],
    ],
  },
  {
    name: 'lowerdir+= and datadir+=, each one path without a second level of escapes',
    entry: 'ro,lowerdir+=/t/x1,lowerdir+=/t/a:b\\054c\\040=d\\134e,datadir+=/t/d1,datadir+=/t/d2,metacopy=on',
    layers: [
      ['/t/x1', 'ro'],
      ['/t/a:b,c =d\\e', 'ro'],
      ['/t/d1', 'ro', 'data'],
      ['/t/d2', 'ro', 'data'],
    ],
  },
  {
    name: 'an upper folder named with a colon and a comma',
    entry: 'rw,lowerdir=/t/x1:/t/x2,upperdir=/t/u3:\\054,workdir=/t/w3,uuid=on',
    layers: [
      ['/t/u3:,', 'rw'],
      ['/t/x1', 'ro'],
      ['/t/x2', 'ro'],
    ],
    workdir: '/t/w3',
  },
  {
    name: 'the odd names of captures/leaky-10-overlay',
    entry:
      'rw,lowerdir=/ov/sp\\040ace:/ov/t\\011ab:/ov/new\\012line:/ov/back\\134\\134slash:/ov/eq=x:/ov/com\\134\\054ma:/ov/co\\134:lon:/ov/#hash:/ov/\xc3\xbcml:/ov/bad\xffbyte:/ov/base,upperdir=/ov/up\\040\\134\\054:dir,workdir=/ov/wk\\040\\134\\054:dir',
    layers: [
      ['/ov/up ,:dir', 'rw'],
      ['/ov/sp ace', 'ro'],
      ['/ov/t\tab', 'ro'],
      ['/ov/new\nline', 'ro'],
      ['/ov/back\\slash', 'ro'],
      ['/ov/eq=x', 'ro'],
      ['/ov/com,ma', 'ro'],
      ['/ov/co:lon', 'ro'],
      ['/ov/#hash', 'ro'],
      ['/ov/\xc3\xbcml', 'ro'],
      ['/ov/bad\xffbyte', 'ro'],
      ['/ov/base', 'ro'],
    ],
    workdir: '/ov/wk ,:dir',
  },
  {
    name: 'the root as a layer (a detached mount)',
    entry: 'rw,lowerdir=/:/b,upperdir=/,workdir=/w',
    layers: [
      ['/', 'rw', 'detached'],
      ['/', 'ro', 'detached'],
      ['/b', 'ro'],
    ],
    workdir: '/w',
  },
]

for (const { name, entry, layers, workdir } of cases) {
  test(`an overlay has its layers: ${name}`, (t) => {
    t.deepEqual(layersOf(entry), { layers, workdir: workdir ?? null })
  })
}

const ID = '28720365c5e7476a011e4f43ac003ee5f16247a263b9d623aa85ed311d73bf39'

const relative: {
  name: string
  entry: ByteString
  base?: ByteString
  layers: string[][]
  workdir?: ByteString
}[] = [
  {
    name: 'they stay as they are where nothing tells (captures/leaky-10-overlay)',
    entry: `rw,lowerdir=l/NOHLCFOLCFKPNMOJLGELDBBGNF:l/JKKOIPPNAMJNANBFKGBDAKNMHL,upperdir=${ID}/diff,workdir=${ID}/work`,
    layers: [
      [`${ID}/diff`, 'rw', 'relative'],
      ['l/NOHLCFOLCFKPNMOJLGELDBBGNF', 'ro', 'relative'],
      ['l/JKKOIPPNAMJNANBFKGBDAKNMHL', 'ro', 'relative'],
    ],
    workdir: `${ID}/work`,
  },
  {
    name: 'a base tells',
    entry: `rw,lowerdir=l/NOHL:/abs,upperdir=${ID}/diff,workdir=${ID}/work`,
    base: '/var/lib/docker/overlay2',
    layers: [
      [`/var/lib/docker/overlay2/${ID}/diff`, 'rw'],
      ['/var/lib/docker/overlay2/l/NOHL', 'ro'],
      ['/abs', 'ro'],
    ],
    workdir: `/var/lib/docker/overlay2/${ID}/work`,
  },
  {
    name: 'a base with a slash at its end',
    entry: 'ro,lowerdir=a:b',
    base: '/b//',
    layers: [
      ['/b/a', 'ro'],
      ['/b/b', 'ro'],
    ],
  },
  {
    name: 'a base that is the root',
    entry: 'ro,lowerdir=a:b',
    base: '/',
    layers: [
      ['/a', 'ro'],
      ['/b', 'ro'],
    ],
  },
  {
    name: "an absolute upper folder tells in Docker's layout",
    entry: `rw,lowerdir=l/AAA:l/BBB,upperdir=/var/lib/docker/overlay2/${ID}/diff,workdir=/var/lib/docker/overlay2/${ID}/work`,
    layers: [
      [`/var/lib/docker/overlay2/${ID}/diff`, 'rw'],
      ['/var/lib/docker/overlay2/l/AAA', 'ro'],
      ['/var/lib/docker/overlay2/l/BBB', 'ro'],
    ],
    workdir: `/var/lib/docker/overlay2/${ID}/work`,
  },
  {
    name: "an absolute upper folder tells in containerd's layout",
    entry:
      'rw,lowerdir=6/fs:5/fs,upperdir=/var/lib/containerd/snapshots/7/fs,workdir=/var/lib/containerd/snapshots/7/work',
    layers: [
      ['/var/lib/containerd/snapshots/7/fs', 'rw'],
      ['/var/lib/containerd/snapshots/6/fs', 'ro'],
      ['/var/lib/containerd/snapshots/5/fs', 'ro'],
    ],
    workdir: '/var/lib/containerd/snapshots/7/work',
  },
  {
    name: 'an absolute upper folder of no known layout does not tell',
    entry: 'rw,lowerdir=l1:l/a/b,upperdir=/t/u,workdir=/t/w',
    layers: [
      ['/t/u', 'rw'],
      ['l1', 'ro', 'relative'],
      ['l/a/b', 'ro', 'relative'],
    ],
    workdir: '/t/w',
  },
  {
    name: "a path of more than two folders is not of Docker's layout, though it ends so",
    entry: 'rw,lowerdir=x/y/diff:l/a/b:z/diff,upperdir=/B/ID/diff,workdir=/B/ID/work',
    layers: [
      ['/B/ID/diff', 'rw'],
      ['x/y/diff', 'ro', 'relative'],
      ['l/a/b', 'ro', 'relative'],
      ['/B/z/diff', 'ro'],
    ],
    workdir: '/B/ID/work',
  },
  {
    name: 'of two folders a path is of the layout of the upper one, or of none',
    entry: 'rw,lowerdir=x/y:xl/A:l/A,upperdir=/B/ID/diff,workdir=/B/ID/work',
    layers: [
      ['/B/ID/diff', 'rw'],
      ['x/y', 'ro', 'relative'],
      ['xl/A', 'ro', 'relative'],
      ['/B/l/A', 'ro'],
    ],
    workdir: '/B/ID/work',
  },
  {
    name: "beside containerd's upper folder there is no folder of Docker's",
    entry: 'rw,lowerdir=l/A:x/xfs,upperdir=/B/7/fs,workdir=/B/7/work',
    layers: [
      ['/B/7/fs', 'rw'],
      ['l/A', 'ro', 'relative'],
      ['x/xfs', 'ro', 'relative'],
    ],
    workdir: '/B/7/work',
  },
  {
    name: 'a relative upper folder does not tell, whatever its layout',
    entry: 'rw,lowerdir=l/A,upperdir=x/B/ID/diff,workdir=x/B/ID/work',
    layers: [
      ['x/B/ID/diff', 'rw', 'relative'],
      ['l/A', 'ro', 'relative'],
    ],
    workdir: 'x/B/ID/work',
  },
  {
    name: 'there is no upper folder',
    entry: 'ro,lowerdir=l1:l2',
    layers: [
      ['l1', 'ro', 'relative'],
      ['l2', 'ro', 'relative'],
    ],
  },
  {
    name: 'a data-only layer is marked with both',
    entry: 'ro,lowerdir=l1::d1',
    layers: [
      ['l1', 'ro', 'relative'],
      ['d1', 'ro', 'data', 'relative'],
    ],
  },
]

for (const { name, entry, base, layers, workdir } of relative) {
  test(`of an overlay's relative paths: ${name}`, (t) => {
    t.deepEqual(layersOf(entry, base), { layers, workdir: workdir ?? null })
  })
}

test('an overlay that names no layer is an error', (t) => {
  const { message } = inputError(t, () => layersOf('rw,upperdir=/u,workdir=/w'))
  t.is(message, 'an overlay without lowerdir=: "rw,upperdir=/u,workdir=/w"')
  inputError(t, () => layersOf('rw'))
  inputError(t, () => layersOf('rw,lowerdir='))
})

test('sixty layers of Linux 6.18', (t) => {
  const line =
    readFileSync('samples/overlay-6.18-lowerdir-plus/proc/1/mountinfo', 'latin1').split('\n').at(-2) ?? ''
  const { branches } = overlayLayers(parseMount(line).super_options)
  t.deepEqual(
    branches.map(({ path }) => path),
    Array.from({ length: 60 }, (_, i) => `/ovl/t/long${String(i).padStart(3, '0')}${'x'.repeat(100)}`),
  )
})

/** As overlayfs and then mountinfo escape; mount(2) leaves a comma escaped as it was given. */
function lowerdir(paths: ByteString[]): ByteString {
  const text = paths.map((path) => path.replace(/[\\:,]/g, '\\$&')).join(':')
  return text.replace(/[, \t\n\\]/g, (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`)
}

/** What is told of a lower layer: of `/` beside others, that it is another folder. */
const told = (path: ByteString, layers: number) =>
  (path === '/' || /^\/(proc\/[a-z\d-]+|dev)\/fd\/\d+$/.test(path)) && layers > 1
    ? [path, 'ro', 'detached']
    : [path, 'ro']

test('any layers, escaped twice, are read back', (t) => {
  const path = pathBytes.map((bytes) => `/${bytes}`)
  fc.assert(
    fc.property(fc.array(path, { minLength: 1, maxLength: 5 }), (paths) => {
      const { layers } = layersOf(`ro,lowerdir=${lowerdir(paths)},redirect_dir=on`)
      t.deepEqual(
        layers,
        paths.map((path) => told(path, paths.length)),
      )
    }),
  )
})

test('any layers of lowerdir+=, escaped once, are read back', (t) => {
  const path = pathBytes.map((bytes) => `/${bytes}`)
  fc.assert(
    fc.property(fc.array(path, { minLength: 1, maxLength: 5 }), (paths) => {
      const escaped = paths.map((path) =>
        path.replace(/[, \t\n\\]/g, (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`),
      )
      const { layers } = layersOf(
        `ro,${escaped.map((path) => `lowerdir+=${path}`).join(',')},redirect_dir=on`,
      )
      t.deepEqual(
        layers,
        paths.map((path) => told(path, paths.length)),
      )
    }),
  )
})

const hints: Record<string, [options: ByteString, source: ByteString, marks: string[][]]> = {
  'a layer by descriptor': ['lowerdir+=/,lowerdir+=/b', 'o', [['detached'], []]],
  'the root alone': ['lowerdir=/', 'o', [[]]],
  'an upper folder over the root of another mount': [
    'lowerdir=/,upperdir=/u,workdir=/w',
    'o',
    [[], ['detached']],
  ],
  'a descriptor of the one who mounted': [
    'lowerdir=/proc/self/fd/7:/dev/fd/3:/b',
    'o',
    [['detached'], ['detached'], []],
  ],
  "composefs's image, by a name that is gone": [
    'lowerdir=/run/lower::/repo/objects',
    'composefs',
    [['detached'], ['data']],
  ],
  "composefs's image on a detached mount": [
    'lowerdir+=/,datadir+=/objects',
    'composefs:1',
    [['detached'], ['data']],
  ],
  'descriptors of more than one digit': ['lowerdir=/proc/4711/fd/12:/b', 'o', [['detached'], []]],
  'what only looks like a descriptor': [
    'lowerdir=/x/dev/fd/3:/dev/fd/3/x:/dev/fd/x:/proc/a/b/fd/3',
    'o',
    [[], [], [], []],
  ],
  "composefs's upper folder": ['lowerdir=/l,upperdir=/u,workdir=/w', 'composefs', [[], ['detached']]],
  'a source that only begins so': ['lowerdir=/a:/b', 'composefsx', [[], []]],
  'a source that only ends so': ['lowerdir=/a:/b', 'xcomposefs', [[], []]],
}

for (const [name, [options, source, marks]] of Object.entries(hints))
  test(`a layer is detached, or not: ${name}`, (t) => {
    const { branches } = overlayLayers(options.split(','), { source })
    t.deepEqual(
      branches.map(({ attributes }) => attributes),
      marks,
    )
  })

test('an upper folder with a backslash is the one that is there', (t) => {
  const options = ['lowerdir=/l', 'upperdir=/a\\b', 'workdir=/w\\,w']
  const folders = (...there: ByteString[]) => {
    const { branches, workdir } = overlayLayers(options, { isThere: (path) => there.includes(path) })
    return [branches[0]?.path, workdir]
  }
  t.deepEqual(folders(), ['/ab', '/w,w'])
  t.deepEqual(folders('/a\\b'), ['/a\\b', '/w,w'])
  t.deepEqual(folders('/ab', '/a\\b', '/w\\,w'), ['/ab', '/w\\,w'])
})

test('the folder of links that stand for many layers is known by the first', (t) => {
  const { branches } = overlayLayers(['lowerdir=/run/x/l/0:l/1:l/2'])
  t.deepEqual(
    branches.map(({ path, attributes }) => [path, ...attributes]),
    [['/run/x/l/0'], ['/run/x/l/1'], ['/run/x/l/2']],
  )
})

const shown: Record<string, [options: ByteString, own: ByteString[]]> = {
  'all that tell no folder': [
    'rw,lowerdir=/a:/b,upperdir=/u,workdir=/w,redirect_dir=on,metacopy=on,volatile,userxattr',
    ['rw', 'redirect_dir=on', 'metacopy=on', 'volatile', 'userxattr'],
  ],
  'a label with a comma': [
    'rw,context="a:b:s0:c1,c2",lowerdir+=/a,datadir+=/b,xino=on',
    ['rw', 'context="a:b:s0:c1,c2"', 'xino=on'],
  ],
  'none of a path with a comma': ['ro,lowerdir=/a\\,b:/c,index=on', ['ro', 'index=on']],
}

for (const [name, [options, own]] of Object.entries(shown))
  test(`the options of an overlay: ${name}`, (t) => {
    t.deepEqual(ownOptions(options.split(',')), own)
  })

test('a path of megabytes is no trouble', (t) => {
  const { layers } = layersOf(`ro,lowerdir=/${'x'.repeat(8_000_000)}:/b`)
  t.deepEqual(
    layers.map(([path]) => path?.length),
    [8_000_001, 2],
  )
})

test('a path of a million raw commas is no trouble', (t) => {
  const path = `/a${'\\,,'.repeat(500_000)}/b`
  const { branches } = overlayLayers(`ro,lowerdir=${path}`.split(','))
  t.true(branches[0]?.path === path.replaceAll('\\,', ','))
})
