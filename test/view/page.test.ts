/** The page of `aufs-view --html` in a real browser. */
import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import type { BrowserContextOptions } from 'playwright-core'
import type { Vma } from '../../src/vma/record.js'
import { type Opened, openedFile, unfold, withBrowser } from '../helpers/browser.js'
import { read } from '../helpers/facts.js'
import { tempFolder } from '../helpers/folders.js'
import { lines, run } from '../helpers/run.js'

const SAMPLE = 'samples/leaky-01-docker/expected'
const records = lines(read(`${SAMPLE}/vma.ndjson`)).map((line) => JSON.parse(line) as Vma)

withBrowser(test)

/** The page that the command makes of some records; null where there is no browser. */
async function opened(
  t: ExecutionContext,
  input: object[],
  options: BrowserContextOptions = {},
): Promise<(Opened & { html: string }) | null> {
  const file = `${tempFolder(t)}/page.html`
  const ndjson = input.map((record) => `${JSON.stringify(record)}\n`).join('')
  const { stderr, status } = await run('aufs-view', ['--html', file], Buffer.from(ndjson))
  t.deepEqual({ stderr, status }, { stderr: '', status: 0 })
  const view = await openedFile(t, file, options)
  return view === null ? null : { ...view, html: readFileSync(file, 'utf8') }
}

const MAPPING = '.strip button'

test.serial('each mapping is named where the pointer is, in address order', async (t) => {
  const view = await opened(t, records)
  if (view === null) return
  const { page, faults } = view
  t.is(await page.locator(MAPPING).count(), records.length)
  for (const [i, { path, perms, branch, start, end }] of records.entries()) {
    await page.locator(MAPPING).nth(i).hover()
    t.is(await page.locator('.detail b').textContent(), path)
    const detail = await page.locator('.detail div').textContent()
    const place = branch === null ? 'files of no union' : `branch ${branch.index} `
    for (const part of [place, branch?.path ?? '', perms ?? '', `${start}-${end}`, 'state not known'])
      t.true(detail?.includes(part), part)
  }
  t.deepEqual(faults, [])
})

test.serial('the keyboard goes from mapping to mapping, in one stop of the tabulator', async (t) => {
  const view = await opened(t, records)
  if (view === null) return
  const { page, faults } = view
  await page.locator('#search').focus()
  await page.keyboard.press('Tab')
  t.is(await page.evaluate('document.activeElement.localName'), 'summary')
  await page.keyboard.press('Tab')
  for (const [key, at] of [
    ['ArrowRight', 1],
    ['End', records.length - 1],
    ['ArrowRight', records.length - 1],
    ['ArrowLeft', records.length - 2],
    ['Home', 0],
  ] as const) {
    await page.keyboard.press(key)
    const path = records[at]?.path ?? ''
    t.is(await page.locator('.detail b').textContent(), path, key)
    const label = await page.evaluate('document.activeElement.getAttribute("aria-label")')
    t.true(String(label).startsWith(`${path}, `))
  }
  t.is(await page.locator(`${MAPPING}[tabindex="0"]`).count(), 1)
  await page.keyboard.press('Tab')
  t.is(await page.evaluate('document.activeElement.localName'), 'summary')
  t.deepEqual(faults, [])
})

test.serial('a search marks what matches, in the picture and in the table', async (t) => {
  const view = await opened(t, records)
  if (view === null) return
  const { page, faults } = view
  await unfold(page, 'details.table', 'tbody tr')
  await page.locator('#search').fill('LIBL')
  const matching = records.filter(({ path }) => path.includes('libl'))
  t.true(matching.length > 0 && matching.length < records.length)
  t.is(await page.locator(`${MAPPING}.match`).count(), matching.length)
  t.is(await page.locator('tr.match').count(), matching.length)
  const paths = new Set(matching.map(({ path }) => path)).size
  t.is(await page.locator('#found').textContent(), `${matching.length} mappings of ${paths} paths`)
  const opacity = `getComputedStyle(document.querySelector('${MAPPING}:not(.match)')).opacity`
  t.true(Number(await page.evaluate(opacity)) < 0.5)
  await page.locator('#search').fill('')
  t.is(await page.locator('.match').count(), 0)
  t.is(await page.evaluate(opacity), '1')
  t.deepEqual(faults, [])
})

test.serial('the table tells the same as the picture', async (t) => {
  const view = await opened(t, records)
  if (view === null) return
  const { page, faults } = view
  await unfold(page, 'details.table', 'tbody tr')
  t.true(await page.locator('.listing').isVisible())
  t.deepEqual(
    await page.locator('.listing td.path').allTextContents(),
    records.map(({ path }) => path),
  )
  t.deepEqual(
    await page.locator('.listing td:first-child').allTextContents(),
    records.map(({ start, end }) => `${start}-${end}`),
  )
  const heads = await page.locator('.listing th[scope=col]').allTextContents()
  t.deepEqual(heads, ['addresses', 'size', 'perms', 'path', 'branch', 'state'])
  t.deepEqual(faults, [])
})

test.serial('what is stale is hatched, and told in the legend', async (t) => {
  const stale = records.map((record, i) => ({ ...record, state: i < 2 ? 'copied_up' : 'current' }))
  const view = await opened(t, stale)
  if (view === null) return
  const { page, faults } = view
  t.is(await page.locator(`${MAPPING}.stale`).count(), 2)
  const image = `getComputedStyle(document.querySelector('${MAPPING}.stale')).backgroundImage`
  t.regex(String(await page.evaluate(image)), /repeating-linear-gradient/)
  t.true((await page.locator('.legend td.alarm').allTextContents()).includes('1 copied up'))
  t.deepEqual(faults, [])
})

test.serial('names stay text, whatever they are', async (t) => {
  const [record] = records
  if (record?.branch == null) throw new Error('the sample has no such record')
  const { branch } = record
  const image = '<img src=http://127.0.0.1:9/x onerror=alert(2)>'
  const names = [
    image,
    '</script><script>alert(1)</script>',
    '<!--<script>',
    '"><b>bold</b>&lt;',
    "javascript:alert('x')",
    '$& $1 <!-- script -->',
    '\u2028\u202egnp.exe',
    '__proto__',
  ]
  const hostile = names.map((name, i) => ({
    ...record,
    start: (0xfffffffffff00000n + BigInt(i) * 0x1000n).toString(16),
    end: (0xfffffffffff01000n + BigInt(i) * 0x1000n).toString(16),
    comm: names[1],
    path: name,
    perms: name,
    branch: { ...branch, path: name, perm: name, attributes: [name] },
  }))
  const [table = ''] = lines(read(`${SAMPLE}/branches.ndjson`))
  const view = await opened(t, [...hostile, { ...(JSON.parse(table) as object), mount_point: image }])
  if (view === null) return
  const { page, faults, html } = view
  t.is(html.match(/<script/g)?.length, 2)
  await unfold(page, 'details.table', 'tbody tr')
  t.deepEqual((await page.locator('.listing td.path').allTextContents()).slice(0, 2), names.slice(0, 2))
  t.deepEqual(await page.locator('h3 bdi').allTextContents(), [names[1], image])
  for (let i = 0; i < names.length; i += 1) await page.locator(MAPPING).nth(i).hover()
  t.is(await page.locator('img, iframe, main script, main b:not(.detail b)').count(), 0)
  t.false((await page.content()).includes('\u202e'))
  t.deepEqual(faults, [])
})

test.serial('a policy forbids all but the own style and script', async (t) => {
  const view = await opened(t, records)
  if (view === null) return
  const { page, faults } = view
  const policy = await page.locator('meta[http-equiv=Content-Security-Policy]').getAttribute('content')
  t.regex(
    policy ?? '',
    /^default-src 'none'; script-src 'sha256-[^' ]+'; style-src 'sha256-[^' ]+'; base-uri 'none'; form-action 'none'$/,
  )
  const script = "Object.assign(document.createElement('script'), { text: 'globalThis.ran = 1' })"
  await page.evaluate(`document.body.append(${script})`)
  t.is(await page.evaluate('globalThis.ran'), undefined)
  t.true(
    faults.length > 0 && faults.every((fault) => fault.includes('Content Security Policy')),
    faults.join(),
  )
})

test.serial('it is drawn in the light and in the dark, and of nothing', async (t) => {
  const [light, dark] = [await opened(t, []), await opened(t, [], { colorScheme: 'dark' })]
  if (light === null || dark === null) return
  const back = 'getComputedStyle(document.body).backgroundColor'
  t.not(await light.page.evaluate(back), await dark.page.evaluate(back))
  t.regex((await light.page.locator('main').textContent()) ?? '', /the input was empty/)
  t.deepEqual([light.faults, dark.faults], [[], []])
})

test.serial('thousands of mappings have room, and those are drawn that are seen', async (t) => {
  const many = Array.from({ length: 30_000 }, (_, i) => ({
    ...records[i % records.length],
    start: (i * 8192).toString(16),
    end: (i * 8192 + 4096).toString(16),
  }))
  const view = await opened(t, many)
  if (view === null) return
  const { page, faults } = view
  const drawn = () => page.locator(MAPPING).count()
  t.true((await drawn()) > 300 && (await drawn()) < 5000)
  t.false(await page.evaluate('document.documentElement.scrollWidth > innerWidth'))
  await page.locator(MAPPING).first().focus()
  await page.keyboard.press('End')
  const last = many.at(-1)
  t.is(await page.locator('.detail b').textContent(), last?.path ?? null)
  t.true((await drawn()) < 5000)
  await unfold(page, 'details.table', 'tbody tr')
  t.is(await page.locator('.listing tbody tr').count(), 500)
  await page.locator('details.table button.more').click()
  t.is(await page.locator('.listing tbody tr').count(), 1000)
  t.deepEqual(faults, [])
})

test.serial('without scripts it shows the same as text, whatever names hold', async (t) => {
  const [record] = records
  const name = '</noscript><script>alert(1)</script>'
  const view = await opened(t, [...records, { ...record, comm: name, path: name }], {
    javaScriptEnabled: false,
  })
  if (view === null) return
  const { page, faults } = view
  const text = (await page.locator('pre').textContent()) ?? ''
  t.true(text.includes(name))
  t.regex(text, /ready {2}pid 112 .* 10 files, 724\.0 KiB/)
  t.true(await page.locator('noscript p').isVisible())
  t.deepEqual(faults, [])
})
