/** Files on a mount that a process does not have: left behind, or restored by CRIU. */
import test from 'ava'
import { type Kernel, parseEntry, UNKNOWN } from '../../src/proc/map-files.js'
import { parseMount } from '../../src/proc/mounts/mountinfo.js'
import type { FileLookup, ProcessContext } from '../../src/vma/context.js'
import { fixVma } from '../../src/vma/fix-vma.js'
import type { State } from '../../src/vma/record.js'
import { filesAt, foundAs, lookupOf } from '../helpers/lookups.js'

/** A root that shows one file, at every path of a list. */
const shows = (paths: string[], id: string) =>
  lookupOf(filesAt(Object.fromEntries(paths.map((path) => [path, foundAs(id)]))))

const ROOT = '29 21 254:0 / / rw - ext4 /dev/vda rw'
/** Of a file on a mount that the process does not have. */
const ELSEWHERE = { dev: '254:0', ino: '9', maps_dev: '254:0', maps_ino: '9', mnt_id: 13, mnt_listed: false }
const SAME = '254:0/9'
const OTHER = '254:0/10'

const cases: {
  name: string
  link: string
  kernel?: Partial<Kernel>
  shown: FileLookup
  state: State | null
}[] = [
  {
    name: 'is current where the path shows that very file',
    link: '/bin/a',
    shown: shows(['/bin/a'], SAME),
    state: 'current',
  },
  {
    name: 'is not known where the path shows another file',
    link: '/bin/a',
    shown: shows(['/bin/a'], OTHER),
    state: null,
  },
  { name: 'is not known where the path shows nothing', link: '/bin/a', shown: shows([], SAME), state: null },
  {
    name: 'is deleted where the link says so, whatever the path shows',
    link: '/bin/a (deleted)',
    shown: shows(['/bin/a'], OTHER),
    state: 'deleted',
  },
  {
    name: 'is current where its name ends so',
    link: '/bin/a (deleted)',
    shown: shows(['/bin/a (deleted)'], SAME),
    state: 'current',
  },
  {
    name: 'is not known where the kernel does not tell the file',
    link: '/bin/a',
    kernel: { dev: null, ino: null },
    shown: shows(['/bin/a'], OTHER),
    state: null,
  },
]
for (const { name, link, kernel = {}, shown, state } of cases)
  test(`A file on a mount that the process does not have ${name}: ${link}`, (t) => {
    const entry = parseEntry(`1000-2000 -> ${link}`)
    if (entry === null) throw new Error('no entry')
    const context: ProcessContext = {
      ...{
        mounts: [parseMount(ROOT)],
        unions: [],
        chroot: '/',
        root: '/proc/7/root',
        leaky: false,
        reader: null,
      },
      lookup: shown,
    }
    const raw = { ...entry, kernel: { ...UNKNOWN, maps_name: link, ...ELSEWHERE, ...kernel } }
    t.is(fixVma(raw, context).state, state)
  })
