/** What names and devices claim, and nothing else is told by: where a name leads. */
import test from 'ava'
import { type Kernel, parseEntry, type RawVma, UNKNOWN } from '../../src/proc/map-files.js'
import { claimOf } from '../../src/vma/claim.js'
import type { ProcessContext } from '../../src/vma/context.js'

function entry(link: string, kernel: Partial<Kernel>): RawVma {
  const raw = parseEntry(`1000-2000 -> ${link}`)
  if (raw === null) throw new Error('no entry')
  return { ...raw, kernel: { ...UNKNOWN, ...kernel } }
}

const context: ProcessContext = {
  mounts: [],
  unions: [],
  chroot: '/c',
  root: null,
  lookup: null,
  leaky: false,
  reader: null,
}

const places = [
  { name: 'maps has a name in it, and the link one of a branch', link: '/l/base/bin/sh', maps: '/c/bin/sh' },
  { name: 'maps has one outside, and the link one in it', link: '/c/bin/sh', maps: '/bin/sh', outside: true },
  { name: 'the link has a name in it, and maps none', link: '/c/bin/sh', maps: null },
  { name: 'the link has one outside, and maps none', link: '/cc/bin/sh', maps: null, outside: true },
]

for (const { name, link, maps, outside = false } of places) {
  test(`Whether a file lies outside of a chroot is told by maps, or else by the link: ${name}`, (t) => {
    const claim = claimOf(entry(link, { maps_name: maps }), context)
    t.is(claim.isOutside, outside)
    t.is(claim.name, outside ? (maps ?? link) : '/bin/sh')
  })
}
