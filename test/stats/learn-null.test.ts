import { describe, expect, test } from 'vitest'
import { clumping } from '../../src/stats/clumping.ts'
import { learnBlockEffect } from '../../src/stats/learn-block-effect.ts'
import { defaultLearningRules, type LearnedNull, type LearningRules, learnNull } from '../../src/stats/learn-null.ts'
import { learnPodEffect } from '../../src/stats/learn-pod-effect.ts'
import { logWeightedSumExp } from '../../src/stats/log-weighted-sum-exp.ts'
import { type Placebo, placeboEvidence, placeboLogLikelihoods, placeboOf } from '../../src/stats/placebo-evidence.ts'
import type { PodBlock, PodTick } from '../../src/stats/pod-history.ts'
import {
  addBlock,
  blockLogLikelihood,
  noEvidence,
  ratioLogE,
  ratioModel,
  ratioPrior,
} from '../../src/stats/ratio-process.ts'
import { type HistoryModel, simulateHistory } from './pod-history.ts'
import { random } from './random.ts'

/** Simulated pods do not change their ways, so little of them is enough. */
const rules: LearningRules = { ...defaultLearningRules, leastBlocks: 40, leastBlocksPerPod: 20 }
const common = { pods: 10, blocks: 40, perBlock: 20 }
const expected = { tauPod: 0.2, sigb: 0.2, eps: 0.02 }

function learnedFrom(model: HistoryModel): LearnedNull {
  const { learned, reason } = learnNull(simulateHistory(model), expected, rules)
  if (learned === null) throw new Error(reason)
  return learned
}

describe('the clumping inside blocks', () => {
  test.each([1, 2, 3])('of events that come %i at a time is that number, in sparse histories too', (clump) => {
    const dense = clumping(simulateHistory({ ...common, perBlock: 20, clump, seed: 1 }))
    const sparse = clumping(simulateHistory({ pods: 12, blocks: 600, perBlock: 0.6, clump, seed: 2 }))
    expect(dense.phi! / clump).toBeCloseTo(1, 1)
    expect(sparse.phi! / clump).toBeGreaterThan(0.93)
    expect(sparse.phi! / clump).toBeLessThan(1.07)
  })

  test('of as many single events as clumps of three is 2.5, however rare they are', () => {
    for (const [perTick, seed] of [
      [0.01, 6],
      [3, 7],
    ] as const) {
      const source = random(seed)
      const history = Array.from({ length: perTick < 1 ? 12_000 : 400 }, () => {
        const events = () => source.poisson(perTick) + 3 * source.poisson(perTick)
        const ticks = (count: () => number) => Array.from({ length: 6 }, () => ({ events: count(), exposure: 100 }))
        return new Map([
          ['a', ticks(events)],
          ['b', ticks(() => 0)],
        ])
      })
      const { phi } = clumping(history)
      expect(phi).toBeGreaterThan(2.35)
      expect(phi).toBeLessThan(2.65)
    }
  })

  test('does not see what lasts as long as the block', () => {
    const { phi } = clumping(simulateHistory({ ...common, tau: 0.5, sigb: 0.5, eps: 0.1, seed: 3 }))
    expect(phi).toBeCloseTo(1, 1)
  })

  test('is unknown from single events, from single ticks and from events without exposure', () => {
    const tick = (events: number, exposure = 10) => ({ events, exposure })
    const beside = (ticks: readonly PodTick[]): PodBlock =>
      new Map([
        ['a', ticks],
        ['other', [tick(0), tick(0)]],
      ])
    const single = beside([tick(1), tick(0)])
    const whole = beside([tick(7)])
    const impossible = beside([tick(7, 0), tick(0, 0)])
    const alone: PodBlock = new Map([['a', [tick(7), tick(0)]]])
    for (const block of [single, whole, impossible, alone]) {
      expect(clumping([block])).toEqual({ phi: null, freedom: 0 })
    }
  })

  test('is not hidden by retries that are requests themselves, however few other requests there are', () => {
    for (const [requests, seed] of [
      [3, 8],
      [300, 9],
    ] as const) {
      const source = random(seed)
      const tick = () => {
        const events = 3 * source.poisson(0.03)
        return { events, exposure: events + source.poisson(requests) }
      }
      const ticks = () => Array.from({ length: 6 }, tick)
      const history = Array.from({ length: 4000 }, () => new Map(Array.from('abcdefgh', (pod) => [pod, ticks()])))
      expect(clumping(history).phi).toBeCloseTo(3, 0)
    }
  })

  test('does not take requests that come in waves for clumps, whether they are of one pod or of all', () => {
    const source = random(10)
    const history = Array.from({ length: 2000 }, () => {
      const together = Array.from({ length: 6 }, () => 20 + source.poisson(10) ** 2)
      const ticks = () =>
        together.map((all) => {
          const exposure = source.poisson(all * (0.5 + source.uniform()))
          return { events: source.poisson(0.005 * exposure), exposure }
        })
      return new Map(Array.from('abcdefgh', (pod) => [pod, ticks()]))
    })
    const { phi } = clumping(history)
    expect(phi).toBeGreaterThan(0.95)
    expect(phi).toBeLessThan(1.15)
  })

  test('does not take a pod that starts in the middle of a block for a clump', () => {
    const source = random(11)
    const history = Array.from({ length: 300 }, () => {
      const ticks = (from: number) =>
        Array.from({ length: 6 }, (_, t) =>
          t < from ? { events: 0, exposure: 0 } : { events: source.poisson(20), exposure: 500 },
        )
      return new Map([
        ['old', ticks(0)],
        ['older', ticks(0)],
        ['new', ticks(3)],
      ])
    })
    expect(clumping(history).phi).toBeCloseTo(1, 1)
  })
})

describe('the evidence of placebos', () => {
  test('is that of the ratio process with the candidate as its model', () => {
    const history = simulateHistory({ pods: 3, blocks: 12, perBlock: 8, tau: 0.3, sigb: 0.3, eps: 0.1, seed: 4 })
    const candidates = [
      { sigb: 0, eps: 0.0005 },
      { sigb: 0.2, eps: 0.02 },
      { sigb: 0.8, eps: 0.1 },
    ]
    const placebo = placeboOf(['pod-1'], history)!
    for (const [c, evidence] of placeboEvidence(placebo, candidates, 1.5).entries()) {
      const model = ratioModel(1, { ...candidates[c]!, phi: 1.5 })
      const sum = placebo.blocks.reduce((s, block) => addBlock(s, blockLogLikelihood(model, [block])), noEvidence())
      for (const [j, value] of evidence.entries()) expect(value).toBeCloseTo(sum[j]!, 8)
    }
  })

  test('blocks in which one side has no exposure are left out, and the pods of the others set the factor', () => {
    const here = [{ events: 2, exposure: 10 }]
    const gone = [{ events: 0, exposure: 0 }]
    const history: PodBlock[] = [
      new Map([
        ['a', here],
        ['b', gone],
      ]),
      new Map([
        ['b', here],
        ['c', here],
      ]),
      new Map([
        ['a', here],
        ['b', here],
        ['c', here],
      ]),
    ]
    const placebo = placeboOf(['a'], history)!
    expect(placebo.blocks).toEqual([{ xc: 2, nc: 10, xb: 4, nb: 20 }])
    expect(placebo.armFactor).toBeCloseTo(Math.sqrt(1 + 1 / 2), 12)
    expect(placeboOf(['d'], history)).toBeNull()
  })
})

describe('the likelihood of placebos', () => {
  const history = simulateHistory({ pods: 4, blocks: 6, perBlock: 8, tau: 0.3, seed: 5 })
  const placebos = [['pod-0'], ['pod-1', 'pod-2']].map((pods) => placeboOf(pods, history)!)
  const candidates = [
    { sigb: 0, eps: 0.01 },
    { sigb: 0.3, eps: 0.05 },
  ]
  const evidence = placebos.map((placebo) => placeboEvidence(placebo, candidates, 1))
  const grid = { taus: [0, 0.2], meanSteps: [-2, 0, 1] }

  test('is the sum of what the null prior of each, at its own number of pods, makes of its evidence', () => {
    const logLikelihoods = placeboLogLikelihoods(placebos, evidence, grid)
    for (const [c, own] of logLikelihoods.entries()) {
      const sums = [Math.sqrt(1 + 1 / 3), 1].map((factor, p) =>
        logWeightedSumExp(ratioPrior(0.2 * factor).null, evidence[p]![c]!),
      )
      expect(own).toHaveLength(6)
      expect(own[4]).toBeCloseTo(sums[0]! + sums[1]!, 9)
    }
  })

  test('with a mean is that of the same prior moved there', () => {
    const [own] = placeboLogLikelihoods(placebos, evidence, grid)
    const sums = evidence.map(([sum]) => sum![25 - 2]!)
    expect(own![0]).toBeCloseTo(sums[0]! + sums[1]!, 9)
  })
})

/** Placebos that had no event in any block, so that they know nothing. */
const silent: readonly Placebo[] = Array.from({ length: 8 }, () => ({ blocks: [], armFactor: 1.07 }))

describe('without anything to learn from', () => {
  test('pods differ as expected, whatever that is', () => {
    for (const tau of [0.05, 0.2, 0.3]) expect(learnPodEffect(silent, 2, expected, tau)).toBeCloseTo(tau, 2)
  })

  test('blocks differ by the pair of the grid that is what is expected', () => {
    for (const sigb of [0, 0.2]) {
      for (const eps of [0.005, 0.1]) expect(learnBlockEffect(silent, 2, { sigb, eps })).toEqual({ sigb, eps })
    }
  })
})

describe('a history of few events', () => {
  /** Half a day in which a pod has an event every five minutes. */
  const sparse = { pods: 12, blocks: 600, perBlock: 0.2, clump: 2 }

  test('does not make the null wider than expected when pods differ less', () => {
    for (const seed of [160, 161]) {
      expect(learnedFrom({ ...sparse, tau: 0.05, seed }).tauPod).toBeLessThanOrEqual(0.2)
    }
  })

  test('makes it wider when pods really differ', () => {
    const taus = [170, 173].map((seed) => learnedFrom({ ...sparse, tau: 0.5, seed }).tauPod)
    expect(Math.min(...taus)).toBeGreaterThan(0.2)
    expect(taus.reduce((sum, tau) => sum + tau, 0) / taus.length).toBeGreaterThan(0.35)
  })

  test('does not take the mean of a wide kernel for a difference between pods', () => {
    const history = simulateHistory({ ...sparse, clump: 3, seed: 180 })
    const placebos = [...history[0]!.keys()].map((pod) => placeboOf([pod], history)!)
    expect(learnPodEffect(placebos, 3, { sigb: 0.8, eps: 0.1 }, 0.2)).toBeLessThanOrEqual(0.2)
  })
})

describe('learning the null', () => {
  test('finds how much pods differ, rather a little too much than too little', () => {
    const taus = Array.from({ length: 8 }, (_, run) => learnedFrom({ ...common, tau: 0.15, seed: 100 + run }).tauPod)
    const mean = taus.reduce((sum, tau) => sum + tau, 0) / taus.length
    expect(mean).toBeGreaterThanOrEqual(0.15)
    expect(mean).toBeLessThan(0.22)
    expect(Math.min(...taus)).toBeGreaterThan(0.07)
    expect(Math.max(...taus)).toBeLessThan(0.33)
  })

  test('finds that like pods are alike, and does not pretend it from few events', () => {
    expect(learnedFrom({ ...common, perBlock: 100, seed: 110 }).tauPod).toBeLessThanOrEqual(0.03)
    expect(learnedFrom({ ...common, perBlock: 1, seed: 111 }).tauPod).toBeGreaterThan(0.03)
  })

  test('pods that differ by more than any replicas get the end of the grid', () => {
    expect(learnedFrom({ ...common, tau: 2, seed: 112 }).tauPod).toBeGreaterThan(0.9)
    expect(learnedFrom({ ...common, tau: 2, seed: 112 }).tauPod).toBeLessThanOrEqual(1)
  })

  test('clamps phi to between 1 and 4', () => {
    expect(learnedFrom({ ...common, clump: 2, seed: 113 }).phi).toBeCloseTo(2, 0)
    expect(learnedFrom({ ...common, clump: 9, seed: 114 }).phi).toBe(4)
    const even = Array.from({ length: 40 }, () => new Map(Array.from('abcdefgh', (pod) => [pod, evenTicks])))
    expect(learnNull(even, expected, rules).learned!.phi).toBe(1)
  })

  test('finds the share of bursts by its order of magnitude', () => {
    const eps = (share: number, seed: number) => learnedFrom({ ...common, blocks: 80, eps: share, tau: 0.1, seed }).eps
    const rare = eps(0.005, 121)
    expect(eps(0, 120)).toBeLessThanOrEqual(0.005)
    expect(rare).toBeGreaterThanOrEqual(0.002)
    expect(rare).toBeLessThanOrEqual(0.02)
    expect(eps(0.1, 122)).toBe(0.1)
  })

  test('finds how much single blocks jitter', () => {
    expect(learnedFrom({ ...common, perBlock: 100, seed: 123 }).sigb).toBe(0)
    expect(learnedFrom({ ...common, perBlock: 100, sigb: 0.3, seed: 124 }).sigb).toBe(0.3)
  })

  test('an incident of the whole version is no difference between its pods', () => {
    const history = simulateHistory({ ...common, seed: 125 })
    const source = random(126)
    const withIncidents = history.map((block, t) => {
      if (t % 10 !== 0) return block
      const ticks = () => Array.from({ length: 6 }, () => ({ events: source.poisson(100), exposure: 2000 }))
      return new Map([...block.keys()].map((pod) => [pod, ticks()]))
    })
    const { learned } = learnNull(withIncidents, expected, rules)
    expect(learned!.sigb).toBeLessThanOrEqual(0.1)
    expect(learned!.eps).toBeLessThanOrEqual(0.01)
  })

  test('the same history gives the same, in whatever order its pods and ticks come', () => {
    const history = simulateHistory({ ...common, tau: 0.2, sigb: 0.2, eps: 0.02, clump: 2, seed: 127 })
    const turned = history.map((block) => new Map([...block].reverse().map(([pod, all]) => [pod, all.toReversed()])))
    const { learned } = learnNull(history, expected, rules)
    expect(learnNull(history, expected, rules).learned).toEqual(learned)
    expect(learnNull(turned, expected, rules).learned).toEqual({ ...learned, phi: expect.closeTo(learned!.phi, 10) })
  })

  test('placebos of several pods find less jitter than those of one', () => {
    const history = simulateHistory({ ...common, perBlock: 100, sigb: 0.3, seed: 128 })
    expect(learnNull(history, expected, { ...rules, canaryPods: 5 }).learned!.sigb).toBeLessThan(0.3)
  })

  test('a pod that was there for a few blocks only is no placebo', () => {
    const history = simulateHistory({ ...common, tau: 0.1, seed: 129 })
    const visitor = Array.from({ length: 6 }, () => ({ events: 40, exposure: 2000 }))
    const visited = history.map((block, t) => (t < 5 ? new Map([...block, ['visitor', visitor]]) : block))
    const { learned } = learnNull(visited, expected, rules)
    expect(learned).toMatchObject({ pods: 10, blocks: 40 })
    expect(learned!.tauPod).toBeLessThan(0.3)
  })
})

const evenTicks = Array.from({ length: 6 }, () => ({ events: 5, exposure: 100 }))

describe('a history that is too small', () => {
  const history = simulateHistory({ ...common, seed: 130 })

  test('teaches nothing, and says what is missing', () => {
    expect(learnNull([], expected, rules)).toEqual({
      learned: null,
      reason: 'expected at least 40 blocks with two pods or more, got 0',
    })
    expect(learnNull(history, expected)).toEqual({
      learned: null,
      reason: 'expected at least 240 blocks with two pods or more, got 40',
    })
    expect(learnNull(simulateHistory({ ...common, pods: 5, seed: 131 }), expected, rules)).toEqual({
      learned: null,
      reason: 'expected at least 6 pods with 20 blocks each, got 5',
    })
    expect(learnNull(simulateHistory({ ...common, perBlock: 0.02, seed: 132 }), expected, rules).reason).toMatch(
      /^expected events that give 200 degrees of freedom on clumping, got \d+$/,
    )
  })

  test('blocks of one pod, and pods without exposure, do not count', () => {
    const alone = history.map((block) => new Map([...block].slice(0, 1)))
    expect(learnNull(alone, expected, rules).reason).toContain('got 0')
    const idle = history.map(
      (block) => new Map([...block].map(([pod, ticks], i) => [pod, i < 4 ? ticks : [{ events: 0, exposure: 0 }]])),
    )
    expect(learnNull(idle, expected, rules).reason).toContain('got 4')
  })

  test('as many pods as the canary leave no baseline', () => {
    expect(learnNull(history, expected, { ...rules, canaryPods: 10 }).reason).toContain('at least 11 pods')
  })
})

/** Shares of simulated releases of three pods against three whose harm is shown within 30 blocks. */
function shownShare(null_: { tauPod: number; sigb: number; eps: number; phi: number }, ratio: number, seed: number) {
  const runs = 80
  const model = ratioModel(1.25, null_)
  const prior = ratioPrior(null_.tauPod * Math.sqrt(2 / 3))
  let shown = 0
  for (let run = 0; run < runs; run++) {
    const release = simulateHistory({ ...calm, pods: 6, blocks: 30, seed: seed + run })
    const source = random(seed - run)
    let evidence = noEvidence()
    for (const block of release) {
      const [a, b, c, ...rest] = [...block.values()].map((ticks) => ticks.reduce((sum, tick) => sum + tick.events, 0))
      const extra = source.poisson((ratio - 1) * (a! + b! + c!))
      const stratum = { xc: a! + b! + c! + extra, nc: 3000, xb: rest.reduce((sum, x) => sum + x, 0), nb: 3000 }
      evidence = addBlock(evidence, blockLogLikelihood(model, [stratum]))
      if (ratioLogE(evidence, prior) >= Math.log(100)) {
        shown++
        break
      }
    }
  }
  return shown / runs
}

const calm = { pods: 12, perBlock: 10, tau: 0.06, seed: 0 }

describe('judging with what was learned from a calm service', () => {
  const learned = learnedFrom({ ...calm, blocks: 120, seed: 140 })
  const cold = { tauPod: 0.2, sigb: 0.2, eps: 0.02, phi: 2 }

  test('shows a doubling of errors that the cold start seldom shows, and no harm where there is none', () => {
    expect(shownShare(learned, 2, 9000)).toBeGreaterThan(0.9)
    expect(shownShare(cold, 2, 9000)).toBeLessThan(0.5)
    expect(shownShare(learned, 1, 9500)).toBeLessThanOrEqual(0.01)
    expect(shownShare(learned, 1.25, 9700)).toBeLessThanOrEqual(0.02)
  })
})
