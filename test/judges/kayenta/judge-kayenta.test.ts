import { describe, expect, test } from 'vitest'
import { batchJudges } from '../../../src/judges/index.ts'
import type { CanaryJudgeRequest, CanaryMetricConfig } from '../../../src/judges/kayenta/canary-config.ts'
import { warningCodes } from '../../../src/judges/kayenta/canary-judge-result.ts'
import { judgeKayenta } from '../../../src/judges/kayenta/judge-kayenta.ts'
import { metric, ramp } from './metric.ts'

type Arms = readonly [experiment: readonly number[], control: readonly number[]]

const healthy: Arms = [ramp(10), ramp(10).map((value) => value + 0.01)]
const raised: Arms = [ramp(10).map((value) => value + 20), ramp(10)]

/** `values` after as many zeros as make `n`. */
function padded(n: number, values: readonly number[]): number[] {
  return [...Array.from({ length: n - values.length }, () => 0), ...values]
}

function request(
  metrics: readonly CanaryMetricConfig[],
  arms: readonly Arms[],
  groupWeights: Record<string, number> = {},
): CanaryJudgeRequest {
  return {
    canaryConfig: { metrics, classifier: { groupWeights } },
    scoreThresholds: { pass: 95, marginal: 75 },
    metricSetPairList: arms.map(([experiment, control], i) => ({
      name: metrics[i]!.name,
      id: `pair-${i}`,
      tags: { zone: 'a' },
      values: { experiment, control },
    })),
  }
}

describe('a judgement', () => {
  test('is registered under the name that configs use', () => {
    expect(batchJudges['NetflixACAJudge-v1.0']).toBe(judgeKayenta)
    expect(judgeKayenta(request([], [])).judgeName).toBe('NetflixACAJudge-v1.0')
  })

  test('has every pair with its own id and tags, in order, muted ones too', () => {
    const { results } = judgeKayenta(request([metric({ muted: true }, 'a'), metric({}, 'b')], [raised, healthy]))
    expect(results).toMatchObject([
      { name: 'a', id: 'pair-0', tags: { zone: 'a' }, groups: ['g'], classification: 'High', muted: true },
      { name: 'b', id: 'pair-1', classification: 'Pass', critical: false, muted: false },
    ])
    expect(results[1]).not.toHaveProperty('classificationReason')
  })

  test('muted metrics are not scored', () => {
    const metrics = [metric({ muted: true, critical: true }, 'a'), metric({}, 'b')]
    expect(judgeKayenta(request(metrics, [raised, healthy])).score).toMatchObject({ score: 100 })
  })

  test('statistics are those of the cleaned values', () => {
    const { results } = judgeKayenta(request([metric()], [[[1, Number.NaN, 3], ramp(4)]]))
    expect(results[0]!.experimentMetadata.stats).toEqual({ min: 1, max: 3, mean: 2, std: Math.SQRT2, count: 2 })
    expect(results[0]!.controlMetadata.stats.count).toBe(4)
  })

  test('shows the interval that the label rests on', () => {
    const { results, warnings } = judgeKayenta(request([metric()], [raised]))
    expect(results[0]!.test).toMatchObject({ estimate: 20, effectSize: results[0]!.resultMetadata!.ratio })
    expect(warnings).toEqual([])
  })

  test('can be repeated, random noise and all', () => {
    const noisy = request(
      [metric()],
      [
        [
          [1.00002, 1.00002, 1.00002],
          [1, 1, 1, 1],
        ],
      ],
    )
    expect(judgeKayenta(noisy)).toEqual(judgeKayenta(noisy))
  })

  test('several series of one metric are judged by themselves', () => {
    const twice = request([metric()], [healthy])
    const [pair] = twice.metricSetPairList
    const { groupScores } = judgeKayenta({
      ...twice,
      metricSetPairList: [pair!, { ...pair!, values: { experiment: raised[0], control: raised[1] } }],
    })
    expect(groupScores).toMatchObject([{ name: 'g', score: 50 }])
  })
})

describe('warnings', () => {
  const zeros = padded(10, [])
  const cases: Record<string, [canary: Record<string, unknown>, arms: Arms]> = {
    ERROR_NOT_COUNTED: [{ critical: true }, [[5], [3]]],
    EMPTY_PASSES: [{ nanStrategy: 'replace', critical: true }, [[], [1, 2]]],
    RANDOM_NOISE: [{}, [ramp(5).map(() => 10), ramp(5).map(() => 1)]],
    NOT_FINITE: [{}, [[...ramp(9), Number.POSITIVE_INFINITY], ramp(10)]],
    BELOW_RESOLUTION: [{}, [ramp(30, 15e-6), ramp(30, 1e-5)]],
    INTERVAL_CROSSED: [{}, [padded(32, [1]), padded(32, ramp(11))]],
    EFFECT_UNDEFINED: [{}, [[0, 0, 3, 4, 5, 6, 7, 8, 9, 10], zeros]],
  }

  test.each(Object.entries(cases))('%s is said of the metric', (code, [canary, arms]) => {
    const { warnings } = judgeKayenta(request([metric(canary, 'cpu')], [arms]))
    const one = warnings.find((warning) => warning.code === code)
    expect(one).toMatchObject({ subject: 'cpu' })
    expect(one!.message).toMatch(/^cpu /)
  })

  test('a critical metric that errs passes the canary, and the warning says what was lost', () => {
    const { score, warnings } = judgeKayenta(request([metric({ critical: true })], [[[5], [3]]]))
    expect(score).toEqual({ score: 100, classification: 'Pass', classificationReason: '' })
    expect(warnings.map(({ code }) => code)).toEqual(['ERROR_NOT_COUNTED', 'GROUP_WITHOUT_VOTE'])
    expect(warnings[0]!.message).toContain('configured as critical')
  })

  test('weights and groups that distort the score are named', () => {
    const ungrouped = { ...metric(), groups: [] }
    const codes = (metrics: CanaryMetricConfig[], weights: Record<string, number>): unknown =>
      judgeKayenta(request(metrics, [healthy], weights)).warnings.map(({ code, subject }) => [code, subject])
    expect(codes([ungrouped], {})).toEqual([['NO_GROUP', 'm']])
    expect(codes([metric()], { g: 50, other: 50 })).toEqual([['GROUP_MISSING', 'other']])
    expect(codes([metric()], { g: 120 })).toEqual([['WEIGHTS_NOT_100', undefined]])
    expect(codes([metric()], { g: 100 })).toEqual([])
  })

  test('every code has a case here', () => {
    const groupCodes = ['NO_GROUP', 'GROUP_WITHOUT_VOTE', 'GROUP_MISSING', 'WEIGHTS_NOT_100']
    expect([...Object.keys(cases), ...groupCodes].sort()).toEqual([...warningCodes].sort())
  })
})

describe('a request that cannot be judged', () => {
  const good = request([metric()], [healthy])
  const { canaryConfig } = good

  test.each<[string, CanaryJudgeRequest]>([
    [
      '/metricSetPairList/0/name: expected the name of a metric of the config, got "x"',
      { ...good, metricSetPairList: [{ ...good.metricSetPairList[0]!, name: 'x' }] },
    ],
    [
      '/canaryConfig/metrics/0/groups: expected a list of group names, got nothing',
      { ...good, canaryConfig: { ...canaryConfig, metrics: [{ name: 'm' }] } },
    ],
    [
      '/canaryConfig/classifier: expected an object, got null',
      { ...good, canaryConfig: { ...canaryConfig, classifier: null } },
    ],
    [
      '/canaryConfig/classifier/groupWeights/g: expected a finite number, got "50"',
      { ...good, canaryConfig: { ...canaryConfig, classifier: { groupWeights: { g: '50' as unknown as number } } } },
    ],
    [
      '/scoreThresholds/marginal: expected a finite number, got nothing',
      { ...good, scoreThresholds: { pass: 95 } as CanaryJudgeRequest['scoreThresholds'] },
    ],
  ])('%s', (message, wrong) => {
    expect(() => judgeKayenta(wrong)).toThrow(expect.objectContaining({ code: 'VALIDATION', message }))
  })

  test('the first metric of a name counts', () => {
    const metrics = [metric(), metric({ critical: 'true' })]
    expect(judgeKayenta({ ...good, canaryConfig: { ...canaryConfig, metrics } }).score.score).toBe(100)
  })
})
