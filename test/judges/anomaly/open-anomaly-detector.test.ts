import { describe, expect, test } from 'vitest'
import { openAnomalyDetector } from '../../../src/judges/anomaly/open-anomaly-detector.ts'
import { seededRandom } from '../../../src/judges/sequential/seeded-random.ts'

const stepMs = 300_000
const day = 288

/** Ten days of five minutes with a daily wave and noise, and what `disturb` makes of it. */
function watched(disturb: (value: number, at: number) => number, unit = 1) {
  const random = seededRandom(7)
  const detector = openAnomalyDetector()
  return Array.from({ length: 10 * day }, (_, at) => {
    const value = 100 + 40 * Math.sin((2 * Math.PI * at) / day) + 4 * (random() - 0.5)
    return detector.observe(at * stepMs, unit * disturb(value, at))
  })
}

const anomalousAt = 8 * day + 70

describe('the anomaly detector', () => {
  test('a value that is usual at another hour is strange at this one', () => {
    const scores = watched((value, at) => (at === anomalousAt ? 60 : value)).map(({ score }) => score)
    expect(scores.indexOf(Math.max(...scores))).toBe(anomalousAt)
    expect(scores[anomalousAt]).toBeGreaterThan(4)
  })

  test('a wave without anomalies stays below the score that one in ten thousand rows would have', () => {
    expect(
      Math.max(
        ...watched((value) => value)
          .slice(2 * day)
          .map(({ score }) => score),
      ),
    ).toBeLessThan(4)
  })

  test('an outage is told once: within a day only what is stranger is told again', () => {
    const outage = watched((value, at) => (at >= anomalousAt && at < anomalousAt + 100 ? -1000 : value))
    expect(outage.slice(anomalousAt, anomalousAt + 100).filter(({ score }) => score > 2)).toHaveLength(1)
    const worse = watched((value, at) => (at === anomalousAt ? 130 : at === anomalousAt + 9 ? 120 : value))
    expect(worse[anomalousAt + 9]!.score).toBeGreaterThan(worse[anomalousAt]!.score)
  })

  test('the unit does not matter', () => {
    const spike = (value: number, at: number) => (at === anomalousAt ? 200 : value)
    const plain = watched(spike)[anomalousAt]!
    const scaled = watched(spike, 1024)[anomalousAt]!
    expect(scaled.score).toBeCloseTo(plain.score, 9)
    expect(scaled.expected).toBeCloseTo(1024 * plain.expected, 6)
  })

  test('what comes later never changes what was told', () => {
    const calm = watched((value) => value)
    const broken = watched((value, at) => (at >= anomalousAt ? 0 : value))
    expect(broken.slice(0, anomalousAt)).toEqual(calm.slice(0, anomalousAt))
  })

  test('a young series is silent, and a still one tells its first move', () => {
    const detector = openAnomalyDetector()
    const young = Array.from({ length: 30 }, (_, at) => detector.observe(at * stepMs, at === 29 ? 1e9 : 1))
    expect(young.every(({ score }) => score === 0)).toBe(true)
    const still = openAnomalyDetector()
    for (let at = 0; at < 100; at += 1) still.observe(at * stepMs, 5)
    expect(still.observe(100 * stepMs, 5.1)).toEqual({ expected: 5, surprise: 30, score: 30 })
  })

  test.each([
    [Number.NaN, 1],
    [0, Number.POSITIVE_INFINITY],
  ])('%d at %d is an error', (ms, value) => {
    expect(() => openAnomalyDetector().observe(ms, value)).toThrow(RangeError)
  })
})
