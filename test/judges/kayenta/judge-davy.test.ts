import { describe, expect, test } from 'vitest'
import { davyJudgeName, judgeDavy } from '../../../src/judges/kayenta/judge-davy.ts'
import { random } from '../../stats/random.ts'

const pass = 95
const marginal = 75

type Options = { readonly canary?: object; readonly thresholds?: object; readonly groups?: readonly string[] }

function judge(metrics: readonly { experiment: readonly number[]; control: readonly number[]; options?: Options }[]) {
  return judgeDavy({
    canaryConfig: {
      metrics: metrics.map(({ options }, i) => ({
        ...{ name: `m${i}`, groups: options?.groups ?? ['all'] },
        analysisConfigurations: { canary: options?.canary ?? {} },
      })),
      classifier: { groupWeights: { all: 100 } },
    },
    scoreThresholds: { pass, marginal },
    metricSetPairList: metrics.map(({ experiment, control }, i) => ({
      ...{ name: `m${i}`, id: String(i), tags: {}, values: { experiment, control } },
    })),
  })
}

/** A series whose neighbours hang together by `phi`. */
function series(seed: number, length: number, level: number, deviation: number, phi: number): number[] {
  const { normal } = random(seed)
  let state = normal()
  return Array.from({ length }, () => {
    state = phi * state + Math.sqrt(1 - phi * phi) * normal()
    return level + deviation * state
  })
}

const up = { direction: 'increase' }
const labels = (metrics: Parameters<typeof judge>[0]) =>
  judge(metrics).results.map(({ classification }) => classification)

describe('three answers', () => {
  test('a canary that is twice its baseline harms', () => {
    const result = judge([
      {
        experiment: series(1, 60, 200, 10, 0),
        control: series(2, 60, 100, 10, 0),
        options: { canary: { ...up, critical: true } },
      },
    ])
    expect(result).toMatchObject({
      judgeName: davyJudgeName,
      results: [{ classification: 'High', critical: true, resultMetadata: { ratio: expect.closeTo(2, 1) } }],
      score: { score: 0, classification: 'Fail', classificationReason: 'Canary Failed: m0 was classified as High' },
    })
  })

  test('one like it rules harm out', () => {
    const result = judge([{ experiment: series(1, 60, 100, 10, 0), control: series(2, 60, 100, 10, 0) }])
    expect(result).toMatchObject({
      results: [{ classification: 'Pass' }],
      score: { score: 100, classification: 'Pass' },
    })
  })

  test('one of which the points cannot tell is between the thresholds', () => {
    const result = judge([
      { experiment: series(1, 60, 125, 40, 0), control: series(2, 60, 100, 40, 0), options: { canary: up } },
    ])
    expect(result).toMatchObject({
      results: [{ classification: 'Nodata', classificationReason: expect.stringContaining('undecided') }],
      score: { score: 85, classification: 'Marginal' },
      warnings: [{ code: 'UNDECIDED', subject: 'm0' }],
    })
  })

  test('a fall harms where a fall is asked about, and only there', () => {
    const half = { experiment: series(1, 60, 50, 5, 0), control: series(2, 60, 100, 5, 0) }
    expect(labels([{ ...half, options: { canary: up } }])).toEqual(['Pass'])
    expect(labels([{ ...half, options: { canary: { direction: 'decrease' } } }])).toEqual(['Low'])
    expect(labels([half])).toEqual(['Low'])
  })
})

describe('what the compatible judge gets wrong', () => {
  test('errors against a baseline without any are harm', () => {
    const experiment = series(3, 60, 0, 1, 0).map((value) => (value > 0.3 ? 5 : 0))
    expect(labels([{ experiment, control: experiment.map(() => 0), options: { canary: up } }])).toEqual(['High'])
  })

  test('none in either arm are none', () => {
    const zeros = new Array<number>(60).fill(0)
    expect(labels([{ experiment: zeros, control: zeros, options: { canary: up } }])).toEqual(['Pass'])
  })

  test('a small but steady shift within the margin passes', () => {
    const control = series(4, 60, 100, 0.01, 0)
    expect(labels([{ experiment: control.map((value) => value * 1.001), control, options: { canary: up } }])).toEqual([
      'Pass',
    ])
    const strict = { ...up, effectSize: { allowedIncrease: 1.0005 } }
    expect(
      labels([{ experiment: control.map((value) => value * 1.001), control, options: { canary: strict } }]),
    ).toEqual(['High'])
  })

  test('the unit of the values changes nothing', () => {
    const experiment = series(5, 60, 150, 10, 0).map((value) => value * 1e-7)
    const control = series(6, 60, 100, 10, 0).map((value) => value * 1e-7)
    expect(labels([{ experiment, control, options: { canary: up } }])).toEqual(['High'])
  })

  test('few points, no points and silence in one arm decide nothing', () => {
    const few = { experiment: series(7, 19, 900, 1, 0), control: series(8, 19, 100, 1, 0) }
    const silent = { experiment: few.control.map(() => Number.NaN), control: few.control }
    const replaced = { ...silent, options: { canary: { nanStrategy: 'replace' } } }
    expect(labels([few, silent, { experiment: [], control: [] }, replaced])).toEqual([
      'Nodata',
      'Nodata',
      'Nodata',
      'Nodata',
    ])
    expect(judge([few]).score).toMatchObject({ score: 85, classification: 'Marginal' })
  })
})

test('muted metrics and groups without weight decide nothing', () => {
  const good = { experiment: series(1, 60, 100, 5, 0), control: series(2, 60, 100, 5, 0) }
  const bad = { experiment: series(1, 60, 900, 5, 0), control: good.control, options: { canary: { muted: true } } }
  const result = judge([good, bad])
  expect(result.results.map(({ classification }) => classification)).toEqual(['Pass', 'High'])
  expect(result.score).toMatchObject({ score: 100 })
  expect(() => judge([bad])).toThrow(/No metric counts/)
})

test.each([
  [75, 75],
  [75, 95],
  [101, 75],
])('thresholds %s and %s leave no room for doubt and are refused', (high, low) => {
  const request = { canaryConfig: { metrics: [], classifier: {} }, metricSetPairList: [] }
  expect(() => judgeDavy({ ...request, scoreThresholds: { pass: high, marginal: low } })).toThrow(
    expect.objectContaining({ code: 'VALIDATION', where: '/scoreThresholds' }),
  )
})

describe('how often it is wrong', () => {
  const runs = 2000
  const share = (wanted: string, level: number, phi: number) => {
    let count = 0
    for (let run = 0; run < runs; run += 1) {
      const [result] = judge([
        {
          experiment: series(2 * run + 1, 60, level, 10, phi),
          control: series(2 * run + 2, 60, 100, 10, phi),
          options: { canary: { ...up, effectSize: { allowedIncrease: 1.1 } } },
        },
      ]).results
      if (result?.classification === wanted) count += 1
    }
    return count / runs
  }

  // At the margin itself, the worst place: 1% may be called harm, 5% may be called harmless.
  test.each([
    [0, 0.015, 0.065],
    [0.5, 0.02, 0.08],
  ])('at the margin, with neighbours that hang together by %s', (phi, mostHarm, mostPass) => {
    expect(share('High', 110, phi)).toBeLessThan(mostHarm)
    expect(share('Pass', 110, phi)).toBeLessThan(mostPass)
  })

  test('a canary like its baseline is hardly ever called harmful, even where neighbours hang together by 0.8', () => {
    expect(share('High', 100, 0.8)).toBeLessThan(0.01)
  })

  test('harm of twice the margin is found nearly always', () => {
    expect(share('High', 120, 0)).toBeGreaterThan(0.9)
  })
})
