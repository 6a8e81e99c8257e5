import { describe, expect, it } from 'vitest'
import { judgeRollouts } from '../../../src/judges/rollout/judge-rollouts.ts'
import { rankCulprits } from '../../../src/judges/rollout/rank-culprits.ts'
import { defaultRolloutPolicy } from '../../../src/judges/rollout/rollout-policy.ts'
import { edge, history, rollout, type Shop } from './shop.ts'

const shopMesh = [
  edge('front', 'cart', () => 1),
  edge('front', 'ads', () => 1),
  edge('front', 'checkout', (m) => (m > 24 ? 0.3 : 1)),
  edge('checkout', 'cart', (m) => (m > 25 ? null : 1)),
  edge('checkout', 'mail', (m) => (m > 25 ? null : 1)),
]

function together(...shops: readonly Shop[]) {
  const inputs = shops.map((shop) => rollout({ mesh: shopMesh, ...shop }))
  return judgeRollouts(inputs, history, defaultRolloutPolicy)
}

describe('rollouts of the same time', () => {
  it('are all held by an outage that none explains', () => {
    const judgements = together({ service: 'checkout' }, { service: 'cart' }, { service: 'ads' })
    expect(judgements.map(({ reason }) => reason)).toEqual(['SHARED_OUTAGE', 'SHARED_OUTAGE', 'SHARED_OUTAGE'])
  })

  it('are judged by their own evidence when one of them explains the outage', () => {
    const judgements = together({ service: 'ads' }, { service: 'cart', success: ({ pod }) => (pod === 'v2-a' ? 0 : 1) })
    expect(judgements.map(({ reason }) => reason)).toEqual(['NO_HARM_SHOWN', 'HARM_SHOWN'])
    expect(judgements[0]!.outages.length).toBeGreaterThan(0)
  })

  it('are ranked by harm, and proven harm needs no outage', () => {
    const judgements = together(
      { service: 'checkout' },
      { service: 'ads', success: ({ pod }) => (pod === 'v2-a' ? 0 : 1) },
    )
    expect(rankCulprits(judgements).map(({ service }) => service)).toEqual(['ads', 'checkout'])
  })

  it('without proof name first whom the failing service calls, last who came after the outage', () => {
    const judgements = together(
      { service: 'mail', readyMinute: 26 },
      { service: 'checkout' },
      { service: 'ads' },
      { service: 'cart' },
    )
    const ranked = rankCulprits(judgements).map(({ service }) => service)
    expect([ranked[0], ranked[3]]).toEqual(['cart', 'mail'])
  })

  it('equally suspect are ranked by who came last before the outage', () => {
    const judgements = together({ service: 'ads', readyMinute: 21 }, { service: 'front', readyMinute: 22 })
    const equal = judgements.map((judgement) => ({ ...judgement, harm: 0 }))
    expect(rankCulprits(equal).map(({ service }) => service)).toEqual(['front', 'ads'])
  })
})
