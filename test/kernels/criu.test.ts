/** docs/criu.md, word by word, on a kernel on which Debian's CRIU runs. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { tempFolder } from '../helpers/folders.js'
import { skip } from '../helpers/machine.js'
import { binaries, lines, repository } from '../helpers/run.js'
import { BOOT_LIMIT_MINUTES, boot } from './boot.js'
import { kernelImage } from './kernel-image.js'
import { available, findProgram, must, Unavailable } from './programs.js'

/** What CRIU asks of the kernel, and what a container is made of. */
const MODULES = [
  ...['unix_diag', 'inet_diag', 'tcp_diag', 'udp_diag', 'raw_diag', 'netlink_diag', 'af_packet_diag'],
  ...['nfnetlink', 'nf_tables', 'tun', 'overlay'],
]

const PROGRAMS = ['node', 'criu', 'jq']

const GUEST = join(repository, 'test/kernels/guest')

/** Answers as Docker does of a container whose one process is in /container. */
const DOCKER = `case $1 in
  inspect) cat /container ;;
  top) echo PID; cat /container ;;
esac`

const SCENARIOS = ['container', 'log', 'lost', 'chroot']

/** What a scenario told, by what it is. */
type Told = Map<string, string[]>

let played: Promise<Map<string, Told>> | undefined

/** Plays all scenarios in one boot. @throws {Unavailable} where this machine cannot */
async function play(folder: string): Promise<Map<string, Told>> {
  const kernel = await available(async () => {
    for (const program of [...PROGRAMS, 'cpio', 'qemu-system-x86_64', 'gcc']) await findProgram(program)
    await must('gcc', '-static', '-O2', '-o', join(folder, 'mapped'), join(GUEST, 'mapped.c'))
    return kernelImage('6.1')
  })
  mkdirSync(join(folder, 'walk'))
  for (const [name, block] of blocks()) writeFileSync(join(folder, 'walk', name), block)
  const commands = readdirSync(binaries).flatMap((file) => /^(aufs-.*)\.js$/.exec(file)?.[1] ?? [])
  const scripts = new Map(commands.map((name) => [name, `exec node /dist/${name}.js "$@"`]))
  for (const [name, script] of scripts.set('docker', DOCKER)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  const files = {
    ...Object.fromEntries([...scripts.keys()].map((name) => [`usr/local/bin/${name}`, join(folder, name)])),
    ...{ mapped: join(folder, 'mapped'), walk: join(folder, 'walk'), dist: binaries, guest: GUEST },
  }
  const each = `printf "\\n%s\\t\\n" $name; sh /guest/criu.sh $name; printf "status\\t%d\\n" $?`
  const command = `ip link set lo up; for name in ${SCENARIOS.join(' ')}; do ${each}; done`
  const { stdout, stderr, status } = await boot(
    kernel,
    { programs: PROGRAMS, files, modules: MODULES },
    command,
  )
  if (status !== 0) throw new Error(stderr)
  return new Map(SCENARIOS.map((name) => [name, toldOf(stdout, name, stderr)]))
}

/** The blocks of the page, by the heading and their number below it. */
function blocks(): Map<string, string> {
  const names = { 'A container': 'container', 'Only the log is there': 'log', 'A chroot': 'chroot' }
  const page = readFileSync(join(repository, 'docs/criu.md'), 'utf8')
  const found = new Map<string, string>()
  for (const section of page.split(/^##+ /m)) {
    const name = names[lines(section)[0] as keyof typeof names]
    if (name === undefined) continue
    for (const [i, [, block = '']] of [...section.matchAll(/^```sh\n(.*?)^```$/gms)].entries())
      found.set(`${name}-${i + 1}`, block)
  }
  return found
}

function toldOf(output: string, scenario: string, stderr: string): Told {
  const [, section = ''] = output.split(`\n${scenario}\t\n`)
  const told: Told = new Map([['stderr', [stderr]]])
  for (const line of lines(section.split(/^\w+\t\n/m)[0] ?? '')) {
    const [, name = '', text = ''] = /^(.*?)\t(.*)$/.exec(line) ?? []
    told.set(name, [...(told.get(name) ?? []), text])
  }
  return told
}

/** What a scenario told; null where this machine cannot play it, which ends the test. */
async function playedOf(t: ExecutionContext, scenario: string): Promise<Told | null> {
  t.timeout((BOOT_LIMIT_MINUTES + 10) * 60_000)
  try {
    played ??= play(tempFolder(t))
    return (await played).get(scenario) ?? null
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    skip(t, error.message)
    return null
  }
}

const OVERLAY = (box: string) => [
  `["/bin/mapped","/box/${box}/base","current"]`,
  `["/data/shared","/box/${box}/top","current"]`,
  `["/data/private","/box/${box}/base","current"]`,
  `["/data/read","/box/${box}/base","current"]`,
]

/** The rows of step 6. */
const ROWS: Record<string, string[]> = {
  container: OVERLAY('container'),
  log: OVERLAY('log'),
  chroot: OVERLAY('chroot'),
  lost: ['/bin/mapped', '/data/shared', '/data/private', '/data/read'].map(
    (path) => `["${path}",null,"current"]`,
  ),
}

for (const scenario of SCENARIOS)
  test(`${scenario}: docs/criu.md is followed, and the process goes on with the same bytes in every mapping`, async (t) => {
    const told = await playedOf(t, scenario)
    if (told === null) return
    t.deepEqual(told.get('status'), ['0'], told.get('stderr')?.join('\n'))
    t.is(told.get('before')?.length, 8)
    t.deepEqual(told.get('after'), told.get('before'))
    t.deepEqual(told.get('rows'), ROWS[scenario])
  })

test('lost: CRIU alone cannot dump what lies on a mount of nobody, nor restore it', async (t) => {
  const told = await playedOf(t, 'lost')
  if (told === null) return
  t.deepEqual(told.get('status of criu alone'), ['1'])
  t.regex(told.get('error of criu alone')?.[0] ?? '', /^Can't lookup mount=\d+ for fd=-3 path=\/bin\/mapped$/)
  t.deepEqual(told.get('status of a restore alone'), ['1'])
  // CRIU takes the key for a path, less its first character.
  t.regex(
    told.get('error of a restore alone')?.[0] ?? '',
    /^Can't open file ile\[[0-9a-f]+:[0-9a-f]+\] on restore: /,
  )
  t.deepEqual(told.get('listed'), ['false'])
})

test('every step of docs/criu.md is followed', async (t) => {
  const told = await Promise.all(SCENARIOS.map((scenario) => playedOf(t, scenario)))
  if (told.includes(null)) return
  const followed = new Set(told.flatMap((each) => each?.get('step') ?? []))
  t.deepEqual([...followed].sort(), [...blocks().keys()].sort())
})
