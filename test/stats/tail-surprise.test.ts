import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sortedSample } from '../../src/stats/sorted-sample.ts'
import { tailSurprise } from '../../src/stats/tail-surprise.ts'

const quantiles = Array.from({ length: 999 }, (_, at) => -Math.log(1 - (at + 0.5) / 999))

describe('tail surprise', () => {
  test.each([1, 4, 8, 16])('of an exponential sample is the exponential tail, beyond its values too (x = %d)', (x) => {
    expect(tailSurprise(quantiles, x) / (x / Math.LN10)).toBeCloseTo(1, 1)
  })

  test('it knows no unit and grows with x', () => {
    const scaled = quantiles.map((value) => 1e6 * value)
    expect(tailSurprise(scaled, 9e6)).toBeCloseTo(tailSurprise(quantiles, 9), 9)
    expect(tailSurprise(quantiles, 9)).toBeGreaterThan(tailSurprise(quantiles, 8.9))
  })

  test('a young sample is never surprised; one of equal values is, by anything larger', () => {
    expect(tailSurprise(quantiles.slice(0, 29), 100)).toBe(0)
    const still = Array.from({ length: 100 }, () => 0)
    expect(tailSurprise(still, 0)).toBeCloseTo(0, 9)
    expect(tailSurprise(still, 1e-9)).toBe(30)
  })
})

describe('sorted sample', () => {
  test('keeps the newest values in order, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 })), fc.integer({ min: 1, max: 8 }), (values, capacity) => {
        const sample = sortedSample(capacity)
        for (const value of values) sample.add(value)
        expect(sample.values).toEqual(values.slice(-capacity).sort((one, other) => one - other))
      }),
    )
  })

  test('forgets the oldest over thousands of values, and an empty one has no median', () => {
    const sample = sortedSample()
    for (let at = 0; at < 5000; at += 1) sample.add((at * 7919) % 5003)
    for (let at = 0; at < 4997; at += 1) sample.dropOldest()
    const last = [4997, 4998, 4999].map((at) => (at * 7919) % 5003).sort((one, other) => one - other)
    expect(sample.values).toEqual(last)
    expect(sample.median()).toBe(last[1])
    for (let at = 0; at < 4; at += 1) sample.dropOldest()
    expect(sample.median()).toBeNaN()
  })
})
