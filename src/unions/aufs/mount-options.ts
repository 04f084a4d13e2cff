/** Mount options that give an AUFS its branches, whatever bytes their paths hold. */
import { InputError } from '../../errors.js'
import type { ByteString } from '../../text/byte-string.js'
import { Links, lengthOf } from '../../text/shell.js'
import { LONGEST_TEXT, type Mountable, type MountableBranch, type MountPlan } from '../union-type.js'

/**
 * AUFS's options know no escapes: `br:` cuts at each `:`, `append:` takes one path and cuts at no `:`, both cut at `=`,
 * mount at `,`, and a `"` makes it drop them all.
 */
export function mountPlan({ branches, flags, options }: Mountable): MountPlan {
  const links = new Links()
  const texts: ByteString[] = []
  // A remount sets the flags anew.
  const again = ['remount', ...flags, 'append:'].join(',')
  let text = [...flags, ...(options ?? []), 'br:'].join(',')
  let isFirst = true
  let isAppending = false
  for (const branch of branches) {
    const member = aufsMember(branch, isFirst, again, links)
    isAppending ||= member.includes(':')
    const longer = text + (isFirst ? '' : isAppending ? ',append:' : ':') + member
    if (lengthOf(longer) <= LONGEST_TEXT) text = longer
    else if (isFirst) throw new InputError(`options longer than ${LONGEST_TEXT} bytes`)
    else {
      texts.push(text)
      text = again + member
      isAppending = true
    }
    isFirst = false
  }
  return { source: 'none', ways: [{ texts: [...texts, text], links }] }
}

function aufsMember(
  { path, perm, attributes }: MountableBranch,
  isTopmost: boolean,
  again: ByteString,
  links: Links,
): ByteString {
  const permission = [perm, ...attributes].join('+')
  const areAttributes = attributes.length <= 20 && attributes.every((each) => /^[a-z_]{1,20}$/.test(each))
  if (!/^r[wor]$/.test(perm) || !areAttributes) throw new InputError('no permission of AUFS', permission)
  const isOdd = isTopmost ? /[,=":]/.test(path) : /[,="]/.test(path)
  const isLong = `${again}${path}=${permission}`.length > LONGEST_TEXT
  return `${isOdd || isLong ? links.to(path) : path}=${permission}`
}
