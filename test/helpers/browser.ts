/** Pages of `aufs-view --html` in a real browser, which notes all that should not happen. */
import { existsSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { ExecutionContext, TestFn } from 'ava'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { BranchTable } from '../../src/unions/branch-table.js'
import type { DrawnVma } from '../../src/view/drawn-records.js'
import type { Choice } from '../../src/view/order.js'
import { renderPage } from '../../src/view/page/page.js'
import { pictureOf } from '../../src/view/picture.js'
import { tempFolder } from './folders.js'
import { skip } from './machine.js'
import { LIMIT } from './processes.js'

const CHROMIUM = '/usr/bin/chromium'
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

let browser: Browser | null = null

/** Starts the browser before the tests of a file, and stops it after them. */
export function withBrowser(test: TestFn): void {
  test.before(async (t) => {
    t.timeout(LIMIT)
    if (existsSync(CHROMIUM))
      browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS, timeout: LIMIT })
  })
  test.after.always(() => browser?.close())
}

export interface Opened {
  page: Page
  /** All that happens to it which should not. */
  faults: string[]
}

/** Opens a file; null where there is no browser. */
export async function openedFile(
  t: ExecutionContext,
  file: string,
  options: BrowserContextOptions = {},
): Promise<Opened | null> {
  t.timeout(LIMIT)
  if (browser === null) {
    skip(t, 'no chromium here')
    return null
  }
  const page = await browser.newPage(options)
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
  return { page, faults }
}

/** Unfolds what is below a summary, and waits until it is drawn: a browser tells the page of that later. */
export async function unfold(page: Page, details: string, drawn: string): Promise<void> {
  await page.locator(`${details} > summary`).click()
  await page.locator(`${details} ${drawn}`).first().waitFor({ state: 'attached' })
}

/** What is chosen if nothing is asked for. */
export const choice: Choice = { sort: 'stale', stale: false, unions: false, all: false }

/** Opens the page of some records. */
export async function openedPage(
  t: ExecutionContext,
  records: (DrawnVma | BranchTable)[],
  options: BrowserContextOptions = {},
): Promise<(Opened & { html: string }) | null> {
  const file = `${tempFolder(t)}/page.html`
  const html = renderPage(pictureOf(records), choice)
  writeFileSync(file, html, 'utf8')
  const opened = await openedFile(t, file, options)
  return opened === null ? null : { ...opened, html }
}
