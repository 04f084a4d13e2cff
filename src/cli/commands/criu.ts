/** VMA records to what CRIU has to be told of them, and CRIU with it. */

import { spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import { resolve } from 'node:path'
import {
  dumpOptions,
  type ExternalFile,
  ExternalFiles,
  FIRST_DESCRIPTOR,
  mappedFileFilter,
  restoreOptions,
  withOptions,
} from '../../criu/external-files.js'
import { InputError, systemReason } from '../../errors.js'
import { askAll } from '../../files/asking.js'
import { Folder } from '../../files/folder.js'
import { openRegularFile } from '../../files/regular-file.js'
import { lineTransform } from '../../lines/line-transform.js'
import { type ByteString, bytesOf } from '../../text/byte-string.js'
import { quote } from '../../text/printable.js'
import { word } from '../../text/shell.js'
import { UsageError } from '../arguments.js'
import { namingOtherKinds } from '../other-kinds.js'
import type { Run } from '../run.js'
import type { AnyUsage, Args } from '../usage.js'

function pipeline({ options, action, command, each, report, print }: Run<Args<typeof usage.options>>): void {
  const root = rootOf(action, options.root)
  const external = new ExternalFiles()
  const take = (file: Parameters<ExternalFiles['add']>[0]) => {
    external.add(file)
    return ''
  }
  each((lines) => lineTransform(namingOtherKinds(mappedFileFilter(), 'VMA records'), take, lines))
  // A file that has a message would be missing, so nothing is run.
  if (process.exitCode === 1) return
  const { files } = external
  const given = root === null ? dumpOptions(files) : restoreOptions(root, files)
  const words = withOptions(command, action, given)
  if (options.print) print(root === null ? script(words) : comments(root, files) + script(words))
  else run(words, root === null ? [] : openAll(root, files, report), report)
}

const usage = {
  name: 'aufs-criu',
  synopsis: [
    'dump [OPTION]... [FILE]... -- COMMAND...',
    'restore --root DIR [OPTION]... [FILE]... -- COMMAND...',
  ],
  actions: ['dump', 'restore'],
  about:
    'VMA records in (NDJSON), and criu is run with what it needs to dump and restore mapped files whose mount is not the ' +
    "process's, as on AUFS. A restore opens each of these files below DIR and hands it over. The exit status is that of " +
    'the command. It is 1 where a message says that a file cannot be restored from its path: then nothing is run.',
  hint: 'try: aufs-vma --pid 4711 | aufs-criu dump --print -- criu dump -t 4711 -D img',
  options: {
    root: {
      value: 'DIR',
      describe: 'Of a restore: where the root of the process is mounted again',
    },
    print: {
      describe: 'Write the command, quoted for sh, instead of running it',
    },
  },
  examples: [
    [
      'aufs-vma --pid 4711 | tee vma.ndjson | aufs-criu dump -- criu dump -t 4711 -D img',
      'an unmodified CRIU dumps a container on AUFS',
    ],
    ['aufs-criu restore --root /mnt/restore vma.ndjson -- criu restore -D img', 'and restores it'],
  ],
  files: [],
} as const satisfies AnyUsage

export const criu = { usage, pipeline }

type Report = Run<unknown>['report']

/** The folder of a restore, absolute, as CRIU works in another; null for a dump. @throws UsageError */
function rootOf(action: string, root: string | undefined): string | null {
  const restores = action === 'restore'
  if (restores && root === undefined) throw new UsageError('restore needs --root')
  if (!restores && root !== undefined)
    throw new UsageError('--root goes with restore; that of criu dump goes after --')
  return root === undefined ? null : resolve(root)
}

/** Opens each file below a folder. What cannot be opened is reported. Returns null if there is any. */
function openAll(root: string, files: readonly ExternalFile[], report: Report): number[] | null {
  const folder = new Folder(bytesOf(root), { asking: askAll })
  const descriptors: number[] = []
  for (const { path, isWritten } of files)
    try {
      descriptors.push(openRegularFile(folder, path, isWritten))
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      if (report(root, error) === 'stop') break
    }
  folder.close()
  return descriptors.length === files.length ? descriptors : null
}

/** Runs a command that has descriptors besides standard input, output and error. Its status becomes ours. */
function run([program = '', ...args]: string[], descriptors: readonly number[] | null, report: Report): void {
  if (descriptors === null) return
  // An interrupt is for the command: what it says of that, and its status, is what counts.
  process.on('SIGINT', () => {})
  const { error, status, signal } = spawnSync(program, args, { stdio: [0, 1, 2, ...descriptors] })
  if (error !== undefined) report(program, new InputError(systemReason(error)))
  else process.exitCode = signal === null ? (status ?? 1) : SIGNALLED + constants.signals[signal]
}

/** What a shell adds to the number of the signal that ended a command. */
const SIGNALLED = 128

/** The command, for a shell. */
function script(words: readonly string[]): ByteString {
  return `${words.map((each) => word(bytesOf(each))).join(' ')}\n`
}

/** What the descriptors of a restore are, which a shell alone cannot say: dash knows those of one digit only. */
function comments(root: string, files: readonly ExternalFile[]): ByteString {
  const lines = files.map(({ path, isWritten }, i) => {
    const file = quote(bytesOf(root) + path, path.length + root.length)
    return `# descriptor ${FIRST_DESCRIPTOR + i}: ${file}, ${isWritten ? 'read and written' : 'read'}\n`
  })
  return bytesOf(lines.join(''))
}
