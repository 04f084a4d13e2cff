/** The recipes on records with images: which affected packages are in use, and bytes by image. */
import { writeFileSync } from 'node:fs'
import test from 'ava'
import { tempFolder } from '../helpers/folders.js'
import { isInstalled } from '../helpers/machine.js'
import { recipeFolder } from '../helpers/recipes.js'
import { lines } from '../helpers/run.js'

const { recipe } = recipeFolder()
const withJq = isInstalled('jq') ? test : test.skip

const diffId = (digit: string) => `sha256:${digit.repeat(64)}`
const [BASE, TOP, OTHER] = [diffId('1'), diffId('2'), diffId('3')]
const WEB = 'c'.repeat(64)

interface Image {
  layer: string | null
  names: string[]
  container: string | null
}
const base: Image = { layer: BASE, names: ['debian:12', 'web:1'], container: null }
const top: Image = { layer: TOP, names: ['web:1'], container: null }
const own: Image = { layer: null, names: [], container: WEB }

/** A mapping of a file that a layer supplies; null where nothing tells which. */
function vma(path: string, image: Image | null, others: object = {}): object {
  return {
    ...{
      pid: 7,
      comm: 'web',
      container: WEB,
      start: '1000',
      end: '3000',
      offset: '0',
      path,
      rpath: `.${path}`,
      ino: '5',
    },
    ...{ state: 'current', branch: image === null ? null : { path: `/l/${image.layer}`, image } },
    ...others,
  }
}
const ndjson = (records: readonly object[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('')

/** As `trivy image --format json --list-all-pkgs` writes it (0.50 and later). */
const trivy = {
  ArtifactName: 'web:1',
  Metadata: { DiffIDs: [BASE, TOP], RepoTags: ['web:1'] },
  Results: [
    {
      Type: 'debian',
      Packages: [
        {
          ...{ ID: 'libc6@2.36-9', Name: 'libc6', Version: '2.36', Release: '9', Layer: { DiffID: BASE } },
          InstalledFiles: ['/lib/x86_64-linux-gnu/libc.so.6', '/lib/x86_64-linux-gnu/libm.so.6'],
        },
        {
          ...{
            ID: 'libssl3@1:3.0-1',
            Name: 'libssl3',
            Version: '3.0',
            Release: '1',
            Epoch: 1,
            Layer: { DiffID: TOP },
          },
          InstalledFiles: ['usr/lib/x86_64-linux-gnu/libssl.so.3'],
        },
        {
          ID: 'zlib1g@1',
          Name: 'zlib1g',
          Version: '1',
          Layer: { DiffID: BASE },
          InstalledFiles: ['/lib/libz.so.1'],
        },
        { ID: 'nofiles@1', Name: 'nofiles', Version: '1', Layer: { DiffID: BASE } },
      ],
      Vulnerabilities: [
        { VulnerabilityID: 'CVE-2', PkgID: 'libc6@2.36-9', PkgName: 'libc6', InstalledVersion: '2.36-9' },
        { VulnerabilityID: 'CVE-1', PkgID: 'libc6@2.36-9', PkgName: 'libc6', InstalledVersion: '2.36-9' },
        {
          VulnerabilityID: 'CVE-3',
          PkgID: 'libssl3@1:3.0-1',
          PkgName: 'libssl3',
          InstalledVersion: '1:3.0-1',
        },
        { VulnerabilityID: 'CVE-4', PkgID: 'nofiles@1', PkgName: 'nofiles', InstalledVersion: '1' },
      ],
    },
    { Type: 'node-pkg', Class: 'lang-pkgs' },
  ],
}

const LIBC = '/usr/lib/x86_64-linux-gnu/libc.so.6'
const LIBM = '/lib/x86_64-linux-gnu/libm.so.6'
const LIBSSL = '/usr/lib/x86_64-linux-gnu/libssl.so.3'
const row = (name: string, how: string, path: string, layer: string) =>
  ({ libc6: ['libc6', '2.36-9', 'CVE-1,CVE-2'], libssl3: ['libssl3', '1:3.0-1', 'CVE-3'] })[name]
    ?.concat([how, WEB, 'web', '7', path, layer])
    .join('\t')

/** What makes the process one of the image. */
const sh = vma('/usr/bin/sh', base)

const cases: { name: string; records: object[]; rows: (string | undefined)[] }[] = [
  {
    name: 'from the layer that has the package: mapped',
    records: [vma(LIBC, base)],
    rows: [row('libc6', 'mapped', LIBC, BASE)],
  },
  {
    name: 'the same path with and without /usr',
    records: [vma(LIBM, base)],
    rows: [row('libc6', 'mapped', LIBM, BASE)],
  },
  {
    name: 'each file once, however often it is mapped',
    records: [vma(LIBC, base), vma(LIBC, base)],
    rows: [row('libc6', 'mapped', LIBC, BASE)],
  },
  {
    name: 'from a higher layer: overridden',
    records: [sh, vma(LIBC, top)],
    rows: [row('libc6', 'overridden', LIBC, TOP)],
  },
  {
    name: "from the container's own: overridden",
    records: [sh, vma(LIBC, own)],
    rows: [row('libc6', 'overridden', LIBC, `container ${WEB}`)],
  },
  {
    name: 'a volume over it: overridden',
    records: [sh, vma(LIBC, null, { rpath: null })],
    rows: [row('libc6', 'overridden', LIBC, '-')],
  },
  {
    name: 'upgraded, and the process runs on: stale',
    records: [sh, vma(LIBSSL, null, { state: 'replaced' })],
    rows: [row('libssl3', 'stale', LIBSSL, '-')],
  },
  {
    name: 'copied up: stale',
    records: [vma(LIBC, base, { state: 'copied_up' })],
    rows: [row('libc6', 'stale', LIBC, BASE)],
  },
  {
    name: 'the layer is not known: unknown',
    records: [sh, vma(LIBC, null, { state: null })],
    rows: [row('libc6', 'unknown', LIBC, '-')],
  },
  { name: 'a package that is not affected is no row', records: [vma('/lib/libz.so.1', base)], rows: [] },
  { name: 'a process of another image is no row', records: [vma(LIBC, { ...top, layer: OTHER })], rows: [] },
  {
    name: 'a process of no image is no row',
    records: [vma(LIBC, null), { path: LIBC, branch: null }],
    rows: [],
  },
  { name: 'no records', records: [], rows: [] },
]

for (const { name, records, rows } of cases)
  withJq(`Affected packages in use: ${name}`, async (t) => {
    const report = `${tempFolder(t)}/report.json`
    writeFileSync(report, JSON.stringify(trivy))
    const { stdout, stderr, status } = await recipe('in-use', [report], ndjson(records))
    t.deepEqual(lines(stdout), rows as string[])
    t.regex(
      stderr,
      /^in-use\.sh: what is not listed may be affected all the same\..* none of the 1 packages .*\n$/,
    )
    t.is(status, 0)
  })

withJq('A report of Syft has no vulnerabilities: all packages that are mapped are listed', async (t) => {
  const report = `${tempFolder(t)}/report.json`
  const artifacts = [
    {
      name: 'libc6',
      version: '2.36-9',
      locations: [{ path: '/var/lib/dpkg/status', layerID: BASE }],
      metadata: { files: [{ path: LIBC }] },
    },
    { name: 'left-pad', version: '1', locations: [{ layerID: BASE }], metadata: {} },
    { name: 'bare', version: '1', locations: [] },
  ]
  writeFileSync(report, JSON.stringify({ artifacts }))
  const { stdout, status } = await recipe(
    'in-use',
    [report],
    ndjson([vma(LIBC, base), vma('/usr/bin/sh', base)]),
  )
  t.deepEqual(lines(stdout), [`libc6\t2.36-9\t\tmapped\t${WEB}\tweb\t7\t${LIBC}\t${BASE}`])
  t.is(status, 0)
})

withJq(
  'Bytes by image: a page that many processes map counts once, and so does a layer of many images',
  async (t) => {
    const chain = { chain: diffId('9') }
    const with2 = (image: Image) => ({ ...image, ...chain })
    const at = (start: string, end: string, offset: string) => ({ start, end, offset })
    const records = [
      vma('/lib/a', with2(base), at('1000', '3000', '0')),
      vma('/lib/a', with2(base), { pid: 8, ...at('7f0000001000', '7f0000003000', '0') }),
      vma('/lib/a', with2(base), at('3000', '5000', '1000')),
      vma('/lib/a', with2(base), at('5000', '6000', '9000')),
      vma('/lib/b', with2(base), at('fffffffffffff000', '10000000000000000', '0')),
      vma('/lib/c', with2(top), at('1000', '2000', '0')),
      vma('/tmp/d', { ...with2(own), ...{ chain: null } }, at('0', '10000', 'fffffffff0000000')),
      vma('/elsewhere', null),
    ]
    const { stdout, stderr, status } = await recipe('bytes-by-image', [], ndjson(records))
    t.deepEqual([stderr, status], ['', 0])
    t.deepEqual(lines(stdout), [
      `65536\t-\tcontainer ${WEB}`,
      `20480\t${BASE}\tdebian:12 web:1`,
      `4096\t${TOP}\tweb:1`,
    ])
    t.deepEqual(await recipe('bytes-by-image'), { stdout: '', stderr: '', status: 0 })
  },
)
