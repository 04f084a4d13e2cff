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
    Array.from({ length: 40 }, (_, i) => [`sha256:${i}`, { id: String(i), kind: '\x03' }]),
  )
  const content = { v1: { snapshots: many, parents: { '\x01\0': 'x'.repeat(2000) } } }
  return [1, 3, 50].map((fanout) =>
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

const mounts = usedBy('mounts')
const vmas = usedBy('vma')
const tables = usedBy('tables')

/** Records of a live process of whose files CRIU has to be told: the captures are without `stat`. */
const lost = captured
  .filter((text) => text.includes('"fpath":'))
  .map((text) =>
    text
      .replaceAll('"mnt_id":null,"mnt_listed":null', '"mnt_id":13,"mnt_listed":false')
      .replaceAll('"state":null', '"state":"current"')
      .replaceAll('"dev":null,"ino":null', '"dev":"254:0","ino":"364"'),
  )

/** What each filter and reader is given most of the time. */
const own: Record<string, readonly ByteString[]> = {
  mounts,
  branches: mounts,
  log: usedBy('log'),
  tables,
  entries: vmas,
  vma: vmas,
  restart: vmas,
  remount: tables,
  criu: lost,
  images: usedBy('images'),
  view: usedBy('view'),
  kinds: tables,
  bolt: databases(),
  stores: storeFiles(),
  iterator: [MAPPINGS],
  cgroup: CGROUPS,
  maps: captured.filter((text) => /^[0-9a-f]+-[0-9a-f]+ [-r]/.test(text)),
}

/** Inputs are of several lines, of which few are needed for most mistakes. */
const LENGTHS = [100, 300, 1000, 2000]

/** One input for the filter or reader of a name. */
export function inputFor(name: string, random: Random): ByteString {
  const { below, pick } = random
  // Now and then it is given what is meant for others.
  const text = pick(below(8) === 0 ? captured : (own[name] ?? captured))
  let input = WHOLE.has(name) || below(50) === 0 ? text : excerpt(text, random)
  for (let changes = 1 + below(8); changes > 0; changes -= 1) input = changed(input, random)
  return input
}

/** What is no text of lines. */
const WHOLE = new Set(['bolt', 'stores'])

/** Some whole lines. */
function excerpt(text: ByteString, { below, pick }: Random): ByteString {
  const from = text.lastIndexOf('\n', below(text.length)) + 1
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
