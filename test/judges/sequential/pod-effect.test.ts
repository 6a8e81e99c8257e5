import { describe, expect, test } from 'vitest'
import { type ArmSlice, emptyArm, type Slice } from '../../../src/domain/evidence.ts'
import { countPods, trackPodEffect } from '../../../src/judges/sequential/pod-effect.ts'

function armOf(pods: number, requestsEach = 100): ArmSlice {
  const byPod = Object.fromEntries(
    Array.from({ length: pods }, (_, i) => [`p${i}`, { requests: requestsEach, errors: 0 }]),
  )
  return { ...emptyArm, requests: pods * requestsEach, pods: byPod }
}

function slice(canary: ArmSlice, baseline: ArmSlice): Slice {
  return { from: 0, to: 10_000, canary, baseline, closesBlock: true, step: 0 }
}

/** The taus in use after blocks of such pods. */
function tausAfter(blocks: readonly (readonly [canary: ArmSlice, baseline: ArmSlice])[]): number[] {
  const effect = trackPodEffect()
  for (const [canary, baseline] of blocks) {
    effect.observe(slice(canary, baseline))
    effect.closeBlock()
  }
  return effect.priors().map(({ tau }) => tau)
}

const tau = (canary: number, baseline: number): number => 0.2 * Math.sqrt(1 / canary + 1 / baseline)

describe('the pod effect of the null', () => {
  test('is unknown until a block with requests in both arms has closed', () => {
    const effect = trackPodEffect()
    effect.observe(slice(armOf(2), armOf(3)))
    expect(effect.priors()).toEqual([])
    expect(tausAfter([[armOf(0), armOf(3)]])).toEqual([])
    expect(
      tausAfter([
        [armOf(0), armOf(3)],
        [armOf(2), armOf(3)],
      ]),
    ).toEqual([tau(2, 3)])
  })

  test('is fixed by the first such block: more pods later do not make it smaller', () => {
    expect(
      tausAfter([
        [armOf(1), armOf(9)],
        [armOf(10), armOf(10)],
      ]),
    ).toEqual([tau(1, 9)])
  })

  test('grows beside the first one when pods go away, and keeps the largest', () => {
    const blocks = [armOf(5), armOf(1), armOf(2)].map((canary) => [canary, armOf(5)] as const)
    expect(tausAfter(blocks)).toEqual([tau(5, 5), tau(1, 5)])
  })

  test('does not take a pod without requests in a thin block for one that is gone', () => {
    expect(
      tausAfter([
        [armOf(5), armOf(5)],
        [armOf(1, 3), armOf(5)],
      ]),
    ).toEqual([tau(5, 5)])
  })

  test('counts the pods that carry at least 1% of their arm', () => {
    expect(
      countPods(
        1000,
        new Map([
          ['a', 985],
          ['b', 10],
          ['c', 5],
        ]),
      ),
    ).toBe(2)
    expect(countPods(1000, new Map())).toBe(1)
    expect(countPods(0, new Map([['a', 0]]))).toBe(0)
  })
})
