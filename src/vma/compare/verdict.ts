/** What a comparison of bytes tells of a mapped file. Pure. */
import type { Comparison } from './compare-bytes.js'

/** What is known of a copy in a branch beside its bytes. */
export interface ComparedCopy {
  /** Nothing speaks against its being the mapped file. */
  mayBeMapped: boolean
}

/** What the bytes tell. */
export interface Verdict<C> {
  /** Whether what the path shows has the same bytes in all that is mapped; null where nothing tells. */
  sameBytes: boolean | null
  /** The copy that is mapped: no other has these bytes. Null where nothing tells which. */
  copy: C | null
}

/**
 * What a comparison tells.
 *
 * A page that the process has changed may hide a difference between the files. So where another file fits as well as the
 * one that the path shows, they must be the same there, too.
 *
 * @param comparison of the file that the path shows, if there is one, and then of the copies
 * @param isComplete whether no other copy may be the mapped one
 */
export function verdictOf<C extends ComparedCopy>(
  { fits, counted, isWhole }: Comparison,
  { isShown, copies, isComplete }: { isShown: boolean; copies: readonly C[]; isComplete: boolean },
): Verdict<C> {
  if (counted === 0) return { sameBytes: null, copy: null }
  const shown = isShown ? fits[0] : undefined
  const fitting = copies.filter((_, i) => fits[i + (isShown ? 1 : 0)]?.fits)
  const [only, other] = fitting
  const isCertain = isComplete && isWhole && other === undefined && copies.length > 1
  return {
    sameBytes: shown === undefined ? null : shown.fits ? isAlike(fits, isWhole) : false,
    copy: only?.mayBeMapped && isCertain ? only : null,
  }
}

function isAlike(fits: Comparison['fits'], isWhole: boolean): true | null {
  return isWhole && fits.every(({ fits, isLikeFirst }) => !fits || isLikeFirst) ? true : null
}
