/** VMA records or branch tables to a picture. */
import { InputError, reasonAndCure } from '../../errors.js'
import { lineTransform } from '../../lines/line-transform.js'
import { bytesOf } from '../../text/byte-string.js'
import type { BranchTable } from '../../unions/branch-table.js'
import { type DrawnVma, drawnFilter } from '../../view/drawn-records.js'
import { type Choice, SORTS } from '../../view/order.js'
import { renderPage } from '../../view/page/page.js'
import { type Picture, pictureOf } from '../../view/picture.js'
import { type Drawing, draw } from '../../view/terminal/terminal.js'
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
    'what of it is stale. Processes that map the same files in the same states are one. Those that have neither files of a union ' +
    'nor stale ones are only counted. It is as wide as the terminal, or as COLUMNS says.',
  hint: 'try: aufs-vma --pid $$ | aufs-view',
  options: {
    html: {
      value: 'FILE',
      describe: 'Write a page for a browser to this file instead (- for standard output)',
    },
    sort: {
      value: SORTS,
      default: 'stale',
      describe: 'What of processes comes first; stale: the most stale files',
    },
    stale: { describe: 'Only processes with stale files' },
    unions: { describe: 'Only processes with files of a union' },
    all: { letter: 'a', describe: 'Also each process that is only counted otherwise' },
    color: {
      value: ['auto', 'always', 'never'],
      default: 'auto',
      describe: 'Colours; auto: as FORCE_COLOR or NO_COLOR says, else on a terminal',
    },
  },
  examples: [
    ['aufs-vma --all | aufs-view --color always | less -R', 'the whole host, stale processes first'],
    ['aufs-vma --all | aufs-images | aufs-view --stale', 'what to restart, by image'],
    ['aufs-branches /proc/1/mountinfo | aufs-view', 'the unions and their branches'],
    ['aufs-vma --all | aufs-view --html host.html', 'the same as a page, with each address space'],
  ],
  files: [],
} as const satisfies AnyUsage

export const view = { usage, pipeline }

interface ViewArguments extends Choice {
  html: string | undefined
  color: string
}

/** Writes a picture to standard output, or to the file of `--html`. */
export function show(
  picture: Picture,
  { html, color, sort, stale, unions, all }: ViewArguments,
  { print, report }: Output,
): void {
  const choice: Choice = { sort, stale, unions, all }
  if (html === undefined) print(bytesOf(draw(picture, drawing(choice, color, process.env))))
  else if (html === '-') print(bytesOf(renderPage(picture, choice)))
  else
    try {
      save(html, bytesOf(renderPage(picture, choice)))
    } catch (error) {
      report(html, new InputError(reasonAndCure(error, 'CAP_DAC_OVERRIDE')))
    }
}

type Output = Pick<Run<unknown>, 'print' | 'report'>

function drawing(choice: Choice, color: string, env: NodeJS.ProcessEnv): Drawing {
  const isColored = color === 'auto' ? wantsColor(env) : color === 'always'
  return { ...choice, width: columns(), color: isColored }
}

/** As Node and most others take them: FORCE_COLOR counts before NO_COLOR, and may say no itself. */
function wantsColor({ FORCE_COLOR, NO_COLOR, TERM }: NodeJS.ProcessEnv): boolean {
  if (FORCE_COLOR) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  return isTerminal(1) && !NO_COLOR && TERM !== 'dumb'
}
