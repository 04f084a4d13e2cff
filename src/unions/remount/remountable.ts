/** What of a branch table is mounted again, or why it cannot be. */
import { InputError } from '../../errors.js'
import { list, orNull, record, text, texts } from '../../lines/records.js'
import type { ByteString } from '../../text/byte-string.js'
import { DELETED, join } from '../../text/paths.js'
import { type Branch, type BranchTable, DETACHED } from '../branch-table.js'
import { typeOfTable, unionTypeName } from '../types.js'
import type { Mountable, MountableBranch } from '../union-type.js'
import { checkedOptions } from './mount-flags.js'

/** What of a {@link BranchTable} is needed to mount it again. */
export type Remountable = Pick<
  BranchTable,
  'fs_type' | 'mount_point' | 'root' | 'workdir' | 'mount_options' | 'options'
> & {
  branches: Pick<Branch, 'path' | 'perm' | 'attributes'>[]
}

/** Reads a table back, as far as it is needed. */
export const readRemountable = record<Remountable>({
  fs_type: unionTypeName,
  mount_point: orNull(text),
  root: orNull(text),
  workdir: orNull(text),
  mount_options: orNull(texts),
  options: orNull(texts),
  branches: list(
    record<Remountable['branches'][number]>({ path: orNull(text), perm: orNull(text), attributes: texts }),
  ),
})

/** How a union is mounted otherwise than it was. Paths are byte strings. */
export interface RemountOptions {
  /** Where the root of the layers is by now: the disk of a machine that is dead. */
  prefix?: ByteString | null
  /** Nothing is written to a layer. */
  readOnly?: boolean
}

/** The union of a table, without where and how it is mounted. @throws InputError where it cannot be mounted */
export function mountableOf(
  table: Remountable,
  { prefix = null, readOnly = false }: RemountOptions,
): Omit<Mountable, 'flags'> {
  const { lowerAttributes } = typeOfTable(table)
  const placed = (path: ByteString) => (prefix === null ? path : join(prefix, path))
  const branches = knownBranches(table).map(({ path, perm, attributes }) =>
    readOnly && perm === 'rw'
      ? { path: placed(path), perm: 'ro', attributes: [...lowerAttributes] }
      : { path: placed(path), perm, attributes },
  )
  if (table.workdir !== null) checkPath(table.workdir, 'the workdir')
  const workdir = table.workdir === null || readOnly ? null : placed(table.workdir)
  const options = table.options === null ? null : checkedOptions(table.options)
  return { branches, workdir, options }
}

/** Whether the table does not tell all permissions, so that those are taken which a union mostly has. */
export function isGuessed({ branches }: Remountable): boolean {
  return branches.some(({ perm }) => perm === null)
}

/** The branches, where all of them can be mounted, with the permissions that they have when nobody tells. */
function knownBranches({ branches, ...table }: Remountable): MountableBranch[] {
  const { lowerAttributes } = typeOfTable(table)
  if (branches.length === 0) throw new InputError('a union without branches')
  const paths = new Set<ByteString>()
  return branches.map(({ path, perm, attributes }, index) => {
    const name = `branch ${index}`
    if (path === null) throw new InputError(`the path of ${name} is not known`)
    if (attributes.includes(DETACHED))
      throw new InputError(`${name} is on a mount of its own, which nothing names`, path)
    checkPath(path, name)
    if (paths.has(path)) throw new InputError(`${name} is there twice`, path)
    paths.add(path)
    const known = perm === null ? withDefaults(path, index, lowerAttributes) : { path, perm, attributes }
    if (isRoot(path) && known.perm === 'rw') throw new InputError(`${name} is a writable /`)
    return known
  })
}

/** The kernel tells it as `/`; what somebody has written may be another name of it. */
function isRoot(path: ByteString): boolean {
  return path.split('/').every((name) => ['', '.', '..'].includes(name))
}

function withDefaults(path: ByteString, index: number, lowerAttributes: readonly string[]): MountableBranch {
  return index === 0
    ? { path, perm: 'rw', attributes: [] }
    : { path, perm: 'ro', attributes: [...lowerAttributes] }
}

/** What mountinfo adds to the root or mount point of what was removed (`seq_dentry()` in fs/seq_file.c). */
export const UNLINKED = '//deleted'

function checkPath(path: ByteString, name: string): void {
  if (path.includes('\0')) throw new InputError(`${name} holds a NUL`, path)
  if (!path.startsWith('/')) throw new InputError(`${name} is no absolute path`, path)
  if (path.endsWith(DELETED)) throw new InputError(`${name} was removed`, path)
}

/** What of the union was mounted. */
export function rootOf({ root }: Remountable): ByteString {
  if (root === null) return '/'
  checkPath(root, 'the root')
  if (root.endsWith(UNLINKED)) throw new InputError('the root was removed', root)
  return root
}
