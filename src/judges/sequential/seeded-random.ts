/**
 * Numbers within [0, 1) that look random and are the same for the same seed, on every machine.
 * Source: Mulberry32 of Tommy Ettinger (2017), public domain.
 *
 * @param seed taken modulo 2^32
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
