import test from 'ava'
import { checkLog } from '../../src/criu/log-check.js'
import type { Filter, Line } from '../../src/lines/filter.js'
import type { Scan } from '../../src/lines/scan.js'
import { tell } from '../helpers/filters.js'

/** Gives every line, and one at the end; of a chunk it needs nothing. */
const all: Filter<string> = {
  line: ({ text }: Line, emit) => emit(text),
  next: (_scan, _start, end) => end,
  end: (emit) => emit('end'),
}

/** What is given of some lines, and how often it is said that they are no log. */
function checked(filter: Filter<string>, lines: string[]) {
  let others = 0
  const { records } = tell(
    checkLog(filter, () => {
      others += 1
    }),
    lines,
  )
  return { records, others }
}

const logs: [name: string, line: string][] = [
  ['a time', 'x (00.014075) y'],
  ['a time of more digits', '(100.014075)'],
  ['a branch', '/sys/fs/aufs/si_1a/br0 : /a'],
  ['a mount', 'x s_dev 0x12'],
]
for (const [name, line] of logs)
  test(`A line of a log is told by ${name}, wherever it stands`, (t) => {
    t.deepEqual(checked(all, ['no', line, 'no']), { records: ['no', line, 'no', 'end'], others: 0 })
  })

for (const line of [
  'no',
  '(0.014075)',
  '(00.01407)',
  '(00.0140755)',
  '00.014075',
  'xs_dev 1',
  '/sys/fs/aufs',
])
  test(`What has no line of a log is said at its end, once: ${line}`, (t) => {
    t.deepEqual(checked(all, [line, line]), { records: [line, line, 'end'], others: 1 })
  })

test('An input without a line is not said to be no log', (t) => {
  t.deepEqual(checked(all, ['', '']), { records: ['end'], others: 0 })
  t.deepEqual(checked({ line: all.line }, ['(00.014075)']), { records: ['(00.014075)'], others: 0 })
})

test('No line is passed over before there was one of a log, and after that as the filter says', (t) => {
  const scan: Scan = { countLines: () => 1, nextMount: () => 0, nextWithPair: () => 0 }
  for (const [filter, after] of [
    [all, 20],
    [{ line: all.line }, 10],
  ] as const) {
    const check = checkLog(filter, () => {})
    t.is(check.next?.(scan, 10, 20), 10)
    check.line(
      { text: '(00.014075)', number: 1 },
      () => {},
      () => {},
    )
    t.is(check.next?.(scan, 10, 20), after)
  }
})
