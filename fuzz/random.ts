/** What seems to be chance, and is the same again for the same seed. */
export interface Random {
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number
  pick<T>(all: readonly T[]): T
}

/** The authors' number, after which seeds that are alike have nothing in common. */
const ROUNDS = 12

/** Small Fast Counter of 32 bits (sfc32 of PractRand): the sequences of two seeds do not meet in all that one run takes. */
export function randomOf(seed: number): Random {
  let [a, b, c, counter] = [seed | 0, 0, 0, 1]
  const next = () => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  for (let round = 0; round < ROUNDS; round += 1) next()
  const below = (limit: number) => next() % limit
  return {
    below,
    pick(all) {
      const one = all[below(all.length)]
      if (one === undefined) throw new Error('nothing to pick from')
      return one
    },
  }
}
