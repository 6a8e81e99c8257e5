import { describe, expect, it } from 'vitest'
import { logNormalMs } from '../../deploy/demo/shop/work.ts'

/** mulberry32. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

describe('a log-normal duration', () => {
  it('has the median and the spread that were asked for', () => {
    const random = seeded(7)
    const logs = Array.from({ length: 20_000 }, () => Math.log(logNormalMs(24, 0.4, random))).toSorted((a, b) => a - b)
    const at = (share: number) => logs[Math.floor(logs.length * share)] ?? 0
    expect(at(0.5)).toBeCloseTo(Math.log(24), 1)
    // One standard deviation of the normal lies between its quantiles 0.1587 and 0.5.
    expect(at(0.5) - at(0.1587)).toBeCloseTo(0.4, 1)
  })

  it('is finite when the generator gives its smallest number', () => {
    expect(logNormalMs(24, 0.4, () => 0)).toBe(24)
  })
})
