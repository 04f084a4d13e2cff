import test from 'ava'
import { UNKNOWN } from '../../../src/proc/map-files.js'
import { isSameInode, mapsShowsLayer } from '../../../src/unions/overlay/inodes.js'
import { table } from '../../helpers/tables.js'

const overlay = table(['/u', '/l'], { dev: '0:40', fs_type: 'overlay', si: null })

for (const [name, copy, found, isSame] of [
  ['the same', '7', { dev: '0:40', ino: '7' }, true],
  ['another', '7', { dev: '0:40', ino: '8' }, false],
  ['the same below the bits of a layer', '7', { dev: '0:40', ino: String(2n ** 63n + 7n) }, null],
  ['another below the bits of a layer', '7', { dev: '0:40', ino: String(2n ** 63n + 8n) }, false],
  ['the same, of a device that is not the union’s', '7', { dev: '8:1', ino: '7' }, null],
  ['another, of a device that is not the union’s', '7', { dev: '8:1', ino: '8' }, null],
] as const) {
  test(`The inode that an overlay shows and that of a layer: ${name}`, (t) => {
    t.is(isSameInode({ dev: '8:1', ino: copy }, found, overlay), isSame)
  })
}

test('maps shows a layer where it has another device than the union', (t) => {
  const shows = (maps_dev: string | null, dev: string | null) =>
    mapsShowsLayer({ ...UNKNOWN, maps_dev }, { ...overlay, dev })
  t.true(shows('8:1', '0:40'))
  t.false(shows('0:40', '0:40'))
  t.false(shows(null, '0:40'))
  t.false(shows('8:1', null))
})
