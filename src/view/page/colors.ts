/** Which colour a layer has. */
import type { Branch } from '../../unions/branch-table.js'

/** So many colours the page has. */
export const COLORS = 10

export type Palette = (branch: Pick<Branch, 'index' | 'path'>) => number

/**
 * Numbers of colours. A folder has the same one wherever it is a layer, and another than those beside it, as far as there are
 * enough.
 *
 * @param together layers that are seen side by side: those of a process, and those of a union
 */
export function paletteOf(together: readonly (readonly Branch[])[]): Palette {
  const beside = new Map<string, Set<string>>()
  for (const branches of together) {
    const keys = branches.map(keyOf)
    for (const key of keys) {
      const others = beside.get(key) ?? new Set()
      beside.set(key, others)
      for (const other of keys) others.add(other)
    }
  }
  const colors = new Map<string, number>()
  for (const [key, others] of beside) {
    const taken = new Set(Array.from(others, (other) => colors.get(other)))
    const inTurn = Array.from({ length: COLORS }, (_, i) => (colors.size + i) % COLORS)
    colors.set(key, inTurn.find((color) => !taken.has(color)) ?? colors.size % COLORS)
  }
  return (branch) => colors.get(keyOf(branch)) ?? 0
}

function keyOf({ index, path }: Pick<Branch, 'index' | 'path'>): string {
  return path ?? String(index)
}
