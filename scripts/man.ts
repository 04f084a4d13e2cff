/** Man pages, in mdoc(7). */
import { exitStatusOf, type ShownOption } from '../src/cli/usage.js'
import { type Command, commands } from './commands.js'

/** What a page says of the release that it comes with. */
export interface Release {
  version: string
  date: Date
}

const SHARED = `The FILE operands are read in order; a FILE that is - is standard input, as is none.
What cannot be used is one message on standard error, and the rest goes on.
Where a text is no UTF-8, its exact bytes stand beside it in base64, in a field of the same name with _b64 at its end; of what is read, such a field wins.`

/** Other manuals that a reader may want, by section and name. */
const OTHERS = ['jq 1', 'aufs 5', 'proc 5', 'criu 8', 'mount 8']

/** The man page of a command. */
export function manPage(command: Command, { version, date }: Release): string {
  const { name, synopsis, about, options, files, examples } = command
  const others = [...commands.flatMap((each) => (each === command ? [] : [`${each.name} 1`])), ...OTHERS]
  const exitStatuses = exitStatusOf(command).map(
    ([status, means]) => [String(status), `${capital(means)}.`] as const,
  )
  const sections = [
    section('NAME', [`.Nm ${verbatim(name)}`, `.Nd ${verbatim(inShort(about))}`]),
    section('SYNOPSIS', synopsis.flatMap(form)),
    section('DESCRIPTION', [
      ...prose(about),
      '.Pp',
      ...prose(SHARED),
      '.Pp',
      'The options are as follows; of one that is given again the last counts, unless it may be repeated:',
      ...list(options.map((option) => [heading(option), explained(option)])),
    ]),
    section('FILES', list(files.map(([path, is]) => [`Pa ${verbatim(path)}`, is]))),
    section('EXIT STATUS', list(exitStatuses)),
    section(
      'EXAMPLES',
      examples.flatMap(([line, does], i) => [
        ...(i === 0 ? [] : ['.Pp']),
        verbatim(`${capital(does)}:`),
        `.Dl ${verbatim(line)}`,
      ]),
    ),
    section(
      'SEE ALSO',
      others.map((page, i) => `.Xr ${verbatim(page)}${i === others.length - 1 ? '' : ' ,'}`),
    ),
  ]
  const head = [
    `.Dd ${day.format(date)}`,
    `.Dt ${verbatim(name.toUpperCase())} 1`,
    `.Os aufs-filters ${version}`,
  ]
  return `${[...head, ...sections.flat()].join('\n')}\n`
}

const day = new Intl.DateTimeFormat('en-US', { dateStyle: 'long', timeZone: 'UTC' })

function section(title: string, body: string[]): string[] {
  return body.length === 0 ? [] : [`.Sh ${title}`, ...body]
}

function list(items: (readonly [head: string, text: string])[]): string[] {
  if (items.length === 0) return []
  return ['.Bl -tag -width Ds', ...items.flatMap(([head, text]) => [`.It ${head}`, ...prose(text)]), '.El']
}

/** A form of the command line, a word a macro. */
function form(words: string): string[] {
  return [
    '.Nm',
    ...words.split(' ').map((word) => {
      const [, optional] = /^\[(\w+)\]\.\.\.$/.exec(word) ?? []
      if (optional !== undefined) return `.Op Ar ${optional} ...`
      if (word === '|') return word
      return word.startsWith('--') ? `.Fl ${verbatim(word.slice(1))}` : `.Ar ${verbatim(word)}`
    }),
  ]
}

function heading({ names, value }: ShownOption): string {
  const flags = names.map((name) => `Fl ${verbatim(name.slice(1))}`).join(' , ')
  if (value === undefined) return flags
  return typeof value === 'string' ? `${flags} Ar ${value}` : `${flags} Cm ${value.join(' | ')}`
}

function explained({ describe, default: given }: ShownOption): string {
  return given === undefined ? `${describe}.` : `${describe}. The default is ${given}.`
}

/** What the command does, in a line that fits a list of manuals. */
function inShort(about: string): string {
  const [short = ''] = about.replace(' (NDJSON)', '').split(/[.:]/)
  return `${short.charAt(0).toLowerCase()}${short.slice(1)}`
}

/** Sentences, each in a line of its own. */
function prose(text: string): string[] {
  return text.split(/(?<=\.)\s+/).map(verbatim)
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}

const ESCAPES: Record<string, string> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '"': '\\(dq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
}

/** A text of which no character is a macro, nor becomes a typographic one, and no word is a full stop to mdoc. */
function verbatim(text: string): string {
  return text
    .replace(/[\\\-'"`^~]/g, (character) => ESCAPES[character] ?? character)
    .replace(/^\.|(?<= )\.(?= )/g, '\\&.')
}
