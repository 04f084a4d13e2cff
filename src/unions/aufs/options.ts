/** Branches as AUFS writes them: `PATH=PERM+ATTRIBUTE`, in br<N> and in the mount options. */
import { InputError } from '../../errors.js'
import { joinQuoted } from '../../proc/mounts/mount-options.js'
import type { ByteString } from '../../text/byte-string.js'
import type { Branch } from '../branch-table.js'

/**
 * Parses a branch as br<N> and `br:` have it, its escapes decoded: `PATH=PERM[+ATTRIBUTE]…`. A path may hold `=`; a
 * permission never holds `=` or `/`, so the last `=` is the separator (CRIU cuts at the first).
 *
 * @returns null where it is no branch
 * @example parseBranch(bytesOf('/o/eq=rw=ro+wh'), 6) // { index: 6, id: null, path: '/o/eq=rw', perm: 'ro', attributes: ['wh'] }
 */
export function parseBranch(text: ByteString, index: number): Branch | null {
  if (text.includes('\0')) return null
  const separator = text.lastIndexOf('=')
  const [perm, ...attributes] = text.slice(separator + 1).split('+')
  if (!text.startsWith('/') || separator === -1 || perm === undefined || !/^r[wor]$/.test(perm)) return null
  return { index, id: null, path: text.slice(0, separator), perm, attributes }
}

/**
 * The branches in AUFS's mount options (`aufs.brs=0`): `br:/a=rw:/b=ro+wh`, always the last option. Its paths hold `,` `:`
 * and `=` unescaped, so it is cut only where a permission is followed by `:/` or the end.
 *
 * @param superOptions split at each comma and decoded, as {@link Mount.super_options}
 * @returns null where they list none
 * @throws InputError where the list ends in something that is no branch
 * @example branchesInOptions(toBytes(['rw', 'si=1a', 'br:/o/com', 'ma=ro+wh:/b=ro']))?.map((b) => b.path) // ['/o/com,ma', '/b']
 */
export function branchesInOptions(superOptions: readonly ByteString[]): Branch[] | null {
  const first = firstBranch(superOptions)
  if (first === -1) return null
  const text = superOptions.slice(first).join(',').slice('br:'.length)
  const branches: Branch[] = []
  let start = 0
  for (const { index, 0: perm } of text.matchAll(/=r[wor](?:\+[a-z_]+)*(?=:\/|$)/g)) {
    const end = index + perm.length
    const branch = parseBranch(text.slice(start, end), branches.length)
    if (branch !== null) branches.push(branch)
    start = end + 1
  }
  if (start <= text.length) throw new InputError('a branch without a permission', text.slice(start))
  return branches
}

/** The options that tell neither the superblock's id nor its branches. */
export function ownOptions(superOptions: readonly ByteString[]): ByteString[] {
  const first = firstBranch(superOptions)
  const options = first === -1 ? superOptions : superOptions.slice(0, first)
  return joinQuoted(options.filter((option) => !option.startsWith('si=')))
}

function firstBranch(superOptions: readonly ByteString[]): number {
  return superOptions.findIndex((option) => option.startsWith('br:/'))
}
