/** How the bench's lines come into docs/speed.md. */
import test from 'ava'
import { lineOf, type Table, withLines } from '../../bench/table.js'

const table: Table = { name: 'times', columns: ['work', 'against', 'wall'] }
const head = '| work | against | wall |\n| --- | --- | --- |'
const documentOf = (...lines: string[]) =>
  `before\n<!-- times -->\n${[head, ...lines].join('\n')}\n<!-- /times -->\nafter\n`
const a = lineOf('`a | b`', 'c', [{ text: '0.50' }])
const b = lineOf('start', 'c', [{ text: '2.00', isOver: true }])

test('a figure that is over its goal stands out, and a pipe is no column', (t) => {
  t.is(a, '| `a \\| b` | c | 0.50 |')
  t.is(b, '| start | c | **2.00** |')
})

test('lines come into the table', (t) => {
  t.is(withLines(documentOf(), table, [a, b]), documentOf(a, b))
})

test('a line takes the place of the one for the same work, and the others stay', (t) => {
  const again = lineOf('`a | b`', 'c', [{ text: '0.25' }])
  const other = lineOf('`a | b`', 'd', [{ text: '0.75' }])
  t.is(withLines(documentOf(a, b), table, [again, other]), documentOf(again, b, other))
})

test('a document without the table is not changed', (t) => {
  t.throws(() => withLines('nothing\n', table, [a]), { message: 'no <!-- times -->' })
})
