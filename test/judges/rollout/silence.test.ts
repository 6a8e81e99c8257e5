import { describe, expect, it } from 'vitest'
import { cutAtRemoval } from '../../../src/judges/rollout/cut-at-removal.ts'
import { defaultRolloutPolicy } from '../../../src/judges/rollout/rollout-policy.ts'
import { silences } from '../../../src/judges/rollout/silence.ts'
import { edge, rollout, type Shop } from './shop.ts'

function listen(shop: Shop) {
  const input = rollout(shop)
  return silences({ ...input, own: cutAtRemoval(input), policy: defaultRolloutPolicy.silence })
}

const canaryMute: Shop['success'] = ({ pod }) => (pod.startsWith('v2') ? null : 1)

describe('silence', () => {
  it.each([
    [1, 75],
    [2, 100],
    [4, 150],
  ])('beside %i reporting baseline pods is worth at most 1 to %i', (baselines, odds) => {
    const [found] = listen({ baselines, success: canaryMute })
    expect(found).toMatchObject({ pod: 'v2-a', edge: { from: 'front', to: 'cart' }, expected: 18, delivered: 0 })
    expect(found!.isSilent).toBe(true)
    expect(Math.exp(found!.logE)).toBeCloseTo(odds, 8)
  })

  it('is not called when a baseline pod is as silent', () => {
    const [found] = listen({ success: ({ pod }) => (pod === 'v2-a' || pod === 'v1-b' ? null : 1) })
    expect(found).toMatchObject({ expected: 0, isSilent: false, logE: 0 })
  })

  it('is not called while nobody calls the service', () => {
    expect(listen({ success: canaryMute, mesh: [edge('front', 'cart', () => null)] })).toEqual([])
  })

  it('is called on one edge while another serves', () => {
    const input = rollout({ mesh: [edge('front', 'cart', () => 1), edge('checkout', 'cart', () => 1)] })
    const second = input.series.flatMap((series) =>
      series.kind === 'proportion' && series.pod.startsWith('v1')
        ? [{ ...series, edge: { from: 'checkout', to: 'cart' } }]
        : [],
    )
    const own = cutAtRemoval({ ...input, series: [...input.series, ...second] })
    const found = silences({ ...input, own, policy: defaultRolloutPolicy.silence })
    expect(found.map(({ edge: { from }, isSilent }) => [from, isSilent])).toEqual([
      ['front', false],
      ['checkout', true],
    ])
  })

  it('is not called of a pod that outlived its baseline, nor within the grace and five intervals', () => {
    expect(listen({ success: canaryMute, removed: { 'v1-a': 21, 'v1-b': 21, 'v1-c': 21 } })).toEqual([])
    const removed = { 'v1-a': 21, 'v1-b': 21, 'v1-c': 27 }
    expect(listen({ success: canaryMute, removed })).toEqual([])
    expect(listen({ success: canaryMute, removed: { ...removed, 'v1-c': 28 } })[0]).toMatchObject({ isSilent: true })
  })
})
