/** `aufs-images`, and `findImages()`: which records it takes, and what it leaves as it was. */
import { readFileSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { Ajv2020 } from 'ajv/dist/2020.js'
import test from 'ava'
import { imageFilter } from '../../src/images/images.js'
import { Stores } from '../../src/images/places.js'
import { findImages } from '../../src/index.js'
import { ndjsonLine } from '../../src/text/json.js'
import { digest, sha256, writeDockerStore } from '../helpers/docker-store.js'
import { tell } from '../helpers/filters.js'
import { tempFolder, writeTree } from '../helpers/folders.js'
import { lines, repository, run, shell, started } from '../helpers/run.js'

const withoutStores = imageFilter(new Stores())
const line = (record: object) => ndjsonLine(record).slice(0, -1)
const said = (...records: object[]) => tell(withoutStores, records.map(line))

const branch = { index: 1, id: 65, path: '/l/a', perm: 'ro', attributes: ['wh'] }
const table = {
  ...{ mount_id: 29, mount_point: '/', root: '/', dev: '0:17', fs_type: 'aufs', si: '1a', source: 'sysfs' },
  ...{
    xi_path: null,
    workdir: null,
    mount_options: null,
    options: null,
    branches: [branch, { ...branch, path: null }],
  },
}
const vma = {
  pid: 7,
  path: '/bin/sh',
  state: 'current',
  branch: { mount_id: 29, si: '1a', ...branch },
  kernel: {},
}

test('The image stands after the attributes of each branch, and nothing else is another', (t) => {
  const { records, errors } = said(table, vma, { path: '/x', branch: null })
  t.deepEqual(errors, [])
  t.deepEqual(
    records.map((record) => JSON.stringify(record)),
    [table, vma, { path: '/x', branch: null }].map((record) =>
      JSON.stringify(record).replaceAll('"attributes":["wh"]', '"attributes":["wh"],"image":null'),
    ),
  )
})

test('What somebody added passes through, of the record and of its branches', (t) => {
  const added = { ...vma, mine: [1], branch: { ...vma.branch, mine: { deep: 'x' } } }
  t.deepEqual(said(added).records, [{ ...added, branch: { ...added.branch, image: null } }])
})

test('An image that a record has already is told anew', (t) => {
  const [record] = said({ path: '/x', branch: { image: { store: 'docker' }, ...branch } }).records
  t.is(JSON.stringify(record), JSON.stringify({ path: '/x', branch: { ...branch, image: null } }))
})

test('A path that is not told from the root is no folder of a store', (t) => {
  const relative = { ...branch, path: `l/${'A'.repeat(26)}`, attributes: ['relative'] }
  t.deepEqual(said({ path: '/x', branch: relative }).records, [
    { path: '/x', branch: { ...relative, image: null } },
  ])
})

test('Bytes that are no UTF-8 are as they were', (t) => {
  const text = line({ path: '/\xff', branch: { ...branch, path: '/l/\xfe' } })
  const { records } = tell(withoutStores, [text])
  t.deepEqual(records.map(line), [text.replace('"attributes":["wh"]', '"attributes":["wh"],"image":null')])
})

const bad: { name: string; text: string; message: RegExp }[] = [
  {
    name: 'a raw record',
    text: '{"pid":7,"link":"/x","kernel":{}}',
    message: /^no VMA record or branch table/,
  },
  {
    name: 'a mount record',
    text: '{"mount_id":7,"mount_point":"/"}',
    message: /^no VMA record or branch table/,
  },
  {
    name: 'a branch that is none',
    text: '{"path":"/x","branch":"/l"}',
    message: /^no VMA record or branch table/,
  },
  { name: 'no JSON', text: '29 21 0:17 / / rw - aufs none rw', message: /^no JSON/ },
]
for (const { name, text, message } of bad)
  test(`What cannot be used is a message, and the others are written: ${name}`, (t) => {
    const { records, errors } = tell(withoutStores, [text, line(vma)])
    t.is(records.length, 1)
    t.is(errors.length, 1)
    t.regex(errors[0]?.message ?? '', message)
  })

test('A damaged store is one message, of the first line that asks it; every record is written', async (t) => {
  const root = tempFolder(t)
  writeDockerStore(root, 'overlay2')
  writeFileSync(`${root}/image/overlay2/repositories.json`, '{')
  const asked = {
    path: '/x',
    branch: { ...branch, path: `${root}/overlay2/${sha256('cache of base')}/diff` },
  }
  const input = [vma, asked, asked, asked].map((record) => `${JSON.stringify(record)}\n`).join('')
  const { stdout, stderr, status } = await run('aufs-images', ['--docker', root], input)
  t.is(lines(stdout).length, 4)
  t.is(lines(stderr).length, 1)
  t.regex(stderr, /^aufs-images: stdin:2: no JSON: ".*repositories\.json"\n$/)
  t.is(status, 1)
})

test('Records with their images are as the schemas say, and the library gives the same', async (t) => {
  const root = tempFolder(t)
  writeDockerStore(root, 'overlay2')
  const expected = 'samples/leaky-01-docker/expected'
  const place = (line: string) =>
    line.replaceAll(
      /\/var\/lib\/docker\/aufs\/diff\/[0-9a-f]+/g,
      `${root}/overlay2/${sha256('cache of nginx')}/diff`,
    )
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true })
  for (const [file, schema] of [
    ['branches.ndjson', 'branch-table.json'],
    ['vma.ndjson', 'vma.json'],
  ]) {
    const validate = ajv.compile(JSON.parse(readFileSync(`${repository}/schemas/${schema}`, 'utf8')))
    const input = place(readFileSync(`${expected}/${file}`, 'latin1'))
    const { stdout, stderr, status } = await run('aufs-images', ['--docker', root], input)
    t.deepEqual([stderr, status], ['', 0])
    t.is(lines(stdout).length, lines(input).length)
    t.true(stdout.includes('"names":["registry:5000/nginx:1","registry:5000/nginx:2"],"container":null}'))
    for (const line of lines(stdout)) t.true(validate(JSON.parse(line)), ajv.errorsText(validate.errors))

    // Of records, as the streams before it give them.
    const records = lines(input).map((line) => JSON.parse(line))
    const found = await Readable.from(records)
      .pipe(findImages({ docker: [root] }))
      .toArray()
    t.deepEqual(
      found,
      lines(stdout).map((line) => JSON.parse(line)),
      file,
    )
  }
})

test('A path that is not told from the root is no way to a store, nor is one that is not known', async (t) => {
  const root = `${tempFolder(t)}/x`
  writeDockerStore(root, 'overlay2')
  const known = `${root}/overlay2/${sha256('cache of base')}/diff`
  const records = [known, known.slice(root.length - 1), null].map((path) => ({
    path: '/x',
    branch: { ...branch, path },
  }))
  const found = await Readable.from(records)
    .pipe(findImages({ docker: [root], podman: [] }))
    .toArray()
  t.deepEqual(
    found.map((record) => ('branch' in record ? record.branch?.image?.layer : null)),
    [digest('base'), undefined, undefined],
  )
})

test('A store that cannot be read is one message, and the records come all the same', async (t) => {
  const root = tempFolder(t)
  writeTree(root, { 'overlay-layers/layers.json': '{' })
  const record = { path: '/x', branch: { ...branch, path: `${root}/overlay/${'1'.repeat(64)}/diff` } }
  const errors: string[] = []
  const found = await Readable.from([record, record])
    .pipe(findImages({ podman: [root], onError: ({ message }) => void errors.push(message) }))
    .toArray()
  const unknown = { ...record, branch: { ...record.branch, image: null } }
  t.deepEqual(found, [unknown, unknown])
  t.regex(errors.join('\n'), /^no JSON: ".*layers\.json"$/)
})

test('A long stream keeps to a small memory', async (t) => {
  const text = JSON.stringify({ path: '/x', branch: { ...branch, path: '/nowhere/docker/overlay2/x/diff' } })
  const [program, script] = started('aufs-images')
  const small = `'${program}' --max-old-space-size=24 '${script}'`
  const { stdout, stderr, status } = await shell(`yes '${text}' | head -300000 | ${small} | tail -1`)
  t.deepEqual([stderr, status], ['', 0])
  t.is(stdout, `${text.replace('"attributes":["wh"]', '"attributes":["wh"],"image":null')}\n`)
})
