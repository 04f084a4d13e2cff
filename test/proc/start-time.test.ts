import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { firstStartOf } from '../../src/proc/start-time.js'

interface Told {
  namespace?: string
  /** The numbers that it has in its pid namespaces, the innermost last. */
  numbers?: number[]
  ticks?: number
}

/** A procfs with these processes. */
function procfsOf(
  t: ExecutionContext,
  processes: { [pid: string]: Told },
  stat = 'cpu  1 2 3\nbtime 1000\n',
): string {
  const procfs = mkdtempSync(join(tmpdir(), 'start-'))
  t.teardown(() => rmSync(procfs, { recursive: true, force: true }))
  writeFileSync(`${procfs}/stat`, stat)
  for (const [pid, { namespace, numbers = [], ticks }] of Object.entries(processes)) {
    mkdirSync(`${procfs}/${pid}/ns`, { recursive: true })
    if (namespace !== undefined) symlinkSync(namespace, `${procfs}/${pid}/ns/pid`)
    writeFileSync(`${procfs}/${pid}/status`, `Name:\tx\nNSpid:\t${numbers.join('\t')}\nNSpgid:\t1\n`)
    if (ticks !== undefined)
      writeFileSync(`${procfs}/${pid}/stat`, `${pid} (a) b) S ${'0 '.repeat(18)}${ticks} 0 0\n`)
  }
  return procfs
}

const HOST = 'pid:[4026531836]'
const INNER = 'pid:[4026532000]'

test('The first process of a pid namespace has the number 1 in it', (t) => {
  const procfs = procfsOf(t, {
    1: { namespace: HOST, numbers: [1], ticks: 1 },
    40: { namespace: INNER, numbers: [40, 1], ticks: 250 },
    50: { namespace: INNER, numbers: [50, 7], ticks: 9000 },
    // Of a namespace in that namespace.
    60: { namespace: 'pid:[4026532001]', numbers: [60, 8, 1], ticks: 9999 },
  })
  // 1000 s, and 250 ticks of a hundredth, less the two seconds that are not told apart.
  t.is(firstStartOf(procfs, `${procfs}/50`), 1_000_500_000_000n)
  t.is(firstStartOf(procfs, `${procfs}/40`), 1_000_500_000_000n)
  t.is(firstStartOf(procfs, `${procfs}/1`), 998_010_000_000n)
})

test('A first process that has ended, or is not to be seen, leaves it unknown', (t) => {
  const procfs = procfsOf(t, {
    50: { namespace: INNER, numbers: [50, 7], ticks: 9000 },
    60: { namespace: HOST, numbers: [1], ticks: 1 },
  })
  t.is(firstStartOf(procfs, `${procfs}/50`), null)
})

test('A number that only ends in 1 is not the first', (t) => {
  const procfs = procfsOf(t, { 50: { namespace: INNER, numbers: [50, 11], ticks: 9000 } })
  t.is(firstStartOf(procfs, `${procfs}/50`), null)
})

test('What is not told leaves it unknown', (t) => {
  const first: Told = { namespace: INNER, numbers: [50, 1], ticks: 9000 }
  const unknown = (told: Told, stat?: string) => {
    const procfs = procfsOf(t, { 50: told }, stat)
    return firstStartOf(procfs, `${procfs}/50`)
  }
  t.not(unknown(first), null)
  t.is(unknown(first, 'cpu  1 2 3\n'), null)
  t.is(unknown({ numbers: [50, 1], ticks: 9000 }), null)
  t.is(unknown({ namespace: INNER, numbers: [50, 1] }), null)
  t.is(firstStartOf('/nowhere', '/nowhere/1'), null)
})

test('A captured tree, which has neither, leaves it unknown', (t) => {
  t.is(firstStartOf('samples/fixed-01-docker/proc', 'samples/fixed-01-docker/proc/113'), null)
})

test('On a live machine it is in the past', (t) => {
  const start = firstStartOf('/proc', `/proc/${process.pid}`)
  if (start === null) t.log('the first process is not to be seen here')
  t.true(start === null || (start > 0n && start < BigInt(Date.now()) * 1_000_000n))
})
