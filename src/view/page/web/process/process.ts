/** A process, or several that are alike: a line, and below it what the line opens. */
import { countText } from '../../../amounts.js'
import type { ProcessData } from '../../data.js'
import { element, nameOf } from '../dom/dom.js'
import { mappingsOf, paths, stateOf } from '../model.js'
import type { Found } from '../search.js'
import { barOf } from './bar.js'
import { type Strip, stripOf } from './strip.js'
import { legend, listing } from './tables.js'

/** So many found files are named in a line. */
const NAMED = 3

export interface ProcessSection {
  element: HTMLDetailsElement
  mark(found: Found): void
  pin: Strip['pin']
  /** Draws the strip anew, as wide as there is room by now. */
  fit(): void
}

/** What a section tells of what is done with it. */
export interface Events {
  toggled(isOpen: boolean): void
  pinned(place: number | null): void
}

export function sectionOf(process: ProcessData, isOpen: boolean, events: Events): ProcessSection {
  const matches = element('span', 'matches')
  const section = element('details', 'process', summaryOf(process, matches))
  let body: Body | null = null
  let [found, pin]: [Found | null, number | null] = [null, null]

  const open = () => {
    if (!section.open || found === null) return
    body ??= bodyOf(process, section, found, events.pinned)
    body.mark(found)
    body.pin(pin)
  }
  section.open = isOpen
  section.addEventListener('toggle', () => {
    open()
    events.toggled(section.open)
  })
  return {
    element: section,
    mark: (now) => {
      found = now
      matches.replaceChildren(...foundIn(process, now))
      if (body === null) requestAnimationFrame(open)
      else body.mark(now)
    },
    pin: (place, isCopied) => {
      pin = place
      body?.pin(place, isCopied)
    },
    fit: () => {
      body?.remove()
      body = null
      open()
    },
  }
}

function summaryOf(process: ProcessData, matches: HTMLElement): HTMLElement {
  const { name, about, total, stale, supplies } = process
  return element(
    'summary',
    '',
    element('h3', '', nameOf(name)),
    element('small', 'about', about),
    element('span', 'alarm', stale === 0 ? '' : countText(stale, 'stale file')),
    element('small', 'total', total),
    barOf(supplies),
    matches,
  )
}

/** The first found files, each on a line. */
function foundIn(process: ProcessData, found: Found): Node[] {
  if (found.text === '') return []
  const files = found.filesOf(process)
  const named = files.slice(0, NAMED).map((file) => {
    const { text, isStale } = stateOf(file)
    return element('span', 'file', nameOf(paths[file] ?? ''), element('small', isStale ? 'alarm' : '', text))
  })
  const more = files.length - named.length
  return more === 0 ? named : [...named, element('small', '', `and ${countText(more, 'more file')}`)]
}

interface Body extends Pick<Strip, 'mark' | 'pin'> {
  remove(): void
}

function bodyOf(
  process: ProcessData,
  section: HTMLElement,
  found: Found,
  pinned: (place: number | null) => void,
): Body {
  const mappings = mappingsOf(process)
  const content = element('div', 'body')
  section.append(content)
  // What is not seen has no width yet.
  const width = content.clientWidth || document.body.clientWidth
  const strip = stripOf(process, mappings, width, found, pinned)
  const list = listing(process, mappings, found)
  content.append(strip.element, strip.detail, legend(process, strip), list.element)
  if (process.pids.length > 1)
    content.prepend(element('p', 'pids', `Map the same files in the same states: ${process.pids.join(', ')}`))
  return {
    mark: (now) => {
      strip.mark(now)
      list.mark(now)
    },
    pin: strip.pin,
    remove: () => content.remove(),
  }
}
