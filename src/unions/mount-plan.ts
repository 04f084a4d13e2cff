/** Mount options that give a union its branches, whatever bytes their paths hold. */

import type { ByteString } from '../text/byte-string.js'
import type { Links } from '../text/shell.js'
import type { Branch } from './branch-table.js'

/** A branch that can be mounted: an absolute path and a permission. */
export type MountableBranch = Pick<Branch, 'attributes'> & { path: ByteString; perm: ByteString }

/** Option texts, each for a command of its own, and the links that they lead through. */
export interface MountPlan {
  texts: ByteString[]
  links: Links
}

/** The kernel takes one page of options, with a byte to end it; some is left for what mount(8) may add. */
export const LONGEST_TEXT = 4000
