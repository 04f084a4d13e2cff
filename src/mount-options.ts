/** Mount options that give a union its branches, whatever bytes their paths hold. */
import type { Branch } from './branches.js'
import type { ByteString } from './bytes.js'
import { InputError } from './errors.js'
import { Links, lengthOf } from './shell.js'

/** A branch that can be mounted: an absolute path and a permission. */
export type Layer = Pick<Branch, 'attributes'> & { path: ByteString; perm: ByteString }

/** Option texts, each for a command of its own, and the links that they lead through. */
export interface Plan {
  texts: ByteString[]
  links: Links
}

/** The kernel takes one page of options, with a byte to end it; some is left for what mount(8) may add. */
const LONGEST_TEXT = 4000

/**
 * AUFS's options know no escapes: `br:` cuts at each `:`, `append:` takes one path and cuts at no `:`, both cut at `=`,
 * mount at `,`, and a `"` makes it drop them all.
 */
export function aufsPlan(branches: Layer[]): Plan {
  const links = new Links()
  const texts: ByteString[] = []
  let text = ''
  let isAppending = false
  for (const branch of branches) {
    const member = aufsMember(branch, text === '', links)
    isAppending ||= member.includes(':')
    const longer = text === '' ? `br:${member}` : `${text}${isAppending ? ',append:' : ':'}${member}`
    if (lengthOf(longer) <= LONGEST_TEXT) text = longer
    else {
      texts.push(text)
      text = `remount,append:${member}`
      isAppending = true
    }
  }
  return { texts: [...texts, text], links }
}

function aufsMember({ path, perm, attributes }: Layer, isTopmost: boolean, links: Links): ByteString {
  const permission = [perm, ...attributes].join('+')
  if (!/^r[wor](\+[a-z_]{1,20}){0,20}$/.test(permission))
    throw new InputError('no permission of AUFS', permission)
  const isOdd = isTopmost ? /[,=":]/.test(path) : /[,="]/.test(path)
  const isLong = `remount,append:${path}=${permission}`.length > LONGEST_TEXT
  return `${isOdd || isLong ? links.to(path) : path}=${permission}`
}

/**
 * overlayfs takes a backslash before what its options would cut at, but nothing can be appended to what does not fit.
 * mount drops all options for a `"`, and a last comma even where it is escaped.
 */
export function overlayPlan(branches: Layer[], workdir: ByteString | null): Plan {
  for (const needsLink of [(path: ByteString) => path.includes('"') || path.endsWith(','), () => true]) {
    const links = new Links()
    const text = overlayText(branches, workdir, (path) => (needsLink(path) ? links.to(path) : path))
    if (lengthOf(text) <= LONGEST_TEXT) return { texts: [text], links }
  }
  throw new InputError(`${branches.length} layers do not fit in ${LONGEST_TEXT} bytes of mount options`)
}

function overlayText(
  branches: Layer[],
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
