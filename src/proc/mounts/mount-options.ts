/** The words of mount options: which are a mount's own, and which its superblock's. */
import type { ByteString } from '../../text/byte-string.js'

/** A mount's own options, in the kernel's order (`show_mnt_opts()` in fs/proc_namespace.c), with their bits in mount(2). */
const OWN_OPTIONS: readonly (readonly [name: string, bit: number])[] = [
  ['nosuid', 1 << 1],
  ['nodev', 1 << 2],
  ['noexec', 1 << 3],
  ['noatime', 1 << 10],
  ['nodiratime', 1 << 11],
  ['relatime', 1 << 21],
  ['nosymfollow', 1 << 8],
]

const READ_ONLY = 1

/** The words of those. */
export const flagNames: ReadonlySet<ByteString> = new Set(OWN_OPTIONS.map(([name]) => name))

/** Whether a word is one that only a mount has. */
function isOwnName(option: ByteString): boolean {
  return flagNames.has(option) || option === 'idmapped'
}

/**
 * A mount's own options as mountinfo has them, of the flags of mount(2), as CRIU logs them. (Flags for its propagation,
 * which mountinfo has elsewhere, are among them.)
 *
 * @example mountOptionsOf(0x200001) // ['ro', 'relatime']
 */
export function mountOptionsOf(flags: number): ByteString[] {
  const own = OWN_OPTIONS.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name)
  return [(flags & READ_ONLY) === 0 ? 'rw' : 'ro', ...own]
}

/**
 * Tells the options of /proc/mounts apart, where those of a mount and of its superblock stand together (`show_vfsmnt()`).
 *
 * `rw` is of both. `ro` may be of one alone: of the superblock nothing tells.
 *
 * @example splitOptions(['rw', 'relatime', 'lowerdir=/a:/b']) // { mount_options: ['rw', 'relatime'], super_options: ['rw', 'lowerdir=/a:/b'] }
 */
export function splitOptions(options: readonly ByteString[]): {
  mount_options: ByteString[]
  super_options: ByteString[]
} {
  const [access = 'rw', ...others] = options
  // A path may hold what looks like one of these words after a comma; the kernel writes them before all that has paths.
  const end = others.findIndex((option) => option.includes('='))
  const isOwn = (option: ByteString, i: number) => (end === -1 || i < end) && isOwnName(option)
  return {
    mount_options: [access, ...others.filter(isOwn)],
    super_options: [...(access === 'rw' ? [access] : []), ...others.filter((option, i) => !isOwn(option, i))],
  }
}

/** Puts together again what was split in quotes: SELinux labels hold commas, as in `context="system_u:object_r:t:s0:c1,c2"`. */
export function joinQuoted(options: readonly ByteString[]): ByteString[] {
  const joined: ByteString[] = []
  for (const option of options) {
    const before = joined.at(-1)
    if (before !== undefined && /^[a-z]+="[^"]*$/s.test(before))
      joined[joined.length - 1] = `${before},${option}`
    else joined.push(option)
  }
  return joined
}
