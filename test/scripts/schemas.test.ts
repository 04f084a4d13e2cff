/** The schemas, against the types that they are made of and the records that the commands write. */
import { readdirSync, readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import test, { type ExecutionContext } from 'ava'
import { recordSchemas } from '../../scripts/record-schemas.js'
import type { Json } from '../../src/text/json.js'
import { lines, repository, run } from '../helpers/run.js'
import { cases, machines } from '../helpers/sample-cases.js'

const read = (path: string) => readFileSync(`${repository}/${path}`, 'utf8')
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true })
const files = readdirSync(`${repository}/schemas`)
const compiled = new Map(files.map((file) => [file, ajv.compile(JSON.parse(read(`schemas/${file}`)))]))

function validator(file: string): ValidateFunction {
  const validate = compiled.get(file)
  if (validate === undefined) throw new Error(`no schema ${file}`)
  return validate
}

function check(t: ExecutionContext, file: string, ndjson: string, source: string): void {
  const validate = validator(file)
  for (const line of lines(ndjson))
    t.true(validate(JSON.parse(line)), `${source}: ${ajv.errorsText(validate.errors)}: ${line}`)
}

test('the schemas are those of the types: else npm run schemas', (t) => {
  const made = recordSchemas(repository)
  t.deepEqual(files, made.map(([file]) => file).sort())
  for (const [file, schema] of made)
    t.is(read(`schemas/${file}`), `${JSON.stringify(schema, null, 2)}\n`, file)
})

/** Which records an expected file of the samples holds. */
const SCHEMA_OF: Record<string, string> = {
  mounts: 'mount.json',
  branches: 'branch-table.json',
  tables: 'branch-table.json',
  vma: 'vma.json',
  'vma-raw': 'vma.json',
}

for (const [folder, expected] of cases) {
  test(`the records of ${folder} are as the schemas say`, (t) => {
    for (const { expected: file } of expected) {
      const name = file.replace(/^.*\/|\.ndjson$/g, '')
      check(t, SCHEMA_OF[name] ?? name, read(file), file)
    }
  })
}

test('the raw records of the samples, which an earlier version wrote, are written as the schema says', async (t) => {
  for (const { folder, pid } of machines) {
    if (pid === null) continue
    const { stdout } = await run('aufs-vma', ['--raw', `${repository}/${folder}/entries-${pid}.ndjson`])
    check(t, 'raw-vma.json', Buffer.from(stdout, 'latin1').toString('utf8'), folder)
  }
})

test('what the commands write of this process and this machine is as the schemas say', async (t) => {
  const live: [file: string, command: string, args: string[]][] = [
    ['mount.json', 'aufs-mounts', ['/proc/self/mountinfo']],
    ['branch-table.json', 'aufs-branches', ['/proc/self/mountinfo']],
    ['vma.json', 'aufs-vma', ['--pid', String(process.pid)]],
    ['raw-vma.json', 'aufs-vma', ['--raw', '--pid', String(process.pid)]],
  ]
  for (const [file, command, args] of live) {
    const { stdout } = await run(command, args)
    if (file !== 'branch-table.json') t.not(stdout, '', file)
    check(t, file, Buffer.from(stdout, 'latin1').toString('utf8'), command)
  }
})

/** Of every record the first one that a sample has. */
const examples: [file: string, source: string][] = [
  ['mount.json', 'samples/leaky-01-docker/expected/mounts.ndjson'],
  ['branch-table.json', 'samples/leaky-01-docker/expected/branches.ndjson'],
  ['vma.json', 'samples/leaky-01-docker/expected/vma.ndjson'],
  ['raw-vma.json', 'samples/leaky-01-docker/entries-112.ndjson'],
]

for (const [file, source] of examples) {
  const [line = ''] = lines(read(source))
  const record = whole(JSON.parse(line) as Fields)
  const validate = validator(file)

  test(`${file}: a field less or of another type is refused, at any depth`, (t) => {
    t.true(validate(record))
    for (const [path, edited] of edits(record, ({ ...others }, key) => {
      delete others[key]
      return others
    }))
      t.false(validate(edited), `without ${path}`)
    for (const [path, edited] of edits(record, (fields, key) => ({ ...fields, [key]: { mine: 1 } })))
      t.false(validate(edited), `another type of ${path}`)
  })

  test(`${file}: a field more is let in, at any depth`, (t) => {
    for (const [path, edited] of edits(record, (fields) => ({ ...fields, mine: 1 })))
      t.true(validate(edited), `beside ${path}`)
  })
}

/** The sample of a raw record does not have what `kernel` has got since. */
function whole(record: Fields): Json {
  const { kernel } = record
  return kernel === undefined
    ? record
    : { ...record, kernel: { real_dev: null, real_ino: null, ...Object(kernel) } }
}

type Fields = { [key: string]: Json }

/** A record with one of its fields edited, for each of them. */
function* edits(
  value: Json,
  edit: (fields: Fields, key: string) => Fields,
): Generator<[path: string, edited: Json]> {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (const [i, each] of value.entries())
      for (const [path, edited] of edits(each, edit)) yield [`${i}.${path}`, value.with(i, edited)]
    return
  }
  for (const [key, field] of Object.entries(value)) {
    yield [key, edit(value, key)]
    for (const [path, edited] of edits(field, edit)) yield [`${key}.${path}`, { ...value, [key]: edited }]
  }
}

test('exact bytes are a text in base64, and of a list one or null for each', (t) => {
  const [line = ''] = lines(read('samples/leaky-01-docker/expected/mounts.ndjson'))
  const twins: [added: Fields, isGood: boolean][] = [
    [{ root_b64: '/w==', super_options_b64: [null, '/w=='] }, true],
    [{ root_b64: null }, false],
    [{ root_b64: ['/w=='] }, false],
    [{ super_options_b64: '/w==' }, false],
    [{ super_options_b64: [1] }, false],
  ]
  for (const [added, isGood] of twins)
    t.is(validator('mount.json')({ ...JSON.parse(line), ...added }), isGood, JSON.stringify(added))
})
