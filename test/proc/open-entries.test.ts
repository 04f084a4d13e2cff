/** What becomes of entries that may not be opened, or whose files cannot be asked any more. */
import test, { type ExecutionContext } from 'ava'
import { type Capability, howToGet } from '../../src/errors.js'
import { EntryOpener, type Follow, mayAskEntry, NotFollowedError } from '../../src/proc/open-entries.js'
import { Process } from '../../src/proc/process.js'
import { whileFailing } from '../helpers/failing.js'
import { askAll, mountAt, openBelow, tempFolder, writeTree } from '../helpers/folders.js'
import { put } from '../helpers/procfs.js'

const follow: Follow = { asking: askAll, mayOpen: () => true, mayAskDevice: () => true, close() {} }

/** A process with two entries. */
function processOf(t: ExecutionContext): { folder: string; process: Process } {
  const folder = tempFolder(t)
  writeTree(folder, { f: 'x' })
  put(`${folder}/proc`, 7, { links: { '1000-2000': `${folder}/f`, '2000-3000': `${folder}/f` } })
  return { folder, process: new Process(7, `${folder}/proc`) }
}

const NOTHING = { dev: null, ino: null, mnt_id: null }

const refusals: [code: string, missing: Capability][] = [
  ['EPERM', 'CAP_CHECKPOINT_RESTORE'],
  ['EACCES', 'CAP_DAC_READ_SEARCH'],
]

for (const [code, missing] of refusals)
  test(`Where an entry may not be opened (${code}) it is said what is missing, and no other is tried`, (t) => {
    const { process } = processOf(t)
    const warnings: Error[] = []
    const opener = new EntryOpener(process, follow, (error) => warnings.push(error))
    const isEntry = (path: unknown) => String(path).includes('/map_files/')
    t.deepEqual(
      whileFailing('openSync', code, isEntry, () => opener.open('1000-2000', null)),
      NOTHING,
    )
    t.deepEqual(opener.open('2000-3000', null), NOTHING)
    t.deepEqual(
      warnings.map(({ message }) => message),
      [`map_files cannot be followed: ${code}; ${howToGet(missing)}`],
    )
    t.true(warnings[0] instanceof NotFollowedError)
  })

test('An entry that is gone is no hindrance to the others', (t) => {
  const { folder, process } = processOf(t)
  const opener = new EntryOpener(process, follow, (error) => t.fail(error.message))
  t.deepEqual(opener.open('5000-6000', null), NOTHING)
  t.is(opener.open('1000-2000', null).mnt_id, mountAt(folder))
})

test('Of a file that is stale its mount is told all the same, and nothing stays open', (t) => {
  const { folder, process } = processOf(t)
  const opener = new EntryOpener(process, follow, (error) => t.fail(error.message))
  const mnt_id = mountAt(folder)
  const opened = whileFailing(
    'fstatSync',
    'ESTALE',
    () => true,
    () => opener.open('1000-2000', null),
  )
  t.deepEqual(opened, { ...NOTHING, mnt_id })
  t.is(openBelow(folder), 0)
})

test('Without a mount, or without an answer of one, the device decides', (t) => {
  const asking = { ...askAll, mayAsk: () => null }
  const may = (mountId: number | null, dev: string | null) =>
    mayAskEntry(-1, mountId, dev, { asking, mayAskDevice: (device) => device === '0:30' })
  for (const mountId of [null, 29]) {
    t.deepEqual(
      ['0:1', '254:0', '0:30', '0:31', null].map((dev) => may(mountId, dev)),
      [true, true, true, false, false],
    )
  }
  t.false(mayAskEntry(-1, null, null, { asking: askAll, mayAskDevice: () => true }))
})
