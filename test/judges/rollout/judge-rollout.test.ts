import { describe, expect, it } from 'vitest'
import { judgeRollout } from '../../../src/judges/rollout/judge-rollout.ts'
import type { PodSeries } from '../../../src/judges/rollout/rollout-input.ts'
import { defaultRolloutPolicy as policy } from '../../../src/judges/rollout/rollout-policy.ts'
import { changeMinute, edge, history, rollout, type Shop, steady } from './shop.ts'

function judge(shop: Shop, onSilence: 'hold' | 'rollback' = 'hold') {
  return judgeRollout(rollout(shop), history, { ...policy, onSilence })
}

function isCanary(pod: string): boolean {
  return pod.startsWith('v2')
}

describe('a rollout judged from its pods', () => {
  const verdicts: readonly (readonly [string, Shop, string, string])[] = [
    ['a canary like its baseline is promoted', {}, 'promote', 'NO_HARM_SHOWN'],
    [
      'a canary that fails where its baseline serves is rolled back',
      { success: ({ pod }) => (isCanary(pod) ? 0.3 : 1) },
      'rollback',
      'HARM_SHOWN',
    ],
    [
      'a canary that burns five times the processor is rolled back',
      { cpu: (at) => steady(isCanary(at.pod) ? 200 : 40)(at)! },
      'rollback',
      'HARM_SHOWN',
    ],
    [
      'errors that strike both versions are not the canary’s',
      { success: ({ minute }) => (minute > 25 ? 0.4 : 1) },
      'promote',
      'NO_HARM_SHOWN',
    ],
    [
      'a warm-up that the baseline had at the same age is no harm',
      { latency: (at) => steady(at.minute - (isCanary(at.pod) ? changeMinute + 1 : 0) < 20 ? 60 : 20)(at)! },
      'promote',
      'NO_HARM_SHOWN',
    ],
    [
      'a slowdown of everybody is no harm of the canary',
      { latency: (at) => steady(at.minute > changeMinute ? 60 : 20)(at)! },
      'promote',
      'NO_HARM_SHOWN',
    ],
    ['a rollout without a canary pod is held', { canaries: 0 }, 'hold', 'NO_CANARY_DATA'],
    ['a canary of nine minutes is too young', { lastMinute: changeMinute + 10, mesh: [] }, 'hold', 'TOO_EARLY'],
    [
      'a canary of which only a dead processor is known is not promoted',
      { success: () => null, latency: () => null, cpu: () => 0 },
      'hold',
      'UNDERPOWERED',
    ],
    [
      'an outage of both versions that began after the canary holds it',
      { mesh: [edge('front', 'cart', () => 1), edge('checkout', 'cart', (m) => (m > 23 ? 0.2 : 1))] },
      'hold',
      'SHARED_OUTAGE',
    ],
    [
      'an outage that was there before the canary does not hold it',
      { mesh: [edge('front', 'cart', () => 1), edge('checkout', 'cart', (m) => (m > 10 ? 0.2 : 1))] },
      'promote',
      'NO_HARM_SHOWN',
    ],
    [
      'an outage two calls away does not hold it',
      { mesh: [edge('front', 'cart', () => 1), edge('mail', 'queue', (m) => (m > 23 ? 0.2 : 1))] },
      'promote',
      'NO_HARM_SHOWN',
    ],
  ]

  it.each(verdicts)('%s', (_, shop, decision, reason) => {
    expect(judge(shop)).toMatchObject({ decision, reason })
  })

  it('a canary that is never heard is decided by the policy, whatever else is fine', () => {
    const shop: Shop = { success: ({ pod }) => (isCanary(pod) ? undefined : 1) }
    expect(judge(shop)).toMatchObject({ decision: 'hold', reason: 'CANARY_SILENT' })
    expect(judge(shop, 'rollback')).toMatchObject({ decision: 'rollback', reason: 'CANARY_SILENT' })
  })

  it('what a baseline’s name carries after its removal is not the baseline’s', () => {
    const removed = { 'v1-a': 21, 'v1-b': 38 }
    const success: Shop['success'] = ({ pod, minute }) => (isCanary(pod) || minute >= (removedAt(pod) ?? 99) ? 0.2 : 1)
    const removedAt = (pod: string) => (removed as Record<string, number>)[pod]
    const clean = judge({ success: ({ pod }) => (isCanary(pod) ? 0.2 : 1), removed })
    expect(judge({ success, removed }).totalLogE).toBe(clean.totalLogE)
    expect(clean.reason).toBe('HARM_SHOWN')
  })

  it('errors towards other services are not the release’s', () => {
    const input = rollout()
    const failing = input.series.flatMap((series): PodSeries[] =>
      series.kind === 'proportion'
        ? [
            series,
            {
              ...series,
              edge: { from: 'cart', to: 'redis' },
              points: series.points.map((point) => ({ ...point, value: isCanary(series.pod) ? 0 : 1 })),
            },
          ]
        : [series],
    )
    expect(judgeRollout({ ...input, series: failing }, history, policy).reason).toBe('NO_HARM_SHOWN')
  })

  it('a gauge that both versions share is left out, and pods that share all of theirs are not judged', () => {
    const copied: Shop['cpu'] = ({ minute }) => 40 + minute
    const one = judge({ cpu: copied })
    expect(one.aliased[0]).toMatchObject({ metrics: ['cpu'], isOnePod: false })
    expect(one.metrics.map(({ metric }) => metric)).toEqual(['success', 'latency'])
    expect(one.reason).toBe('NO_HARM_SHOWN')
    expect(judge({ cpu: copied, latency: copied })).toMatchObject({ decision: 'hold', reason: 'ALIASED_ARMS' })
  })

  it('harm goes on below 0, so harmless canaries keep an order', () => {
    const slower = judge({ latency: (at) => steady(isCanary(at.pod) ? 23 : 20)(at)! })
    const faster = judge({ latency: (at) => steady(isCanary(at.pod) ? 15 : 20)(at)! })
    expect(slower.harm).toBeGreaterThan(faster.harm)
    expect(slower.harm).toBeLessThan(0)
  })

  it('more errors never lower the evidence', () => {
    const logEs = [1, 0.9, 0.7, 0.4, 0].map(
      (share) => judge({ success: ({ pod }) => (isCanary(pod) ? share : 0.95) }).totalLogE,
    )
    expect(logEs).toEqual(logEs.toSorted((a, b) => a - b))
  })

  it('says what will stay unproven', () => {
    const cpu = judge({}).metrics.find(({ metric }) => metric === 'cpu')
    expect(cpu!.floor).toBeGreaterThan(1.1)
    expect(cpu!.floor).toBeLessThan(1.5)
  })

  it('refuses broken input', () => {
    const input = rollout()
    const [first] = input.series
    const only = (series: readonly PodSeries[]) => () => judgeRollout({ ...input, series }, history, policy)
    expect(only([{ ...first!, pod: 'v9' }])).toThrow(/expected a pod of the rollout, got "v9"/)
    expect(only([{ ...first!, metric: 'tears' }])).toThrow(/metric tears of cart: expected one of success/)
    expect(only([{ ...first!, points: first!.points.toReversed() }])).toThrow(/expected ascending times/)
    expect(only(rollout({ success: () => 99 }).series)).toThrow(/expected a share, got 99/)
  })
})
