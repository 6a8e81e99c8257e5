import { describe, expect, it } from 'vitest'
import { type JudgedRelease, rolloutOf, scoreReleases } from '../../load/accuracy/sets/canary-releases.ts'

function release(caseId: string, service: string, decision: JudgedRelease['decision'], place: number): JudgedRelease {
  return { caseId, incidentId: caseId.slice(0, 1), service, decision, reason: '', harm: -place, place }
}

describe('the score of canary releases', () => {
  const truths = [
    { case_id: 'a1', label: 'bad', incident_culprit: 'cart' },
    { case_id: 'a2', label: 'good', incident_culprit: 'cart' },
    { case_id: 'b1', label: 'bad', incident_culprit: 'mail' },
    { case_id: 'b2', label: 'good', incident_culprit: 'mail' },
  ] as const

  it('counts decisions by release and culprits by incident', () => {
    const judged = [
      release('a1', 'cart', 'rollback', 1),
      release('a2', 'mail', 'promote', 2),
      release('b1', 'mail', 'hold', 2),
      release('b2', 'cart', 'rollback', 1),
    ]
    expect(scoreReleases(judged, truths)).toMatchObject({
      cases: 4,
      precision: 0.5,
      recall: 0.5,
      falsePositiveRate: 0.5,
      holdShare: 0.25,
      hitRateAt1: 0.5,
      hitRateAt3: 1,
    })
  })

  it('refuses a release without truth', () => {
    expect(() => scoreReleases([release('z9', 'cart', 'hold', 1)], truths)).toThrow(/truth.jsonl for z9/)
  })

  it('reads percent as shares, latency once a pod, and the steps as the pods’ lives', () => {
    const series = (group: 'baseline' | 'canary', entity: string, metric: string, edge: string) => ({
      ...{ group, entity, metric, labels: { edge }, t: [60, 120], v: [50, null] },
    })
    const input = rolloutOf(
      {
        case_id: 'a1',
        incident_id: 'a',
        service: 'cart',
        change_start: 90,
        interval_s: 60,
        steps: [{ ts: 100, canary_pods: ['v2-x'], removed: ['v1-x'] }],
        series: [
          series('baseline', 'v1-x', 'success_rate_pct', 'front>cart'),
          series('baseline', 'v1-x', 'latency_ms', 'front>cart'),
          series('baseline', 'v1-x', 'latency_ms', 'checkout>cart'),
        ],
      },
      [],
    )
    expect(input.pods).toEqual([
      { name: 'v1-x', role: 'baseline', readyAt: 60, removedAt: 100 },
      { name: 'v2-x', role: 'canary', readyAt: 100, removedAt: null },
    ])
    expect(input.series.map(({ metric, points }) => [metric, points[0]!.value, points[1]!.value])).toEqual([
      ['success', 0.5, null],
      ['latency', 50, null],
    ])
  })
})
