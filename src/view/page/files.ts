/** The files of all processes, each told once. */
import { staleness } from '../../vma/record.js'
import type { DrawnVma } from '../drawn-records.js'
import { shown, stateText } from '../labels.js'
import type { MappedProcess } from '../picture.js'
import type { PageData, StateData } from './data.js'

/** Values by the place where they are first met. */
export class Places<T> {
  readonly all: T[] = []
  readonly #places = new Map<T, number>()

  of(value: T): number {
    const known = this.#places.get(value)
    if (known !== undefined) return known
    this.#places.set(value, this.all.length)
    return this.all.push(value) - 1
  }
}

/** Files by path and state, in the order of their paths. */
export class Files {
  readonly data: Pick<PageData, 'paths' | 'fileStates' | 'states'>
  readonly #states = new Places<string>()
  readonly #places: ReadonlyMap<string, number>

  constructor(processes: readonly MappedProcess[]) {
    const found = new Map<string, { path: string; state: number }>()
    for (const { supplies } of processes)
      for (const { vmas } of supplies)
        for (const vma of vmas) {
          const state = this.#stateOf(vma)
          const key = keyOf(vma, state)
          if (!found.has(key)) found.set(key, { path: shown(vma.path), state })
        }
    const sorted = [...found].sort(([, a], [, b]) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
    this.#places = new Map(sorted.map(([key], i) => [key, i]))
    this.data = {
      paths: frontCoded(sorted.map(([, { path }]) => path)),
      fileStates: sorted.map(([, { state }]) => state),
      states: this.#states.all.map((state) => JSON.parse(state) as StateData),
    }
  }

  placeOf(vma: DrawnVma): number {
    return this.#places.get(keyOf(vma, this.#stateOf(vma))) ?? 0
  }

  #stateOf(vma: DrawnVma): number {
    const isStale = staleness(vma) === true
    const same = vma.same_bytes === true && vma.state !== 'current' ? ', with the same bytes' : ''
    const state: StateData = { text: stateText(vma.state, isStale) + same, isStale }
    return this.#states.of(JSON.stringify(state))
  }
}

function keyOf({ path }: DrawnVma, state: number): string {
  return `${state} ${path}`
}

/** Texts in order: of each how much it has in common with the one before, and the rest. */
export function frontCoded(texts: readonly string[]): (number | string)[] {
  return texts.flatMap((text, i) => {
    const before = texts[i - 1] ?? ''
    let same = 0
    while (same < text.length && text[same] === before[same]) same += 1
    return [same, text.slice(same)]
  })
}
