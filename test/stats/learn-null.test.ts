import { describe, expect, test } from 'vitest'
import { clumping } from '../../src/stats/clumping.ts'
import { defaultLearningRules, type LearnedNull, type LearningRules, learnNull } from '../../src/stats/learn-null.ts'
import { logWeightedSumExp } from '../../src/stats/log-weighted-sum-exp.ts'
import { placeboEvidence, placeboLogLikelihood, placeboOf } from '../../src/stats/placebo-evidence.ts'
import type { PodBlock } from '../../src/stats/pod-history.ts'
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

function learnedFrom(model: HistoryModel): LearnedNull {
  const { learned, reason } = learnNull(simulateHistory(model), rules)
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
        return new Map([['a', Array.from({ length: 6 }, () => ({ events: events(), exposure: 100 }))]])
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
    const single = new Map([['a', [tick(1), tick(0)]]])
    const whole = new Map([['a', [tick(7)]]])
    const impossible = new Map([['a', [tick(7, 0), tick(0)]]])
    for (const block of [single, whole, impossible]) expect(clumping([block])).toEqual({ phi: null, freedom: 0 })
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
  test('is the sum of what the null prior of each, at its own number of pods, makes of its evidence', () => {
    const history = simulateHistory({ pods: 4, blocks: 6, perBlock: 8, tau: 0.3, seed: 5 })
    const placebos = [['pod-0'], ['pod-1', 'pod-2']].map((pods) => placeboOf(pods, history)!)
    const evidence = placebos.map((placebo) => placeboEvidence(placebo, [{ sigb: 0, eps: 0.01 }], 1)[0]!)
    const expected = [Math.sqrt(1 + 1 / 3), 1].map((factor, p) =>
      logWeightedSumExp(ratioPrior(0.2 * factor).null, evidence[p]!),
    )
    expect(placeboLogLikelihood(placebos, evidence, 0.2)).toBeCloseTo(expected[0]! + expected[1]!, 9)
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

  test('pods that differ by more than the grid get its end', () => {
    expect(learnedFrom({ ...common, tau: 1.2, seed: 112 }).tauPod).toBe(0.6)
  })

  test('clamps phi to between 1 and 4', () => {
    expect(learnedFrom({ ...common, clump: 2, seed: 113 }).phi).toBeCloseTo(2, 0)
    expect(learnedFrom({ ...common, clump: 9, seed: 114 }).phi).toBe(4)
    const even = Array.from({ length: 40 }, () => new Map(Array.from('abcdefgh', (pod) => [pod, evenTicks])))
    expect(learnNull(even, rules).learned!.phi).toBe(1)
  })

  test('finds the share of bursts by its order of magnitude', () => {
    const eps = (share: number, seed: number) => learnedFrom({ ...common, blocks: 80, eps: share, tau: 0.1, seed }).eps
    const rare = eps(0.005, 121)
    expect(eps(0, 120)).toBe(0.0005)
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
    expect(learnNull(withIncidents, rules).learned).toMatchObject({ sigb: 0, eps: 0.0005 })
  })

  test('the same history gives the same, in whatever order its pods and ticks come', () => {
    const history = simulateHistory({ ...common, tau: 0.2, sigb: 0.2, eps: 0.02, clump: 2, seed: 127 })
    const turned = history.map((block) => new Map([...block].reverse().map(([pod, all]) => [pod, all.toReversed()])))
    const { learned } = learnNull(history, rules)
    expect(learnNull(history, rules).learned).toEqual(learned)
    expect(learnNull(turned, rules).learned).toEqual({ ...learned, phi: expect.closeTo(learned!.phi, 10) })
  })

  test('placebos of several pods find less jitter than those of one', () => {
    const history = simulateHistory({ ...common, perBlock: 100, sigb: 0.3, seed: 128 })
    expect(learnNull(history, { ...rules, canaryPods: 5 }).learned!.sigb).toBeLessThan(0.3)
  })

  test('a pod that was there for a few blocks only is no placebo', () => {
    const history = simulateHistory({ ...common, tau: 0.1, seed: 129 })
    const visitor = Array.from({ length: 6 }, () => ({ events: 40, exposure: 2000 }))
    const visited = history.map((block, t) => (t < 5 ? new Map([...block, ['visitor', visitor]]) : block))
    const { learned } = learnNull(visited, rules)
    expect(learned).toMatchObject({ pods: 10, blocks: 40 })
    expect(learned!.tauPod).toBeLessThan(0.3)
  })
})

const evenTicks = Array.from({ length: 6 }, () => ({ events: 5, exposure: 100 }))

describe('a history that is too small', () => {
  const history = simulateHistory({ ...common, seed: 130 })

  test('teaches nothing, and says what is missing', () => {
    expect(learnNull([], rules)).toEqual({
      learned: null,
      reason: 'expected at least 40 blocks with two pods or more, got 0',
    })
    expect(learnNull(history)).toEqual({
      learned: null,
      reason: 'expected at least 240 blocks with two pods or more, got 40',
    })
    expect(learnNull(simulateHistory({ ...common, pods: 5, seed: 131 }), rules)).toEqual({
      learned: null,
      reason: 'expected at least 6 pods with 20 blocks each, got 5',
    })
    expect(learnNull(simulateHistory({ ...common, perBlock: 0.02, seed: 132 }), rules).reason).toMatch(
      /^expected events that give 200 degrees of freedom on clumping, got \d+$/,
    )
  })

  test('blocks of one pod, and pods without exposure, do not count', () => {
    const alone = history.map((block) => new Map([...block].slice(0, 1)))
    expect(learnNull(alone, rules).reason).toContain('got 0')
    const idle = history.map(
      (block) => new Map([...block].map(([pod, ticks], i) => [pod, i < 4 ? ticks : [{ events: 0, exposure: 0 }]])),
    )
    expect(learnNull(idle, rules).reason).toContain('got 4')
  })

  test('as many pods as the canary leave no baseline', () => {
    expect(learnNull(history, { ...rules, canaryPods: 10 }).reason).toContain('at least 11 pods')
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
