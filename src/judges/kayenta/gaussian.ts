const multiplier = 0x5deece66dn
const increment = 0xbn
const mask = (1n << 48n) - 1n

/**
 * Standard normal numbers from a seed, by Java's generator (48-bit linear congruence, Marsaglia's polar method): what
 * the original adds to constant data, except that there the seed is a new one each time.
 */
export function gaussian(seed: number): () => number {
  let state = (BigInt(seed) ^ multiplier) & mask
  let spare: number | null = null

  function bits(count: bigint): number {
    state = (state * multiplier + increment) & mask
    return Number(state >> (48n - count))
  }

  function uniform(): number {
    return (bits(26n) * 2 ** 27 + bits(27n)) * 2 ** -53
  }

  return () => {
    if (spare !== null) {
      const value = spare
      spare = null
      return value
    }
    for (;;) {
      const a = 2 * uniform() - 1
      const b = 2 * uniform() - 1
      const square = a * a + b * b
      if (square >= 1 || square === 0) continue
      const factor = Math.sqrt((-2 * Math.log(square)) / square)
      spare = b * factor
      return a * factor
    }
  }
}
