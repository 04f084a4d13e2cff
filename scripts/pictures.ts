/** Makes the pictures of docs/commands.md, of a host that test/helpers makes up: `node dist/scripts/pictures.js`, with Chromium. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import type { Choice } from '../src/view/order.js'
import { renderPage } from '../src/view/page/page.js'
import { pictureOf } from '../src/view/picture.js'
import { draw } from '../src/view/terminal/terminal.js'
import { wholeHost } from '../test/helpers/whole-host.js'

const choice: Choice = { sort: 'stale', stale: false, unions: false, all: false }
const picture = pictureOf(wholeHost({ processes: 40, mappings: 150 }))

/** So many columns and lines are shown of the terminal. */
const COLUMNS = 96
const LINES = 27

/** The colours that {@link draw} uses, by their numbers. */
const STYLES: Record<string, string> = {
  '1': 'font-weight: bold',
  '2': 'color: #8b949e',
  '31': 'color: #ff8a80',
  '32': 'color: #7fd88f',
  '33': 'color: #e3c66b',
  '36': 'color: #5ac8d8',
}

/** What a terminal shows, as HTML. */
function terminal(): string {
  const drawn = draw(picture, { ...choice, width: COLUMNS, color: true })
  const text = ['$ aufs-vma --all | aufs-images | aufs-view', ...drawn.split('\n').slice(0, LINES)].join('\n')
  const body = text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/\x1b\[(\d+)m/g, (_, code: string) =>
      STYLES[code] === undefined ? '</span>' : `<span style="${STYLES[code]}">`,
    )
  const style =
    'margin: 0; padding: 24px 28px; background: #14171b; color: #e6e9ed; font: 15px/1.3 "DejaVu Sans Mono", monospace'
  return `<!doctype html><meta charset="utf-8"><body style="margin: 0"><pre style='display: inline-block; ${style}'>${body}</pre>`
}

async function takePictures(browser: Browser, folder: string): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 940 } })
  writeFileSync(`${folder}/terminal.html`, terminal())
  await page.goto(pathToFileURL(`${folder}/terminal.html`).href)
  await page.locator('pre').screenshot({ path: 'docs/aufs-view-terminal.png' })

  writeFileSync(`${folder}/page.html`, renderPage(picture, choice))
  await page.goto(pathToFileURL(`${folder}/page.html`).href)
  await page.locator('.process > summary').first().click()
  await page.locator('.row .stale').nth(1).click()
  await page.mouse.move(0, 0)
  await page.evaluate('scrollTo(0, 0)')
  await page.screenshot({ path: 'docs/aufs-view-page.png' })
}

const folder = mkdtempSync(`${tmpdir()}/aufs-filters-pictures-`)
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
try {
  await takePictures(browser, folder)
} finally {
  await browser.close()
  rmSync(folder, { recursive: true })
}
