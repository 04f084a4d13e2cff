/** Branch tables to a shell script that mounts the unions again: what `aufs-remount` does. */
import { InputError } from '../../errors.js'
import type { Filter, LineOptions } from '../../lines/filter.js'
import type { Chunk, RecordStream } from '../../lines/record-stream.js'
import { parseRecord } from '../../lines/records.js'
import { chunkStream } from '../../lines/streams.js'
import { type ByteString, bytesOf } from '../../text/byte-string.js'
import { below, join } from '../../text/paths.js'
import type { Text } from '../../text/text-types.js'
import { placeWord, planOf } from './mount-commands.js'
import { Places } from './places.js'
import { isGuessed, type Remountable, type RemountOptions, readRemountable, rootOf } from './remountable.js'

/** Where and how unions are mounted again. Paths are byte strings. */
export interface ScriptOptions extends RemountOptions {
  /**
   * The first union is mounted there, one that was mounted in a folder of it in that folder. A table whose mount is not known
   * goes there as well; one that was mounted elsewhere is an InputError. Null, the default, is each table's own mount point,
   * which then must be there.
   */
  root?: ByteString | null
  /** Called once with what is right but not all that was. */
  note?: (text: string) => void
}

/**
 * Since util-linux 2.39, mount hands options to the kernel one by one, at most 255 bytes each and cut at the first `=`
 * (`br:/a` would be a name): it is told to use mount(2) as before.
 */
const PRELUDE = 'export LIBMOUNT_FORCE_MOUNT2=always\nfailed=\n'

/** The script fails where anything could not be mounted, or a table has no commands. */
const ALL_WELL = 'test -z "$failed"\n'
const NOT_ALL = 'false\n'

const GUESSED = 'no permissions are told: the topmost branch is mounted rw, the others as they mostly are'

/** The filter behind {@link remount}: NDJSON tables to shell text. */
export function remountFilter(options: ScriptOptions = {}): Filter<ByteString> {
  const script = new Script(options)
  return {
    line({ text }, emit) {
      emit(script.add(() => parseRecord(text, 'branch table', readRemountable)))
    },
    tooLong: () => script.refuse(),
    end: (emit) => emit(script.end()),
  }
}

/**
 * The script that mounts one union again.
 *
 * @throws InputError where it cannot be: a branch is not known, was removed, is twice there, or is a writable `/`
 * @example remountCommands(table, { root: '/mnt/restore' }) // '…\nmount -t aufs -o br:/a=rw:/b=ro+wh none /mnt/restore || …'
 */
export function remountCommands(table: Remountable, options: ScriptOptions = {}): ByteString {
  const script = new Script(options)
  return script.add(() => table) + script.end()
}

class Script {
  readonly #options: ScriptOptions
  readonly #places = new Places()
  #prelude = PRELUDE
  #top: ByteString | null = null
  #isWhole = true
  #isNoted = false

  constructor(options: ScriptOptions) {
    this.#options = options
  }

  /** The commands of a table. @throws InputError where it cannot be mounted */
  add(table: () => Remountable): ByteString {
    try {
      return this.#commands(table())
    } catch (error) {
      this.refuse()
      throw error
    }
  }

  /** Takes note that a table has no commands. */
  refuse(): void {
    this.#isWhole = false
  }

  end(): ByteString {
    if (!this.#isWhole) return NOT_ALL
    return this.#prelude === '' ? ALL_WELL : ''
  }

  #commands(table: Remountable): ByteString {
    const { root: top = null, note = () => {}, ...options } = this.#options
    this.#top ??= table.mount_point
    const target = top === null ? table.mount_point : placeBelow(top, table.mount_point, this.#top)
    const word = placeWord(target)
    const root = rootOf(table)
    // A look-up of /… begins below what was mounted there: it would find the folder of the host.
    if (target === '/' && root !== '/')
      throw new InputError('a folder of the union cannot be put over /', root)
    const plan = planOf(table, options)
    const within = top === null || target === top ? null : top
    const commands = this.#places.commands({ plan, root, target: target ?? '/', word, within })
    const prelude = this.#prelude
    this.#prelude = ''
    if (!isGuessed(table)) return prelude + commands
    if (!this.#isNoted) note(GUESSED)
    this.#isNoted = true
    return `${prelude}# ${GUESSED}\n${commands}`
  }
}

function placeBelow(root: ByteString, mountPoint: ByteString | null, top: ByteString | null): ByteString {
  if (mountPoint === null || top === null) return root
  const place = below(mountPoint, top)
  if (place === null)
    throw new InputError('not mounted below the first union, and --root tells where that goes', mountPoint)
  return join(root, place)
}

/**
 * A stream from NDJSON {@link BranchTable}s to the bytes of a shell script that mounts them again.
 *
 * @example process.stdin.pipe(remount({ root: '/mnt/restore' })).pipe(spawn('sh').stdin)
 */
export function remount({
  root,
  prefix,
  readOnly = false,
  note,
  ...options
}: LineOptions & {
  root?: string
  prefix?: string
  readOnly?: boolean
  note?: (text: string) => void
} = {}): RecordStream<Chunk | Text<Remountable>, Buffer> {
  const filter = remountFilter({
    root: root === undefined ? null : bytesOf(root),
    prefix: prefix === undefined ? null : bytesOf(prefix),
    readOnly,
    ...(note && { note }),
  })
  return chunkStream(filter, (text) => text, options)
}
