/** What a process maps of each layer, as a bar. */
import type { SupplyData } from '../../data.js'
import { element, filled } from '../dom/dom.js'
import { data } from '../model.js'

const widthOf = ({ bytes }: SupplyData) => Math.sqrt(bytes)
const lengthOf = (supplies: readonly SupplyData[]) => supplies.reduce((sum, each) => sum + widthOf(each), 0)

/** All bars have the scale of the longest. */
const longest = data.processes.reduce((most, { supplies }) => Math.max(most, lengthOf(supplies)), 1)

/** What each supply is of all. The same is told in words. */
export function barOf(supplies: readonly SupplyData[]): HTMLElement {
  const bar = element('span', 'bar')
  bar.ariaHidden = 'true'
  const used = element('span', 'used')
  used.style.width = `${(100 * lengthOf(supplies)) / longest}%`
  for (const supply of supplies) {
    const staleWidth = (widthOf(supply) * supply.staleBytes) / (supply.bytes || 1)
    for (const [width, className] of [
      [widthOf(supply) - staleWidth, 'part'],
      [staleWidth, 'part stale'],
    ] as const) {
      if (width <= 0) continue
      const part = filled(element('span', className), supply.fill)
      part.style.flexGrow = String(width)
      used.append(part)
    }
  }
  bar.append(used)
  return bar
}
