/** Processes in other roots and mount namespaces than those in which they mapped their files: real overlays, as root. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Vma } from '../../src/vma/record.js'
import { tempFolder } from '../helpers/folders.js'
import { isInstalled, isRoot, NOBODY, skip } from '../helpers/machine.js'
import { lines, outcome, started } from '../helpers/run.js'

const built = mkdtempSync(join(tmpdir(), 'aufs-filters-'))
test.after.always(() => rmSync(built, { recursive: true, force: true }))

/** Why there can be no such processes here; null where there can. */
function findObstacle(): string | null {
  if (!isRoot) return 'it takes root to mount'
  if (!isInstalled('gcc')) return 'no gcc'
  try {
    execFileSync('gcc', ['-o', `${built}/hold`, 'test/live/hold.c'], { stdio: 'pipe' })
    return null
  } catch (error) {
    return String(error)
  }
}

const obstacle = findObstacle()

/** An overlay that has `hold`, and what the scenes need: `held` waits until the last process has done all it was told. */
const SETUP = `
set -e
cd "$1"
chmod 711 .
mkdir -p low/bin up work m
cp "$2/hold" low/bin/hold
for f in f g; do head -c 4096 /dev/zero > low/$f; done
chmod -R a+rX low
mount -t overlay overlay -o lowerdir="$PWD/low",upperdir="$PWD/up",workdir="$PWD/work" m
T=$PWD
: > ready
shift 2
hold() { "$T/m/bin/hold" "$@" > ready & P=$!; trap "kill $P" EXIT; held; }
held() { until grep -q ready ready; do kill -0 $P; sleep 0.02; done; }
`

/** Another program at the path of the first, below a folder that becomes a root. */
const JAIL = `jail() { mkdir -p "$1$T/m/bin"; cp "$(command -v sleep)" "$1$T/m/bin/hold"; }
`

interface Scene {
  folder: string
  vmas: Vma[]
  stdout: string
}

/** Plays a scene in a mount namespace of its own; null where this machine cannot, which is said. */
async function play(t: ExecutionContext, scene: string, become: string[] = []): Promise<Scene | null> {
  if (obstacle !== null) {
    skip(t, obstacle)
    return null
  }
  const folder = tempFolder(t)
  const command = [...become, ...started('aufs-vma')]
  const { stdout, stderr, status } = await outcome(
    'unshare',
    ['--mount', 'sh', '-c', SETUP + JAIL + scene, 'sh', folder, built, ...command],
    '',
    { NODE_V8_COVERAGE: '' },
  )
  if (/^(mount|unshare|setpriv|hold):/m.test(stderr)) {
    skip(t, stderr)
    return null
  }
  t.is(stderr.replace(/^.*cannot be followed: .*CAP_.*\n/m, ''), '')
  t.true(status === 0 || stderr !== '')
  const vmas = lines(stdout).map((line) => JSON.parse(line) as Vma)
  return { folder, vmas, stdout }
}

interface Case {
  title: string
  scene: string
  become?: string[]
  expected: { state: Vma['state']; branch: string | null; isOwn: boolean }
}

const current: Case['expected'] = { state: 'current', branch: 'low', isOwn: true }
const unknown: Case['expected'] = { state: null, branch: null, isOwn: false }

const cases: Case[] = [
  { title: 'A process that stays where it is', scene: 'hold; "$@" --pid $P', expected: current },
  {
    title: 'A process that goes into a mount namespace of its own has its files on the mount from before',
    scene: 'hold -u; "$@" --pid $P',
    expected: current,
  },
  {
    title: 'What it has mounted over them there since is no file in their place',
    scene: `hold -u; jail other; nsenter -t $P -m mount --bind "$T/other$T/m/bin/hold" "$T/m/bin/hold"
      "$@" --pid $P`,
    expected: current,
  },
  {
    title: 'A process that enters another mount namespace',
    scene: `jail other; unshare -m sh -c 'mount --bind "$1" "$2"; echo > made; exec sleep 3600' sh \\
        "$T/other$T/m/bin/hold" "$T/m/bin/hold" & N=$!
      until [ -e made ]; do kill -0 $N; sleep 0.02; done
      hold -n /proc/$N/ns/mnt; trap "kill $P $N" EXIT
      "$@" --pid $P`,
    expected: current,
  },
  {
    title: 'A process that goes into a chroot in which its path is another file',
    scene: 'jail m/jail; hold -c m/jail; "$@" --pid $P',
    expected: { ...current, isOwn: false },
  },
  {
    title: 'A process that goes into a chroot in which its path is nothing',
    scene: 'mkdir m/jail; hold -c m/jail; "$@" --pid $P',
    expected: { ...current, isOwn: false },
  },
  {
    title:
      'A process whose mounts are all gone, in a new root with another file of that path (bwrap’s first)',
    // What is mounted nowhere any more is told from the root of its mount.
    scene: `jail new; mkdir -p new/bin; cp "new$T/m/bin/hold" new/bin; mount --bind new new
      unshare -m "$T/m/bin/hold" -p "$T/new" > ready & P=$!; trap "kill $P" EXIT; held
      "$@" --pid $P`,
    expected: unknown,
  },
  {
    title: 'Another file that was mounted over the path, where the entries cannot be followed',
    scene: `jail other
      unshare -m "$T/m/bin/hold" > ready & P=$!; trap "kill $P" EXIT; held
      nsenter -t $P -m mount --bind "$T/other$T/m/bin/hold" "$T/m/bin/hold"
      "$@" --pid $P`,
    become: [...NOBODY, '--inh-caps=+sys_ptrace', '--ambient-caps=+sys_ptrace'],
    expected: { ...unknown, isOwn: true },
  },
]

for (const { title, scene, become, expected } of cases) {
  test(title, async (t) => {
    const played = await play(t, scene, become)
    if (played === null) return
    const { folder, vmas } = played
    const own = vmas.filter(({ path }) => path.endsWith('/bin/hold'))
    t.true(own.length > 2)
    for (const { state, branch, rpath, path } of own) {
      t.true(rpath === null || rpath === `.${path}`)
      t.deepEqual(
        { state, branch: branch?.path?.slice(folder.length + 1) ?? null, isOwn: rpath !== null },
        expected,
      )
    }
  })
}

test('A file of the disk that is mapped in a namespace where another is mounted over it, with no entry followed', async (t) => {
  const played = await play(
    t,
    `cp low/bin/hold one; cp "$(command -v sleep)" two; chmod 755 one two
     unshare -m "$T/one" > ready & P=$!; trap "kill $P" EXIT; held
     nsenter -t $P -m mount --bind "$T/two" "$T/one"
     "$@" --pid $P`,
    [...NOBODY, '--inh-caps=+sys_ptrace', '--ambient-caps=+sys_ptrace'],
  )
  if (played === null) return
  const own = played.vmas.filter(({ path }) => path === `${played.folder}/one`)
  t.true(own.length > 2)
  for (const { state, kernel } of own) t.deepEqual([state, kernel.mnt_id], [null, null])
})

test('Raw records of a process in a chroot, fixed with its tables and root, are as those of the process', async (t) => {
  const played = await play(
    t,
    `for f in $(ldd m/bin/hold | grep -o '/[^ ]*'); do mkdir -p "m\${f%/*}"; cp -L "$f" "m$f"; done
     chroot m /bin/hold > ready & P=$!; trap "kill $P" EXIT; held
     "$1" "\${2%aufs-vma.js}aufs-branches.js" --type overlay < /proc/self/mountinfo | grep -F "\\"$T/m\\"" > tables
     "$@" --pid $P --root "$T/m"
     "$@" --raw --pid $P | "$@" --branches tables --root "$T/m"`,
  )
  if (played === null) return
  const { vmas, folder } = played
  const [live, raw] = [vmas.slice(0, vmas.length / 2), vmas.slice(vmas.length / 2)]
  const placed = (all: Vma[]) =>
    all.map(({ path, rpath, fpath, branch }) => ({ path, rpath, fpath, at: branch?.path }))
  t.deepEqual(placed(raw), placed(live))
  const [own] = raw.filter(({ path }) => path === '/bin/hold')
  t.like(own, { rpath: './bin/hold', fpath: `${folder}/m/bin/hold`, state: 'current' })
  t.is(own?.kernel.maps_name, `${folder}/m/bin/hold`)
})

test('Two mappings of one file, of which one may write, share no answer', async (t) => {
  const played = await play(t, 'hold -r m/f -w m/f -w m/g -r m/g; "$@" --pid $P')
  if (played === null) return
  const { vmas, folder } = played
  for (const name of ['f', 'g']) {
    const of = (perms: string) =>
      vmas.filter((vma) => vma.path === `${folder}/m/${name}` && vma.perms === perms)
    const [shared] = of('rw-s')
    t.like(shared, { state: 'current', branch: { path: `${folder}/up` } }, name)
    const [read] = of('r--p')
    t.not(read, undefined)
    // Which copy the other maps only kernels before Linux 6.8 tell.
    if (read?.kernel.maps_dev === shared?.kernel.maps_dev) t.like(read, { state: null, branch: null }, name)
  }
})
