import { renameSync, symlinkSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { ShortLinks } from '../../src/images/short-links.js'
import { StoreFiles } from '../../src/images/store-files.js'
import { askAll, tempFolder, writeTree } from '../helpers/folders.js'

/** Short names, by what they are links to, and where they are. */
function linksTo(
  t: ExecutionContext,
  targets: { [short: string]: string },
): { root: string; links: ShortLinks } {
  const root = tempFolder(t)
  writeTree(root, { l: null, other: null })
  for (const [short, target] of Object.entries(targets)) symlinkSync(target, `${root}/l/${short}`)
  const files = new StoreFiles(root, askAll)
  t.teardown(() => files.close())
  return { root, links: new ShortLinks(files) }
}

test('A short name is that of the layer that its link leads to', (t) => {
  const { links } = linksTo(t, { A: '../1a/diff', B: '../2b/diff' })
  t.deepEqual([links.idOf('/l', 'A'), links.idOf('/l', 'B')], ['1a', '2b'])
})

test('A link that leads elsewhere is no short name', (t) => {
  const odd = [
    '/1a/diff',
    '1a/diff',
    'x/../1a/diff',
    '../1a/diff/x',
    '../1a/merged',
    '../a/b/diff',
    '../diff',
  ]
  const { links } = linksTo(t, Object.fromEntries(odd.map((target, i) => [`L${i}`, target])))
  for (const [i, target] of odd.entries()) t.is(links.idOf('/l', `L${i}`), null, target)
  t.is(links.idOf('/l', '../other'), null)
})

test('A short name that is not there yet is looked for again, one that is known is not', (t) => {
  const { root, links } = linksTo(t, {})
  t.is(links.idOf('/l', 'A'), null)
  symlinkSync('../1a/diff', `${root}/l/A`)
  t.is(links.idOf('/l', 'A'), '1a')
  renameSync(`${root}/l/A`, `${root}/other/A`)
  t.is(links.idOf('/l', 'A'), '1a')
  t.is(links.idOf('/other', 'A'), '1a')
  t.is(links.idOf('/l', 'B'), null)
})
