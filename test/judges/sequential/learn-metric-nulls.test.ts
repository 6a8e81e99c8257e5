import { describe, expect, test } from 'vitest'
import { coldStart } from '../../../src/judges/sequential/cold-start.ts'
import { learnMetricNulls } from '../../../src/judges/sequential/learn-metric-nulls.ts'
import { openTrial } from '../../../src/judges/sequential/open-trial.ts'
import { placeboSlices } from '../../../src/judges/sequential/placebo-slices.ts'
import { defaultLearningRules } from '../../../src/stats/learn-null.ts'
import { baselineSlices, type ServiceHistory, serviceHistory } from '../placebo-history.ts'
import { quickTemplate, trialContext } from '../rollout.ts'

const { metrics } = quickTemplate
const errorsOnly = { ...quickTemplate, lookSeconds: 30, blockSeconds: 60, metrics: [metrics[0]!] }

/** Simulated pods do not change their ways, so little of them is enough. */
const rules = { ...defaultLearningRules, leastBlocks: 90, leastBlocksPerPod: 60 }
const shop: ServiceHistory = { seed: 1, pods: 8, minutes: 90, perTick: 120, failing: 0.02 }
const calmShop = { ...shop, podErrors: 0.03 }
const calm = baselineSlices(serviceHistory(calmShop))

describe('what a history teaches', () => {
  test('is a smaller null for failed requests of a calm service; durations that are not there stay cold', () => {
    const { nulls, reasons, basis } = learnMetricNulls(calm, metrics, { rules })
    expect(Object.keys(nulls)).toEqual(['error-rate'])
    expect(nulls['error-rate']!.tauPod).toBeLessThan(coldStart.tauPod / 2)
    expect(nulls['error-rate']!.phi).toBeLessThan(1.2)
    expect(reasons).toEqual({ latency: 'durations are not recorded by pod' })
    expect(basis).toEqual({ blocks: 90, pods: 8 })
  })

  test('is the same whether slices or the clock end the blocks', () => {
    expect(learnMetricNulls(calm, metrics, { rules, blockSeconds: 60 })).toEqual(
      learnMetricNulls(calm, metrics, { rules }),
    )
  })

  test('is more blocks where the history has gaps, as none goes over a gap', () => {
    const gaps = calm.filter((_, i) => i % 6 !== 2)
    expect(learnMetricNulls(gaps, metrics, { rules }).basis!.blocks).toBe(180)
  })

  test('is the same when slices leave out the pods that had no request', () => {
    const sparse = baselineSlices(serviceHistory({ ...calmShop, perTick: 2, failing: 0.3 }))
    const isServing = ([, { requests }]: [string, { requests: number }]) => requests > 0
    const named = sparse.map((slice) => {
      const pods = Object.fromEntries(Object.entries(slice.baseline.pods).filter(isServing))
      return { ...slice, baseline: { ...slice.baseline, pods } }
    })
    expect(named).not.toEqual(sparse)
    const { nulls } = learnMetricNulls(sparse, metrics, { rules })
    expect(Object.keys(nulls)).toEqual(['error-rate'])
    expect(learnMetricNulls(named, metrics, { rules }).nulls).toEqual(nulls)
  })

  test('is nothing without pods, and every metric says why', () => {
    const nameless = calm.map((slice) => ({
      ...slice,
      baseline: { ...slice.baseline, pods: { '': { requests: 100, errors: 2 } } },
    }))
    for (const history of [[], calm.slice(0, 60), nameless]) {
      const { nulls, reasons, basis } = learnMetricNulls(history, metrics, { rules })
      expect(nulls).toEqual({})
      expect(reasons['error-rate']).toMatch(/^expected at least 90 blocks with two pods or more, got \d+$/)
      expect(Object.keys(reasons)).toEqual(['error-rate', 'latency'])
      expect(basis).toBeNull()
    }
  })

  test('is refused from a history that is out of order', () => {
    expect(() => learnMetricNulls([calm[1]!, calm[0]!], metrics)).toThrow('expected slices in order of time')
  })
})

describe('what a history with durations by pod teaches', () => {
  const timed = { ...calmShop, perTick: 60, latency: true }
  const learn = (model: ServiceHistory) =>
    learnMetricNulls(baselineSlices(serviceHistory(model)), metrics, { rules }).nulls.latency!

  test('is a smaller null for durations where pods are equally fast', () => {
    const calmNull = learn(timed)
    expect(calmNull.tauPod).toBeLessThan(coldStart.tauPod)
    expect(calmNull.phi).toBeLessThan(1.3)
  })

  test('is a more careful one where pods are not', () => {
    expect(learn({ ...timed, podLatency: 0.25 }).tauPod).toBeGreaterThan(2 * learn(timed).tauPod)
  })
})

describe('a learned null', () => {
  test('finds twice the errors in one pod of a calm service, which the cold start hardly does', () => {
    const { nulls } = learnMetricNulls(calm, metrics, { rules })
    const found = { cold: 0, learned: 0 }
    for (let seed = 100; seed < 110; seed++) {
      const history = serviceHistory({ ...calmShop, seed, minutes: 20, harm: { pods: 1, ratio: 2 } })
      const startedAt = history[0]!.from
      const slices = [...placeboSlices(history, { startedAt, seconds: 1200, canary: new Set(['a-0']) }, errorsOnly)]
      for (const [name, own] of [
        ['cold', {}],
        ['learned', { nulls }],
      ] as const) {
        const trial = openTrial(trialContext({ template: errorsOnly, startedAt, ...own }))
        const decisions = slices.map((slice) => {
          trial.observe(slice)
          return trial.conclude(slice.to).decision
        })
        if (decisions.includes('rollback')) found[name]++
      }
    }
    expect(found.learned).toBeGreaterThanOrEqual(9)
    expect(found.cold).toBeLessThanOrEqual(2)
  })

  // How seldom it rolls such pods back takes hundreds of runs: test/system/false-verdicts.test.ts.
  test('of a noisy service is more careful than the cold start', () => {
    const noisyShop = { ...shop, pods: 10, podErrors: 0.35, bursts: 0.03 }
    const { nulls } = learnMetricNulls(baselineSlices(serviceHistory(noisyShop)), metrics, { rules })
    expect(nulls['error-rate']!.tauPod).toBeGreaterThan(coldStart.tauPod)
  })
})
