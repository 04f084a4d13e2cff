import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import test from 'ava'
import fc from 'fast-check'
import { InputError } from '../../src/errors.js'
import type { LineOptions } from '../../src/lines/filter.js'
import { fromNdjson, toNdjson } from '../../src/lines/ndjson.js'
import { parseMounts } from '../../src/proc/mounts/mountinfo.js'
import { branchTables } from '../../src/unions/tables.js'
import { next } from '../helpers/processes.js'
import { run } from '../helpers/run.js'

const MOUNTINFO = 'samples/leaky-07-mappings/proc/149/mountinfo'
const SYSFS = 'samples/leaky-07-mappings/sys'

interface Read {
  records: unknown[]
  errors: string[]
}

async function read(chunks: Iterable<Buffer | string>, options: LineOptions = {}): Promise<Read> {
  const errors: string[] = []
  const onError = ({ line, reason }: InputError) => {
    errors.push(`${line}: ${reason}`)
  }
  const stream = fromNdjson({ onError, ...options })
  const [records] = await Promise.all([stream.toArray(), pipeline(Readable.from(chunks), stream)])
  return { records, errors }
}

test('NDJSON of a stream is what its command writes', async (t) => {
  const stream = createReadStream(MOUNTINFO)
    .pipe(branchTables({ sysfs: SYSFS }))
    .pipe(toNdjson())
  const { stdout } = await run('aufs-branches', ['--sysfs', SYSFS, MOUNTINFO])
  t.true(stdout.length > 0)
  t.is(Buffer.concat(await stream.toArray()).toString('latin1'), stdout)
})

test('records written and read are the same, and so are those of the streams after them', async (t) => {
  const mounts = () => createReadStream(MOUNTINFO).pipe(parseMounts())
  const again = mounts().pipe(toNdjson()).pipe(fromNdjson())
  const records = await again.toArray()
  t.true(records.length > 0)
  t.deepEqual(records, await mounts().toArray())
  const tables = Readable.from(records).pipe(branchTables({ sysfs: SYSFS }))
  t.deepEqual(
    await tables.toArray(),
    await mounts()
      .pipe(branchTables({ sysfs: SYSFS }))
      .toArray(),
  )
})

const isNotNull = (value: unknown) => value !== null

test('any values but null come through, however the bytes are cut', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.jsonValue().filter(isNotNull), { maxLength: 10 }),
      fc.array(fc.nat(), { maxLength: 10 }),
      fc.boolean(),
      async (values, cuts, endsInNewline) => {
        const bytes = Buffer.from(
          values.map((value) => JSON.stringify(value)).join('\n') + (endsInNewline ? '\n' : ''),
        )
        const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
        const chunks = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
        const { records, errors } = await read(chunks.filter(({ length }) => length > 0))
        t.deepEqual(errors, [])
        t.is(JSON.stringify(records), JSON.stringify(values))
      },
    ),
    { numRuns: 300 },
  )
})

const lines: { name: string; line: string | Buffer; error: string | null }[] = [
  { name: 'an empty line', line: '', error: null },
  { name: 'a carriage return alone', line: '\r', error: null },
  { name: 'no JSON', line: '{"a":', error: '2: no JSON' },
  { name: 'two records in a line', line: '{} {}', error: '2: no JSON' },
  { name: 'spaces', line: '  ', error: '2: no JSON' },
  { name: 'null, which would end the stream', line: 'null', error: '2: null is no record' },
  { name: 'null with spaces and a carriage return', line: ' null \r', error: '2: null is no record' },
  { name: 'no UTF-8', line: Buffer.from('"\xff"', 'latin1'), error: '2: no UTF-8' },
  { name: 'UTF-8 that is cut at the end', line: Buffer.from('"\xc3', 'latin1'), error: '2: no UTF-8' },
  { name: 'a line that is too long', line: `"${'x'.repeat(100)}"`, error: '2: longer than 100 bytes' },
]

for (const { name, line, error } of lines) {
  test(`the records around it are read: ${name}`, async (t) => {
    const chunks = [Buffer.from('{"a":1}\r\n'), Buffer.from(line), Buffer.from('\n{"a":2}')]
    const { records, errors } = await read([Buffer.concat(chunks)], { maxLine: 100 })
    t.deepEqual(records, [{ a: 1 }, { a: 2 }])
    t.deepEqual(errors, error === null ? [] : [error])
  })
}

test('several bad lines are an error each, and the last line too', async (t) => {
  const { records, errors } = await read(['x\ny\n[1]\nnull\nnull'])
  t.deepEqual(records, [[1]])
  t.deepEqual(errors, ['1: no JSON', '2: no JSON', '4: null is no record', '5: null is no record'])
})

for (const input of ['{}\nx\x1b\n{}\n', '{}\nnull\n{}\n'])
  test(`the first bad line ends a stream where nobody listens: ${JSON.stringify(input)}`, async (t) => {
    const stream = fromNdjson()
    const failed = next(stream, 'error')
    stream.end(input)
    stream.resume()
    const [error] = await failed
    if (!(error instanceof InputError)) return t.fail(String(error))
    t.is(error.line, 2)
    t.notRegex(error.message, /[\x00-\x1f]/)
  })

test('a key __proto__ is a key, and exact twins stay', async (t) => {
  const line = '{"__proto__":{"a":1},"path":"\ufffd","path_b64":"/w=="}'
  const { records } = await read([line])
  t.is(JSON.stringify(records[0]), line)
})

test('a record that JSON cannot hold ends its stream', async (t) => {
  const write = async (record: object) => {
    await pipeline(Readable.from([record]), toNdjson(), async (source) => {
      for await (const _ of source);
    })
  }
  await t.throwsAsync(write({ a: 1n }), { instanceOf: TypeError })
})

test('toNdjson gives bytes', async (t) => {
  const stream = Readable.from([{ a: 'é' }]).pipe(toNdjson())
  const [first] = await stream.toArray()
  t.deepEqual(first, Buffer.from('{"a":"é"}\n'))
})
