/** When the index of a store is read, and what it is taken for meanwhile. */
import test from 'ava'
import { InputError } from '../../src/errors.js'
import { imageLayer, indexedStore, ownLayer, type StoreReader } from '../../src/images/image-store.js'

const layer = (name: string) => imageLayer('docker', { layer: null, chain: null, names: [name] })

/** A store that says what is done with it, and a clock for it. */
function store(reader: Partial<StoreReader> = {}) {
  const calls: string[] = []
  const now = { stamp: 'one', time: 0, index: new Map([['a', layer('a')]]) }
  const known = indexedStore({
    keyOf: (folder) => (folder === '/none' ? null : folder.slice(1)),
    stamp() {
      calls.push('stamp')
      return now.stamp
    },
    index() {
      calls.push('index')
      return now.index
    },
    close: () => calls.push('close'),
    ...reader,
  })
  /** The name of a layer's image at some time, in milliseconds, and what was done for it. */
  const ask = (folder: string, time: number): [name: string | null, ...calls: string[]] => {
    calls.length = 0
    const { now: clock } = Date
    Date.now = () => time
    try {
      return [known.imageOf(folder)?.names[0] ?? null, ...calls]
    } finally {
      Date.now = clock
    }
  }
  return { now, ask }
}

test('The index is read when it is first asked, and taken for that of the store for a second', (t) => {
  const { now, ask } = store()
  t.deepEqual(ask('/a', 5000), ['a', 'stamp', 'index', 'close'])
  now.stamp = 'two'
  now.index = new Map([['a', layer('b')]])
  t.deepEqual(ask('/a', 5999), ['a', 'close'])
  t.deepEqual(ask('/a', 6000), ['b', 'stamp', 'index', 'close'])
})

test('Where the store has not changed the index is not read again', (t) => {
  const { ask } = store()
  ask('/a', 0)
  t.deepEqual(ask('/a', 1000), ['a', 'stamp', 'close'])
  t.deepEqual(ask('/a', 1999), ['a', 'close'])
})

test('Where the clock is set back the store is looked at', (t) => {
  const { ask } = store()
  ask('/a', 5000)
  t.deepEqual(ask('/a', 4001), ['a', 'close'])
  t.deepEqual(ask('/a', 4000), ['a', 'stamp', 'close'])
})

test('What the index does not have is looked for at once', (t) => {
  const { now, ask } = store()
  ask('/a', 0)
  t.deepEqual(ask('/new', 1), [null, 'stamp', 'close'])
  now.stamp = 'two'
  now.index = new Map([['new', layer('new')]])
  t.deepEqual(ask('/new', 2), ['new', 'stamp', 'index', 'close'])
})

test('A folder that is none of a layer is looked up nowhere', (t) => {
  t.deepEqual(store().ask('/none', 0), [null, 'close'])
})

test('A fault is told once, and again where there is another or it was mended meanwhile', (t) => {
  let fault: string | null = 'one'
  const { now, ask } = store({
    index() {
      if (fault !== null) throw new InputError(fault)
      return now.index
    },
  })
  const told = (stamp: string, time: number) => {
    now.stamp = stamp
    try {
      return ask('/a', time)[0]
    } catch (error) {
      return error instanceof InputError ? error.message : error
    }
  }
  t.is(told('1', 0), 'one')
  // As long as nothing has changed, nothing is read, and what was known before is no answer.
  t.is(told('1', 1), null)
  t.is(told('2', 2), null)
  fault = 'two'
  t.is(told('3', 3), 'two')
  fault = null
  t.is(told('4', 4), 'a')
  fault = 'two'
  t.is(told('5', 5000), 'two')
  t.is(told('5', 5001), null)
})

test('An error of another kind is told each time, and what is open is closed', (t) => {
  const closed: number[] = []
  const known = indexedStore({
    keyOf() {
      throw new RangeError('broken')
    },
    stamp: () => '',
    index: () => new Map(),
    close: () => closed.push(1),
  })
  for (let i = 0; i < 2; i += 1) t.throws(() => known.imageOf('/a'), { instanceOf: RangeError })
  t.deepEqual(closed, [1, 1])
})

test('Names are sorted, and one that is none is left out', (t) => {
  const names = ['web:2', 'a\0b', 'web:1']
  t.deepEqual(imageLayer('podman', { layer: 'sha256:a', chain: 'sha256:b', names }), {
    ...{ store: 'podman', layer: 'sha256:a', chain: 'sha256:b', names: ['web:1', 'web:2'], container: null },
  })
  const own = { store: 'docker', layer: null, chain: null, names: [] }
  t.deepEqual(ownLayer('docker', '1f'), { ...own, container: '1f' })
  for (const none of [null, 'a\0b']) t.deepEqual(ownLayer('docker', none), { ...own, container: null })
})
