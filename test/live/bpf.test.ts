/** The iterator that says which files are really mapped: who may read it, and of whom it tells. (test/kernels/ has what it decides.) */
import { copyFileSync, existsSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import type { Vma } from '../../src/vma/record.js'
import { tempFolder } from '../helpers/folders.js'
import { isInstalled, isRoot, skip } from '../helpers/machine.js'
import { lines, outcome, repository, started } from '../helpers/run.js'

/** What bpf.sh says, by its names. */
type Said = Map<string, string[]>

let played: Promise<Said | string> | undefined

/** @returns a text where this machine cannot play it: the reason */
async function play(t: ExecutionContext): Promise<Said | string> {
  if (
    !isRoot ||
    !existsSync('/sys/kernel/btf/vmlinux') ||
    !['bpftool', 'clang', 'setpriv'].every(isInstalled)
  )
    return 'it takes root, a kernel with BTF, clang, bpftool and setpriv'
  const [scene, bpf] = [tempFolder(t), tempFolder(t)]
  for (const file of ['pin.sh', 'unpin.sh']) copyFileSync(`${repository}/bpf/${file}`, `${bpf}/${file}`)
  const built = await outcome('sh', ['bpf/build.sh', `${bpf}/vmas.bpf.o`])
  if (built.status !== 0) return built.stderr
  const { stdout, stderr, status } = await outcome(
    'unshare',
    [
      ...['-m', '-p', '-f', '--mount-proc', '--kill-child', 'sh', `${repository}/test/live/bpf.sh`],
      ...[scene, bpf, ...started('aufs-vma')],
    ],
    '',
    { NODE_V8_COVERAGE: '' },
  )
  if (/^(mount|unshare|setpriv):/m.test(stderr)) return stderr
  t.deepEqual([stderr, status], ['', 0], stdout)
  const said: Said = new Map()
  let name = ''
  for (const line of lines(stdout)) {
    const tab = line.indexOf('\t')
    if (tab !== -1) name = line.slice(0, tab)
    said.set(name, [...(said.get(name) ?? []), line.slice(tab + 1)])
  }
  return said
}

async function saidTo(t: ExecutionContext): Promise<Said | null> {
  played ??= play(t)
  const said = await played
  if (typeof said !== 'string') return said
  skip(t, said)
  return null
}

interface Look {
  name: string
  /** Whether the lower file is told. */
  isTold: boolean
  message?: RegExp
}

/** Without a capability links cannot be followed. */
const NOT_FOLLOWED = /^aufs-vma: pid \d+: map_files cannot be followed: .*CAP_CHECKPOINT_RESTORE/

const looks: Look[] = [
  { name: 'nothing pinned', isTold: false },
  { name: 'pinned', isTold: true },
  { name: 'pinned, raw', isTold: true },
  { name: 'in a pid namespace', isTold: true },
  { name: 'in a pid namespace, by its own procfs', isTold: true },
  { name: 'from a pid namespace', isTold: false },
  { name: 'another', isTold: false, message: NOT_FOLLOWED },
  { name: 'the group', isTold: true, message: NOT_FOLLOWED },
  { name: 'unpinned', isTold: false },
]

for (const { name, isTold, message } of looks)
  test(`${isTold ? 'The lower file is told' : 'No real file is told'}: ${name}`, async (t) => {
    const said = await saidTo(t)
    if (said === null) return
    const [record = '', ...messages] = said.get(name) ?? []
    const { state, branch, kernel } = JSON.parse(record) as Vma
    const [dev, ino] = said.get('lower')?.[0]?.split(' ') ?? []
    const { real_dev, real_ino } = kernel
    t.deepEqual([real_dev, real_ino], isTold ? [dev, ino] : [null, null])
    if (name !== 'pinned, raw')
      t.deepEqual([state, branch?.index], isTold ? ['copied_up', 1] : [null, undefined])
    t.is(messages.length, message === undefined ? 0 : 1)
    for (const each of messages) t.regex(each, message ?? /^$/)
  })

test('Who asks for what he may not read is told so', async (t) => {
  const said = await saidTo(t)
  if (said === null) return
  const message =
    'aufs-vma: /run/aufs-filters/vmas: permission denied (EACCES); try sudo (CAP_DAC_READ_SEARCH)'
  t.deepEqual(said.get('another, who asks for it'), ['', message])
})

test('The group may read, and nobody else; nothing is left when it is unpinned', async (t) => {
  const said = await saidTo(t)
  if (said === null) return
  t.deepEqual(said.get('group'), ['440 root nogroup'])
  t.deepEqual(said.get('left'), [''])
})
