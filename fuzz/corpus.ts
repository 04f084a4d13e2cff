/** What inputs are made of: what real kernels, CRIU and stores of images gave, and changes to it. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ByteString } from '../src/text/byte-string.js'
import { boltFile } from '../test/helpers/bolt.js'
import { textOf } from './invariants.js'
import type { Random } from './random.js'
import { storeFiles } from './stores.js'

const samples = fileURLToPath(new URL('../../samples', import.meta.url))

/** No input is longer by much. */
export const LONGEST = 20_000

/** What real kernels and CRIU gave, and what the filters made of it. */
const captured: ByteString[] = readdirSync(samples, { recursive: true, encoding: 'utf8' })
  .filter((file) => /mountinfo|\/maps$|map_files\.txt|dump\.log$|\.ndjson$|\/br\d+$/.test(file))
  .map((file) => readFileSync(`${samples}/${file}`, 'latin1').slice(0, LONGEST))
  .filter((text) => text !== '')

/** Databases as containerd's are, in pages as small as there are, so that a change meets more of them. */
function databases(): ByteString[] {
  const many = Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [`sha256:${i}`, { id: String(i), kind: '\x03' }]),
  )
  const content = { v1: { snapshots: many, parents: { '\x01\0': 'x'.repeat(700) } } }
  return [1, 3, 20].map((fanout) =>
    boltFile(content, { pageSize: 512, fanout: fanout + 1 }).toString('latin1'),
  )
}

/** As the BPF iterator prints them, of two processes. */
const MAPPINGS = `${[
  'aufs-filters vmas 1: pid_ns pid start_boottime range dev ino maps_dev maps_ino',
  '4026531836 46 36528935795 400000-401000 254:0 99 254:0 99',
  '4026531836 47 36528935795 400000-401000 254:0 364 0:33 25',
  '4026531836 47 36528935795 7f0012a00000-7f0012c00000 254:0 7 254:0 7',
  '4026532206 1 99990000000 ffffffffff600000-ffffffffff601000 0:45 18446744073709551615 0:33 25',
].join('\n')}\n`

const CGROUPS = [
  '0::/system.slice/cron.service\n',
  '1:name=systemd:/user.slice/user-1000.slice/session-3.scope\n0::/\n',
  `0::/../docker-${'a1'.repeat(32)}.scope/init.scope/app\\x2d1@x.service\n`,
  `12:pids:/kubepods/burstable/pod1/${'0f'.repeat(32)}\n1:name=systemd:/docker/${'0f'.repeat(32)}\n`,
]

/** Those of which a filter makes something. */
const usedBy = (name: string) => captured.filter((text) => textOf(name, text) !== '')

/** Captures with something else in them. */
const where = (texts: readonly ByteString[], ...changes: [from: RegExp, to: string][]) =>
  texts.map((text) => changes.reduce((changed, [from, to]) => changed.replaceAll(from, to), text))

const mounts = usedBy('mounts')
const vmas = usedBy('vma')
const tables = usedBy('tables')
const records = captured.filter((text) => text.includes('"fpath":'))

/** There is no sysfs, so the kernel lists the branches. */
const listed = where(mounts, [/(si=[0-9a-f]+)/g, '$1,br:/l/top=rw:/l/a b=ro+wh'])

/** Few lines of a log are of unions. */
const logs = usedBy('log').map((text) => (text.match(/^.*(?:aufs|overlay|s_dev).*\n/gm) ?? []).join(''))

/** All are to be restarted. */
const stale = where(vmas, [/("link":"[^"]*)"/g, '$1 (deleted)"'], [/"r--p"/g, '"r-xp"'])

/** Of all of them CRIU has to be told. The captures are without what a live process tells. */
const lost = where(
  records,
  [/"mnt_id":null,"mnt_listed":null/g, '"mnt_id":13,"mnt_listed":false'],
  [/"state":null/g, '"state":"current"'],
  [/"dev":null,"ino":null/g, '"dev":"254:0","ino":"364"'],
)

/** What each filter and reader is given most of the time. */
const own: Record<string, readonly ByteString[]> = {
  mounts,
  branches: listed,
  log: logs,
  tables,
  entries: vmas,
  vma: vmas,
  restart: stale,
  remount: tables,
  criu: lost,
  images: [...tables, ...records],
  view: [...tables, ...records],
  kinds: tables,
  bolt: databases(),
  stores: storeFiles(),
  iterator: [MAPPINGS],
  cgroup: CGROUPS,
  maps: captured.filter((text) => /^[0-9a-f]+-[0-9a-f]+ [-r]/.test(text)),
}

/** How long an input is, up to the end of a line. Most mistakes need few lines, and many are met sooner in short ones. */
const LENGTHS = [0, 0, 0, 200, 200, 600, 2000]

/** How many changes an input has at the most. A record with many is hardly ever one any more. */
const CHANGES = [1, 1, 2, 4, 8]

/** One input for the filter or reader of a name. */
export function inputFor(name: string, random: Random): ByteString {
  const { below, pick } = random
  // Now and then it is given what is meant for others.
  const text = pick(below(8) === 0 ? captured : (own[name] ?? captured))
  let input = WHOLE.has(name) || below(50) === 0 ? text : excerpt(text, random)
  for (let changes = 1 + below(pick(CHANGES)); changes > 0; changes -= 1)
    input = pick([changed, changedValue])(input, random)
  return input
}

/** What is no text of lines. */
const WHOLE = new Set(['bolt', 'stores'])

/** Some whole lines. */
function excerpt(text: ByteString, { below, pick }: Random): ByteString {
  const from = below(4) === 0 ? 0 : text.lastIndexOf('\n', below(text.length)) + 1
  const end = text.indexOf('\n', from + pick(LENGTHS))
  return text.slice(from, end === -1 ? undefined : end + 1)
}

const TOKENS = [
  ...['\n', '\r', '\0', ' ', '\\', '\\012', '\\134', '"', '{', '}', ',', ':', '=', '/'],
  ...[' - ', ' -> ', ' (deleted)', '\xff', '\xc3\xa9', '\xe2\x80\xae', '\\u0000', '\\ud800', '_b64":"'],
  ...['__proto__', 'br:/', 'lowerdir=', 'lowerdir+=', '::', 'si=', '/sys/fs/aufs/si_1a/br0 : /'],
  ...['@ ./', 'options ', '99999999999999999999', '-1', '1e3', 'null', '[', ']', '.wh.', '/../', '\x1b['],
]

/** A text with one change. */
function changed(text: ByteString, { below, pick }: Random): ByteString {
  const [at, length] = [below(text.length + 1), below(pick([2, 20, 200]))]
  const [before, cut, after] = [text.slice(0, at), text.slice(at, at + length), text.slice(at + length)]
  switch (below(6)) {
    case 0:
      return before + String.fromCharCode(below(256)) + text.slice(at + 1)
    case 1:
      return before + after
    case 2:
      return before + pick(TOKENS) + text.slice(at)
    case 3:
      return before + cut + cut + after
    case 4: {
      const other = pick(captured)
      const from = below(other.length)
      return before + other.slice(from, from + length) + after
    }
    default:
      return before + pick(TOKENS) + after
  }
}

/** A value in JSON that is no key. */
const VALUE = /(?<=[:,[])(?:"(?:[^"\\]|\\.)*"|-?\d+|true|false|null)(?=[,\]}])/g

const VALUES = [
  ...['null', 'true', '0', '-1', '1e3', '0.5', '99999999999999999999', '""', '"/"', '[]', '{}', '[null]'],
  ...['"current"', '"deleted"', '"overlay"', '"aufs"', '"rw"', '"0:17"', '"254:0"', '"/w=="', '"1a"'],
]

/** As they stand in a text of JSON. */
const PIECES = [
  ...[
    '/',
    '/../',
    '\\n',
    '\\\\',
    '\\\\012',
    '\\"',
    '\\u0000',
    '\\u001b[',
    '\\u202e',
    '\\ud800',
    '\xc3\xa9',
    '\xff',
  ],
  ...[' ', ' (deleted)', '.wh.', ':', ',', '=', "'", '$', '</script>', '__proto__', '0', 'rw', '+wh'],
]

/** A record with one value changed is still JSON, and often a record. */
function changedValue(text: ByteString, random: Random): ByteString {
  const { below, pick } = random
  const values = [...text.matchAll(VALUE)]
  if (values.length === 0) return changed(text, random)
  const { index, 0: value } = pick(values)
  const at = 1 + below(value.length - 1)
  const instead = [
    pick(VALUES),
    pick(values)[0],
    ...(value.startsWith('"') ? [value.slice(0, at) + pick(PIECES) + value.slice(at)] : []),
  ]
  return text.slice(0, index) + pick(instead) + text.slice(index + value.length)
}
