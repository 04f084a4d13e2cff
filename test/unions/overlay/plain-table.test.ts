import { readdirSync, readFileSync } from 'node:fs'
import test from 'ava'
import fc from 'fast-check'
import type { ByteString } from '../../../src/text/byte-string.js'
import { ndjsonLine } from '../../../src/text/json.js'
import { plainTableJson } from '../../../src/unions/overlay/plain-table.js'
import { tableFilter } from '../../../src/unions/tables.js'
import { tell } from '../../helpers/filters.js'
import { repository } from '../../helpers/run.js'

/** What a line is by way of its table; null where it has none. */
function byTable(line: ByteString): ByteString | null {
  const [table] = tell(tableFilter({ sysfs: '/nowhere' }), [line]).records
  return table === undefined ? null : ndjsonLine(table)
}

const lineOf = (options: string) => `90 61 0:33 / /m rw,relatime shared:1 - overlay overlay ${options}`

const plain: { name: string; line: ByteString }[] = [
  {
    name: 'a container',
    line: lineOf('rw,lowerdir=/l/a:/l/b,upperdir=/u,workdir=/w,nouserxattr,uuid=on,xino=off'),
  },
  { name: 'no upper folder', line: lineOf('ro,lowerdir=/l/a:/l/b') },
  { name: 'one layer', line: lineOf('ro,seclabel,lowerdir=/l/a') },
  { name: 'a root below', line: '1 2 0:3 /x /y rw - overlay none rw,lowerdir=/a:/b,userxattr' },
]
for (const { name, line } of plain) {
  test(`${name}: as the table says, without it`, (t) => {
    t.not(plainTableJson(line), null)
    t.is(plainTableJson(line), byTable(line))
  })
}

const odd: { name: string; line: ByteString }[] = [
  { name: 'an escaped colon', line: lineOf('rw,lowerdir=/l\\134:a:/l/b') },
  { name: 'a comma in a path', line: lineOf('rw,lowerdir=/l,A:/l/b') },
  { name: 'a quote', line: lineOf('rw,context="a,b",lowerdir=/l/a') },
  { name: 'more than ASCII', line: lineOf('rw,lowerdir=/\xc3\xa9') },
  { name: 'a relative layer', line: lineOf('rw,lowerdir=l/A:l/B,upperdir=/o/x/diff,workdir=/o/x/work') },
  { name: 'data-only layers', line: lineOf('rw,lowerdir=/l/a::/d') },
  { name: 'layers one by one', line: lineOf('rw,lowerdir+=/l/a,lowerdir+=/l/b') },
  { name: 'lowerdir twice', line: lineOf('rw,lowerdir=/l/a,lowerdir=/l/b') },
  { name: 'a layer by file descriptor', line: lineOf('rw,lowerdir=/proc/self/fd/7:/l/b') },
  { name: 'a detached layer', line: lineOf('rw,lowerdir=/:/l/b') },
  { name: 'composefs', line: '1 2 0:3 / /m ro - overlay composefs ro,lowerdir=/i:/l/b' },
  { name: 'an upper folder with a colon', line: lineOf('rw,lowerdir=/l/a,upperdir=/u:,workdir=/w') },
  { name: 'an id that begins with a zero', line: lineOf('rw,lowerdir=/l/a').replace('90', '090') },
  { name: 'another order', line: lineOf('rw,upperdir=/u,lowerdir=/l/a,workdir=/w') },
]
for (const { name, line } of odd) {
  test(`${name}: the table is made`, (t) => {
    t.is(plainTableJson(line), null)
    t.not(byTable(line), null)
  })
}

test('of other mounts there is no table', (t) => {
  for (const line of ['', '1 2 0:3 / /m rw - ext4 overlay rw', '1 2 0:3 / /m rw - overlay overlay rw'])
    t.is(plainTableJson(line), null)
})

test('whatever the options are, a plain line gives what its table gives', (t) => {
  const path = fc.stringMatching(/^\/?[a-z:,=/.#'"\\ \n%-]{0,8}$/)
  const name = fc.constantFrom(
    'lowerdir',
    'lowerdir+',
    'datadir+',
    'upperdir',
    'workdir',
    'xino',
    'context',
    'x',
  )
  const option = fc.oneof(
    fc.constantFrom('rw', 'ro', 'index=on', 'userxattr', 'lowerdir=/a:/b', 'upperdir=/u', 'workdir=/w', ''),
    fc.tuple(name, path).map(([key, value]) => `${key}=${value}`),
  )
  const source = fc.constantFrom('overlay', '', 'composefs', 'composefs:x', '-', 'a"b')
  let isPlain = 0
  fc.assert(
    fc.property(fc.array(option, { minLength: 1, maxLength: 6 }), source, (options, from) => {
      const line = `90 61 0:33 / /m rw,relatime - overlay ${from} ${options.join()}`
      const json = plainTableJson(line)
      if (json === null) return
      isPlain += 1
      t.is(json, byTable(line) ?? 'none')
    }),
    { numRuns: 20_000 },
  )
  t.true(isPlain > 10)
})

test('so do the lines of all samples', (t) => {
  const files = readdirSync(`${repository}/samples`, { recursive: true, encoding: 'utf8' })
  let isPlain = 0
  for (const file of files.filter((name) => name.endsWith('/mountinfo')))
    for (const line of readFileSync(`${repository}/samples/${file}`, 'latin1').split('\n')) {
      const json = plainTableJson(line)
      if (json === null) continue
      isPlain += 1
      t.is(json, byTable(line) ?? 'none')
    }
  t.true(isPlain > 0)
})
