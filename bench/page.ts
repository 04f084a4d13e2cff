/**
 * Measures the page of a whole host in Chromium: `npm run build && node dist/bench/page.js`. Of 300 processes with 500 mappings
 * each it prints what the page takes, and in how many milliseconds it is drawn and answers a search.
 */
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { chromium, type Page } from 'playwright-core'
import { renderPage } from '../src/view/page/page.js'
import { pictureOf } from '../src/view/picture.js'
import { wholeHost } from '../test/helpers/whole-host.js'
import { inputFolder } from './inputs.js'

const RUNS = 5
const WORDS = ['l', 'libssl', 'module-9', 'no such file']

const DRAWN = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))'

/** Milliseconds until a search is answered and drawn. */
function search(page: Page, word: string): Promise<number> {
  return page.evaluate<number>(`(async () => {
    const search = document.getElementById('search')
    const start = performance.now()
    search.value = ${JSON.stringify(word)}
    search.dispatchEvent(new Event('input'))
    await ${DRAWN}
    return performance.now() - start
  })()`)
}

function median(times: number[]): number {
  return Math.round(times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0)
}

const folder = inputFolder()
process.once('exit', folder.remove)
const file = `${folder.path}/page.html`
const records = wholeHost({ processes: 300, mappings: 500, areAlike: false })
const html = renderPage(pictureOf(records), { sort: 'stale', stale: false, unions: false, all: false })
writeFileSync(file, html)

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
const loads: number[] = []
const searches: number[] = []
let elements = 0
for (let run = 0; run < RUNS; run += 1) {
  const page = await browser.newPage()
  const start = performance.now()
  await page.goto(pathToFileURL(file).href)
  await page.evaluate(DRAWN)
  loads.push(performance.now() - start)
  elements = await page.evaluate<number>("document.querySelectorAll('*').length")
  for (const word of WORDS) searches.push(await search(page, word))
  await page.close()
}
await browser.close()
console.log(`${(Buffer.byteLength(html) / 1e6).toFixed(1)} MB, ${elements} elements`)
console.log(`drawn in ${median(loads)} ms (of ${RUNS} runs the median)`)
console.log(`a search in ${median(searches)} ms, at most ${Math.round(Math.max(...searches))} ms`)
