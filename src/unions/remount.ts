/** Branch tables to the shell commands that mount the unions again: what `aufs-remount` does. */
import type { Duplex } from 'node:stream'
import { BoundedMap, keyText } from '../bounded-map.js'
import { InputError } from '../errors.js'
import type { Filter, LineOptions } from '../lines/filter.js'
import { hasFields, isText, isTexts, orNull, parseRecord } from '../lines/records.js'
import { chunkStream } from '../lines/streams.js'
import { type ByteString, bytesOf } from '../text/byte-string.js'
import { below, DELETED, join } from '../text/paths.js'
import { word } from '../text/shell.js'
import type { Branch, BranchTable } from './branch-table.js'
import { isUnionType } from './tables.js'
import { typeOfTable } from './types.js'
import type { MountableBranch } from './union-type.js'

/** What of a {@link BranchTable} is needed to mount it again. */
export type Remountable = Pick<BranchTable, 'fs_type' | 'mount_point' | 'root' | 'workdir'> & {
  branches: Pick<Branch, 'path' | 'perm' | 'attributes'>[]
}

/**
 * The first failure ends the script, with its status: what comes later may lie in what could not be mounted. Since
 * util-linux 2.39, mount hands options to the kernel one by one, at most 255 bytes each and cut at the first `=`
 * (`br:/a` would be a name): it is told to use mount(2) as before.
 */
const PRELUDE = 'set -e\nexport LIBMOUNT_FORCE_MOUNT2=always\n'

/**
 * The commands that mount a union again, as shell text for {@link remount}'s stream: to be run under `set -e`.
 * Other mount options (dio, xino …) are not in a table, or, as xi_path, would be in the way of a union still mounted.
 *
 * @param root where; null for the table's own mount point, which then must be there
 * @throws InputError where a branch is not known, was removed, is twice there, or is a writable `/`
 * @example remountCommands(table, '/mnt/restore') // 'mount -t aufs -o br:/a=rw:/b=ro+wh none /mnt/restore\n'
 */
export function remountCommands(table: Remountable, root: ByteString | null): ByteString {
  const branches = knownBranches(table)
  const target = mountTarget(root ?? table.mount_point)
  const { source, texts, links } = typeOfTable(table).mountPlan(branches, knownWorkdir(table))
  const mounts = texts.map((text, i) => {
    const how = i === 0 ? `-t ${table.fs_type}` : '-i'
    return `mount ${how} -o ${word(text)} ${source} ${word(target)}`
  })
  return links.around([...mounts, ...bindRoot(table.root, target)])
}

/** What mountinfo adds to the root or mount point of what was removed (`seq_dentry()` in fs/seq_file.c). */
const UNLINKED = '//deleted'

/** No system call takes a longer path. */
const LONGEST_PATH = 4095

function mountTarget(path: ByteString | null): ByteString {
  if (path === null) throw new InputError('where it was mounted is not known: --root DIR tells where')
  if (path === '' || path.includes('\0') || path.length > LONGEST_PATH)
    throw new InputError('no mount point', path)
  if (path.endsWith(UNLINKED)) throw new InputError('the mount point was removed', path)
  return path.startsWith('/') ? path : `./${path}`
}

/** Where only a folder of the union was mounted, that folder is put over the whole. */
function bindRoot(root: ByteString | null, target: ByteString): ByteString[] {
  if (root === null || root === '/') return []
  checkRoot(root)
  // A look-up of /… begins below what was mounted there: it would find the folder of the host.
  if (target === '/') throw new InputError('a folder of the union cannot be put over /', root)
  return [`mount --bind ${word(join(target, root))} ${word(target)}`]
}

function checkRoot(root: ByteString): void {
  checkPath(root, 'the root')
  if (root.endsWith(UNLINKED)) throw new InputError('the root was removed', root)
}

/** The branches, where all of them can be mounted, with the permissions that they have when nobody tells. */
function knownBranches({ branches, ...table }: Remountable): MountableBranch[] {
  const { lowerAttributes } = typeOfTable(table)
  if (branches.length === 0) throw new InputError('a union without branches')
  const paths = new Set<ByteString>()
  return branches.map(({ path, perm, attributes }, index) => {
    const name = `branch ${index}`
    if (path === null) throw new InputError(`the path of ${name} is not known`)
    checkPath(path, name)
    if (paths.has(path)) throw new InputError(`${name} is there twice`, path)
    paths.add(path)
    const known = perm === null ? withDefaults(path, index, lowerAttributes) : { path, perm, attributes }
    if (path === '/' && known.perm === 'rw') throw new InputError(`${name} is a writable /`)
    return known
  })
}

function knownWorkdir({ workdir }: Remountable): ByteString | null {
  if (workdir !== null) checkPath(workdir, 'the workdir')
  return workdir
}

function withDefaults(path: ByteString, index: number, lowerAttributes: readonly string[]): MountableBranch {
  return index === 0
    ? { path, perm: 'rw', attributes: [] }
    : { path, perm: 'ro', attributes: [...lowerAttributes] }
}

function checkPath(path: ByteString, name: string): void {
  if (path.includes('\0')) throw new InputError(`${name} holds a NUL`, path)
  if (!path.startsWith('/')) throw new InputError(`${name} is no absolute path`, path)
  if (path.endsWith(DELETED)) throw new InputError(`${name} was removed`, path)
}

/**
 * The filter behind {@link remount}: NDJSON tables to shell text.
 *
 * A union that is mounted again already is bound to its other places.
 *
 * @param root where: the first union is mounted there, one that was mounted in a folder of it in that folder. A table whose
 *   mount is not known goes there as well; one that was mounted elsewhere is an InputError.
 */
export function remountFilter(root: ByteString | null): Filter<ByteString> {
  let top: ByteString | null = null
  let prelude = PRELUDE
  const mounted = new BoundedMap<string, ByteString>(REMEMBERED)
  return {
    line({ text }, emit) {
      const table = parseRecord(text, 'branch table', isRemountable)
      top ??= table.mount_point
      const place = root === null ? table.mount_point : placeBelow(root, table.mount_point, top)
      const known = mounted.get(unionKey(table))
      const commands = known === undefined ? remountCommands(table, place) : bindAgain(table, known, place)
      emit(prelude + commands)
      prelude = ''
      if (known === undefined && isWhole(table)) mounted.set(unionKey(table), mountTarget(place))
    },
  }
}

/** Unions that are remembered of an endless input. */
const REMEMBERED = 1000

/** What makes two tables mounts of one union. To mount its writable branch twice would be undefined (overlayfs), or refused. */
function unionKey({ fs_type, branches, workdir }: Remountable): string {
  const layers = branches.map(({ path, perm, attributes }) => [path, perm, attributes])
  return keyText(JSON.stringify([fs_type, workdir, layers]))
}

function isWhole({ root }: Remountable): boolean {
  return root === null || root === '/'
}

function bindAgain({ root }: Remountable, known: ByteString, place: ByteString | null): ByteString {
  if (root !== null) checkRoot(root)
  return `mount --bind ${word(join(known, root ?? '/'))} ${word(mountTarget(place))}\n`
}

function placeBelow(root: ByteString, mountPoint: ByteString | null, top: ByteString | null): ByteString {
  if (mountPoint === null || top === null) return root
  const place = below(mountPoint, top)
  if (place === null)
    throw new InputError(`not mounted below the first union, and --root tells where that goes`, mountPoint)
  return join(root, place)
}

function isRemountable(value: unknown): value is Remountable {
  return hasFields<Remountable>(value, {
    fs_type: isUnionType,
    mount_point: orNull(isText),
    root: orNull(isText),
    workdir: orNull(isText),
    branches: (branches) => Array.isArray(branches) && branches.every(isRemountableBranch),
  })
}

function isRemountableBranch(value: unknown): boolean {
  return hasFields<Remountable['branches'][number]>(value, {
    path: orNull(isText),
    perm: orNull(isText),
    attributes: isTexts,
  })
}

/**
 * A stream from NDJSON {@link BranchTable}s to the bytes of a shell script that mounts them again.
 *
 * @param options `root` is where; the default is each table's own mount point, which then must be there
 * @example process.stdin.pipe(remount({ root: '/mnt/restore' })).pipe(spawn('sh').stdin)
 */
export function remount({ root, ...options }: LineOptions & { root?: string } = {}): Duplex {
  return chunkStream(remountFilter(root === undefined ? null : bytesOf(root)), (text) => text, options)
}
