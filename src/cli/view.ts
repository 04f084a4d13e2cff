/** What the command line of `aufs-view` and the terminal ask for. */
import { bytesOf } from '../bytes.js'
import { InputError, systemReason } from '../errors.js'
import { renderPage } from '../picture/page.js'
import type { Picture } from '../picture/picture.js'
import { type Drawing, draw } from '../picture/terminal.js'
import type { Run } from './command.js'
import { isTerminal } from './io.js'
import { save } from './save.js'

interface Wish {
  html: string | undefined
  color: string
}

/** Shows a picture: on standard output, or in the file that is asked for. */
export function show(picture: Picture, { html, color }: Wish, { print, report }: Output): void {
  if (html === undefined) print(bytesOf(draw(picture, drawing(color, process.env))))
  else if (html === '-') print(bytesOf(renderPage(picture)))
  else
    try {
      save(html, bytesOf(renderPage(picture)))
    } catch (error) {
      report(html, new InputError(systemReason(error)))
    }
}

type Output = Pick<Run<unknown>, 'print' | 'report'>

/** Where nothing tells how wide it may be. */
const WIDTH = 80

function drawing(color: string, { COLUMNS, NO_COLOR, TERM }: NodeJS.ProcessEnv): Drawing {
  const isAuto = isTerminal(1) && !NO_COLOR && TERM !== 'dumb'
  return { width: columnsOf(COLUMNS), color: color === 'auto' ? isAuto : color === 'always' }
}

function columnsOf(given: string | undefined): number {
  if (given !== undefined && /^[1-9]\d{0,4}$/.test(given)) return Number(given)
  // A terminal that was never told its size says 0.
  return (isTerminal(1) && process.stdout.getWindowSize()[0]) || WIDTH
}
