/** Seeded randomness; the same seed gives the same numbers on every machine. */
export type RandomSource = {
  /** Within [0, 1). */
  uniform(): number
  normal(): number
  poisson(mean: number): number
}

/** Above this mean a Poisson number is a rounded normal one. */
const largeMean = 30

/**
 * A generator of its own for every text. Its state has 128 bits, because a simulation of many runs would overlap on the
 * orbit of one with 32.
 *
 * Sources: sfc32 of Chris Doty-Humphrey's PractRand (2013), public domain; FNV-1a for the seed; Box-Muller for normal;
 * Knuth's product for Poisson below a mean of 30.
 */
export function randomSource(seed: string): RandomSource {
  let [a, b, c, counter] = [hash(`${seed}/a`), hash(`${seed}/b`), hash(`${seed}/c`), 1]
  function uniform(): number {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  for (let i = 0; i < 20; i++) uniform()
  function normal(): number {
    return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  }
  function poisson(mean: number): number {
    if (mean > largeMean) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()))
    const limit = Math.exp(-mean)
    let count = 0
    for (let product = uniform(); product > limit; product *= uniform()) count++
    return count
  }
  return { uniform, normal, poisson }
}

function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value | 0
}
