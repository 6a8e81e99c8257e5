import { describe, expect, test } from 'vitest'
import type { Histogram } from '../../../src/domain/evidence.ts'
import { trackLatencyThresholds } from '../../../src/judges/sequential/latency-thresholds.ts'

/** Half of the requests in `bucket`, half above. */
function around(bucket: number, requests: number): Histogram {
  return [
    [bucket, requests / 2],
    [bucket + 100, requests / 2],
  ]
}

describe('latency thresholds', () => {
  test('too little of a past gives none', () => {
    const thresholds = trackLatencyThresholds([0.5, 0.99], [])
    expect(thresholds.bucketFor(0.5)).toBeNull()
    thresholds.closeBlock(around(10, 100))
    expect(thresholds.bucketFor(0.5)).toBe(10)
    expect(thresholds.bucketFor(0.99)).toBeNull()
  })

  test('the hour before the start helps while there are too few blocks', () => {
    const thresholds = trackLatencyThresholds([0.99], around(10, 4000))
    expect(thresholds.bucketFor(0.99)).toBe(110)
    thresholds.closeBlock(around(5, 100))
    expect(thresholds.bucketFor(0.99)).toBe(110)
  })

  test('the newest five blocks decide once there are five', () => {
    const thresholds = trackLatencyThresholds([0.5], around(10, 100_000))
    for (let i = 0; i < 5; i++) thresholds.closeBlock(around(50, 100))
    expect(thresholds.bucketFor(0.5)).toBe(50)
    for (let i = 0; i < 5; i++) thresholds.closeBlock(around(80, 100))
    expect(thresholds.bucketFor(0.5)).toBe(80)
  })

  test('more blocks are taken while five hold too few requests', () => {
    const thresholds = trackLatencyThresholds([0.5, 0.9], [])
    for (let i = 0; i < 30; i++) thresholds.closeBlock(around(30, 10))
    expect(thresholds.bucketFor(0.5)).toBe(30)
    expect(thresholds.bucketFor(0.9)).toBe(130)
  })

  test('blocks without requests are no blocks', () => {
    const thresholds = trackLatencyThresholds([0.5], [])
    thresholds.closeBlock(around(30, 100))
    for (let i = 0; i < 9; i++) thresholds.closeBlock([])
    expect(thresholds.bucketFor(0.5)).toBe(30)
  })
})
