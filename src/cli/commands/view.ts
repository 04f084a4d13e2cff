/** VMA records or branch tables to a picture. */
import { InputError, reasonAndCure } from '../../errors.js'
import { lineTransform } from '../../lines/line-transform.js'
import { bytesOf } from '../../text/byte-string.js'
import type { BranchTable } from '../../unions/branch-table.js'
import { type DrawnVma, drawnFilter } from '../../view/drawn-records.js'
import { renderPage } from '../../view/page.js'
import { type Picture, pictureOf } from '../../view/picture.js'
import { type Drawing, draw } from '../../view/terminal.js'
import { columns, isTerminal } from '../io.js'
import { namingOtherKinds } from '../other-kinds.js'
import type { Run } from '../run.js'
import { save } from '../save.js'
import type { AnyUsage, Args } from '../usage.js'

function pipeline({ options, each, ...run }: Run<Args<typeof usage.options>>): void {
  const records: (DrawnVma | BranchTable)[] = []
  const keep = (record: DrawnVma | BranchTable) => {
    records.push(record)
    return ''
  }
  each((lines) => lineTransform(namingOtherKinds(drawnFilter(), 'VMA records', 'branch tables'), keep, lines))
  show(pictureOf(records), options, run)
}

const usage = {
  name: 'aufs-view',
  synopsis: ['[OPTION]... [FILE]...'],
  about:
    'VMA records or branch tables in (NDJSON), a picture for people out: how much each branch supplies to each process, and ' +
    'what of it is stale. It is as wide as the terminal, or as COLUMNS says.',
  hint: 'try: aufs-vma --pid $$ | aufs-view',
  options: {
    html: {
      value: 'FILE',
      describe: 'Write a page for a browser to this file instead (- for standard output)',
    },
    color: {
      value: ['auto', 'always', 'never'],
      default: 'auto',
      describe: 'Colours; auto: on a terminal, where NO_COLOR is not set',
    },
  },
  examples: [
    ['aufs-vma --all | aufs-view | less', 'every process, by branch'],
    ['aufs-vma --all --stale | aufs-view', 'only what runs replaced or deleted files'],
    ['aufs-branches /proc/1/mountinfo | aufs-view', 'the unions and their branches'],
    ['aufs-vma --pid 1 | aufs-view --html picture.html', 'the address space as a page'],
  ],
  files: [],
} as const satisfies AnyUsage

export const view = { usage, pipeline }

interface ViewArguments {
  html: string | undefined
  color: string
}

/** Writes a picture to standard output, or to the file of `--html`. */
export function show(picture: Picture, { html, color }: ViewArguments, { print, report }: Output): void {
  if (html === undefined) print(bytesOf(draw(picture, drawing(color, process.env))))
  else if (html === '-') print(bytesOf(renderPage(picture)))
  else
    try {
      save(html, bytesOf(renderPage(picture)))
    } catch (error) {
      report(html, new InputError(reasonAndCure(error, 'CAP_DAC_OVERRIDE')))
    }
}

type Output = Pick<Run<unknown>, 'print' | 'report'>

function drawing(color: string, { NO_COLOR, TERM }: NodeJS.ProcessEnv): Drawing {
  const isAuto = isTerminal(1) && !NO_COLOR && TERM !== 'dumb'
  return { width: columns(), color: color === 'auto' ? isAuto : color === 'always' }
}
