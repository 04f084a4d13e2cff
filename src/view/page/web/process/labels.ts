/** Names in mappings: whole or not at all. */

/** As the style has it. */
const SIZE = '12px'

/** On both sides, also of the ground that a stale mapping has under its name. */
const AROUND = 18

const widths = new Map<string, number>()
let pen: CanvasRenderingContext2D | null = null

/** The pixels that a name takes in a mapping. */
export function widthOfLabel(text: string): number {
  const known = widths.get(text)
  if (known !== undefined) return known
  if (pen === null) {
    pen = document.createElement('canvas').getContext('2d')
    if (pen !== null) pen.font = `${SIZE} ${getComputedStyle(document.body).fontFamily}`
  }
  const width = pen === null ? Number.POSITIVE_INFINITY : pen.measureText(text).width + AROUND
  widths.set(text, width)
  return width
}
