/** The options that mount an AUFS: what they may hold, and how much. */
import test from 'ava'
import { mountPlan } from '../../../src/unions/aufs/mount-options.js'
import { LONGEST_TEXT, type MountableBranch } from '../../../src/unions/union-type.js'
import { inputError } from '../../helpers/filters.js'

const branch = (path: string, perm = 'ro', attributes: string[] = []): MountableBranch => ({
  path,
  perm,
  attributes,
})

/** The option texts of some branches. */
function textsOf(branches: MountableBranch[], options: string[] = []): string[] {
  const { ways } = mountPlan({ branches, workdir: null, flags: ['ro'], options })
  return ways.flatMap(({ texts }) => texts)
}

for (const [perm, attributes] of [
  ['rw', ['wh,x']],
  ['rw', ['wh:/evil=rw']],
  ['rw', ['/x=rw+wh']],
  ['rw', ['']],
  ['rw', ['a'.repeat(21)]],
  ['rw', Array(21).fill('wh')],
  ['/x=rw', []],
  ['rw:/evil=rw', []],
  ['rx', []],
  ['', []],
] as [string, string[]][])
  test(`A permission that holds another is none: ${JSON.stringify([perm, ...attributes].slice(0, 3))}`, (t) => {
    const { reason, text } = inputError(t, () => textsOf([branch('/a', perm, attributes)]))
    t.deepEqual([reason, text], ['no permission of AUFS', [perm, ...attributes].join('+')])
  })

test('As many attributes are taken, and as long ones, as AUFS may ever have', (t) => {
  const attributes = Array.from({ length: 20 }, () => 'a'.repeat(20))
  t.deepEqual(textsOf([branch('/a', 'rr', attributes)]), [`ro,br:/a=rr+${attributes.join('+')}`])
})

test('A text is as long as the kernel takes it, and no longer', (t) => {
  const room = LONGEST_TEXT - 'ro,,br:/a=ro:/b=ro'.length
  const texts = (length: number) => textsOf([branch('/a'), branch('/b')], ['x'.repeat(length)])
  t.deepEqual(texts(room), [`ro,${'x'.repeat(room)},br:/a=ro:/b=ro`])
  t.deepEqual(texts(room + 1), [`ro,${'x'.repeat(room + 1)},br:/a=ro`, 'remount,ro,append:/b=ro'])
})

test('A path that no text has room for is told by a link', (t) => {
  const room = LONGEST_TEXT - 'remount,ro,append:/=ro'.length
  const path = `/${'b'.repeat(room)}`
  const texts = (length: number) =>
    textsOf([branch('/a'), branch(`/${'b'.repeat(length)}`)], ['x'.repeat(100)])
  t.deepEqual(texts(room), [`ro,${'x'.repeat(100)},br:/a=ro`, `remount,ro,append:${path}=ro`])
  const [only, other] = texts(room + 1)
  t.true(only !== undefined && only.length < 300 && other === undefined, only)
})

test('Options that leave no room for a branch are an error', (t) => {
  const { reason } = inputError(t, () => textsOf([branch('/a')], ['x'.repeat(LONGEST_TEXT)]))
  t.is(reason, `options longer than ${LONGEST_TEXT} bytes`)
})
