/** The options of a mount, and of its superblock, as mount(8) takes them. */
import { InputError } from '../../errors.js'
import { flagNames } from '../../proc/mounts/mount-options.js'
import type { ByteString } from '../../text/byte-string.js'
import type { BranchTable } from '../branch-table.js'

/** How a union is mounted. */
export interface MountFlags {
  /** With the command that mounts it. */
  first: ByteString[]
  /** Those that it then has. */
  given: ByteString[]
  /** Those that it shall have. */
  wanted: ByteString[]
}

/**
 * The options of a mount are the mount's own, those of the union the superblock's. `ro` and `rw` are both, and mount(8) sets both
 * at once.
 *
 * @param isWritable false where the superblock is read-only whatever is said
 * @throws InputError for an option that no mount(8) sets: `idmapped`
 */
export function mountFlags(
  { mount_options, options }: Pick<BranchTable, 'mount_options' | 'options'>,
  isWritable: boolean,
  readOnly: boolean,
): MountFlags {
  const own = (mount_options ?? []).filter((option) => !/^(rw|ro|relatime)$/.test(option))
  const unknown = own.find((option) => !flagNames.has(option))
  if (unknown !== undefined) throw new InputError('a mount with an option that cannot be set', unknown)
  const isStrict = mount_options?.every((option) => option !== 'relatime' && option !== 'noatime') ?? false
  const others = isStrict ? [...own, 'strictatime'] : own
  const isReadOnly = readOnly || mount_options?.includes('ro') === true
  const isSuperReadOnly = readOnly || options?.includes('ro') || (isReadOnly && !options?.includes('rw'))
  const isFirstReadOnly = isWritable ? isSuperReadOnly : isReadOnly
  return {
    first: isFirstReadOnly ? ['ro', ...others] : others,
    given: [isFirstReadOnly ? 'ro' : 'rw', ...others],
    wanted: [isReadOnly ? 'ro' : 'rw', ...others],
  }
}

/** What is no option of a filesystem to mount(8), or is told by the branches. */
const OTHER_WORDS = new Set([
  ...['bind', 'rbind', 'move', 'remount', 'loop', 'offset', 'sizelimit', 'helper', 'uhelper', 'comment'],
  ...[
    'auto',
    'noauto',
    'nofail',
    'user',
    'users',
    'nouser',
    'nousers',
    'owner',
    'noowner',
    'group',
    'nogroup',
  ],
  ...[
    'defaults',
    'suid',
    'dev',
    'exec',
    'br',
    'dirs',
    'add',
    'ins',
    'append',
    'prepend',
    'del',
    'mod',
    'imod',
  ],
  ...['lowerdir', 'upperdir', 'workdir', 'datadir'],
])

/** What the kernel shows, but nobody can set: a filesystem with labels of SELinux. */
const SHOWN_ONLY = new Set(['rw', 'ro', 'seclabel'])

/** The options of a union that are handed to mount. @throws InputError for what may be none */
export function checkedOptions(options: readonly ByteString[]): ByteString[] {
  return options.filter((option) => {
    const [, name = ''] = /^([a-z][a-z0-9_]*)(?:=(?:"[^"\\]*"|[^",\\]*))?$/.exec(option) ?? []
    if (name === '' || OTHER_WORDS.has(name)) throw new InputError('no option of a union', option)
    return !SHOWN_ONLY.has(option)
  })
}
