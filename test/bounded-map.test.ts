import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import fc from 'fast-check'
import { BoundedMap, keyText } from '../src/bounded-map.js'

test('the last entries are kept, and each that is forgotten is told', (t) => {
  const dropped: string[] = []
  const recent = new BoundedMap<number, string>(2, (value) => dropped.push(value))
  recent.set(1, 'a').set(2, 'b').set(3, 'c').set(4, 'd')
  t.deepEqual(
    [...recent],
    [
      [3, 'c'],
      [4, 'd'],
    ],
  )
  t.deepEqual(dropped, ['a', 'b'])
})

test('an entry that is set again is the last, and none is forgotten for it', (t) => {
  const dropped: string[] = []
  const recent = new BoundedMap<number, string>(2, (value) => dropped.push(value))
  recent.set(1, 'a').set(2, 'b').set(1, 'c')
  t.deepEqual(
    [...recent],
    [
      [2, 'b'],
      [1, 'c'],
    ],
  )
  t.deepEqual(dropped, [])
  recent.set(3, 'd')
  t.deepEqual([...recent.keys()], [1, 3])
  t.deepEqual(dropped, ['b'])
})

test('an entry that was deleted is not told, and makes room', (t) => {
  const dropped: string[] = []
  const recent = new BoundedMap<number, string>(2, (value) => dropped.push(value))
  recent.set(1, 'a').set(2, 'b')
  recent.delete(1)
  recent.set(3, 'c')
  t.deepEqual([[...recent.keys()], dropped], [[2, 3], []])
})

test('a map that was cleared after it forgot some is as a new one', (t) => {
  const recent = new BoundedMap<number, number>(2)
  for (let round = 0; round < 3; round++) {
    for (const key of [1, 2, 3, 4, 5]) recent.set(key, round)
    t.deepEqual([...recent.keys()], [4, 5])
    recent.clear()
    recent.set(6, round)
    t.deepEqual([...recent.keys()], [6])
  }
})

const again: { what: string; once: (recent: BoundedMap<number, number>) => void }[] = [
  { what: 'is set again', once: (recent) => recent.set(1, 1).set(2, 2).set(3, 3) },
  {
    what: 'has entries deleted and set',
    once(recent) {
      recent.delete(3)
      recent.delete(2)
      recent.set(2, 2).set(3, 3)
    },
  },
  {
    what: 'is cleared and filled',
    once(recent) {
      recent.clear()
      recent.set(1, 1).set(2, 2).set(3, 3)
    },
  },
]
for (const { what, once } of again)
  test(`a map that has forgotten, and then ${what} 300,000 times, takes no more memory`, (t) => {
    const collect = collector()
    const recent = new BoundedMap<number, number>(3)
    recent.set(0, 0).set(1, 1).set(2, 2).set(3, 3)
    const before = collect()
    for (let time = 0; time < 300_000; time++) once(recent)
    const more = collect() - before
    t.is(recent.size, 3)
    t.true(more < 4_000_000, `${more} bytes`)
  })

/** What collects garbage, and tells how many bytes are in use. */
function collector(): () => number {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc')
  return () => {
    gc()
    return process.memoryUsage().heapUsed
  }
}

test('nobody need be told', (t) => {
  t.deepEqual([...new BoundedMap<number, number>(1).set(1, 1).set(2, 2).keys()], [2])
})

test('of any keys, the last that were set are kept, in the order in which they were', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), fc.integer({ min: 1, max: 9 }), (keys, limit) => {
      const recent = new BoundedMap<number, number>(limit)
      for (const key of keys) recent.set(key, key)
      const lastFirst = [...new Set(keys.toReversed())]
      t.deepEqual([...recent.keys()], lastFirst.slice(0, limit).reverse())
    }),
  )
})

test('a key is the text itself, of a long one a short text that no other text has', (t) => {
  const [longest, long] = ['x'.repeat(2048), 'x'.repeat(2049)]
  t.is(keyText(longest), longest)
  const keys = [long, `${long}a`, `${long}b`, `a${long}`].map(keyText)
  t.is(new Set(keys).size, keys.length)
  for (const key of keys) t.true(key.length < 100)
  t.is(keys[1] ?? '', keyText(`${long}a`))
})
