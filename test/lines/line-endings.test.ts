import test from 'ava'
import { LineEndings } from '../../src/lines/line-endings.js'
import { lineTransform } from '../../src/lines/line-transform.js'
import { scanRoom } from '../../src/lines/scan.js'

/** What lines are handed on, each with its number, however the input is cut into chunks. */
function linesOf(input: string, size = input.length): string[] {
  const taken: string[] = []
  const lines = lineTransform<string>(
    { line: ({ text, number }) => void taken.push(`${number} ${text}`), next: (_, start) => start },
    String,
    { maxLine: 20 },
  )
  for (let at = 0; at < input.length; at += size) {
    const room = scanRoom() ?? Buffer.alloc(size)
    const chunk = room.subarray(0, room.write(input.slice(at, at + size), 'latin1'))
    for (const _ of lines.write(chunk));
  }
  lines.flush()
  return taken
}

const cases: Record<string, [input: string, lines: string[]]> = {
  'a copy with returns': ['a\r\nb\r\nc\r\n', ['1 a', '2 b', '3 c']],
  'without a newline at its end': ['a\r\nb\r\nc', ['1 a', '2 b', '3 c']],
  'a line alone': ['a\r\n', ['1 a']],
  'a path that ends so in the first line': ['a\r\nb\nc\r\n', ['1 a\r', '2 b', '3 c\r']],
  'a path that ends so later': ['a\nb\r\nc\r\n', ['1 a', '2 b\r', '3 c\r']],
  'a path that ends so in a copy with returns': ['a\r\r\nb\r\n', ['1 a\r', '2 b']],
  'empty lines of a copy': ['a\r\n\r\n\r\nb\r\n', ['1 a', '4 b']],
  'no line': ['', []],
}

for (const [name, [input, expected]] of Object.entries(cases))
  test(`Line endings: ${name}`, (t) => {
    for (const size of [1, 2, 3, 100]) t.deepEqual(linesOf(input, size), expected, `chunks of ${size}`)
  })

test('How lines end is known by the first that ends otherwise, or by the second', (t) => {
  const known = (...texts: string[]) => {
    const endings = new LineEndings()
    t.false(endings.isKnown)
    return texts.map((text, i) => {
      endings.next({ text, number: i + 1 }, false)
      return endings.isKnown
    })
  }
  t.deepEqual(known('a', 'b\r'), [true, true])
  t.deepEqual(known('a\r', 'b\r'), [false, true])
  t.deepEqual(known('a\r', 'b'), [false, true])
})
