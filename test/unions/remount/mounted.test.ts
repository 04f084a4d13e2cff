/** Unions that are mounted, mounted again by what aufs-remount writes, and compared. */
import test, { type ExecutionContext } from 'ava'
import type { BranchTable } from '../../../src/unions/branch-table.js'
import { isInstalled, isRoot, skip } from '../../helpers/machine.js'
import { binaries, outcome } from '../../helpers/run.js'

/** A union, or several, on the disk of a machine: /mnt in a mount namespace of its own, with nothing of its /run. */
interface Case {
  /** Makes folders and files; runs in /mnt. */
  made?: string
  /** Mounts. */
  mounted: string
  /** Where, in the order in which they are compared; /mnt/u where it is not said. */
  at?: string[]
  /** Runs when nothing is mounted any more. */
  between?: string
  /** What aufs-remount is told. */
  options?: string
  /** What aufs-remount says on standard error. */
  says?: RegExp
  /** Run after all is mounted again; its output is in `Result.checked`. */
  check?: string
  /** What of the tables is not the same by right. */
  differs?: (table: BranchTable) => object
}

interface Result {
  before: BranchTable[]
  after: BranchTable[]
  contents: string[]
  says: string
  status: string
  checked: string
  left: string
}

/** A command as a function of any shell, whose names take no dash. */
const command = (name: string) =>
  `${name.slice('aufs-'.length)}() { '${process.execPath}' '${binaries}/${name}.js' "$@"; }\n`

/** The layers of most cases, with a file each, one that is hidden and one to be copied up. */
const LAYERS = `mkdir -p l1/d l2/d up/d wk u v; echo 1 > l1/1; echo 2 > l2/2; echo 3 > up/3
echo low > l1/d/f; echo lower > l2/d/f; echo x > l2/d/g; mknod up/2 c 0 0; echo top > up/d/t\n`
const OVER = 'lowerdir=/mnt/l1:/mnt/l2,upperdir=/mnt/up,workdir=/mnt/wk'

/** Tables with each layer where its path leads: links may stand for it. */
const RESOLVED = `resolved() { '${process.execPath}' -e '
const { realpathSync } = require("node:fs")
for (const line of require("node:fs").readFileSync(0, "utf8").split("\\n").slice(0, -1)) {
  const table = JSON.parse(line)
  for (const branch of table.branches) branch.path = realpathSync(branch.path)
  if (table.workdir !== null) table.workdir = realpathSync(table.workdir)
  console.log(JSON.stringify(table))
}'; }
`

/** What is made by mktemp is written down: /tmp is everybody's. */
const MKTEMP = `mkdir /run/out /run/bin
cat > /run/bin/mktemp <<'EOF'
#!/bin/sh
made=$(/usr/bin/mktemp "$@"); echo "$made" >> /run/out/made; echo "$made"
EOF
chmod +x /run/bin/mktemp; touch /run/out/made
`

function scriptFor({
  made = '',
  mounted,
  at = ['/mnt/u'],
  between = ':',
  options = '',
  check = ':',
}: Case): string {
  const mountinfo = `grep -aE ' (${at.join('|')}) ' /proc/self/mountinfo`
  const looks = `for one in ${at.join(' ')}; do [ -f "$one" ] && cat "$one" || (cd "$one" && find . -type f | LC_ALL=C sort | xargs -d '\\n' grep -aH .); done`
  return `mount -t tmpfs none /run && mount -t tmpfs none /mnt && cd /mnt || exit 99
${command('aufs-branches')}${command('aufs-remount')}${RESOLVED}${MKTEMP}part() { printf '\\0'; }
set -e
${LAYERS}${made}
${mounted}
set +e
${mountinfo} | branches > /run/out/before; resolved < /run/out/before; part
${looks}; part
for one in $(printf '%s\\n' ${at.join(' ')} | sort -r); do grep -aq " $one " /proc/self/mountinfo || continue; umount "$one" || echo "umount $one" >&2; done
${between}
remount ${options} /run/out/before > /run/out/script 2> /run/out/says; cat /run/out/says; part
PATH=/run/bin:$PATH sh /run/out/script; echo $?; part
${mountinfo} | branches | resolved; part
${looks}; part
${check}; part
for one in $(grep '^/tmp' /run/out/made); do ls -d "$one" 2> /dev/null; done; grep ' /tmp/aufs-' /proc/self/mountinfo
`
}

async function remounted(t: ExecutionContext, which: Case): Promise<Result | null> {
  if (!isRoot) return missing(t, 'only root mounts')
  if (which.mounted.includes('python3') && !isInstalled('python3'))
    return missing(t, 'no python3, which has the mount API')
  const ran = await outcome('unshare', ['-m', 'sh'], scriptFor(which))
  if (ran.status === 99 || ran.stderr.includes('unshare')) return missing(t, 'no mount namespace here')
  const parts = ran.stdout.split('\0')
  const [before = '', was = '', says = '', status = '', after = '', is = '', checked = '', left = ''] = parts
  t.log(ran.stderr)
  const tables = (text: string) => text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
  return { before: tables(before), after: tables(after), contents: [was, is], says, status, checked, left }
}

function missing(t: ExecutionContext, why: string): null {
  skip(t, why)
  return null
}

/** What two mounts of one union have in common. */
function unionOf({ mount_id: _, dev: __, ...table }: BranchTable): object {
  return table
}

const mountOverlay = (options: string, at = '/mnt/u') => `mount -t overlay -o '${options}' overlay '${at}'`

/** Mounts an overlay by the mount API, each layer in an option of its own. */
const byParts = (options: [name: string, given: 'fd' | 'detached' | 'text', path: string][], at = '/mnt/u') =>
  `python3 - <<'PYTHON'
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *args):
    result = libc.syscall(number, *args)
    if result < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
FSOPEN, FSCONFIG, FSMOUNT, MOVE_MOUNT, OPEN_TREE = 430, 431, 432, 429, 428
fs = call(FSOPEN, b'overlay', 0)
for name, given, path in ${JSON.stringify(options)}:
    if given == 'text': call(FSCONFIG, fs, 1, name.encode(), path.encode(), 0)
    elif given == 'fd': call(FSCONFIG, fs, 5, name.encode(), None, os.open(path, os.O_PATH))
    else: call(FSCONFIG, fs, 5, name.encode(), None, call(OPEN_TREE, -100, path.encode(), 1))
call(FSCONFIG, fs, 6, None, None, 0)
call(MOVE_MOUNT, call(FSMOUNT, fs, 0, 0), b'', -100, b'${at}', 4)
PYTHON`

const many = (count: number) => ({
  made: `for i in $(seq ${count}); do mkdir -p a-layer-with-a-long-name-as-containers-have-them/$i; (cd a*/$i && echo $i > n$i); done`,
  layers: Array.from({ length: count }, (_, i): [string, 'text', string] => [
    'lowerdir+',
    'text',
    `/mnt/a-layer-with-a-long-name-as-containers-have-them/${i + 1}`,
  ]),
})

const cases: Record<string, Case> = {
  'a plain overlay': { mounted: mountOverlay(OVER) },
  'an overlay without an upper folder': { mounted: mountOverlay('lowerdir=/mnt/l1:/mnt/l2') },
  userxattr: {
    made: 'mkdir l1/opaque l2/opaque; echo h > l2/opaque/h; setfattr -n user.overlay.opaque -v y l1/opaque 2> /dev/null || :',
    mounted: mountOverlay(`userxattr,${OVER}`),
  },
  'metacopy=on, of which a file has its data below': {
    mounted: `${mountOverlay(`metacopy=on,${OVER}`)}; chmod 600 u/d/g`,
  },
  'redirect_dir, index, xino and nfs_export': {
    mounted: mountOverlay(`redirect_dir=on,index=on,nfs_export=on,xino=on,${OVER}`),
  },
  'verity=require': { mounted: mountOverlay(`metacopy=on,verity=require,${OVER}`) },
  'ro, nosuid, nodev and noexec': { mounted: mountOverlay(`ro,nosuid,nodev,noexec,noatime,${OVER}`) },
  'a mount that is read-only of an overlay that is not': {
    mounted: `${mountOverlay(`nosuid,${OVER}`)}; mount -o remount,bind,ro,nosuid none u`,
  },
  'a folder of an overlay first, then all of it': {
    mounted: `mkdir a; ${mountOverlay(OVER, '/mnt/a')}; mount --bind a/d v; mount --bind a u; umount a`,
    at: ['/mnt/v', '/mnt/u'],
    check: 'echo seen > /mnt/u/d/new; cat /mnt/v/new',
  },
  'two folders of an overlay': {
    made: 'mkdir up/e; echo e > up/e/e',
    mounted: `mkdir a; ${mountOverlay(OVER, '/mnt/a')}; mount --bind a/d u; mount --bind a/e v; mount -o remount,bind,ro,noexec none v; umount a`,
    at: ['/mnt/u', '/mnt/v'],
  },
  'a file of an overlay': {
    mounted: `mkdir a; touch f; ${mountOverlay(OVER, '/mnt/a')}; mount --bind a/d/f f; umount a`,
    at: ['/mnt/f'],
  },
  'an overlay that lies on a folder of another': {
    made: 'mkdir x y',
    mounted: `${mountOverlay(OVER)}; ${mountOverlay('lowerdir=/mnt/x:/mnt/y', '/mnt/u/d')}`,
    at: ['/mnt/u', '/mnt/u/d'],
  },
  'odd names above and below': {
    made: `mkdir 'up\\,:=' 'w k\\' 'l:,x' 'l\\:' '#'; echo odd > '#/f'`,
    mounted: mountOverlay(
      'lowerdir=/mnt/l\\:\\,x:/mnt/l\\\\\\::/mnt/#,upperdir=/mnt/up\\\\\\,:=,workdir=/mnt/w k\\\\',
    ),
  },
  'names that mount does not take': {
    made: `mkdir 'up"' 'l,' '"'; echo odd > 'l,/odd'; cp -r l1 'l1"'`,
    mounted: byParts([
      ['lowerdir+', 'text', '/mnt/l,'],
      ['lowerdir+', 'text', '/mnt/l1"'],
      ['lowerdir+', 'text', '/mnt/l2'],
      ['upperdir', 'text', '/mnt/up"'],
      ['workdir', 'text', '/mnt/wk'],
    ]),
  },
  'layers by descriptor, an upper folder with a backslash': {
    made: `mkdir 'a\\b' 'w\\b'; echo upper > 'a\\b/u'`,
    mounted: byParts([
      ['lowerdir+', 'fd', '/mnt/l1'],
      ['lowerdir+', 'fd', '/mnt/l2'],
      ['upperdir', 'fd', '/mnt/a\\b'],
      ['workdir', 'fd', '/mnt/w\\b'],
    ]),
  },
  '130 layers and an upper folder': {
    made: many(130).made,
    mounted: byParts([...many(130).layers, ['upperdir', 'text', '/mnt/up'], ['workdir', 'text', '/mnt/wk']]),
  },
  '500 layers': { made: many(500).made, mounted: byParts(many(500).layers) },
  'data-only layers': {
    made: 'mkdir data1 data2',
    mounted: mountOverlay(
      'metacopy=on,lowerdir=/mnt/l1:/mnt/l2::/mnt/data1::/mnt/data2,upperdir=/mnt/up,workdir=/mnt/wk',
    ),
  },
}

for (const [name, which] of Object.entries(cases))
  test(`Mounted again as it was: ${name}`, async (t) => {
    const result = await remounted(t, which)
    if (result === null) return
    const { before, after, contents, says, status, left } = result
    t.true(before.length > 0 && before.length === (which.at ?? ['']).length)
    t.deepEqual([says, status], ['', '0\n'])
    t.deepEqual(after.map(which.differs ?? unionOf), before.map(which.differs ?? unionOf))
    t.is(contents[1], contents[0])
    t.true((contents[0] ?? '').length > 0)
    t.is(left, '')
    if (which.check !== undefined) t.is(result.checked, 'seen\n')
  })

/** A union that is mounted again, but not as it was. */
const others: Record<string, Case & { status?: string; contents?: RegExp; is?: Partial<BranchTable> }> = {
  'volatile, which the kernel refuses': {
    mounted: mountOverlay(`volatile,${OVER}`),
    says: /^aufs-remount: .*: volatile: overlayfs takes no upper folder again that was mounted so: "\/mnt\/up"\n$/,
    status: '1\n',
    contents: /^$/,
  },
  'volatile, read-only': {
    mounted: mountOverlay(`volatile,nosuid,${OVER}`),
    options: '--read-only',
    is: {
      mount_options: ['ro', 'nosuid', 'relatime'],
      workdir: null,
      branches: ['/mnt/up', '/mnt/l1', '/mnt/l2'].map((path, index) => ({
        index,
        id: null,
        path,
        perm: 'ro',
        attributes: [],
      })),
    },
  },
  'a layer on a detached mount': {
    made: 'mkdir image lower; mount -t tmpfs none image; echo secret > image/secret',
    mounted: byParts([
      ['lowerdir+', 'detached', '/mnt/image'],
      ['lowerdir+', 'fd', '/mnt/l2'],
    ]),
    says: /branch 0 is on a mount of its own, which nothing names: "\/"\n$/,
    status: '1\n',
    contents: /^$/,
  },
  'one that cannot be mounted beside one that can': {
    made: 'mkdir gone x',
    mounted: `${mountOverlay('lowerdir=/mnt/gone:/mnt/x', '/mnt/v')}; ${mountOverlay(OVER)}`,
    at: ['/mnt/v', '/mnt/u'],
    between: 'rmdir gone',
    status: '1\n',
    contents: /^\.\/1:1\n/,
  },
  'two folders of a union, of which the place of one is gone': {
    made: 'mkdir up/e x; echo e > up/e/e',
    mounted: `mkdir a; ${mountOverlay(OVER, '/mnt/a')}; mount --bind a/d x; mount --bind a/e u; umount a`,
    at: ['/mnt/x', '/mnt/u'],
    between: 'rmdir x',
    status: '1\n',
    contents: /^\.\/e:e\n$/,
  },
  'a folder of a union in whose place a link lies by now': {
    made: 'mkdir out; echo out > out/out',
    mounted: `mkdir a; ${mountOverlay(OVER, '/mnt/a')}; mkdir a/e; echo e > a/e/e; mount --bind a/e u; umount a`,
    between: 'rm -r up/e; ln -s /mnt/out up/e',
    status: '1\n',
    contents: /^$/,
  },
  'the disk of another machine': {
    mounted: mountOverlay(OVER),
    between: 'mkdir disk disk/mnt; mv l1 l2 up wk disk/mnt/',
    options: '--prefix disk --root v --read-only',
    at: ['/mnt/u', '/mnt/v'],
    contents: /^\.\/1:1\n\.\/3:3\n/,
  },
  'the disk of another machine, on which a link leads to this one': {
    mounted: mountOverlay(OVER),
    between: 'mkdir -p disk/mnt; ln -s /mnt/l1 /mnt/l2 disk/mnt/; mv up wk disk/mnt/',
    options: '--prefix disk --root v',
    status: '1\n',
    contents: /^$/,
  },
}

for (const [name, which] of Object.entries(others))
  test(`Mounted again in another way, or not at all: ${name}`, async (t) => {
    const result = await remounted(t, which)
    if (result === null) return
    t.regex(result.says, which.says ?? /^$/)
    t.is(result.status, which.status ?? '0\n')
    t.regex(result.contents[1] ?? '', which.contents ?? /./)
    t.is(result.left, '')
    if (which.is !== undefined) t.like(result.after[0], which.is)
  })
