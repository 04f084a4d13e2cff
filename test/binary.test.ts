/** The single executable does what the commands do, on a machine without Node. It is built once, for all tests here. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { isInstalled, isRoot, skip } from './helpers/machine.js'
import { type Outcome, outcome, repository, run } from './helpers/run.js'
import { cases, machines } from './helpers/sample-cases.js'

const ARCHITECTURES: Record<string, number> = { x64: 62, arm64: 183 }
const folderOf = (arch: string) => `${repository}/dist/binary/linux-${arch}`
const folder = folderOf(process.arch)

/** Why there is nothing to test; null where there is. */
let missing: string | null = null

/** Coverage is nobody's business here. */
const plain = { NODE_V8_COVERAGE: undefined }

test.before('Builds it', async (t) => {
  t.timeout(900_000)
  if (!(process.arch in ARCHITECTURES)) missing = `no executable for ${process.arch}`
  else if (!isInstalled('npm')) missing = 'no npm'
  if (missing !== null) return
  const { stderr, status } = await outcome(process.execPath, ['scripts/binary/build.mjs'], '', plain)
  if (/^cannot fetch /.test(stderr)) missing = stderr
  else if (status !== 0) throw new Error(stderr)
})

/** A test of the executable, which is skipped where it could not be built. */
function binaryTest(title: string, body: (t: ExecutionContext) => Promise<void>): void {
  test(title, async (t) => (missing === null ? body(t) : skip(t, missing)))
}

/** Runs a command of the executable where no other program is to be found, and what is said to Node does harm. */
function alone(name: string, args: string[], input?: string | Buffer, from = folder): Promise<Outcome> {
  const environment = ['PATH=/nowhere', 'NODE_OPTIONS=--require /nowhere', 'TMPDIR=/nowhere', 'HOME=/nowhere']
  return outcome('env', ['-i', ...environment, `${from}/${name}`, ...args], input)
}

for (const [sample, files] of cases)
  binaryTest(`the executable writes what ${sample} expects`, async (t) => {
    for (const { expected, run: line } of files)
      t.deepEqual(
        await alone(...line),
        { stdout: readFileSync(`${repository}/${expected}`, 'latin1'), stderr: '', status: 0 },
        expected,
      )
  })

const vmas = machines.flatMap((machine) =>
  machine.pid === null ? [] : [`${machine.folder}/expected/vma.ndjson`],
)

/** Command lines beside those that write what a sample expects. */
const LINES: [command: string, args: string[], input?: string][] = [
  ...machines.map((machine): [string, string[]] => [
    'aufs-remount',
    ['--root', '/mnt', `${machine.folder}/expected/branches.ndjson`],
  ]),
  ['aufs-images', vmas],
  ['aufs-criu', ['dump', '--print', ...vmas, '--', 'criu', 'dump', '-t', '1']],
  ['aufs-view', vmas],
  ['aufs-view', ['--html', '-', ...vmas]],
  ['aufs-mounts', ['/nowhere', '-'], 'nonsense\n29 21 0:17 / / rw - aufs none rw,si=1a\n'],
  ['aufs-mounts', ['--nonsense']],
  ['aufs-vma', ['--pid', '0']],
  ...readdirSync(folder.replace(/binary\/.*/, 'man')).flatMap((page): [string, string[]][] => {
    const command = page.replace(/\.1$/, '')
    return [
      [command, ['--help']],
      [command, ['--version']],
    ]
  }),
]

binaryTest('the executable does what the commands of npm do, right or wrong', async (t) => {
  for (const [command, args, input] of LINES)
    t.deepEqual(
      await alone(command, args, input),
      await run(command, args, input),
      `${command} ${args.join(' ')}`,
    )
})

binaryTest('the executable is the command that it is called by, else the first word is', async (t) => {
  const mountinfo = 'samples/leaky-08-several/proc/1/mountinfo'
  const expected = await run('aufs-mounts', [mountinfo])
  t.is(expected.status, 0)
  t.deepEqual(await alone('aufs-filters', ['mounts', mountinfo]), expected)

  const elsewhere = mkdtempSync(join(tmpdir(), 'binary-test-'))
  t.teardown(() => rmSync(elsewhere, { recursive: true }))
  for (const name of ['aufs-mounts', 'menu', 'some tool', '..aufs-vma'])
    symlinkSync(`${folder}/aufs-filters`, `${elsewhere}/${name}`)
  t.deepEqual(await alone('aufs-mounts', [mountinfo], '', elsewhere), expected)
  t.deepEqual(await alone('some tool', ['mounts', mountinfo], '', elsewhere), expected)
  t.deepEqual(await alone('..aufs-vma', ['mounts', '--', mountinfo], '', elsewhere), expected)
})

binaryTest('the executable says which commands it has', async (t) => {
  const help = await alone('aufs-filters', ['--help'])
  t.deepEqual([help.stderr, help.status], ['', 0])
  const names = readdirSync(folder).flatMap((name) => /^aufs-(?!filters)(.*)$/.exec(name)?.[1] ?? [])
  t.is(names.length, 8)
  for (const name of names) t.regex(help.stdout, new RegExp(`^  ${name} +[A-Z]`, 'm'))

  const { version } = JSON.parse(readFileSync(`${repository}/package.json`, 'utf8'))
  t.is((await alone('aufs-filters', ['--version'])).stdout, `${version}\n`)
  const wrong = (reason: string) => ({
    ...{ stdout: '', status: 2 },
    stderr: `aufs-filters: ${reason}\nTry: aufs-filters --help\n`,
  })
  t.deepEqual(await alone('aufs-filters', []), wrong('the command is missing'))
  t.deepEqual(await alone('aufs-filters', ['menu\x1b[31m']), wrong('no command: "menu\\u001b[31m"'))
  const full = await outcome('sh', ['-c', `"${folder}/aufs-filters" --help > /dev/full`], '', plain)
  t.deepEqual(full, {
    ...full,
    stderr: 'aufs-filters: standard output: no space left on device (ENOSPC)\n',
    status: 1,
  })
})

binaryTest('the executable needs no /tmp', async (t) => {
  if (!isRoot) return skip(t, 'it takes root to mount')
  // The executable may itself be below /tmp.
  const script = `mount --bind "$1" /mnt && mount -t tmpfs -o ro none /tmp && cd / &&
    echo '29 21 0:17 / / rw - aufs none rw,si=1a' | exec /mnt/aufs-mounts`
  const words = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', folder]
  const { stdout, stderr, status } = await outcome('unshare', words, '', plain)
  if (/^(mount|unshare):/m.test(stderr)) return skip(t, stderr)
  t.deepEqual([stderr, status], ['', 0])
  t.is(JSON.parse(stdout).mount_id, 29)
})

binaryTest(
  'V8 takes the code that was kept of each command, and the scan is in the executable',
  async (t) => {
    const work = `${repository}/dist/binary/work`
    const script = `
    import { readFileSync } from 'node:fs'
    import { compile } from '${repository}/dist/scripts/binary/load.js'
    for (const name of process.argv.slice(1)) {
      const script = compile(name, readFileSync('${work}/bundles/' + name + '.js'), readFileSync('${work}/' + name + '.cache'))
      console.log(name, script.cachedDataRejected)
    }`
    const names = readdirSync(work).flatMap((file) =>
      file.endsWith('.cache') ? [file.replace('.cache', '')] : [],
    )
    t.is(names.length, 8)
    const node = `${work}/node-${process.arch}/bin/node`
    const { stdout, stderr } = await outcome(node, ['--input-type=module', '-e', script, ...names], '', plain)
    t.deepEqual([stdout, stderr], [names.map((name) => `${name} false\n`).join(''), ''])

    const executable = readFileSync(`${folder}/aufs-filters`)
    t.true(executable.includes(readFileSync(`${repository}/dist/bin/scan.wasm`)))
  },
)

for (const [arch, machine] of Object.entries(ARCHITECTURES))
  binaryTest(`the executable for ${arch} is one, and has what is to be run in it`, async (t) => {
    const elf = readFileSync(`${folderOf(arch)}/aufs-filters`)
    t.is(elf.toString('latin1', 0, 4), '\x7fELF')
    t.is(elf.readUInt16LE(18), machine)
    t.true(elf.includes('NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1'))
    for (const { type, offset, address } of segments(elf)) {
      // Pages have 4 KiB to 64 KiB; a segment that is loaded lies in its page as in the file.
      if (type === LOAD) t.is((address - offset) % (arch === 'arm64' ? 0x10000n : 0x1000n), 0n)
    }
    for (const licence of ['LICENSE', 'LICENSES.txt', 'LICENSE.node'])
      t.regex(readFileSync(`${folderOf(arch)}/${licence}`, 'utf8'), /permission|licen[cs]e/i)
  })

const LOAD = 1

/** The program headers of an ELF file of 64 bits. */
function segments(elf: Buffer): { type: number; offset: bigint; address: bigint }[] {
  const start = Number(elf.readBigUInt64LE(32))
  const [size, count] = [elf.readUInt16LE(54), elf.readUInt16LE(56)]
  return Array.from({ length: count }, (_, i) => {
    const at = start + i * size
    return {
      type: elf.readUInt32LE(at),
      offset: elf.readBigUInt64LE(at + 8),
      address: elf.readBigUInt64LE(at + 16),
    }
  })
}

/** What every archive has, below its prefix. */
const INSTALLED = [
  ...['bin/aufs-filters', 'bin/aufs-vma', 'share/man/man1/aufs-vma.1.gz', 'share/man/man1/aufs-filters.1.gz'],
  ...['share/bash-completion/completions/aufs-vma', 'share/fish/vendor_completions.d/aufs-vma.fish'],
  ...[
    'README.md',
    'LICENSE',
    'LICENSES.txt',
    'LICENSE.node',
    'docs/records.md',
    'samples/recipes/restart.sh',
  ].map((name) => `share/doc/aufs-filters/${name}`),
  'share/aufs-filters/bpf/pin.sh',
]

/** How each archive is made and unpacked: the script has its path as $1, and the folder as $2. */
const ARCHIVES: Record<string, { tools: string[]; unpack: string; prefix: string; zsh: string }> = {
  deb: {
    tools: ['dpkg-deb', 'dpkg'],
    // Installed by dpkg where we may; what it depends on is not asked of an empty root.
    unpack: `if [ "$(id -u)" = 0 ]; then
        mkdir -p "$2/var/lib/dpkg/info" "$2/var/lib/dpkg/updates" && : > "$2/var/lib/dpkg/status" &&
        dpkg --root="$2" --force-depends --install "$1" && dpkg --root="$2" --verify aufs-filters
      else dpkg-deb -x "$1" "$2"; fi`,
    ...{ prefix: 'usr', zsh: 'share/zsh/vendor-completions' },
  },
  rpm: {
    tools: ['rpmbuild', 'rpm2cpio', 'cpio'],
    unpack: 'rpm2cpio "$1" | (cd "$2" && cpio -id --quiet)',
    ...{ prefix: 'usr', zsh: 'share/zsh/site-functions' },
  },
}

for (const [kind, { tools, unpack, prefix, zsh }] of Object.entries(ARCHIVES))
  binaryTest(`the .${kind} installs the commands, their man pages and completions`, async (t) => {
    for (const tool of tools) if (!isInstalled(tool)) return skip(t, `no ${tool}`)
    const packages = ['scripts/binary/packages.mjs', '-0', process.arch, kind]
    const packed = await outcome(process.execPath, packages, '', plain)
    t.deepEqual([packed.stderr, packed.status], ['', 0])
    const archive = join(repository, packed.stdout.trim())
    const root = mkdtempSync(join(tmpdir(), 'package-test-'))
    t.teardown(() => rmSync(root, { recursive: true }))
    const installed = await outcome('sh', ['-c', unpack, 'sh', archive, root])
    t.is(installed.status, 0, installed.stderr)

    const files = readdirSync(`${root}/${prefix}`, { recursive: true, encoding: 'utf8' })
    for (const file of [...INSTALLED, `${zsh}/_aufs-filters`]) t.true(files.includes(file), file)
    const commands = files.filter((file) => /^bin\/aufs-(?!filters)/.test(file))
    t.is(commands.length, 8)
    for (const command of commands) {
      t.true(files.includes(`share/man/man1/${command.replace('bin/', '')}.1.gz`))
      const { stdout, status } = await alone(command, ['--help'], '', `${root}/${prefix}`)
      t.true(stdout.startsWith(`Usage: ${command.replace('bin/', '')} `))
      t.is(status, 0)
    }
    rmSync(archive)
  })
