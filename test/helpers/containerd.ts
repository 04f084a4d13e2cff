/** A containerd of a test's own: its root, its state and its socket are in the test's folder. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isInstalled, isRoot } from './machine.js'
import { next, until } from './processes.js'
import { outcome } from './run.js'

/** Why containerd cannot be run here; null where it can. */
export function containerdObstacle(): string | null {
  if (!isRoot) return 'a containerd of its own takes root'
  const missing = ['containerd', 'ctr', 'runc'].find((program) => !isInstalled(program))
  return missing === undefined ? null : `${missing} is not installed`
}

export class Containerd {
  /** Where a test may leave what it needs. */
  readonly folder = mkdtempSync(join(tmpdir(), 'containerd-'))
  readonly #child: ChildProcess

  constructor() {
    mkdirSync(this.root)
    const plugins = ['grpc.v1.cri', 'snapshotter.v1.btrfs', 'snapshotter.v1.zfs', 'snapshotter.v1.devmapper']
    writeFileSync(
      `${this.folder}/config.toml`,
      `version = 2
root = "${this.root}"
state = "${this.folder}/state"
disabled_plugins = [${plugins.map((name) => `"io.containerd.${name}"`).join(', ')}]
[grpc]
address = "${this.#socket}"
[ttrpc]
address = "${this.#socket}.ttrpc"
`,
    )
    const config = ['--config', `${this.folder}/config.toml`]
    this.#child = spawn('containerd', config, { stdio: ['ignore', 'ignore', 'ignore'] })
    this.#child.on('error', () => {})
  }

  /** The folder of its store. */
  get root(): string {
    return `${this.folder}/root`
  }

  get #socket(): string {
    return `${this.folder}/sock`
  }

  /** What `ctr` says. @throws what it complains of */
  async ctr(...args: string[]): Promise<string> {
    const { stdout, stderr, status } = await outcome('ctr', ['--address', this.#socket, ...args])
    if (status !== 0) throw new Error(`ctr ${args.join(' ')}: ${stderr.trim()}`)
    return stdout
  }

  /** The rows of a list that `ctr` prints, less its heading. */
  async list(...args: string[]): Promise<string[][]> {
    const rows = (await this.ctr(...args)).split('\n').slice(1)
    return rows
      .filter((row) => row !== '')
      .map((row) => row.trim().split(/ {2,}|\t+| (?=Committed|Active|View)/))
  }

  /** Waits until it answers. @throws where it has ended instead */
  async ready(): Promise<void> {
    const hasEnded = () => this.#child.exitCode !== null || this.#child.pid === undefined
    await until(() => existsSync(this.#socket) || hasEnded())
    if (hasEnded()) throw new Error('containerd has ended')
    await this.ctr('version')
  }

  /** The folders of a snapshot that can be written to: its own, then those below. */
  async foldersOf(key: string, namespace = 'default'): Promise<[own: string, ...below: string[]]> {
    const mount = await this.ctr('--namespace', namespace, 'snapshots', 'mounts', '/nowhere', key)
    const [, upper] = /upperdir=([^, \n]+)/.exec(mount) ?? []
    const [, lower] = /lowerdir=([^, \n]+)/.exec(mount) ?? []
    if (upper === undefined || lower === undefined) throw new Error(`no folders: ${mount}`)
    return [upper, ...lower.split(':')]
  }

  /** The folder of a snapshot that is committed: the first below another. (`ctr` makes no view that garbage collection leaves.) */
  async committedFolderOf(key: string): Promise<string> {
    const above = `on ${key}`
    await this.ctr('snapshots', 'prepare', above, key)
    const [, folder = ''] = await this.foldersOf(above)
    await this.ctr('snapshots', 'remove', above)
    return folder
  }

  /** Ends all that it runs, itself, and what it has mounted. */
  async stop(): Promise<void> {
    for (const [task = ''] of await this.list('tasks', 'list').catch(() => []))
      await this.ctr('tasks', 'delete', '--force', task.split(' ')[0] ?? '').catch(() => '')
    if (this.#child.exitCode === null && this.#child.kill()) await next(this.#child, 'exit')
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '')
    const left = mounts.filter((mount) => mount.startsWith(`${this.folder}/`)).toReversed()
    if (left.length > 0) await outcome('umount', ['--lazy', ...left])
    rmSync(this.folder, { recursive: true, force: true })
  }
}
