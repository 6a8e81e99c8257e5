import { describe, expect, test } from 'vitest'
import {
  type CallSums,
  compareEdges,
  compareErrorTypes,
  compareTime,
} from '../../../src/judges/explanation/compare-calls.ts'

const requests = {
  baseline: { requests: 1000, nanoseconds: 100e9 },
  canary: { requests: 100, nanoseconds: 15e9 },
}
const call = (more: Partial<CallSums>): CallSums => ({
  ...{ arm: 'baseline', edge: 'payments', failed: false, errorType: '', calls: 1000, nanoseconds: 40e9 },
  ...more,
})

describe('what is called', () => {
  test('is compared per request', () => {
    const edges = compareEdges(
      [
        call({}),
        call({ arm: 'canary', calls: 250, nanoseconds: 9e9 }),
        call({ arm: 'canary', calls: 50, nanoseconds: 1e9, failed: true, errorType: '503' }),
      ],
      requests,
    )
    expect(edges).toHaveLength(1)
    expect(edges[0]).toMatchObject({ edge: 'payments', state: 'both' })
    expect(edges[0]!.baseline).toMatchObject({ callsPerRequest: 1, failed: 0, seconds: 0.04 })
    expect(edges[0]!.canary.callsPerRequest).toBe(3)
    expect(edges[0]!.canary.failed).toBeCloseTo(1 / 6)
    expect(edges[0]!.secondsMore).toBeCloseTo(0.06)
  })

  test('is new or vanished only when the other arm should have shown it by now', () => {
    const edges = compareEdges(
      [
        call({ edge: 'fraud', arm: 'canary', calls: 100 }),
        call({ edge: 'once', arm: 'canary', calls: 1 }),
        call({ edge: 'cache', calls: 5000 }),
        call({ edge: 'nightly', calls: 3 }),
      ],
      requests,
    )
    expect(edges.map(({ edge, state }) => [edge, state])).toEqual([
      ['fraud', 'new'],
      ['cache', 'vanished'],
    ])
  })

  test('leaves the time that the service spent itself', () => {
    const time = compareTime([call({}), call({ arm: 'canary', calls: 100, nanoseconds: 9e9 })], requests)!
    expect(time.baseline).toMatchObject({ request: 0.1, calls: 0.04 })
    expect(time.baseline.self).toBeCloseTo(0.06)
    expect(time.canary.self).toBeCloseTo(0.06)
    expect(compareTime([], { ...requests, canary: { requests: 0, nanoseconds: 0 } })).toBeNull()
  })

  test('fails by types, the canary’s own first', () => {
    const own = (errorType: string, arm: CallSums['arm'], calls: number) =>
      call({ edge: null, failed: true, errorType, arm, calls })
    const types = compareErrorTypes(
      [own('Declined', 'baseline', 50), own('Declined', 'canary', 5), own('NullPointer', 'canary', 3)],
      requests,
    )
    expect(types.map(({ errorType }) => errorType)).toEqual(['NullPointer', 'Declined'])
    expect(types[1]).toMatchObject({ baseline: { errors: 50, perRequest: 0.05 }, canary: { perRequest: 0.05 } })
  })
})
