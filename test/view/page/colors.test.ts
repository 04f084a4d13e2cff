/** Which colour a layer has. */
import test from 'ava'
import { paletteOf } from '../../../src/view/page/colors.js'
import { branch } from '../../helpers/drawn.js'

test('layers that stand side by side have different colours as far as there are enough', (t) => {
  const layer = (path: string) => ({ ...branch, path })
  // Fifty containers of one base: more layers than colours.
  const stacks = Array.from({ length: 50 }, (_, i) => [
    layer('/base'),
    layer(`/image-${i % 7}`),
    layer(`/${i}`),
  ])
  const palette = paletteOf(stacks)
  for (const stack of stacks) t.is(new Set(stack.map(palette)).size, 3)
  const wide = Array.from({ length: 25 }, (_, i) => layer(`/l/${i}`))
  const colors = wide.map(paletteOf([wide]))
  t.deepEqual([...new Set(colors)].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})
