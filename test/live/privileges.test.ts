/** What each capability opens up, with exactly those: a real overlay, in a mount namespace of its own, read by nobody. */
import { copyFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import type { Vma } from '../../src/vma/record.js'
import { tempFolder } from '../helpers/folders.js'
import { isRoot, NOBODY, skip } from '../helpers/machine.js'
import { lines, outcome, started } from '../helpers/run.js'

/**
 * Programs that run from an overlay whose lower folder only root may enter: one that lies in it, and one in a folder of the
 * upper that is opaque, as only `trusted.overlay.opaque` tells.
 */
const SCENE = `
set -e
cd "$1"
mkdir -p closed/l/bin closed/l/o u w m
chmod 711 . && chmod 755 u m
cp "$(command -v sleep)" closed/l/bin/low
cp closed/l/bin/low closed/l/o/up
mount -t overlay overlay -o lowerdir="$1/closed/l",upperdir="$1/u",workdir="$1/w" m
rm -r m/o && mkdir m/o && cp closed/l/bin/low m/o/up
chmod 700 closed
$OWNER m/bin/low 3600 & low=$!
$OWNER m/o/up 3600 & up=$!
trap 'kill $low $up' EXIT
until grep -q up /proc/$up/comm && grep -q low /proc/$low/comm; do :; done
shift
"$@" --pid $low,$up
`

interface Seen {
  low: Vma | undefined
  up: Vma | undefined
  messages: string[]
  status: number | null
}

/** What nobody sees with these capabilities, and no others, of processes of root or of its own. */
async function seen(
  t: ExecutionContext,
  owner: 'root' | 'nobody',
  capabilities: string[],
): Promise<Seen | null> {
  if (!isRoot) {
    skip(t, 'it takes root to mount, and to be somebody else')
    return null
  }
  const all = capabilities.map((name) => `+${name}`).join(',')
  const become = [...NOBODY, ...(all === '' ? [] : [`--inh-caps=${all}`, `--ambient-caps=${all}`])]
  const folder = tempFolder(t)
  const { stdout, stderr, status } = await outcome(
    'unshare',
    ['--mount', 'sh', '-c', SCENE, 'sh', folder, ...become, ...started('aufs-vma')],
    '',
    { NODE_V8_COVERAGE: '', OWNER: owner === 'root' ? '' : NOBODY.join(' ') },
  )
  if (/^(mount|unshare|setpriv):/m.test(stderr)) {
    skip(t, stderr)
    return null
  }
  const records = lines(stdout).map((line) => JSON.parse(line) as Vma)
  const called = (name: string) => records.find(({ path }) => path === `${folder}/m/${name}`)
  return { low: called('bin/low'), up: called('o/up'), messages: lines(stderr), status }
}

test('Without any, the processes of others are a message each', async (t) => {
  const found = await seen(t, 'root', [])
  if (found === null) return
  t.is(found.low, undefined)
  t.is(found.messages.length, 2)
  for (const message of found.messages)
    t.regex(message, /permission denied \(EACCES\); try sudo \(CAP_SYS_PTRACE\)$/)
  t.is(found.status, 1)
})

test('Without any, the own processes: links and maps, and a message of what is missing', async (t) => {
  const found = await seen(t, 'nobody', [])
  if (found === null) return
  t.like(found.low, { branch: null, kernel: { dev: null, ino: null, mnt_id: null, mnt_listed: null } })
  t.truthy(found.low?.kernel.maps_name)
  t.is(found.messages.length, 1)
  for (const message of found.messages)
    t.regex(message, /cannot be followed: .* \(EPERM\); try sudo \(CAP_CHECKPOINT_RESTORE\)$/)
  t.is(found.status, 1)
})

test('CAP_CHECKPOINT_RESTORE: what the opened entries of the own processes tell, but no branch that may not be entered', async (t) => {
  const found = await seen(t, 'nobody', ['checkpoint_restore'])
  if (found === null) return
  t.deepEqual([found.messages, found.status], [[], 0])
  t.is(found.low?.kernel.mnt_listed, true)
  t.is(found.low?.branch, null)
})

test('CAP_SYS_PTRACE: links and maps of all, and a message of what is missing', async (t) => {
  const found = await seen(t, 'root', ['sys_ptrace', 'checkpoint_restore'])
  if (found === null) return
  t.like(found.low, { branch: null, kernel: { dev: null, ino: null, mnt_id: null, mnt_listed: null } })
  t.truthy(found.low?.kernel.maps_name)
  t.is(found.messages.length, 1)
  // The folder map_files is its owner's alone.
  for (const message of found.messages)
    t.regex(message, /cannot be followed: .* \(EACCES\); try sudo \(CAP_DAC_READ_SEARCH\)$/)
})

test('CAP_DAC_READ_SEARCH besides: the entries of all, and the branch of what lies in a closed folder', async (t) => {
  const found = await seen(t, 'root', ['sys_ptrace', 'checkpoint_restore', 'dac_read_search'])
  if (found === null) return
  t.deepEqual([found.messages, found.status], [[], 0])
  t.is(found.low?.kernel.mnt_listed, true)
  t.like(found.low, { state: 'current', branch: { index: 1 } })
})

test('CAP_SYS_ADMIN besides: the marks of overlayfs', async (t) => {
  const found = await seen(t, 'root', ['sys_ptrace', 'checkpoint_restore', 'dac_read_search', 'sys_admin'])
  if (found === null) return
  t.deepEqual([found.messages, found.status], [[], 0])
  t.like(found.low, { state: 'current', branch: { index: 1 } })
  t.like(found.up, { state: 'current', branch: { index: 0 } })
})

/**
 * A program in a folder that was renamed: the lowest layer has it under the old name, as only `trusted.overlay.redirect`
 * tells, and the one above another program under the new. On two filesystems no inode tells one from the other.
 */
const RENAMED = `
set -e
cd "$1"
shift
chmod 711 .
mkdir base mid u w m
mount -t tmpfs -o mode=755 none base
mount -t tmpfs -o mode=755 none mid
mkdir base/old mid/new
cp "$(command -v sleep)" base/old/run
cp base/old/run mid/new/run
mount -t overlay overlay -o lowerdir="$PWD/mid:$PWD/base",upperdir="$PWD/u",workdir="$PWD/w",redirect_dir=on,xino=off m
rm -r m/new && mv m/old m/new
if [ "$FILE_CAPABILITIES" ]; then setcap "$FILE_CAPABILITIES" "$PROGRAM"; fi
m/new/run 3600 & trap "kill $!" EXIT
until grep -q run /proc/$!/comm; do :; done
"$@" --pid $!
`

const OF_ALL = ['sys_ptrace', 'checkpoint_restore', 'dac_read_search']

/** State and branch of the program, as nobody sees them with capabilities that are handed on, or with those of Node's own file. */
async function renamed(
  t: ExecutionContext,
  how: 'ambient' | 'file',
  capabilities: string[],
): Promise<{ state: Vma['state']; branch: number | null } | null> {
  if (!isRoot) {
    skip(t, 'it takes root to mount, and to be somebody else')
    return null
  }
  const folder = tempFolder(t)
  const [node, script] = started('aufs-vma')
  const program = how === 'file' ? `${folder}/node` : node
  if (how === 'file') copyFileSync(node, program)
  const all = capabilities.map((name) => `+${name}`).join(',')
  const become = how === 'file' ? NOBODY : [...NOBODY, `--inh-caps=${all}`, `--ambient-caps=${all}`]
  const { stdout, stderr, status } = await outcome(
    'unshare',
    ['--mount', 'sh', '-c', RENAMED, 'sh', folder, ...become, program, script],
    '',
    {
      NODE_V8_COVERAGE: '',
      PROGRAM: program,
      FILE_CAPABILITIES: how === 'file' ? `${capabilities.map((name) => `cap_${name}`).join(',')}+ep` : '',
    },
  )
  if (/^(mount|unshare|setpriv|mv|setcap):|setcap: not found/m.test(stderr)) {
    skip(t, stderr)
    return null
  }
  t.deepEqual([stderr, status], ['', 0])
  const vma = lines(stdout)
    .map((line) => JSON.parse(line) as Vma)
    .find(({ path }) => path === `${folder}/m/new/run`)
  return vma === undefined ? null : { state: vma.state, branch: vma.branch?.index ?? null }
}

test('CAP_SYS_ADMIN: the layer of a file in a folder that was renamed', async (t) => {
  const found = await renamed(t, 'ambient', [...OF_ALL, 'sys_admin'])
  if (found !== null) t.deepEqual(found, { state: 'current', branch: 2 })
})

test('Without CAP_SYS_ADMIN another file of that name in a layer between is not taken for it', async (t) => {
  const found = await renamed(t, 'ambient', OF_ALL)
  if (found !== null) t.deepEqual(found, { state: null, branch: null })
})

test('A CAP_SYS_ADMIN that getfattr does not get is none', async (t) => {
  const found = await renamed(t, 'file', [...OF_ALL, 'sys_admin'])
  if (found !== null) t.deepEqual(found, { state: null, branch: null })
})
