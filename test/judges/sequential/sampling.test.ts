import { describe, expect, test } from 'vitest'
import type { Slice } from '../../../src/domain/evidence.ts'
import { errorRate, madeArm, madeSlices, podNames, templateWith } from '../made-slices.ts'
import { concludeAll, trialContext } from '../rollout.ts'

/** Both arms' requests a minute, and how many each counted one stands for; null: the senders write no threshold. */
type Sampled = { readonly requests: number; readonly oneIn: number | null; readonly failing: number }

function slicesOf(minutes: number, canary: Sampled, baseline: Sampled): Slice[] {
  const arm = ({ requests, oneIn, failing }: Sampled, pods: string[]) =>
    madeArm(
      { requests, errors: Math.round(requests * failing) },
      pods,
      oneIn === null ? {} : { adjusted: requests * oneIn },
    )
  return madeSlices(minutes, () => ({
    canary: arm(canary, podNames('b', 3)),
    baseline: arm(baseline, podNames('a', 3)),
  }))
}

function judge(slices: readonly Slice[]) {
  return concludeAll(slices, trialContext({ template: templateWith([errorRate]) }))
}

const baseline: Sampled = { requests: 3000, oneIn: 10, failing: 0.005 }

describe('versions that are sampled differently', () => {
  // A tail sampler that keeps every failed request of the canary.
  const canary: Sampled = { requests: 3000, oneIn: 2, failing: 0.2 }

  test('are not compared, and the reason says how each is', () => {
    const conclusions = judge(slicesOf(12, canary, baseline))
    for (const { decision, reason } of conclusions) {
      expect(decision).toBe('hold')
      expect(reason).toMatchObject({
        code: 'SAMPLING_DIFFERS',
        summary: "checkout 2.4.1 is sampled unlike 2.4.0: one in 2 of 2.4.1's requests are kept, one in 10 of 2.4.0's.",
      })
    }
  })

  test('are not compared either when only one of them is sampled', () => {
    const { reason } = judge(slicesOf(3, { ...canary, oneIn: null }, baseline)).at(-1)!
    expect(reason.code).toBe('SAMPLING_DIFFERS')
    expect(reason.summary).toContain(": all of 2.4.1's requests are kept, one in 10 of 2.4.0's.")
  })

  test('are compared when both are sampled alike, or nobody says how', () => {
    for (const oneIn of [10, 10.5, null]) {
      const base = { ...baseline, oneIn: oneIn === null ? null : 10 }
      expect(judge(slicesOf(12, { ...canary, oneIn }, base)).at(-1)!.reason.code).toBe('HARM_SHOWN')
    }
  })

  test('are not told apart by a handful of requests', () => {
    const few = slicesOf(2, { ...canary, requests: 40 }, baseline)
    expect(judge(few).at(-1)!.reason.code).not.toBe('SAMPLING_DIFFERS')
  })
})
