import { describe, expect, test } from 'vitest'
import { findPlace, type PodCounts } from '../../../src/judges/explanation/find-place.ts'
import { random } from '../../stats/random.ts'

const baseline = { requests: 100_000, errors: 500 }
const pods = (rates: readonly number[], requests = 2000): PodCounts[] =>
  rates.map((rate, index) => ({
    pod: `canary-${index}`,
    node: `node-${index % 2}`,
    requests,
    errors: Math.round(requests * rate),
  }))

describe('one bad pod or node', () => {
  test('is told apart from a bad version', () => {
    const finding = findPlace(pods([0.005, 0.3, 0.005, 0.006]), baseline, 'failed')
    expect(finding).toMatchObject({ kind: 'pod', place: 'canary-1' })
    expect(finding.summary).toBe(
      "Pod canary-1 fails 30% of its requests; the canary's others fail 0.53%, the baseline 0.50%: one bad pod, not a bad version.",
    )
  })

  test('a node is told when its pods are the bad ones', () => {
    expect(findPlace(pods([0.2, 0.005, 0.22, 0.006]), baseline, 'slow')).toMatchObject({
      kind: 'node',
      place: 'node-0',
    })
  })

  test('a version that fails everywhere is the version, though one pod is the worst', () => {
    expect(findPlace(pods([0.1, 0.12, 0.09, 0.11]), baseline, 'failed').kind).toBe('version')
    expect(findPlace(pods([0.1, 0.3, 0.1, 0.1]), baseline, 'failed')).toMatchObject({ kind: 'version' })
  })

  test('with one pod, no names or few requests nothing is claimed', () => {
    expect(findPlace(pods([0.5]), baseline, 'failed')).toMatchObject({ kind: 'unknown' })
    expect(findPlace([{ pod: '', node: '', requests: 9000, errors: 900 }], baseline, 'failed').kind).toBe('unknown')
    expect(findPlace(pods([0, 0.1], 10), baseline, 'failed').kind).toBe('unknown')
  })

  test('pods that are alike accuse none: at most one history in twenty', () => {
    let wrong = 0
    for (let seed = 1; seed <= 200; seed += 1) {
      const source = random(seed)
      const drawn = pods([0, 0, 0, 0, 0], 1500).map((pod) => {
        let errors = 0
        for (let i = 0; i < pod.requests; i += 1) if (source.uniform() < 0.03) errors += 1
        return { ...pod, errors }
      })
      if (findPlace(drawn, { requests: 100_000, errors: 3000 }, 'failed').kind === 'pod') wrong += 1
    }
    expect(wrong).toBeLessThanOrEqual(10)
  })
})
