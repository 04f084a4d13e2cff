/** The page as a text: what it may do, and what it holds. A browser is in test/view/page.test.ts. */
import { createHash } from 'node:crypto'
import test from 'ava'
import { renderPage } from '../../../src/view/page/page.js'
import { pageData } from '../../../src/view/page/page-data.js'
import { pictureOf } from '../../../src/view/picture.js'
import { draw } from '../../../src/view/terminal/terminal.js'
import { branch, choice, vma } from '../../helpers/drawn.js'

test('no name ends the element that holds the data, nor the one that is shown without a script', (t) => {
  const name = '</script></noscript><script>alert(1)</script><!--&lt;'
  const record = { ...vma, path: name, comm: name, container: name, branch: { ...branch, path: name } }
  const page = renderPage(pictureOf([record]), choice)
  t.is(page.match(/<script/g)?.length, 2)
  t.is(page.match(/<\/noscript/g)?.length, 1)
  t.true(page.includes('&lt;/script>&lt;/noscript>&lt;script>alert(1)'))
  const [data = ''] = /(?<=id="data">).*?(?=<\/script>)/s.exec(page) ?? []
  t.deepEqual(JSON.parse(data), pageData(pictureOf([record]), choice))
})

test('its style and its script are what its policy allows, and nothing else is', (t) => {
  const page = renderPage(pictureOf([vma]), choice)
  const hash = (element: RegExp) =>
    createHash('sha256')
      .update(element.exec(page)?.[1] ?? '')
      .digest('base64')
  const [script, style] = [hash(/<script>(.*)<\/script>/s), hash(/<style>(.*)<\/style>/s)]
  t.true(
    page.includes(
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'sha256-${script}'; style-src 'sha256-${style}'; base-uri 'none'; form-action 'none'">`,
    ),
  )
})

test('without a script it shows what a terminal of 100 columns does', (t) => {
  const records = [vma, { ...vma, pid: 8, path: '/b' }, { ...vma, pid: 9, comm: '&lt;<&', path: '/c' }]
  const chosen = { ...choice, sort: 'name' } as const
  const [, plain = ''] = /<pre>(.*)<\/pre>/s.exec(renderPage(pictureOf(records), chosen)) ?? []
  t.true(plain.includes('&amp;lt;&lt;&amp;'))
  t.is(
    plain.replaceAll('&lt;', '<').replaceAll('&amp;', '&'),
    draw(pictureOf(records), { ...chosen, width: 100, color: false }),
  )
})
