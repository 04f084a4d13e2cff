/** Which processes are drawn, and in which order. */
import test from 'ava'
import { arranged, type Choice, countOf, type Listed, SORTS, type Sort } from '../../src/view/order.js'
import { choice } from '../helpers/drawn.js'

const quiet: Listed = { comm: 'b', pids: [1], files: 1, bytes: 1n, stale: 0, isOfUnion: false }

/** The numbers of those that are drawn, and of those that are only counted. */
function told(processes: Listed[], more: Partial<Choice>): { drawn: string; folded: string } {
  const { drawn, folded } = arranged(processes, { ...choice, all: true, ...more })
  const numbers = (of: Listed[]) => of.map(({ pids }) => pids.join('+') || '-').join(' ')
  return { drawn: numbers(drawn), folded: numbers(folded) }
}

const orders: Record<Sort, [processes: Partial<Listed>[], drawn: string]> = {
  stale: [[{ stale: 1 }, {}, { isOfUnion: true }, { stale: 2 }, { stale: 1, isOfUnion: true }], '4 5 1 3 2'],
  size: [[{ bytes: 2n }, { bytes: 10n }, { bytes: 9n }, { bytes: 10n }], '2 4 3 1'],
  files: [[{ files: 2 }, { files: 10 }, { files: 9 }, { files: 10 }], '2 4 3 1'],
  name: [[{ comm: 'b' }, { comm: 'A' }, { comm: null }, { comm: 'A' }], '3 2 4 1'],
  pid: [[{ pids: [] }, { pids: [10, 11] }, { pids: [9] }, { pids: [] }], '9 10+11 - -'],
}

test('there is no other order', (t) => t.deepEqual(Object.keys(orders), [...SORTS]))

for (const [sort, [processes, drawn]] of Object.entries(orders))
  test(`by ${sort}, what is alike stays as it was met`, (t) => {
    const all = processes.map((process, i) => ({ ...quiet, pids: [i + 1], ...process }))
    t.deepEqual(told(all, { sort: sort as Sort }), { drawn, folded: '' })
  })

test('only the stale ones, or those of unions, are drawn where they are asked for', (t) => {
  const all = [
    { ...quiet, pids: [1], stale: 1 },
    { ...quiet, pids: [2], isOfUnion: true },
    { ...quiet, pids: [3], stale: 1, isOfUnion: true },
    { ...quiet, pids: [4] },
  ]
  t.deepEqual(told(all, { stale: true }), { drawn: '3 1', folded: '' })
  t.deepEqual(told(all, { unions: true }), { drawn: '3 2', folded: '' })
  t.deepEqual(told(all, { stale: true, unions: true }), { drawn: '3', folded: '' })
})

test('those of no union and with nothing stale are only counted, where there are others', (t) => {
  const all = [
    { ...quiet, pids: [1] },
    { ...quiet, pids: [2], isOfUnion: true },
    { ...quiet, pids: [3], stale: 1 },
  ]
  t.deepEqual(told(all, { all: false }), { drawn: '3 2', folded: '1' })
  t.deepEqual(told(all, { all: true }), { drawn: '3 2 1', folded: '' })
  t.deepEqual(told(all.slice(0, 1), { all: false }), { drawn: '1', folded: '' })
})

test('processes that are alike are counted each, and what is of nobody known is of one', (t) => {
  t.is(countOf([{ pids: [7, 8] }, { pids: [] }, { pids: [9] }]), 4)
  t.is(countOf([]), 0)
})
