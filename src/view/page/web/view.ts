/** What the page shows of all that there is. Its address keeps it. */

import { type Choice, SORTS } from '../../order.js'
import type { Division } from '../data.js'
import { data } from './model.js'

export interface View extends Choice {
  /** What is searched. */
  find: string
  by: Division
  /** Only processes of this layer, image or container, by its place; null for all. */
  only: number | null
  /** Processes that are open where they would be shut, or the other way round. */
  toggled: ReadonlySet<number>
  /** The mapping that is pinned, by the places of its process and itself. */
  pin: Pin | null
}

export interface Pin {
  process: number
  mapping: number
}

const first: View = {
  ...data.choice,
  ...{ find: '', by: hasImages() ? 'image' : 'layer', only: null, toggled: new Set(), pin: null },
}

/** Where no image is known, it would be the same list twice. */
export function hasImages(): boolean {
  const names = data.shares.layer.map(({ name }) => name)
  return data.shares.image.some(({ name }) => !names.includes(name))
}

const SWITCHES = ['stale', 'unions', 'all'] as const

/** The part of the address after `#`: what differs from the first view. */
export function toAddress(view: View): string {
  const told = new URLSearchParams()
  if (view.find !== '') told.set('find', view.find)
  if (view.sort !== first.sort) told.set('sort', view.sort)
  for (const name of SWITCHES) if (view[name] !== first[name]) told.set(name, view[name] ? '1' : '0')
  if (view.by !== first.by) told.set('by', view.by)
  if (view.only !== null) told.set('only', String(view.only))
  if (view.toggled.size > 0) told.set('open', [...view.toggled].join('.'))
  if (view.pin !== null) told.set('pin', `${view.pin.process}.${view.pin.mapping}`)
  return told.toString()
}

/** The view that an address tells. What it tells wrong is as at first. */
export function fromAddress(hash: string): View {
  const told = new URLSearchParams(hash.replace(/^#/, ''))
  const switched = (name: (typeof SWITCHES)[number]) =>
    told.has(name) ? told.get(name) === '1' : first[name]
  const by = (['layer', 'image', 'container'] as const).find((each) => each === told.get('by')) ?? first.by
  const [only = null] = numbers(told.get('only'), data.shares[by].length)
  const [process, mapping] = (told.get('pin') ?? '').split('.').map(Number)
  const mapped = process === undefined ? undefined : data.processes[process]?.mapped
  return {
    find: told.get('find') ?? '',
    sort: SORTS.find((each) => each === told.get('sort')) ?? first.sort,
    ...{ stale: switched('stale'), unions: switched('unions'), all: switched('all'), by, only },
    toggled: new Set(numbers(told.get('open'), data.processes.length)),
    pin:
      process !== undefined && mapping !== undefined && mapped?.[mapping] !== undefined
        ? { process, mapping }
        : null,
  }
}

/** The numbers of a text that are under a limit. */
function numbers(text: string | null, limit: number): number[] {
  if (text === null || text === '') return []
  return text
    .split('.')
    .map(Number)
    .filter((number) => Number.isSafeInteger(number) && number >= 0 && number < limit)
}
