/** The page of `aufs-view --html` in a real browser. */
import { existsSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { type Browser, chromium, type Page } from 'playwright-core'
import type { Vma } from '../../src/vma/record.js'
import { read } from '../helpers/facts.js'
import { tempFolder } from '../helpers/folders.js'
import { skip } from '../helpers/machine.js'
import { LIMIT } from '../helpers/processes.js'
import { lines, run } from '../helpers/run.js'

const CHROMIUM = '/usr/bin/chromium'
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const SAMPLE = 'samples/leaky-01-docker/expected'
const records = lines(read(`${SAMPLE}/vma.ndjson`)).map((line) => JSON.parse(line) as Vma)

let browser: Browser | null = null

test.before(async (t) => {
  t.timeout(LIMIT)
  if (existsSync(CHROMIUM))
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS, timeout: LIMIT })
})

test.after.always(() => browser?.close())

interface Opened {
  page: Page
  /** All that happens to it which should not. */
  faults: string[]
  html: string
}

/** The page of some records; null where there is no browser. */
async function opened(
  t: ExecutionContext,
  input: object[],
  colorScheme: 'light' | 'dark' = 'light',
): Promise<Opened | null> {
  t.timeout(LIMIT)
  if (browser === null) {
    skip(t, 'no chromium here')
    return null
  }
  const file = `${tempFolder(t)}/page.html`
  const ndjson = input.map((record) => `${JSON.stringify(record)}\n`).join('')
  const { stderr, status } = await run('aufs-view', ['--html', file], Buffer.from(ndjson))
  t.deepEqual({ stderr, status }, { stderr: '', status: 0 })
  const page = await browser.newPage({ colorScheme })
  page.setDefaultTimeout(LIMIT)
  t.teardown(() => page.close())
  const faults: string[] = []
  const address = pathToFileURL(file).href
  page.on('request', (request) => {
    if (request.url() !== address) faults.push(`request: ${request.url()}`)
  })
  page.on('console', (message) => faults.push(`console: ${message.text()}`))
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`)
    return dialog.dismiss()
  })
  await page.goto(address)
  return { page, faults, html: readFileSync(file, 'utf8') }
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
  await page.locator('summary').click()
  t.true(await page.locator('details table').isVisible())
  t.deepEqual(
    await page.locator('details td.path').allTextContents(),
    records.map(({ path }) => path),
  )
  t.deepEqual(
    await page.locator('details td:first-child').allTextContents(),
    records.map(({ start, end }) => `${start}-${end}`),
  )
  const heads = await page.locator('details th[scope=col]').allTextContents()
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
  t.true((await page.locator('section > table td.alarm').allTextContents()).includes('1 copied up'))
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
  t.deepEqual((await page.locator('details td.path').allTextContents()).slice(0, 2), names.slice(0, 2))
  t.deepEqual(await page.locator('h2 bdi').allTextContents(), [names[1], image])
  for (let i = 0; i < names.length; i += 1) await page.locator(MAPPING).nth(i).hover()
  t.is(await page.locator('img, iframe, section script, section b:not(.detail b)').count(), 0)
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
  const [light, dark] = [await opened(t, []), await opened(t, [], 'dark')]
  if (light === null || dark === null) return
  const back = 'getComputedStyle(document.body).backgroundColor'
  t.not(await light.page.evaluate(back), await dark.page.evaluate(back))
  t.regex((await light.page.locator('main').textContent()) ?? '', /the input was empty/)
  t.deepEqual([light.faults, dark.faults], [[], []])
})

test.serial('thousands of mappings have room', async (t) => {
  const many = Array.from({ length: 3000 }, (_, i) => ({
    ...records[i % records.length],
    start: (i * 8192).toString(16),
    end: (i * 8192 + 4096).toString(16),
  }))
  const view = await opened(t, many)
  if (view === null) return
  const { page, faults } = view
  t.is(await page.locator(MAPPING).count(), 3000)
  t.false(await page.evaluate('document.documentElement.scrollWidth > innerWidth'))
  t.deepEqual(faults, [])
})
