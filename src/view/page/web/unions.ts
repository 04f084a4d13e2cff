/** The unions with their branches. */
import type { UnionData } from '../data.js'
import { element, keyOf, nameOf, row, table } from './dom/dom.js'
import { data } from './model.js'

/** So few are open at first. */
const FEW = 3

export function drawUnions(): HTMLElement[] {
  if (data.unions.length === 0) return []
  const open = data.unions.length <= FEW
  return [element('h2', '', 'Unions'), ...data.unions.map((union) => drawUnion(union, open))]
}

function drawUnion({ name, about, branches }: UnionData, open: boolean): HTMLElement {
  const summary = element('summary', '', element('h3', '', nameOf(name)), element('small', 'about', about))
  const details = element('details', 'process union', summary)
  details.addEventListener('toggle', () => {
    if (details.childElementCount > 1) return
    const rows = branches.map(({ fill, index, perm, name: path }) =>
      row([
        { head: '', content: keyOf(fill), className: 'mark' },
        { head: 'branch', content: index, className: 'number' },
        { head: 'perm', content: perm },
        { head: '', content: nameOf(path), className: 'path' },
      ]),
    )
    details.append(table('legend', [':mark', 'branch:number', 'perm', 'path'], rows))
  })
  details.open = open
  return details
}
