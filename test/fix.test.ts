import { Readable } from 'node:stream'
import test from 'ava'
import { InputError, type OnError } from '../src/errors.js'
import { fixVmas, readMapFiles } from '../src/fix.js'
import type { RawVma } from '../src/map-files.js'
import type { Vma } from '../src/vma.js'

const captured = { procfs: 'samples/leaky-08-several/proc', sysfs: 'samples/leaky-08-several/sys' }

/** A process of the captured machine, and two that are not there. */
const HERE = 85
const GONE = [999_998, 999_999]

const read = async (pids: number[], onError?: OnError): Promise<RawVma[]> =>
  readMapFiles({ pids, ...captured, ...(onError && { onError }) }).toArray()

test('of a process that is gone onError is told, by its number, and the others are read', async (t) => {
  const told: [string, number][] = []
  const records: RawVma[] = await readMapFiles({
    pids: [999_998, HERE, 999_999],
    ...captured,
    onError: ({ message }, pid) => told.push([message, pid]),
  }).toArray()
  t.deepEqual(told, [
    ['no such process', 999_998],
    ['no such process', 999_999],
  ])
  t.true(records.length > 2)
  t.deepEqual([...new Set(records.map(({ pid }) => pid))], [HERE])
})

test('where onError says stop nothing more is read', async (t) => {
  let told = 0
  const stop = () => {
    told += 1
    return 'stop'
  }
  t.deepEqual(await read([...GONE, HERE], stop), [])
  t.is(told, 1)
  t.deepEqual(await read([HERE, ...GONE, HERE], stop), await read([HERE]))
})

test('without onError the first process that is gone ends the stream', async (t) => {
  await t.throwsAsync(read([...GONE, HERE]), { instanceOf: InputError, message: 'no such process' })
})

test('fixVmas fixes what readMapFiles reads, by the mounts of each process', async (t) => {
  const records = await read([HERE])
  const vmas: Vma[] = await Readable.from(records).pipe(fixVmas(captured)).toArray()
  t.deepEqual(
    vmas.map(({ start }) => start),
    records.map(({ start }) => start),
  )
  t.true(vmas.some(({ fixed }) => fixed))
})

test('where onError says stop fixVmas ends', async (t) => {
  const records = (await read([HERE])).map((record) => ({ ...record, pid: 999_999 }))
  const told: string[] = []
  const onError = ({ message }: InputError) => {
    told.push(message)
    return 'stop'
  }
  const vmas: Vma[] = await Readable.from(records)
    .pipe(fixVmas({ ...captured, onError }))
    .toArray()
  t.deepEqual([told, vmas], [['no such process'], []])
})
