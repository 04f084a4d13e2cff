/** Names that were made up to spoil a picture on a terminal. */
import test from 'ava'
import type { DrawnVma } from '../../../src/view/drawn-records.js'
import { pictureOf } from '../../../src/view/picture.js'
import { widthOf } from '../../../src/view/terminal/columns.js'
import { draw } from '../../../src/view/terminal/terminal.js'
import { utf8 } from '../../helpers/bytes.js'
import { branch, choice, lower, vma } from '../../helpers/drawn.js'

const HOSTILE: string[] = [
  '\x1b[31m\x1b[2J\x1b]0;title\x07',
  '\u202e\u2066gnp.exe',
  '漢字かな交じり文'.repeat(30),
  'e\u0301\u0302\u0303'.repeat(80),
  '👩\u200d👩\u200d👧🇩🇪👍🏽❤\ufe0f1\ufe0f\u20e3',
  '\u200b\u00ad\ufeff\u2028\u{e0041}',
  'x'.repeat(4000),
  '\n\r\t\v\f\b',
  '</script><script>alert(1)</script>',
]

for (const width of [1, 32, 40, 63, 64, 80, 200, 99_999]) {
  test(`hostile names break nothing in ${width} columns`, (t) => {
    const records = HOSTILE.map(utf8).flatMap((name, i): DrawnVma[] => [
      { ...vma, comm: name, container: name, path: name, state: 'deleted' },
      {
        ...vma,
        start: '0',
        end: 'ffffffffffffffff',
        branch: { ...lower, index: 10 ** (i + 5), path: `/l/${name}`, perm: name, attributes: [name] },
      },
      { ...vma, branch: { ...branch, path: `/l/${name}` } },
      { ...vma, branch: { ...lower, path: `/l/${name}`, index: i }, state: 'copied_up' },
    ])
    const text = draw(pictureOf(records), { ...choice, width, color: false })
    t.notRegex(text, /[^\P{C}\n]|[\p{Zl}\p{Zp}]/u)
    for (const line of text.split('\n')) t.true(widthOf(line) <= Math.max(32, width), line)
    // Whatever stands before them, the bars of a process begin below each other.
    const ofOne = draw(pictureOf(records.filter(({ comm }) => comm === 'app')), {
      ...choice,
      width,
      color: false,
    })
    const starts = ofOne.split('\n').flatMap((line) => {
      const [, before] = /^(.*B {2})[▏▎▍▌▋▊▉█]/u.exec(line) ?? []
      return before === undefined ? [] : [widthOf(before)]
    })
    t.is(new Set(starts).size, 1)
  })
}
