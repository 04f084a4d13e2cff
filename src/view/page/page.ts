/** The picture as a page that needs nothing but itself. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Choice } from '../order.js'
import type { Picture } from '../picture.js'
import { draw } from '../terminal/terminal.js'
import type { PageData } from './data.js'
import { pageData } from './page-data.js'

/** Columns of what is drawn without a script. */
const COLUMNS = 100

/** What a page is made of, in files beside this one: here, and beside the bundle. */
function part(name: string): string {
  return readFileSync(new URL(`./web/${name}`, import.meta.url), 'utf8')
}

/**
 * A page of HTML in which all that was read is data, and only its own style and script are run.
 *
 * @example renderPage(pictureOf(records), choice).startsWith('<!doctype html>') // true
 */
export function renderPage(picture: Picture, choice: Choice): string {
  const [page, style, script] = [part('page.html'), part('page.css'), part('script.js')]
  const parts: Record<string, string> = {
    policy: `<meta http-equiv="Content-Security-Policy" content="${policy(style, script)}">`,
    style: `<style>${style}</style>`,
    data: `<script type="application/json" id="data">${dataText(pageData(picture, choice))}</script>`,
    plain: `<noscript><p>Its script draws this page. Without it, here is the same as text.</p><pre>${plainText(picture, choice)}</pre></noscript>`,
    script: `<script>${script}</script>`,
  }
  return page.replace(/<!-- (\w+) -->/g, (_, name: string) => parts[name] ?? '')
}

function policy(style: string, script: string): string {
  return [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

/** JSON that ends no script element. */
function dataText(data: PageData): string {
  return JSON.stringify(data).replaceAll('<', '\\u003c')
}

/** What a browser without scripts shows: the same as a terminal. */
function plainText(picture: Picture, choice: Choice): string {
  const drawn = draw(picture, { ...choice, width: COLUMNS, color: false })
  return drawn.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
