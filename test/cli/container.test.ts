/** `aufs-vma --container`: of all processes those of one container. */
import { writeFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { tempFolder } from '../helpers/folders.js'
import { put } from '../helpers/procfs.js'
import { lines, run } from '../helpers/run.js'

const [WEB, WEBBER, DB] = [`ab1${'0'.repeat(61)}`, `ab2${'0'.repeat(61)}`, 'd'.repeat(64)]
const CGROUPS: [pid: number, cgroup: string][] = [
  [1, '0::/init.scope'],
  [10, `0::/system.slice/docker-${WEB}.scope`],
  [11, `12:pids:/docker/${WEB}\n0::/docker/${WEB}`],
  [20, `0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${WEBBER}.scope`],
  [30, `0::/machine.slice/libpod-${DB}.scope/container`],
]

function machine(t: ExecutionContext): string {
  const procfs = tempFolder(t)
  for (const [pid, cgroup] of CGROUPS) {
    put(procfs, pid, {
      links: { '400000-401000': '/bin/app' },
      maps: ['00400000-00401000 r-xp 00000000 fe:00 7                          /bin/app'],
      mountinfo: ['21 1 254:0 / / rw - ext4 /dev/vda rw'],
    })
    writeFileSync(`${procfs}/${pid}/cgroup`, `${cgroup}\n`)
  }
  return procfs
}

const pidsIn = (stdout: string) => lines(stdout).map((line): number => JSON.parse(line).pid)

for (const [given, pids] of [
  [WEB, [10, 11]],
  ['ab1', [10, 11]],
  ['ab2', [20]],
  ['d', [30]],
] as const)
  test(`The processes of a container, by ${given.length} digits of its id: ${given.slice(0, 4)}`, async (t) => {
    const args = ['--procfs', machine(t), '--container', given]
    for (const raw of [[], ['--raw'], ['--all']]) {
      const { stdout, stderr, status } = await run('aufs-vma', [...args, ...raw])
      t.deepEqual([pidsIn(stdout), stderr, status], [pids, '', 0])
    }
  })

for (const [what, given, message] of [
  ['no container', 'f', 'no process is of a container whose id begins so'],
  ['several', 'ab', '2 containers have ids that begin so'],
] as const)
  test(`An id that is of ${what} is a message, and nothing is written`, async (t) => {
    const { stdout, stderr, status } = await run('aufs-vma', ['--procfs', machine(t), '--container', given])
    t.deepEqual([stdout, stderr, status], ['', `aufs-vma: --container ${given}: ${message}\n`, 1])
  })

test('Of entries that somebody else has read, those of the container', async (t) => {
  const procfs = machine(t)
  const raw = await run('aufs-vma', ['--procfs', procfs, '--raw', '--all'])
  const text = '400000-401000 -> /bin/app'
  for (const options of [[], ['--raw']]) {
    const { stdout, stderr, status } = await run(
      'aufs-vma',
      ['--procfs', procfs, ...options, '--container', 'ab1', '-'],
      `${raw.stdout}${text}\n`,
    )
    t.deepEqual([pidsIn(stdout), stderr, status], [[10, 11], '', 0])
  }
})

for (const args of [
  ['--container', 'web'],
  ['--container', ''],
  ['--container', 'ab1', '--pid', '7'],
  ['--container'],
])
  test(`Wrong usage: ${JSON.stringify(args)}`, async (t) => {
    const { stdout, status } = await run('aufs-vma', args)
    t.deepEqual([stdout, status], ['', 2])
  })
