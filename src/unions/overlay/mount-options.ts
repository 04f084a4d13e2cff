/** Mount options that give an overlay its layers, whatever bytes their paths hold. */
import { InputError } from '../../errors.js'
import type { ByteString } from '../../text/byte-string.js'
import { Links, lengthOf } from '../../text/shell.js'
import { LONGEST_TEXT, type MountableBranch, type MountPlan } from '../union-type.js'

/**
 * overlayfs takes a backslash before what its options would cut at, but nothing can be appended to what does not fit.
 * mount drops all options for a `"`, and a last comma even where it is escaped.
 */
export function mountPlan(branches: MountableBranch[], workdir: ByteString | null): MountPlan {
  for (const needsLink of [(path: ByteString) => path.includes('"') || path.endsWith(','), () => true]) {
    const links = new Links()
    const text = overlayText(branches, workdir, (path) => (needsLink(path) ? links.to(path) : path))
    if (lengthOf(text) <= LONGEST_TEXT) return { source: 'overlay', texts: [text], links }
  }
  throw new InputError(`${branches.length} layers do not fit in ${LONGEST_TEXT} bytes of mount options`)
}

function overlayText(
  branches: MountableBranch[],
  workdir: ByteString | null,
  told: (path: ByteString) => ByteString,
): ByteString {
  const [top, ...others] = branches
  const upper = top?.perm === 'rw' ? top : null
  if (others.some(({ perm }) => perm === 'rw'))
    throw new InputError('only the topmost layer of an overlay can be rw')
  const lower = upper === null ? branches : others
  const layers = lower.map(({ path, attributes }, i) => {
    const separator = attributes.includes('data') ? '::' : i === 0 ? '' : ':'
    return separator + told(path).replace(/[\\:,]/g, '\\$&')
  })
  const options = [`lowerdir=${layers.join('')}`]
  // Linux before 6.16 takes data-only layers with it alone.
  if (lower.some(({ attributes }) => attributes.includes('data'))) options.unshift('metacopy=on')
  if (upper !== null) {
    if (workdir === null) throw new InputError('an upper folder without a workdir', upper.path)
    const escaped = (path: ByteString) => told(path).replace(/[\\,]/g, '\\$&')
    options.push(`upperdir=${escaped(upper.path)}`, `workdir=${escaped(workdir)}`)
  }
  return options.join(',')
}
