/** What is chosen of the processes: a layer, their order, and which are drawn. */

import { SORTS, type Sort } from '../../order.js'
import { button, element, nameOf } from './dom/dom.js'
import { data } from './model.js'
import type { View } from './view.js'

const SORT_TEXTS: Record<Sort, string> = {
  stale: 'stale first',
  size: 'size',
  files: 'files',
  name: 'name',
  pid: 'pid',
}

type Change = (change: Partial<View>) => void

/** The order, and the switches. */
export function controlsOf(view: View, change: Change): HTMLElement {
  const select = element(
    'select',
    '',
    ...SORTS.map((sort) => new Option(SORT_TEXTS[sort], sort, false, sort === view.sort)),
  )
  select.dataset.focus = 'sort'
  select.addEventListener('change', () => {
    const sort = SORTS.find((each) => each === select.value)
    if (sort !== undefined) change({ sort })
  })
  const box = (text: string, name: 'stale' | 'unions') => {
    const input = element('input')
    input.type = 'checkbox'
    input.checked = view[name]
    input.dataset.focus = name
    input.addEventListener('change', () => change({ [name]: input.checked }))
    return element('label', '', input, ` ${text}`)
  }
  return element(
    'div',
    'controls',
    element('label', '', 'Sort by ', select),
    box('stale only', 'stale'),
    box('unions only', 'unions'),
    ...chosen(view, change),
  )
}

function chosen({ by, only }: View, change: Change): HTMLElement[] {
  const share = only === null ? undefined : data.shares[by][only]
  if (share === undefined) return []
  const made = button('', 'chip', () => change({ only: null }))
  made.append('only ', nameOf(share.name), element('span', 'cross', '×'))
  made.ariaLabel = `No longer only ${share.name}`
  return [made]
}

/** One of a few words. */
export function choiceOf<T extends string>(
  label: string,
  words: readonly T[],
  current: T,
  choose: (word: T) => void,
): HTMLElement {
  const group = element('div', 'choice')
  group.role = 'group'
  group.ariaLabel = label
  for (const word of words) {
    const made = button(word, '', () => choose(word))
    made.ariaPressed = String(word === current)
    made.dataset.focus = word
    group.append(made)
  }
  return group
}
