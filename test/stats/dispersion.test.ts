import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { distributionBandRadius } from '../../src/stats/distribution-band.ts'
import { pearsonDispersion } from '../../src/stats/pearson-dispersion.ts'
import { podVariance } from '../../src/stats/pod-variance.ts'
import { robustZ } from '../../src/stats/robust-z.ts'
import { random } from './random.ts'

function poissonTable(pods: number, blocks: number, rate: (pod: number, block: number) => number, seed: number) {
  const source = random(seed)
  return Array.from({ length: pods }, (_, pod) =>
    Array.from({ length: blocks }, (_, t) => source.poisson(rate(pod, t))),
  )
}

describe("Pearson's dispersion", () => {
  test('is about 1 for Poisson counts, whatever pods and blocks do', () => {
    const counts = poissonTable(20, 200, (pod, t) => (3 + pod) * (1 + 0.5 * Math.sin(t)), 5)
    expect(pearsonDispersion(counts)).toBeCloseTo(1, 1)
  })

  test('grows with the size of the clumps', () => {
    const counts = poissonTable(6, 40, () => 4, 6)
    const clumped = counts.map((row) => row.map((x) => 3 * x))
    expect(pearsonDispersion(clumped)).toBeCloseTo(3 * pearsonDispersion(counts)!, 12)
  })

  test('is unknown without two pods and two blocks that have events', () => {
    expect(pearsonDispersion([])).toBeNull()
    expect(pearsonDispersion([[3, 4]])).toBeNull()
    expect(
      pearsonDispersion([
        [3, 4],
        [0, 0],
      ]),
    ).toBeNull()
    expect(
      pearsonDispersion([
        [3, 0],
        [2, 0],
      ]),
    ).toBeNull()
  })

  test('a pod without events changes nothing', () => {
    const counts = poissonTable(4, 10, () => 4, 7)
    expect(pearsonDispersion([...counts, Array(10).fill(0)])).toBeCloseTo(pearsonDispersion(counts)!, 12)
  })
})

describe('the variance between pods', () => {
  const exposures = Array.from({ length: 40 }, () => Array(50).fill(1000))

  test('is none when all pods have the same rate', () => {
    expect(podVariance(Array(5).fill([4, 4]), Array(5).fill([9, 9]))).toMatchObject({ q: 0, tau: 0 })
  })

  test('is about that of the simulation', () => {
    const source = random(11)
    const effects = exposures.map(() => Math.exp(0.2 * source.normal()))
    const found = podVariance(
      poissonTable(40, 50, (pod) => 20 * effects[pod]!, 12),
      exposures,
    )
    expect(found!.tau).toBeGreaterThan(0.15)
    expect(found!.tau).toBeLessThan(0.25)
  })

  test('a pod with twice the exposure and twice the events is like the others', () => {
    const found = podVariance(
      [
        [4, 6],
        [4, 6],
        [8, 12],
      ],
      [
        [10, 10],
        [10, 10],
        [20, 20],
      ],
    )
    expect(found).toMatchObject({ phi: 1, tau: 0 })
    expect(found!.q).toBeCloseTo(0, 12)
  })

  test('needs two pods', () => {
    expect(podVariance([[4, 6]], [[10, 10]])).toBeNull()
  })
})

describe('the robust z', () => {
  const history = [10.1, 9.8, 10.4, 10, 9.9, 14, 10.2]

  test('does not depend on the unit, nor changes its input', () => {
    const kept = Object.freeze([...history])
    expect(
      robustZ(
        kept.map((value) => value * 1000),
        11_500,
      ),
    ).toBeCloseTo(robustZ(kept, 11.5), 9)
  })

  test('a history without spread still tolerates 1% and the resolution', () => {
    expect(robustZ([200, 200, 200], 202)).toBeCloseTo(1, 12)
    expect(robustZ([200, 200, 200], 202, 4)).toBeCloseTo(0.5, 12)
    expect(robustZ([0, 0, 0], 0)).toBe(0)
  })

  test('an empty history is an error', () => {
    expect(() => robustZ([], 1)).toThrow()
  })
})

describe('the band of a distribution', () => {
  test('holds the true distribution at all looks of at least 95% of runs', () => {
    let missed = 0
    for (let run = 0; run < 200; run++) {
      const source = random(5000 + run)
      const values: number[] = []
      for (let t = 1; t <= 600; t++) {
        values.push(source.uniform())
        if (t < 100 || t % 20 !== 0) continue
        const sorted = [...values].sort((a, b) => a - b)
        const distance = Math.max(...sorted.map((x, i) => Math.max((i + 1) / t - x, x - i / t)))
        if (distance > distributionBandRadius(t, 100, 0.05)) {
          missed++
          break
        }
      }
    }
    expect(missed / 200).toBeLessThanOrEqual(0.05)
  })

  test('gets narrower with more values, and wider with more certainty', () => {
    const count = fc.integer({ min: 100, max: 1e7 })
    fc.assert(
      fc.property(count, count, (t, u) => {
        fc.pre(t < u)
        expect(distributionBandRadius(u, 100, 0.05)).toBeLessThan(distributionBandRadius(t, 100, 0.05))
        expect(distributionBandRadius(t, 100, 0.01)).toBeGreaterThan(distributionBandRadius(t, 100, 0.05))
      }),
    )
  })
})
