/** An address space as a strip of mappings, and the line that tells one of them. */
import type { ProcessData } from '../../data.js'
import { element, filled, nameOf } from '../dom/dom.js'
import { lazily } from '../dom/lazily.js'
import type { Mapping } from '../model.js'
import type { Found } from '../search.js'
import { widthOfLabel } from './labels.js'

/** Pixels, as in the style: what a mapping takes at least, and a gap in the addresses. */
const MAPPING = 7
const GAP = 10

/** A mapping in the strip, with what it takes there. */
interface Piece {
  place: number
  mapping: Mapping
}

export interface Strip {
  element: HTMLElement
  detail: HTMLElement
  /** Marks what was found. */
  mark(found: Found): void
  /** Makes all but those of a supply pale; null for none. */
  point(by: number | null): void
  /** Tells a mapping until another is pinned, and whether its path was copied; null lets go. */
  pin(place: number | null, isCopied?: boolean): void
}

/**
 * @param width of a row, in pixels
 * @param pinned called with the place of the mapping that was clicked, or null
 */
export function stripOf(
  process: ProcessData,
  mappings: readonly Mapping[],
  width: number,
  found: Found,
  pinned: (place: number | null) => void,
): Strip {
  const strip = element('div', 'strip')
  strip.setAttribute('role', 'group')
  strip.setAttribute('aria-label', `address space of ${process.name}`)
  const detail = element('div', 'detail', element('div', '', 'Point at a mapping to see its file.'))
  const buttons = new Map<number, HTMLButtonElement>()
  let [current, pin, pointed]: [number, number | null, number | null] = [0, null, null]
  let marks = found
  let note = ''

  const show = (place: number) => {
    const mapping = mappings[pin ?? place]
    if (mapping === undefined) return
    strip.querySelector('.shown')?.classList.remove('shown')
    buttons.get(pin ?? place)?.classList.add('shown')
    detail.replaceChildren(...describe(mapping, process, pin === null ? '' : note))
    detail.classList.toggle('pinned', pin !== null)
  }

  const drawn = ({ place, mapping }: Piece, room: number) => {
    const made = buttonOf(mapping, process, room)
    made.tabIndex = place === current ? 0 : -1
    made.addEventListener('pointerenter', () => show(place))
    made.addEventListener('focus', () => show(place))
    made.addEventListener('click', () => pinned(pin === place ? null : place))
    made.classList.toggle('match', marks.isMatch(mapping.file))
    made.classList.toggle('pointed', mapping.by === pointed)
    made.classList.toggle('shown', place === pin)
    buttons.set(place, made)
    return made
  }

  const rows = rowsOf(mappings, width).map((pieces) => {
    const row = element('div', 'row')
    const draw = () => {
      if (row.childElementCount > 0) return
      const roomOf = roomsOf(pieces, width)
      for (const piece of pieces) {
        if (piece.mapping.hasGap) row.append(element('span', 'gap'))
        row.append(drawn(piece, roomOf(piece)))
      }
    }
    const clear = () => {
      row.replaceChildren()
      for (const { place } of pieces) buttons.delete(place)
    }
    lazily(row, { draw, clear })
    return { row, pieces, draw }
  })
  strip.append(...rows.map(({ row }) => row))

  const reach = (place: number) => {
    rows.find(({ pieces }) => pieces.some((piece) => piece.place === place))?.draw()
    return buttons.get(place)
  }

  strip.addEventListener('keydown', (event) => {
    const steps = new Map([
      ['ArrowLeft', current - 1],
      ['ArrowRight', current + 1],
      ['Home', 0],
      ['End', mappings.length - 1],
    ])
    const to = steps.get(event.key)
    if (to === undefined || mappings[to] === undefined) return
    event.preventDefault()
    const before = buttons.get(current)
    if (before !== undefined) before.tabIndex = -1
    current = to
    const next = reach(to)
    if (next === undefined) return
    next.tabIndex = 0
    next.focus()
  })

  const each = (change: (button: HTMLButtonElement, mapping: Mapping) => void) => {
    for (const [place, button] of buttons) {
      const mapping = mappings[place]
      if (mapping !== undefined) change(button, mapping)
    }
  }
  return {
    element: strip,
    detail,
    mark: (now) => {
      marks = now
      each((button, { file }) => button.classList.toggle('match', now.isMatch(file)))
    },
    point: (by) => {
      pointed = by
      strip.classList.toggle('pointing', by !== null)
      each((button, mapping) => button.classList.toggle('pointed', mapping.by === by))
    },
    pin: (place, isCopied = false) => {
      if (place === pin && !isCopied) return
      const last = place ?? pin ?? current
      pin = place
      note = isCopied ? 'Pinned, and its path copied' : 'Pinned'
      reach(last)
      show(last)
    },
  }
}

function buttonOf(mapping: Mapping, process: ProcessData, room: number): HTMLButtonElement {
  const { path, by, isStale, weight } = mapping
  const made = element('button', isStale ? 'stale' : '')
  const label = path.slice(path.lastIndexOf('/') + 1)
  if (widthOfLabel(label) <= room) made.append(element('span', 'label', nameOf(label)))
  made.type = 'button'
  made.style.flexGrow = String(weight)
  made.setAttribute('aria-label', [path, ...wordsOf(mapping, process)].join(', '))
  return filled(made, process.supplies[by]?.fill ?? 'none')
}

function wordsOf({ range, size, perms, text, by }: Mapping, { supplies }: ProcessData): string[] {
  return [supplies[by]?.label ?? '', text, perms, size, range].filter((part) => part !== '')
}

function describe(mapping: Mapping, process: ProcessData, note: string): Node[] {
  const words = wordsOf(mapping, process).map((word) =>
    element('span', word === mapping.text && mapping.isStale ? 'alarm' : '', word),
  )
  const line = words.flatMap((word, i) => (i === 0 ? [word] : [element('span', '', ' · '), word]))
  return [
    element('b', '', nameOf(mapping.path)),
    element('div', '', ...line),
    ...(note === '' ? [] : [element('div', 'note', `${note}. Escape, or another click, lets go.`)]),
  ]
}

/** What a mapping takes of a row at least, with the gap before it. */
function least({ hasGap }: Mapping): number {
  return hasGap ? MAPPING + GAP : MAPPING
}

/** Mappings in rows of one scale: half of their length is what each takes at least, the other half goes by weight. */
function rowsOf(mappings: readonly Mapping[], width: number): Piece[][] {
  const length = mappings.reduce((sum, mapping) => sum + least(mapping), 0)
  const count = Math.ceil((2 * length) / width)
  const weight = mappings.reduce((sum, mapping) => sum + mapping.weight, 0)
  const perWeight = (count * width - length) / (weight || 1)
  const rows: Piece[][] = Array.from({ length: count }, () => [])
  let before = 0
  for (const [place, mapping] of mappings.entries()) {
    rows[Math.min(count - 1, Math.floor(before / width))]?.push({ place, mapping })
    before += least(mapping) + mapping.weight * perWeight
  }
  return rows.filter((row) => row.length > 0)
}

/** What each mapping of a row takes of it, in pixels. */
function roomsOf(pieces: readonly Piece[], width: number): (piece: Piece) => number {
  const length = pieces.reduce((sum, { mapping }) => sum + least(mapping), 0)
  const weight = pieces.reduce((sum, { mapping }) => sum + mapping.weight, 0)
  return ({ mapping }) => MAPPING + (Math.max(0, width - length) * mapping.weight) / (weight || 1)
}
