/** Elements. Whatever records hold becomes text and nothing else. */
import type { Fill } from '../../data.js'

/** An element with its class and its text or children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className = '',
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name)
  if (className !== '') made.className = className
  made.append(...children)
  return made
}

/** A name, whose direction of writing ends with it. */
export function nameOf(text: string): HTMLElement {
  return element('bdi', '', text)
}

/** The colour of a layer; what has none is told by its class. */
export function filled<E extends HTMLElement>(target: E, fill: Fill | 'many'): E {
  if (typeof fill === 'number') target.style.setProperty('--fill', `var(--c${fill})`)
  else target.classList.add(fill)
  return target
}

/** The coloured square before a layer. */
export function keyOf(fill: Fill): HTMLElement {
  return filled(element('span', 'key'), fill)
}

/** A cell of a table. Where there is no room for columns it says what it is by itself. */
export interface Cell {
  head: string
  content: Node | string
  className?: string
}

/** A table with its heads; a cell without content stays empty. */
export function table(
  className: string,
  heads: readonly string[],
  rows: readonly HTMLElement[],
): HTMLElement {
  const head = element('tr', '', ...heads.map((text) => headOf(text)))
  return element('table', className, element('thead', '', head), element('tbody', '', ...rows))
}

function headOf(text: string): HTMLElement {
  const [name = '', className = ''] = text.split(':')
  const th = element('th', className, name)
  th.scope = 'col'
  return th
}

export function row(cells: readonly Cell[]): HTMLTableRowElement {
  return element(
    'tr',
    '',
    ...cells.map(({ head, content, className = '' }) => {
      const cell = element('td', className, content)
      if (head !== '') cell.dataset.head = head
      return cell
    }),
  )
}

export function button(text: string, className: string, press: () => void): HTMLButtonElement {
  const made = element('button', className, text)
  made.type = 'button'
  made.addEventListener('click', press)
  return made
}

/** An element of the page by its id. @throws where the page has none */
export function byId<E extends HTMLElement>(id: string, kind: new () => E): E {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new Error(`no #${id}`)
  return found
}
