/** The page of a whole host, in a real browser. */
import test from 'ava'
import type { Page } from 'playwright-core'
import type { DrawnVma } from '../../src/view/drawn-records.js'
import { openedPage, unfold, withBrowser } from '../helpers/browser.js'
import { wholeHost } from '../helpers/whole-host.js'

/** A process with a mapping of every kind, so large that their names have room. */
const loud = [0, 1, 2, 3].flatMap((kind): DrawnVma[] =>
  (['current', 'replaced', null] as const).map((state, i) => ({
    ...{ pid: 9, comm: 'loud', container: null, perms: 'r-xp', path: `/lib/${kind}${i}.so`, state },
    ...{
      start: (kind * 3 + i).toString(16).padEnd(8, '0'),
      end: `${(kind * 3 + i).toString(16)}${i === 1 ? 'fffffff' : '00fffff'}`,
    },
    ...{ rpath: kind === 0 ? null : `./lib/${kind}`, dev: '0:40', ino: `${kind}${i}` },
    branch:
      kind < 2
        ? null
        : { mount_id: 3, si: null, index: kind, id: null, path: `/l/${kind}`, perm: 'ro', attributes: [] },
  })),
)

const host = [...loud, ...wholeHost({ processes: 60, mappings: 120 })]

withBrowser(test)

/** The names of the processes that are drawn, in their order. */
const names = (page: Page) => page.locator('.list:visible > .process h3').allTextContents()

/** Text whose contrast is too low, and text that is cut or hidden by what is around it. */
const FAINT = `(() => {
  const parsed = (color) => {
    const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number)
    return { rgb: [r, g, b], a }
  }
  const over = (top, below, a) => top.map((value, i) => value * a + below[i] * (1 - a))
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const contrast = (a, b) => {
    const [dark, bright] = [light(a), light(b)].sort((x, y) => x - y)
    return (bright + 0.05) / (dark + 0.05)
  }
  /** The ground of an element, and whether stripes are all that is behind its text. */
  const ground = (element) => {
    const chain = []
    for (let each = element; each !== null; each = each.parentElement) chain.unshift(getComputedStyle(each))
    let rgb = [255, 255, 255]
    let isStriped = false
    for (const { backgroundColor, backgroundImage, opacity } of chain) {
      const { rgb: own, a } = parsed(backgroundColor)
      if (a === 1) isStriped = false
      if (backgroundImage !== 'none') isStriped = true
      rgb = over(own, rgb, a)
      if (opacity !== '1') return { rgb, opacity: Number(opacity), isStriped }
    }
    return { rgb, opacity: 1, isStriped }
  }
  const found = []
  let count = 0
  const check = (what, element, color) => {
    const { rgb, opacity, isStriped } = ground(element)
    const ratio = contrast(parsed(color).rgb, rgb)
    count += 1
    if (ratio < 4.5 || opacity < 1 || isStriped)
      found.push([what.slice(0, 40), element.className, ratio.toFixed(2), opacity, isStriped].join(' '))
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement
    if (node.data.trim() === '' || /^(SCRIPT|NOSCRIPT|STYLE|OPTION)$/.test(element.tagName)) continue
    if (!element.checkVisibility({ visibilityProperty: true })) continue
    check(node.data, element, getComputedStyle(element).color)
  }
  for (const cell of document.querySelectorAll('td[data-head]'))
    check(cell.dataset.head, cell, getComputedStyle(cell, '::before').color)
  const search = document.getElementById('search')
  check('placeholder', search, getComputedStyle(search, '::placeholder').color)
  return { found, count }
})()`

const CUT = `(() => {
  const cut = []
  for (const element of document.querySelectorAll('body, body *')) {
    if (!element.checkVisibility({ visibilityProperty: true }) || element.closest('thead, .row, .choice')) continue
    const { right, left, width } = element.getBoundingClientRect()
    if (width > 0 && (right > innerWidth + 0.5 || left < -0.5)) cut.push('out: ' + element.outerHTML.slice(0, 90))
    if (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline' && element.clientWidth > 0)
      cut.push('cut: ' + element.outerHTML.slice(0, 90))
  }
  for (const label of document.querySelectorAll('.row .label'))
    if (label.offsetWidth > label.parentElement.clientWidth) cut.push('label: ' + label.textContent)
  return cut
})()`

for (const colorScheme of ['light', 'dark'] as const)
  for (const width of [1280, 400])
    test.serial(
      `in the ${colorScheme} in ${width} pixels all text has contrast, and nothing is cut`,
      async (t) => {
        const view = await openedPage(t, host, { colorScheme, viewport: { width, height: 900 } })
        if (view === null) return
        const { page, faults } = view
        const check = async (what: string) => {
          const { found, count } = await page.evaluate<{ found: string[]; count: number }>(FAINT)
          t.deepEqual(found, [], what)
          t.true(count > 50, `${what}: ${count}`)
          t.deepEqual(await page.evaluate(CUT), [], what)
          t.false(await page.evaluate('document.documentElement.scrollWidth > innerWidth'), what)
        }
        await check('at first')
        // A process with all that there is: stale, not known, of no union.
        await page.locator('.process > summary').first().click()
        await unfold(page, '.process details.table', 'tbody tr')
        t.true((await page.locator('.row .label').count()) > 0)
        await check('open')
        await page.locator('.row button.stale').first().click()
        await check('pinned')
        await page.locator('#search').fill('1.so')
        await check('searching')
        t.true((await page.locator('.row button:not(.match)').count()) > 0)
        await page.locator('.legend tbody tr').first().hover()
        await check('pointing')
        await page.locator('#search').fill('')
        await unfold(page, '.folded > details', '.list > *')
        await check('unfolded')
        await page.locator('.overview button.choose').first().click()
        await check('chosen')
        t.deepEqual(faults, [])
      },
    )

test.serial('300 processes of 500 mappings take 8 MB and 60,000 elements at most', async (t) => {
  const view = await openedPage(t, wholeHost({ processes: 300, mappings: 500, areAlike: false }))
  if (view === null) return
  const { page, faults, html } = view
  const elements = () => page.evaluate<number>("document.querySelectorAll('*').length")
  t.true(Buffer.byteLength(html) < 8_000_000, `${Buffer.byteLength(html)} bytes`)
  t.true((await elements()) < 10_000, `${await elements()} elements`)
  await page.locator('#search').fill('libssl')
  t.is(await page.locator('#found').textContent(), '1,200 mappings of 1 path in 300 processes')
  await page.locator('#search').fill('')
  // To the end, and all of it open.
  for (let i = 0; i < 20; i += 1) {
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)')
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')
  }
  await page.evaluate('for (const each of document.querySelectorAll("details")) each.open = true')
  await page.evaluate('new Promise((done) => setTimeout(done, 500))')
  t.true((await page.locator('.process').count()) > 100)
  t.true((await elements()) < 60_000, `${await elements()} elements, all open`)
  t.deepEqual(faults, [])
})

/** Of some files of one process of a union, all but the first of which are stale. */
function mapped(pid: number, comm: string, count: number, pages: number, ofUnion: boolean): DrawnVma[] {
  return Array.from({ length: count }, (_, i) => ({
    ...{ pid, comm, container: null, perms: 'r--p', path: `/lib/${comm}-${i}`, dev: '0:40', ino: `${i}` },
    ...{ start: (i * 0x100000).toString(16), end: (i * 0x100000 + pages * 0x1000).toString(16) },
    ...{ rpath: ofUnion ? `./lib/${comm}-${i}` : null, state: i === 0 ? 'current' : 'deleted', branch: null },
  }))
}

const FEW = [
  ...mapped(1, 'init', 1, 64, false),
  ...mapped(2, 'cron', 2, 1, false),
  ...mapped(30, 'web', 1, 4, true),
  ...mapped(40, 'db', 3, 16, true),
  ...mapped(50, 'app', 1, 16, true),
]

test.serial('processes are sorted, chosen and counted, and the address keeps it', async (t) => {
  const view = await openedPage(t, FEW)
  if (view === null) return
  const { page, faults } = view
  t.is(await page.locator('.headline').textContent(), '2 of 5 processes map stale files')
  t.deepEqual(await names(page), ['db', 'cron', 'web', 'app'])
  t.is(
    await page.locator('.folded summary').first().textContent(),
    '1 process of no union, without stale files',
  )
  await page.locator('select').focus()
  await page.locator('select').selectOption('name')
  t.is(await page.evaluate('document.activeElement.localName'), 'select')
  t.deepEqual(await names(page), ['app', 'cron', 'db', 'web'])
  await page.getByLabel('unions only').check()
  t.deepEqual(await names(page), ['app', 'db', 'web'])
  await page.getByLabel('stale only').check()
  t.deepEqual(await names(page), ['db'])
  await page.locator('.process > summary').click()
  await page.locator('.row button').nth(1).click()
  const address = page.url()
  t.regex(address, /#sort=name&stale=1&unions=1&open=3&pin=3\.1$/)

  await page.goto('about:blank')
  await page.goto(address)
  t.deepEqual(await names(page), ['db'])
  t.is(await page.locator('select').inputValue(), 'name')
  t.true(await page.getByLabel('stale only').isChecked())
  t.is(await page.locator('.detail.pinned b').textContent(), '/lib/db-1')

  // What no page says of itself does no harm.
  await page.evaluate('location.hash = "sort=<b>&by=x&only=-1&open=1e9.x&pin=7.7&stale=1"')
  await page.locator('.process h3', { hasText: 'cron' }).waitFor()
  t.deepEqual(await names(page), ['db', 'cron'])
  t.deepEqual(faults, [])
})

test.serial('a search leaves the processes that have it, and names their files', async (t) => {
  const view = await openedPage(t, FEW)
  if (view === null) return
  const { page, faults } = view
  await page.locator('#search').fill('-2')
  t.deepEqual(await names(page), ['db'])
  t.is(await page.locator('.matches .file').textContent(), '/lib/db-2deleted')
  await page.locator('#search').fill('30')
  t.deepEqual(await names(page), ['web'])
  t.is(await page.locator('#found').textContent(), '1 process')
  t.regex(page.url(), /#find=30$/)
  await page.locator('#search').fill('nothing')
  t.regex((await page.locator('main').textContent()) ?? '', /No process is like that/)
  t.deepEqual(faults, [])
})

test.serial('a click pins a mapping and copies its path, until Escape lets go', async (t) => {
  const view = await openedPage(t, mapped(40, 'db', 3, 16, true))
  if (view === null) return
  const { page, faults } = view
  await page.evaluate(
    'navigator.clipboard.writeText = (text) => { globalThis.copied = text; return Promise.resolve() }',
  )
  const detail = page.locator('.detail b')
  const mapping = page.locator('.row button')
  await mapping.nth(1).click()
  t.is(await page.evaluate('globalThis.copied'), '/lib/db-1')
  t.regex((await page.locator('.note').textContent()) ?? '', /^Pinned, and its path copied/)
  await mapping.nth(2).hover()
  t.is(await detail.textContent(), '/lib/db-1')
  await page.keyboard.press('Escape')
  t.is(await page.locator('.detail.pinned').count(), 0)
  await mapping.nth(0).hover()
  t.is(await detail.textContent(), '/lib/db-0')
  // Where the browser does not let it copy so, the older way is left.
  await page.evaluate('navigator.clipboard.writeText = () => Promise.reject(new Error("no"))')
  const set = 'new Promise((done) => { DataTransfer.prototype.setData = (_, text) => done(text) })'
  const copied = page.evaluate(set)
  await mapping.nth(2).focus()
  await page.keyboard.press('Enter')
  t.is(await copied, '/lib/db-2')
  t.deepEqual(faults, [])
})

test.serial('all bars have one scale, and what has no branch looks as it is', async (t) => {
  const view = await openedPage(t, [
    ...FEW,
    ...mapped(60, 'mixed', 1, 16, false),
    ...mapped(60, 'mixed', 1, 4, true),
  ])
  if (view === null) return
  const { page, faults } = view
  const width = async (name: string) => {
    const process = page.locator('.process', { has: page.locator('h3', { hasText: name }) })
    return (await process.locator('.used').first().boundingBox())?.width ?? 0
  }
  // Of 16 pages and of 4: half as long.
  t.true(Math.abs((await width('app')) / (await width('web')) - 2) < 0.05)
  const look = (kind: string) =>
    page.evaluate<string>(`(() => {
      const { backgroundColor, boxShadow } = getComputedStyle(document.querySelector('.process .part.${kind}'))
      return backgroundColor + boxShadow
    })()`)
  t.not(await look('unknown'), await look('none'))
  t.deepEqual(faults, [])
})
