import test from 'ava'
import fc from 'fast-check'
import { logFilter } from '../../src/criu/dump-log.js'
import type { Filter } from '../../src/lines/filter.js'
import { lineTransform } from '../../src/lines/line-transform.js'
import { pair, type Scan, scanOf, scanRoom } from '../../src/lines/scan.js'
import type { ByteString } from '../../src/text/byte-string.js'
import { ndjsonLine } from '../../src/text/json.js'
import { tableFilter } from '../../src/unions/tables.js'
import { INITIALS, isOtherMount } from '../../src/unions/types.js'
import { outcome, started } from '../helpers/run.js'

const scratch = scanRoom() ?? Buffer.alloc(0)

/** A text where it can be looked through, with what a larger chunk before it may have left behind it. */
function placed(text: ByteString, behind: ByteString): { scan: Scan; end: number } {
  const end = scratch.write(text, 'latin1')
  scratch.write(behind, end, 'latin1')
  const scan = scanOf(scratch.subarray(0, end))
  if (scan === null) throw new Error('no WebAssembly here')
  return { scan, end }
}

/** The lines of a text, each with the place that it begins at. */
function placedLines(text: ByteString): { line: ByteString; start: number }[] {
  let start = 0
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const place = { line, start }
      start += line.length + 1
      return place
    })
}

/** Pieces that lines are told by, and fillers that move them to any place of sixteen. */
const piece = fc.oneof(
  fc.constantFrom(
    ...[
      ' - ',
      '-',
      ' ',
      'aufs ',
      'overlay ',
      'ext4 ',
      '1 1 0:1 / / rw',
      '36 35 98:0 /a /b rw,noatime master:1',
    ],
    ...['/sys/fs/aufs/si_', 'i_', 'i', '_', '@ ./', '@ ', '@', 'si_1/br0 : /a', 'x'],
  ),
  fc.integer({ min: 0, max: 70 }).map((length) => 'y'.repeat(length)),
  fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
)
const line = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('').replaceAll('\n', ''))
const text = fc.array(line, { maxLength: 30 }).map((lines) => lines.map((each) => `${each}\n`).join(''))

/** What lies in a chunk behind its last line. */
const behind = fc.constantFrom('\n'.repeat(200), ' - ext4 \n1 1 0:1 / / rw - aufs', 'i_@ ./\n'.repeat(20))

test('lines are counted, from the begin of any line on', (t) => {
  fc.assert(
    fc.property(text, behind, (lines, rest) => {
      const { scan, end } = placed(lines, rest)
      const places = placedLines(lines)
      for (const [i, { start }] of places.entries()) t.is(scan.countLines(start, end), places.length - i)
      t.is(scan.countLines(end, end), 0)
    }),
  )
})

test('more lines are counted than a byte of a sum holds', (t) => {
  const { scan, end } = placed('\n'.repeat(70_000), '')
  t.is(scan.countLines(0, end), 70_000)
})

test('the next union is the next line that is not plainly another mount', (t) => {
  fc.assert(
    fc.property(text, behind, (lines, rest) => {
      const { scan, end } = placed(lines, rest)
      const places = placedLines(lines)
      for (const { start } of places) {
        const next = places.find((place) => place.start >= start && !isOtherMount(place.line))
        t.is(scan.nextMount(start, end, INITIALS), next?.start ?? end)
      }
      t.is(scan.nextMount(end, end, INITIALS), end)
    }),
  )
})

test('the next line of a log is the next that may hold a branch or a mount', (t) => {
  fc.assert(
    fc.property(text, behind, (lines, rest) => {
      const { scan, end } = placed(lines, rest)
      const places = placedLines(lines)
      for (const { start } of places) {
        const next = places.find((place) => place.start >= start && /i_|@ /.test(place.line))
        t.is(scan.nextWithPair(start, end, pair('i_'), pair('@ ')), next?.start ?? end)
      }
      t.is(scan.nextWithPair(end, end, pair('i_'), pair('@ ')), end)
    }),
  )
})

test('a full chunk is looked through to its last byte', (t) => {
  for (const [last, next] of [
    [
      '/sys/fs/aufs/si_1/br0 : /a',
      (scan: Scan, end: number) => scan.nextWithPair(0, end, pair('i_'), pair('@ ')),
    ],
    ['1 1 0:1 / / rw - aufs none rw,si=1', (scan: Scan, end: number) => scan.nextMount(0, end, INITIALS)],
  ] as const) {
    const other = '36 35 98:0 /mnt1 /mnt2 rw - ext3 /dev/root rw\n'
    const full = other.repeat(Math.floor((scratch.length - 2 * other.length) / other.length))
    const { scan, end } = placed(`${full}${last}\n`, '')
    t.is(next(scan, end), full.length)
    const exact = placed(`${full}${'9'.repeat(scratch.length - full.length - other.length)}${other}`, '')
    t.is(exact.end, scratch.length)
    t.is(next(exact.scan, exact.end), exact.end)
  }
})

test('bytes that lie elsewhere are not looked through', (t) => {
  t.is(scanOf(Buffer.from('1 1 0:1 / / rw - ext4 none rw\n')), null)
})

const branch = (index: number) => `(00.0${index}) /sys/fs/aufs/si_1a/br${index} : /b${index}`
const known = fc.constantFrom(
  branch(0),
  branch(1),
  branch(2),
  '(00.01) type aufs source none mnt_id 30 s_dev 0x12 / @ ./vol flags 0 options si=1a',
  '(00.02) type overlay source o mnt_id 31 s_dev 0x13 / @ ./m flags 0 options lowerdir=/a:/b',
  '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue',
  '92 63 0:56 / /m rw - overlay o ro,lowerdir=/a:/b',
  '93 63 0:57 / /n rw - aufs none rw,br:/a=rw:/b=ro,si=2b',
  '94 63 0:58 / /o rw - aufs none rw',
  '',
)
const input = fc.array(fc.oneof(known, line), { maxLength: 40 }).map((lines) => lines.join('\n'))

const filters: { name: string; make: () => Filter<object> }[] = [
  { name: 'mounts', make: () => tableFilter({ sysfs: '/nowhere' }) },
  { name: 'a log', make: logFilter },
]
for (const { name, make } of filters) {
  test(`of ${name} the same is told where chunks are looked through, wherever they are cut`, (t) => {
    const outcomeOf = (chunks: Buffer[], maxLine: number, place: (chunk: Buffer) => Buffer) => {
      const errors: string[] = []
      const onError = ({ line, reason }: { line: number | null; reason: string }) => {
        errors.push(`${line}: ${reason}`)
      }
      const { write, flush } = lineTransform(make(), ndjsonLine, { maxLine, onError })
      return { text: chunks.map((each) => [...write(place(each))].join('')).join('') + flush(), errors }
    }
    const inRoom = (chunk: Buffer) => scratch.subarray(0, chunk.copy(scratch))
    fc.assert(
      fc.property(input, fc.array(fc.nat()), fc.constantFrom(50, 10_000), (text, cuts, maxLine) => {
        const bytes = Buffer.from(text, 'latin1')
        const places = [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
        const chunks = places.map((place, i) => bytes.subarray(places[i - 1] ?? 0, place))
        const expected = outcomeOf([bytes], maxLine, (chunk) => chunk)
        t.deepEqual(outcomeOf(chunks, maxLine, inRoom), expected)
        t.deepEqual(outcomeOf([bytes], maxLine, inRoom), expected)
      }),
      { numRuns: 500 },
    )
  })
}

/** Longer than the chunks that are not looked through. */
const mounts = Array.from({ length: 3000 }, (_, i) =>
  i % 500 === 0
    ? `${i} 63 0:56 / /m${i} rw - overlay o ro,lowerdir=/a:/b`
    : `${i} 35 98:0 /mnt1 /mnt${i} rw,noatime master:1 - ext3 /dev/root rw,errors=continue`,
).join('\n')

test('without WebAssembly a command does the same', async (t) => {
  const [program, script] = started('aufs-branches')
  const { stdout, status } = await outcome(program, [script], mounts)
  t.is(status, 0)
  t.is(stdout.split('\n').length, 7)
  // Node warns of it on standard error.
  t.like(await outcome(program, ['--jitless', script], mounts), { stdout, status })
})
