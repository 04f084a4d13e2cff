/** What the page of `aufs-view --html` is given to draw: no browser is needed to read it. */
import test from 'ava'
import type { DrawnVma } from '../../src/view/drawn-records.js'
import { renderPage } from '../../src/view/page.js'
import { pictureOf } from '../../src/view/picture.js'

const vma: DrawnVma = {
  ...{ pid: 7, comm: 'app', container: null, start: '1000', end: '2000', perms: 'r--p', path: '/bin/app' },
  ...{ rpath: null, dev: '0:17', ino: '25', state: 'current', branch: null },
}

interface Data {
  processes: { mappings: { range: string; size: string; weight: number; gap: boolean; branch: number }[] }[]
}

function mappingsOf(records: DrawnVma[]): Data['processes'][number]['mappings'] {
  const [, json = ''] = /id="data">(.*?)<\/script>/s.exec(renderPage(pictureOf(records))) ?? []
  return (JSON.parse(json) as Data).processes.flatMap(({ mappings }) => mappings)
}

test('a gap is told where addresses are missing, however they are written', (t) => {
  const mappings = mappingsOf([
    { ...vma, start: '02000', end: '3000' },
    vma,
    { ...vma, start: '3000', end: '3000' },
    { ...vma, start: '3001', end: '4000' },
    { ...vma, start: 'ffffffffff600000', end: 'ffffffffff601000' },
  ])
  t.deepEqual(
    mappings.map(({ range, gap }) => [range, gap]),
    [
      ['1000-2000', false],
      ['02000-3000', false],
      ['3000-3000', false],
      ['3001-4000', true],
      ['ffffffffff600000-ffffffffff601000', true],
    ],
  )
})
