/** Draws the page, and again what changes. */
import { processesText } from '../../amounts.js'
import { arranged, countOf } from '../../order.js'
import type { Division, ProcessData } from '../data.js'
import { choiceOf, controlsOf } from './controls.js'
import { copy } from './dom/copy.js'
import { byId, element } from './dom/dom.js'
import { data, paths } from './model.js'
import { overviewOf } from './overview.js'
import { drawList } from './process/list.js'
import { type ProcessSection, sectionOf } from './process/process.js'
import { type Found, find } from './search.js'
import { drawUnions } from './unions.js'
import { fromAddress, hasImages, type Pin, toAddress, type View } from './view.js'

const main = byId('main', HTMLElement)
const search = byId('search', HTMLInputElement)

/** So few processes are open at first. */
const FEW = 3

let view: View = fromAddress(location.hash)
let found: Found = find(view.find)
const places = new Map(data.processes.map((process, place) => [process, place]))
const sections = new Map<number, ProcessSection>()

const headline = element('p', 'headline', data.headline)
const meaning = element(
  'p',
  'soft',
  'A file is stale where its path no longer leads to what is mapped. The process runs on with it until it is restarted.',
)
const overview = element('section', 'shares')
const controls = element('div', 'bar-of-controls')
const list = element('div', 'list')
const folded = element('div', 'folded')
const isHost = data.processes.length > 1

/** Keeps a change in the address of the page. */
function remember(changed: Partial<View>): void {
  view = { ...view, ...changed }
  history.replaceState(null, '', `#${toAddress(view)}`)
}

function change(changed: Partial<View>): void {
  remember(changed)
  draw()
}

/** A section is made once, and kept. */
function sectionAt(place: number, process: ProcessData): ProcessSection {
  const known = sections.get(place)
  if (known !== undefined) return known
  const isOpenAtFirst = data.processes.length <= FEW
  const isOpen = isOpenAtFirst !== view.toggled.has(place)
  const made = sectionOf(process, isOpen, {
    toggled: (isNow) => {
      const toggled = new Set(view.toggled)
      if (isNow === isOpenAtFirst) toggled.delete(place)
      else toggled.add(place)
      if (toggled.size !== view.toggled.size) remember({ toggled })
    },
    pinned: (mapping) => pin(mapping === null ? null : { process: place, mapping }),
  })
  sections.set(place, made)
  made.pin(view.pin?.process === place ? view.pin.mapping : null)
  return made
}

/** A section with what is found in it. */
function sectionOfList(process: ProcessData): HTMLElement {
  const section = sectionAt(places.get(process) ?? 0, process)
  section.mark(found)
  return section.element
}

function isPinned(process: ProcessData): boolean {
  return places.get(process) === view.pin?.process
}

function pin(now: Pin | null): void {
  const before = view.pin
  remember({ pin: now })
  if (before !== null) sections.get(before.process)?.pin(null)
  if (now === null) return
  const section = sections.get(now.process)
  section?.pin(now.mapping)
  const file = data.processes[now.process]?.mapped[now.mapping]
  const path = file === undefined ? undefined : paths[file]
  if (path === undefined) return
  void copy(path).then((isCopied) => {
    if (isCopied && view.pin === now) section?.pin(now.mapping, true)
  })
}

/** Whatever is made anew, the keyboard stays where it was. */
function draw(): void {
  const focused =
    document.activeElement instanceof HTMLElement ? document.activeElement.dataset.focus : undefined
  drawAll()
  if (focused === undefined) return
  for (const each of document.querySelectorAll<HTMLElement>('[data-focus]'))
    if (each.dataset.focus === focused) each.focus({ preventScroll: true })
}

function drawAll(): void {
  drawOverview()
  controls.replaceChildren(...(isHost ? [element('h2', '', 'Processes'), controlsOf(view, change)] : []))
  const only = view.only === null ? null : new Set(data.shares[view.by][view.only]?.of)
  const chosen = data.processes.filter(
    (process) => found.has(process) && (only === null || only.has(places.get(process) ?? -1)),
  )
  const { drawn, folded: left } = arranged(chosen, view)
  drawList(list, drawn, sectionOfList, isPinned)
  drawFolded(left)
  if (drawn.length + left.length === 0) list.append(element('p', 'soft', nothing()))
}

function nothing(): string {
  if (data.processes.length > 0) return 'No process is like that.'
  return data.unions.length > 0 ? '' : 'There is nothing to show: the input was empty.'
}

function drawOverview(): void {
  if (!isHost) return
  const words: Division[] = hasImages() ? ['image', 'layer', 'container'] : ['layer', 'container']
  const choose = choiceOf('count files by', words, view.by, (by) => change({ by, only: null }))
  overview.replaceChildren(
    element('div', 'head', element('h2', '', 'Where files come from'), choose),
    ...overviewOf(view.by, view.only, (only) => change({ only })),
  )
}

function drawFolded(processes: readonly ProcessData[]): void {
  folded.replaceChildren()
  if (processes.length === 0) return
  const text = `${processesText(countOf(processes))} of no union, without stale files`
  const content = element('div', 'list')
  const details = element('details', 'more', element('summary', 'soft', text), content)
  details.addEventListener('toggle', () => {
    if (details.open && content.childElementCount === 0) drawList(content, processes, sectionOfList, isPinned)
  })
  folded.append(details)
}

/** Searches, and marks what is found where it is drawn. */
function searched(text: string): void {
  found = find(text)
  document.body.classList.toggle('searching', found.text !== '')
  byId('found', HTMLOutputElement).textContent = found.summary
}

search.addEventListener('input', () => {
  searched(search.value)
  change({ find: search.value })
})

document.addEventListener('keydown', ({ key, target }) => {
  if (key === 'Escape' && target !== search && view.pin !== null) pin(null)
})

/** Shows what the address says. */
function load(): void {
  const before = view
  view = fromAddress(location.hash)
  search.value = view.find
  searched(view.find)
  if (before.pin !== null) sections.get(before.pin.process)?.pin(null)
  if (String([...before.toggled]) !== String([...view.toggled])) sections.clear()
  draw()
  const process = view.pin === null ? undefined : data.processes[view.pin.process]
  if (view.pin === null || process === undefined) return
  const pinned = sectionAt(view.pin.process, process)
  pinned.pin(view.pin.mapping)
  pinned.element.open = true
  pinned.element.scrollIntoView()
}

let width = 0
new ResizeObserver(() => {
  if (width !== 0 && width !== main.clientWidth) for (const section of sections.values()) section.fit()
  width = main.clientWidth
}).observe(main)

if (data.processes.length > 1) main.append(headline, meaning, overview)
main.append(controls, list, folded, ...drawUnions())
byId('help', HTMLElement).hidden = data.processes.length === 0
window.addEventListener('hashchange', load)
load()
