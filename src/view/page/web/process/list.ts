/** Processes below each other. */
import type { ProcessData } from '../../data.js'
import { element } from '../dom/dom.js'
import { lazily } from '../dom/lazily.js'

/** So many are drawn at once, and more as one scrolls. */
const AT_ONCE = 50

/**
 * Draws the first processes, and the next whenever the end comes near.
 *
 * @param isPinned whether a process is among the first, wherever it stands
 */
export function drawList(
  target: HTMLElement,
  processes: readonly ProcessData[],
  sectionOf: (process: ProcessData) => HTMLElement,
  isPinned: (process: ProcessData) => boolean,
): void {
  const pinned = processes.findIndex(isPinned)
  const end = element('div', 'end')
  let count = 0
  const add = () => {
    const next = processes.slice(count, Math.max(count + AT_ONCE, pinned + 1))
    count += next.length
    end.before(...next.map(sectionOf))
    if (count === processes.length) end.remove()
  }
  target.replaceChildren(end)
  add()
  if (count < processes.length) lazily(end, { draw: add, clear: () => {} })
}
