/** The colours of the page: all text can be read on all that it stands on. */
import { readFileSync } from 'node:fs'
import test from 'ava'
import { COLORS } from '../../src/view/page/colors.js'
import { repository } from '../helpers/run.js'

const style = readFileSync(`${repository}/src/view/page/web/page.css`, 'utf8')

/** The colours of a scheme by their names. */
function colorsOf(block: string): Map<string, string> {
  return new Map(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', color = '']) => [name, color]),
  )
}

const [light = '', dark = ''] = [...style.matchAll(/:root \{([^}]*)\}/g)].map(([, block = '']) => block)

/** What is written on what. Names of mappings stand on the colours of their layers. */
const FILLS = ['none', ...Array.from({ length: COLORS }, (_, i) => `c${i}`)]
const PAIRS = [
  ...['back', 'raised'].flatMap((ground) => ['text', 'soft', 'alarm', 'link'].map((ink) => [ink, ground])),
  ...['text', 'soft', 'alarm'].map((ink) => [ink, 'mark']),
  ...FILLS.map((fill) => ['on-fill', fill]),
] as [string, string][]

/** WCAG's relative luminance. */
function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string, b: string): number {
  const [less = 0, more = 0] = [luminance(a), luminance(b)].toSorted((x, y) => x - y)
  return (more + 0.05) / (less + 0.05)
}

for (const [scheme, block] of [
  ['light', light],
  ['dark', dark],
])
  test(`in the ${scheme} all text has a contrast of 4.5 to what it stands on`, (t) => {
    const colors = colorsOf(block ?? '')
    for (const [ink, ground] of PAIRS) {
      const found = contrast(colors.get(ink) ?? '', colors.get(ground) ?? '')
      t.true(found >= 4.5, `${ink} on ${ground}: ${found.toFixed(2)}`)
    }
  })

test('both schemes have the same colours', (t) => {
  t.deepEqual([...colorsOf(dark).keys()], [...colorsOf(light).keys()])
  t.true(colorsOf(light).size > COLORS)
})
