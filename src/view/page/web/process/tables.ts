/** The layers of a process, and its mappings as text. */
import { countText } from '../../../amounts.js'
import type { ProcessData } from '../../data.js'
import { button, element, keyOf, nameOf, row, table } from '../dom/dom.js'
import type { Mapping } from '../model.js'
import type { Found } from '../search.js'
import type { Strip } from './strip.js'

/** So many rows a table has at first, and more by so many. */
const ROWS = 500

/** The branches of a process, with what each supplies; pointing at one shows what is of it. */
export function legend({ supplies }: ProcessData, strip: Strip): HTMLElement {
  const rows = supplies.map(({ fill, index, perm, name, files, size, stale }, by) => {
    const made = row([
      { head: '', content: keyOf(fill), className: 'mark' },
      { head: 'branch', content: index, className: 'number' },
      { head: 'perm', content: perm },
      { head: '', content: nameOf(name), className: 'path' },
      { head: '', content: files, className: 'number' },
      { head: '', content: size, className: 'number' },
      { head: '', content: stale, className: 'alarm' },
    ])
    made.addEventListener('pointerenter', () => strip.point(by))
    made.addEventListener('pointerleave', () => strip.point(null))
    return made
  })
  const heads = [':mark', 'branch:number', 'perm', 'path', 'files:number', 'size:number', 'stale']
  return table('legend', heads, rows)
}

/** The same as text, in parts. */
export function listing({ supplies }: ProcessData, mappings: readonly Mapping[], first: Found) {
  const rows: HTMLElement[] = []
  let found = first
  const rowOf = ({ range, size, perms, path, by, text, isStale, file }: Mapping) => {
    const made = row([
      { head: '', content: range, className: 'range' },
      { head: '', content: size, className: 'number' },
      { head: '', content: perms },
      { head: '', content: nameOf(path), className: 'path' },
      { head: 'branch', content: supplies[by]?.index ?? '' },
      { head: '', content: text, className: isStale ? 'alarm' : '' },
    ])
    made.classList.toggle('match', found.isMatch(file))
    return made
  }
  const body = table('listing', ['addresses:range', 'size:number', 'perms', 'path', 'branch', 'state'], rows)
  const more = button('', 'more', () => add())
  const add = () => {
    const next = mappings.slice(rows.length, rows.length + ROWS).map(rowOf)
    rows.push(...next)
    body.querySelector('tbody')?.append(...next)
    more.hidden = rows.length === mappings.length
    more.textContent = `Show more (${mappings.length - rows.length})`
  }
  const summary = element('summary', 'soft', `${countText(mappings.length, 'mapping')} as a table`)
  const details = element('details', 'table', summary, body, more)
  details.addEventListener('toggle', () => {
    if (details.open && rows.length === 0) add()
  })
  const mark = (now: Found) => {
    found = now
    for (const [i, made] of rows.entries())
      made.classList.toggle('match', now.isMatch(mappings[i]?.file ?? -1))
  }
  return { element: details, mark }
}
