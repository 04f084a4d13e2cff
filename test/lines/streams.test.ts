import { createReadStream } from 'node:fs'
import { type Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import test from 'ava'
import fc from 'fast-check'
import { InputError } from '../../src/errors.js'
import { type Filter, type LineOptions, MAX_LINE } from '../../src/lines/filter.js'
import { lineTransform } from '../../src/lines/line-transform.js'
import { chunkStream, recordStream } from '../../src/lines/streams.js'
import { mounts, parseMounts } from '../../src/proc/mounts/mountinfo.js'
import type { ByteString } from '../../src/text/byte-string.js'
import { ndjsonLine, parse, toBytes } from '../../src/text/json.js'
import { remount } from '../../src/unions/remount/remount.js'
import { branchTables, tables } from '../../src/unions/tables.js'
import { inputError } from '../helpers/filters.js'
import { openBelow, tempFolder, writeTree } from '../helpers/folders.js'
import { LIMIT, next, until } from '../helpers/processes.js'

interface Seen {
  text: ByteString
  number: number
}

/** Takes every line as its record; `!` is a line that cannot be used, `?` one that can but is warned of. */
function seeing(): Filter<Seen> {
  return {
    line({ text, number }, emit, warn) {
      if (text.startsWith('!')) throw new InputError('unusable', text)
      if (text.startsWith('?')) warn(new InputError('doubtful'))
      emit({ text, number })
    },
    end: (emit) => emit({ text: 'end', number: 0 }),
  }
}

test('records that are piped on are what their NDJSON is', async (t) => {
  const file = 'samples/leaky-07-mappings/proc/149/mountinfo'
  const sysfs = 'samples/leaky-07-mappings/sys'
  const byRecords = createReadStream(file).pipe(parseMounts()).pipe(branchTables({ sysfs }))
  const byLines = createReadStream(file).pipe(branchTables({ sysfs }))
  const tables = await byRecords.toArray()
  t.true(tables.length > 0)
  t.deepEqual(tables, await byLines.toArray())
  const scripts = [
    Readable.from(tables),
    Readable.from(tables.map((table) => `${JSON.stringify(table)}\n`)),
  ].map(async (source) =>
    Buffer.concat(await source.pipe(remount({ root: '/mnt' })).toArray()).toString('latin1'),
  )
  const [ofRecords, ofLines] = await Promise.all(scripts)
  t.regex(ofRecords ?? '', /mount -t aufs/)
  t.is(ofRecords, ofLines)
})

test('mounts and tables of a file are what the streams make of it, and by default those of whoever reads', async (t) => {
  const file = 'samples/leaky-07-mappings/proc/149/mountinfo'
  const sysfs = 'samples/leaky-07-mappings/sys'
  const listed = await mounts(file).toArray()
  t.true(listed.length > 2)
  t.deepEqual(listed, await createReadStream(file).pipe(parseMounts()).toArray())
  const unions = await tables(file, { sysfs }).toArray()
  t.true(unions.length > 0)
  t.deepEqual(unions, await createReadStream(file).pipe(branchTables({ sysfs })).toArray())
  const [own] = await mounts().toArray()
  t.deepEqual(own, (await mounts('/proc/self/mountinfo').toArray())[0])
})

test('what is wrong with a file ends its records, and a reader that leaves closes it', async (t) => {
  await t.throwsAsync(mounts('/nowhere').toArray(), { code: 'ENOENT' })
  await t.throwsAsync(mounts('samples').toArray(), { code: 'EISDIR' })
  const folder = tempFolder(t)
  writeTree(folder, { mountinfo: '29 21 0:17 / /é rw - aufs none rw\n'.repeat(100_000), broken: 'x\n' })
  await t.throwsAsync(mounts(`${folder}/broken`).toArray(), { instanceOf: InputError, message: /too few/ })
  for await (const { mount_id } of mounts(`${folder}/mountinfo`)) {
    t.is(mount_id, 29)
    t.is(openBelow(folder), 1)
    break
  }
  await until(() => openBelow(folder) === 0)
})

interface Outcome {
  records: Seen[]
  /** Line and reason of each error. */
  errors: string[]
}

/** What must come out, by the contract, without any stream. */
function expected(input: ByteString, maxLine = MAX_LINE): Outcome {
  const outcome: Outcome = { records: [], errors: [] }
  const lines = input.replace(/\n$/, '').split('\n')
  const endsSo = (line: ByteString) => line.length <= maxLine && line.endsWith('\r')
  const areCopied = lines.slice(0, 2).every(endsSo)
  lines.forEach((line, i) => {
    const text = areCopied && endsSo(line) ? line.slice(0, -1) : line
    if (text.length > maxLine) outcome.errors.push(`${i + 1} longer than ${maxLine} bytes`)
    else if (text.startsWith('!')) outcome.errors.push(`${i + 1} unusable`)
    else if (text !== '') {
      if (text.startsWith('?')) outcome.errors.push(`${i + 1} doubtful`)
      outcome.records.push({ text, number: i + 1 })
    }
  })
  outcome.records.push({ text: 'end', number: 0 })
  return outcome
}

type Run = (chunks: Iterable<Buffer>, options?: LineOptions) => Promise<Outcome>

async function outcomeOf(
  make: (options: LineOptions) => Duplex,
  read: (stream: Duplex) => Promise<Seen[]>,
  chunks: Iterable<Buffer>,
  options: LineOptions,
): Promise<Outcome> {
  const errors: string[] = []
  const stream = make({
    onError({ line, reason }) {
      errors.push(`${line} ${reason}`)
    },
    ...options,
  })
  const [records] = await Promise.all([read(stream), pipeline(Readable.from(chunks), stream)])
  return { records, errors }
}

const runs: { name: string; run: Run }[] = [
  {
    name: 'recordStream',
    run: (chunks, options = {}) =>
      outcomeOf(
        (lines) => recordStream(seeing(), lines),
        async (stream) => (await stream.toArray()).map((record) => toBytes(record)),
        chunks,
        options,
      ),
  },
  {
    name: 'chunkStream',
    run: (chunks, options = {}) =>
      outcomeOf(
        (lines) => chunkStream(seeing(), ndjsonLine, lines),
        async (stream) => {
          const text = Buffer.concat(await stream.toArray()).toString('latin1')
          return text
            .split('\n')
            .slice(0, -1)
            .map((line) => parse(line) as never)
        },
        chunks,
        options,
      ),
  },
]

function bytes(text: ByteString): Buffer {
  return Buffer.from(text, 'latin1')
}

/** A buffer, cut at these places. */
function cut(input: Buffer, places: number[]): Buffer[] {
  const ends = [...places.map((place) => place % (input.length + 1)).sort((a, b) => a - b), input.length]
  return ends.map((end, i) => input.subarray(ends[i - 1] ?? 0, end)).filter(({ length }) => length > 0)
}

const input = fc.string({
  unit: fc.constantFrom('\n', '\n', 'a', '!', '?', '\0', '\r', '\xff', '\xc3', '\xa9', '"'),
  maxLength: 80,
})

const inputs = [
  { name: 'nothing at all', entry: '' },
  { name: 'a last line without its newline', entry: 'a\nb' },
  { name: 'a last line with its newline', entry: 'a\nb\n' },
  { name: 'empty lines, which are passed over but counted', entry: '\n\na\n\n!b\n\n' },
  { name: 'nothing but newlines', entry: '\n\n\n' },
  { name: 'NUL bytes', entry: 'a\0b\n\0\n' },
  { name: 'a carriage return, which is part of the line', entry: 'a\r\nb\n\r\nc\r' },
  { name: 'carriage returns at the end of every line, which are part of none', entry: 'a\r\n\r\nb\r' },
  { name: 'bytes that are no UTF-8', entry: '\xff\n\xc3\n\xa9\xed\xa0\x80\n' },
  { name: 'U+2028 and other ends of lines that are none here', entry: '\xe2\x80\xa8a\v\f\x85\n' },
  { name: 'lines that cannot be used', entry: '!x\na\n!y\n!z' },
  { name: 'a line that is warned of and given', entry: 'a\n?b\nc\n' },
]

for (const { name: stream, run } of runs) {
  for (const { name, entry } of inputs) {
    test(`${stream} takes ${name}`, async (t) => {
      t.deepEqual(await run([bytes(entry)]), expected(entry))
    })

    test(`${stream} takes ${name}, a byte at a time`, async (t) => {
      t.deepEqual(await run([...entry].map(bytes)), expected(entry))
    })
  }

  test(`${stream} gives the same however the input is cut`, async (t) => {
    await fc.assert(
      fc.asyncProperty(input, fc.array(fc.nat(80), { maxLength: 20 }), async (text, places) => {
        t.deepEqual(await run(cut(bytes(text), places)), expected(text))
      }),
      { numRuns: 300 },
    )
  })

  test(`${stream} gives the same however the input is cut, also where lines are too long`, async (t) => {
    await fc.assert(
      fc.asyncProperty(
        input,
        fc.array(fc.nat(80), { maxLength: 20 }),
        fc.integer({ min: 1, max: 6 }),
        async (text, places, maxLine) => {
          t.deepEqual(await run(cut(bytes(text), places), { maxLine }), expected(text, maxLine))
        },
      ),
      { numRuns: 300 },
    )
  })

  test(`${stream} keeps each of the 256 bytes but the newline`, async (t) => {
    const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('')
    const { records } = await run([bytes(all)])
    t.deepEqual(records, expected(all).records)
  })

  test(`${stream} takes a line of exactly maxLine bytes, and says that one more is too long`, async (t) => {
    const errors: InputError[] = []
    const text = `12345\n123456\n12345\n${'x'.repeat(500_000)}\n1\n1234567`
    const { records } = await run([bytes(text)], {
      maxLine: 5,
      onError(error) {
        errors.push(error)
      },
    })
    t.deepEqual(
      records.map(({ number }) => number),
      [1, 3, 5, 0],
    )
    t.deepEqual(
      errors.map(({ line, reason }) => [line, reason]),
      [
        [2, 'longer than 5 bytes'],
        [4, 'longer than 5 bytes'],
        [6, 'longer than 5 bytes'],
      ],
    )
    t.true(errors[1]?.message.startsWith('longer than 5 bytes: "xxxxx'))
  })

  test(`${stream} takes 8 MiB in a line where nobody says otherwise`, async (t) => {
    const text = `${'x'.repeat(MAX_LINE)}\n${'y'.repeat(MAX_LINE + 1)}\nz\n`
    const { records, errors } = await run(cut(bytes(text), [1, 65_536, 9_000_000]))
    t.deepEqual(
      records.map((record) => [record.number, record.text.length]),
      [
        [1, 8_388_608],
        [3, 1],
        [0, 3],
      ],
    )
    t.deepEqual(errors, ['2 longer than 8388608 bytes'])
  })

  test(`${stream} ends with the first error where nobody listens`, async (t) => {
    const error = await t.throwsAsync(run([bytes('a\n!b\n!c\n')], { onError: throwing }), {
      instanceOf: InputError,
    })
    t.deepEqual([error?.line, error?.reason, error?.text], [2, 'unusable', '!b'])
  })

  test(`${stream} says nothing more once it is told to stop`, async (t) => {
    const errors: string[] = []
    const outcome = await run([bytes('a\n!b\nc\n'), bytes('!d\ne\n?f')], {
      onError({ line, reason }) {
        errors.push(`${line} ${reason}`)
        return 'stop'
      },
    })
    t.deepEqual(outcome.records, [{ text: 'a', number: 1 }])
    t.deepEqual(errors, ['2 unusable'])
  })

  test(`${stream} does not take a fault of its filter for a bad line`, async (t) => {
    const filter: Filter<Seen> = {
      line() {
        throw new RangeError('a fault')
      },
    }
    const stream2 = stream === 'recordStream' ? recordStream(filter) : chunkStream(filter, ndjsonLine)
    await t.throwsAsync(pipeline(Readable.from([bytes('a\n')]), stream2, drain), { instanceOf: RangeError })
  })
}

const throwing: NonNullable<LineOptions['onError']> = (error) => {
  throw error
}

async function drain(source: AsyncIterable<unknown>): Promise<number> {
  let count = 0
  for await (const _ of source) count += 1
  return count
}

const streams: { name: string; make: (filter: Filter<Seen>, options?: LineOptions) => Duplex }[] = [
  { name: 'recordStream', make: (filter, options) => recordStream(filter, options) },
  { name: 'chunkStream', make: (filter, options) => chunkStream(filter, ndjsonLine, options) },
]

for (const { name, make } of streams) {
  test(`${name} without onError throws the first error`, async (t) => {
    const error = await t.throwsAsync(pipeline(Readable.from([bytes('a\n!b\n')]), make(seeing()), drain), {
      instanceOf: InputError,
    })
    t.is(error?.line, 2)
  })

  test(`${name} takes a warning for an error where nobody listens`, async (t) => {
    const error = await t.throwsAsync(pipeline(Readable.from([bytes('a\n?b\n')]), make(seeing()), drain), {
      instanceOf: InputError,
    })
    t.is(error?.line, 2)
  })

  test(`${name} gives an error of the end of the input no line`, async (t) => {
    const lines: (number | null)[] = []
    const filter: Filter<Seen> = {
      line() {},
      end() {
        throw new InputError('unfinished')
      },
    }
    const stream = make(filter, {
      onError({ line }) {
        lines.push(line)
      },
    })
    await pipeline(Readable.from([bytes('a\n')]), stream, drain)
    t.deepEqual(lines, [null])
  })

  test(`${name} takes a record that is nested deeper than the stack for a bad line`, async (t) => {
    const told: string[] = []
    const dig = (): number => dig() + 1
    const filter: Filter<Seen> = {
      line({ text, number }, emit) {
        if (text === 'deep') dig()
        emit({ text, number })
      },
    }
    const stream = make(filter, { onError: ({ line, reason }) => void told.push(`${line} ${reason}`) })
    t.is((await pipeline(Readable.from([bytes('a\ndeep\nb\n')]), stream, drain)) > 0, true)
    t.deepEqual(told, ['2 nested too deeply'])
  })

  test(`${name} keeps the line that an error knows itself`, async (t) => {
    const lines: (number | null)[] = []
    const filter: Filter<Seen> = {
      line(_line, _emit, warn) {
        const error = new InputError('of an earlier line')
        error.line = 17
        warn(error)
      },
    }
    const stream = make(filter, {
      onError({ line }) {
        lines.push(line)
      },
    })
    await pipeline(Readable.from([bytes('a\n')]), stream, drain)
    t.deepEqual(lines, [17])
  })

  test(`${name} gives a record before the input has ended`, async (t) => {
    t.timeout(LIMIT)
    const stream = make(seeing())
    stream.write(bytes('first\nsec'))
    const [first] = await next(stream, 'data')
    t.true(JSON.stringify(Buffer.isBuffer(first) ? first.toString() : first).includes('first'))
    stream.write(bytes('ond\n'))
    const [second] = await next(stream, 'data')
    t.true(JSON.stringify(Buffer.isBuffer(second) ? second.toString() : second).includes('second'))
    stream.end()
    stream.resume()
    await next(stream, 'end')
  })

  test(`${name} ends with the error of its input`, async (t) => {
    const broken = new Readable({
      read() {
        this.push(bytes('a\nb'))
        this.destroy(new Error('disk on fire'))
      },
    })
    await t.throwsAsync(pipeline(broken, make(seeing()), drain), { message: 'disk on fire' })
  })

  test(`${name} takes strings for their UTF-8, as byte streams do`, async (t) => {
    const stream = make(seeing())
    stream.write('10é\n')
    stream.end('日')
    const seen = name === 'recordStream' ? await stream.toArray() : await parsed(stream)
    t.deepEqual(seen, [
      { text: '10é', number: 1 },
      { text: '日', number: 2 },
      { text: 'end', number: 0 },
    ])
  })

  test(`${name} asks for no more than its reader takes`, async (t) => {
    let given = 0
    function* endless() {
      const chunk = bytes('a line of some length, so that buffers fill\n'.repeat(1500))
      for (; given < 10_000; given += 1) yield chunk
    }
    const stream = make(seeing())
    const source = Readable.from(endless())
    source.pipe(stream)
    await next(stream, 'readable')
    await settled(() => given)
    t.true(given < 500, `${given} chunks were taken though nobody reads`)
    t.true(stream.readableLength < 1_000_000)
    const before = given
    for await (const _ of stream) if (given > before + 100) break
    t.true(given > before + 100, 'it goes on when it is read')
  })

  test(`${name} ends without an error when its reader has had enough`, async (t) => {
    const stream = make(seeing())
    const source = Readable.from(Array(1000).fill(bytes('a\nb\n'.repeat(1000))))
    source.pipe(stream)
    for await (const _ of stream) break
    t.true(stream.destroyed)
  })

  test.serial(`${name} holds no more of an endless line than maxLine`, async (t) => {
    const errors: InputError[] = []
    const chunk = Buffer.alloc(65_536, 'x')
    const used = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
    const before = used()
    let most = 0
    function* line() {
      for (let i = 0; i < 2048; i += 1) {
        yield chunk
        if (i % 64 === 0) most = Math.max(most, used() - before)
      }
      yield bytes('\nlast\n')
    }
    const stream = make(seeing(), {
      maxLine: 100_000,
      onError(error) {
        errors.push(error)
      },
    })
    const found = name === 'recordStream' ? stream.toArray() : parsed(stream)
    await pipeline(Readable.from(line()), stream)
    t.deepEqual(await found, [
      { text: 'last', number: 2 },
      { text: 'end', number: 0 },
    ])
    t.deepEqual(
      errors.map((error) => [error.line, (error.text ?? '').length <= 100_001]),
      [[1, true]],
    )
    t.true(most < 64 * 1024 * 1024, `${most} bytes for a line of 128 MiB`)
  })
}

test('recordStream gives text, with the exact bytes beside what is no UTF-8', async (t) => {
  const stream = recordStream(seeing())
  stream.end(bytes('/bad\xff\n/\xc3\xbc\n'))
  t.deepEqual(await stream.toArray(), [
    { text: '/bad\ufffd', text_b64: 'L2JhZP8=', number: 1 },
    { text: '/ü', number: 2 },
    { text: 'end', number: 0 },
  ])
})

test('chunkStream makes one chunk of what a chunk holds', async (t) => {
  const stream = chunkStream({ line: ({ text }, emit) => emit(text) }, (text: ByteString) => `<${text}>`)
  const chunks: string[] = []
  stream.on('data', (chunk) => chunks.push(chunk.toString('latin1')))
  await pipeline(Readable.from([bytes('a\nb\nc'), bytes('d'), bytes('\n\n\xff\n')]), stream)
  t.deepEqual(chunks, ['<a><b>', '<cd><\xff>'])
})

test('a line that has begun is forgotten where its input broke off, and the next is no part of it', (t) => {
  const errors: string[] = []
  const onError = ({ line, reason }: InputError) => void errors.push(`${line} ${reason}`)
  const lines = lineTransform(seeing(), ({ text, number }) => `${number}:${text} `, { onError })
  t.is([...lines.write(bytes('a\n!b'))].join(''), '1:a ')
  lines.abandonLine()
  t.is([...lines.write(bytes('c\n'))].join(''), '2:c ')
  t.is(lines.flush(), '0:end ')
  t.deepEqual(errors, [])
})

test('an error of a line says its start, and what is wrong', (t) => {
  const error = inputError(t, () =>
    seeing().line(
      { text: '!\x1b', number: 1 },
      () => {},
      () => {},
    ),
  )
  t.is(error.message, 'unusable: "!\\u001b"')
})

async function parsed(stream: Duplex): Promise<unknown[]> {
  const text = Buffer.concat(await stream.toArray()).toString('utf8')
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}

/** Waits until a number has stopped growing. */
async function settled(value: () => number): Promise<void> {
  for (let before = -1; before !== value(); ) {
    before = value()
    await wait(50)
  }
}
