/** How many files each layer, image or container has, by state. Choosing one leaves only its processes. */
import type { Division, ShareData } from '../data.js'
import { button, element, filled, keyOf, nameOf, row, table } from './dom/dom.js'
import { data } from './model.js'

/** So many are listed, but for stale ones, which all are. */
const LISTED = 8

/** What is listed whole. */
const expanded = new Set<Division>()

const isStale = ({ tallies }: ShareData) => tallies.some((tally) => tally.isStale)

/**
 * @param chosen the place of the one that is chosen
 * @param choose called with the place of one, or null
 */
export function overviewOf(
  by: Division,
  chosen: number | null,
  choose: (only: number | null) => void,
): HTMLElement[] {
  const shares = data.shares[by]
  const most = shares.reduce((sum, { files }) => Math.max(sum, files), 1)
  const rowOf = (share: ShareData, place: number) => {
    const isChosen = place === chosen
    const name = button('', 'choose', () => choose(isChosen ? null : place))
    name.append(nameOf(share.name))
    name.ariaPressed = String(isChosen)
    name.dataset.focus = `only ${place}`
    const made = row([
      { head: '', content: share.fill === null ? '' : keyOf(share.fill), className: 'mark' },
      { head: '', content: name, className: 'path' },
      { head: 'processes', content: share.processes.toLocaleString('en'), className: 'number' },
      { head: 'files', content: share.files.toLocaleString('en'), className: 'number' },
      { head: '', content: tallyBar(share, most), className: 'chart' },
      { head: '', content: told(share), className: 'told' },
    ])
    made.classList.toggle('chosen', isChosen)
    return made
  }
  const isListed = (share: ShareData, place: number) =>
    expanded.has(by) || place < LISTED || isStale(share) || place === chosen
  const listed = shares.flatMap((share, place) => (isListed(share, place) ? [rowOf(share, place)] : []))
  const rest = shares.length - listed.length
  const heads = [':mark', by, 'processes:number', 'files:number', 'files by state', ':told']
  const made = table('overview', heads, listed)
  const more = button(`Show ${rest} more`, 'more', () => {
    expanded.add(by)
    made.querySelector('tbody')?.replaceChildren(...shares.map(rowOf))
    more.remove()
  })
  return rest === 0 ? [made] : [made, more]
}

/** The files of a share in the order current, not known, stale. The same is told in words. */
function tallyBar({ tallies, fill, files }: ShareData, most: number): HTMLElement {
  const used = element('span', 'used')
  used.style.width = `${(100 * files) / most}%`
  for (const tally of tallies.toReversed()) {
    const part = filled(element('span', tally.isStale ? 'part stale' : 'part'), fill ?? 'many')
    part.style.flexGrow = String(tally.files)
    used.append(part)
  }
  const bar = element('span', 'bar', used)
  bar.ariaHidden = 'true'
  return bar
}

/** What is stale, and of what nothing is known. */
function told({ tallies }: ShareData): Node {
  const made = document.createDocumentFragment()
  for (const tally of tallies)
    if (tally.isStale || tally.isUnknown) {
      const words = `${tally.files.toLocaleString('en')} ${tally.text}`
      if (made.childElementCount > 0) made.append(', ')
      made.append(element('span', tally.isStale ? 'alarm' : 'soft', words))
    }
  return made
}
