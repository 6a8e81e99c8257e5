import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TrialContext } from '../../../src/domain/judge.ts'
import type { MetricKind } from '../../../src/domain/template.ts'
import type { Decision, Judgement, ReasonCode } from '../../../src/domain/verdict.ts'
import { nobodyBlamed } from '../../../src/judges/explanation/track-callees.ts'
import { addArrivals, noArrivals } from '../../../src/judges/sequential/arrivals.ts'
import { explain } from '../../../src/judges/sequential/explain.ts'
import type { Reading } from '../../../src/judges/sequential/metric-trial.ts'
import type { ReasonFacts } from '../../../src/judges/sequential/reason-facts.ts'
import { hostileText } from '../../report/hostile.ts'
import { madeArm, madeSlices } from '../made-slices.ts'
import { quickTemplate, startedAt, trialContext } from '../rollout.ts'

const codes = [
  ['rollback', 'HARM_SHOWN'],
  ['hold', 'HARM_LIKELY'],
  ['promote', 'HARM_RULED_OUT'],
  ['promote', 'EXPOSURE_REACHED'],
  ['hold', 'UNDERPOWERED'],
  ['hold', 'WARMING_UP'],
  ['hold', 'NO_TRAFFIC'],
  ['hold', 'NO_CANARY_DATA'],
  ['hold', 'NO_BASELINE_DATA'],
  ['hold', 'CANARY_SILENT'],
  ['hold', 'TELEMETRY_LOSS'],
  ['hold', 'COHORTS_OVERLAP'],
  ['hold', 'SAMPLING_DIFFERS'],
  ['hold', 'SAMPLE_RATIO_MISMATCH'],
  ['hold', 'SHARED_OUTAGE'],
  ['hold', 'BASELINE_UNHEALTHY'],
  ['hold', 'SOURCE_DOWN'],
  ['hold', 'CHECK_FAILED'],
  ['hold', 'DEADLINE'],
] as const satisfies readonly (readonly [Decision, ReasonCode])[]

const kinds: readonly MetricKind[] = ['proportion', 'distribution', 'gauge', 'count', 'paired']

function readingOf(kind: MetricKind, name: string, values: readonly [number | null, number | null]): Reading {
  const [baseline, canary] = values
  const effect = { ratio: 2.4, low: 1.6, high: 3.7, level: 0.95, margin: 1.25, promoteMargin: 2 }
  const judgement: Judgement = {
    ...{ name, kind, group: name, finding: 'undecided', critical: true, weight: 0.5, effect },
    baseline: { value: baseline, samples: 12_345, pods: 18 },
    canary: { value: canary, samples: 678, pods: 2 },
    ...{ eValue: 900, promoteEValue: 0.1, promoteProof: 'ratio', smallestDetectable: 1.7 },
    where:
      kind === 'proportion' ? [{ attribute: 'http.route', value: name, ratio: 3, baseline: none, canary: none }] : [],
    ...(kind === 'distribution'
      ? { quantiles: [{ quantile: 0.999, baseline, canary, effect, eValue: 900, promoteEValue: 0.1 }] }
      : {}),
  }
  return {
    judgement,
    ...{ logE: Math.log(900), logPromote: -1, looksHarmful: true, worstShare: 0.9 },
    ...{ secondsToShow: null, secondsToRuleOut: null },
  }
}

const none = { requests: 0, errors: 0 }

const madeDown: Judgement = {
  ...readingOf('proportion', 'down', [0.1, 0.2]).judgement,
  finding: 'error',
  fault: 'Prometheus answers 503.',
}

const blamed = (edge: string): ReasonFacts['callees'] => ({
  slow: { edge, kind: 'slower', share: 1, summary: `${edge} got slower, not checkout` },
  failing: { edge, kind: 'failing', share: 1, summary: `calls to ${edge} fail` },
})

/** Facts that fill every sentence; `isKnown` false: nothing beyond the ruling is known. */
function factsOf(
  [decision, code]: readonly [Decision, ReasonCode],
  context: TrialContext,
  readings: readonly Reading[],
  isKnown: boolean,
): ReasonFacts {
  const pods = ['b-0']
  const slice = madeSlices(1, () => ({
    canary: madeArm({ requests: 9_876_543, errors: 1234 }, pods),
    baseline: madeArm({ requests: 9_876_543, errors: 1234 }, pods),
  }))[0]!
  return {
    ruling: { decision, code },
    context,
    readings,
    callees: isKnown ? blamed(context.service) : nobodyBlamed,
    arrivals: isKnown ? addArrivals(noArrivals, slice, true) : noArrivals,
    silence: isKnown ? { since: startedAt, expected: 12_345.6, delivered: 12, eValue: 98.7 } : null,
    sampling: isKnown ? { baseline: 1_000_000, canary: 1.5 } : null,
    split: isKnown ? { planned: 0.3333, seen: 0.123456 } : null,
    outage: isKnown
      ? { code: 'SHARED_OUTAGE', since: startedAt, baseline: 0.123456, canary: null, before: 0.00123456 }
      : null,
    down: isKnown ? { ...madeDown, name: context.service } : null,
    begunAt: isKnown ? startedAt : null,
    at: startedAt + 600_000,
    expectedDecisionAt: isKnown ? startedAt + 3_600_000 : null,
  }
}

describe.each(codes)('the reason of a %s for %s', (decision, code) => {
  test('is a sentence of at most 140 characters, whatever things are called', () => {
    const name = fc.oneof(
      fc.string({ maxLength: 300 }),
      hostileText,
      fc.constantFrom('', 'x'.repeat(300), '💥'.repeat(200)),
    )
    const value = fc.constantFrom(null, 0, 1e-9, 0.05, 1, 1234.5, 1e12)
    const metric = fc
      .record({ kind: fc.constantFrom(...kinds), name, values: fc.tuple(value, value) })
      .map(({ kind, name: called, values }) => readingOf(kind, called, values))
    fc.assert(
      fc.property(
        fc.record({ service: name, canaryLabel: name, baselineLabel: name, hasBaseline: fc.boolean() }),
        fc.array(metric, { maxLength: 3 }),
        fc.boolean(),
        (names, readings, isKnown) => {
          const reason = explain(factsOf([decision, code], trialContext(names), readings, isKnown))
          expect(reason.code).toBe(code)
          expect([...reason.summary].length).toBeLessThanOrEqual(140)
          expect(reason.summary.length).toBeGreaterThan(10)
          expect(`${reason.summary} ${reason.detail}`).not.toMatch(/\b(?:undefined|NaN|Infinity)\b|\[object/)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('says something of its own for an ordinary release', () => {
    const readings = kinds.map((kind) => readingOf(kind, kind, [0.02, 0.05]))
    for (const isKnown of [true, false]) {
      const { summary } = explain(factsOf([decision, code], trialContext(), readings, isKnown))
      expect(summary).toMatch(/checkout|2\.4\.|versions/)
      const isOwn = code !== 'UNDERPOWERED'
      expect(/^No harm seen/.test(summary)).toBe(!isOwn)
    }
  })
})

describe('what is called is told instead of the service when it holds the excess', () => {
  const said = (kind: MetricKind, name: string, values: readonly [number, number], context = trialContext()) => {
    const facts = factsOf(['rollback', 'HARM_SHOWN'], context, [readingOf(kind, name, values)], true)
    return explain({ ...facts, callees: blamed('payments') }).summary
  }

  test('for what is slow', () => {
    expect(said('distribution', 'latency', [0.64, 1.18])).toBe(
      'payments got slower, not checkout: p99.9 1.18 s for 2.4.1 against 0.64 s for 2.4.0.',
    )
  })

  test('for what fails', () => {
    expect(said('proportion', 'error-rate', [0.005, 0.031])).toBe(
      'checkout 2.4.1 fails 3.1% of requests against 0.50% for 2.4.0, nearly all on error-rate: calls to payments fail.',
    )
  })

  test('even when names are so long that no figures fit beside it', () => {
    const service = 'checkout-of-the-orders-of-the-whole-company'
    const context = trialContext({
      service,
      canaryLabel: '2026.11.21-canary-12345',
      baselineLabel: '2026.11.20-stable-1234',
    })
    const latency = said('distribution', 'latency', [0.64, 1.18], context)
    expect(latency).toMatch(/^payments got slower, not checkout: /)
    const errors = said('proportion', 'error-rate', [0.005, 0.031], context)
    expect(errors).toMatch(/^checkout-of-the-orders-of-th….* fails 3\.1% .*: calls to payments fail\.$/)
    for (const summary of [latency, errors]) expect(summary.length).toBeLessThanOrEqual(140)
  })

  test('but not for durations that a source tells of somebody else', () => {
    const latency = { ...quickTemplate.metrics[1]!, name: 'callee-latency', source: 'calls' as const }
    const context = trialContext({ template: { ...quickTemplate, metrics: [latency] } })
    expect(said('distribution', 'callee-latency', [0.64, 1.18], context)).toBe(
      'checkout 2.4.1: callee latency p99.9 1.18 s against 0.64 s for 2.4.0.',
    )
  })
})

describe('harm is told in the words of its kind', () => {
  const said = (kind: MetricKind, name: string, values: readonly [number, number]) =>
    explain(factsOf(['rollback', 'HARM_SHOWN'], trialContext(), [readingOf(kind, name, values)], false)).summary

  test.each([
    ['gauge', 'memory', [412e6, 1.31e9], 'checkout 2.4.1: memory is 1.31 G against 412 M for 2.4.0.'],
    ['gauge', 'cpu', [0.31, 0.62], 'checkout 2.4.1: cpu is 0.62 against 0.31 for 2.4.0.'],
    ['count', 'restarts', [0, 12], 'checkout 2.4.1: restarts are 12 per pod and hour against 0 for 2.4.0.'],
    [
      'paired',
      'shadow-errors',
      [0.001, 0.02],
      'checkout 2.4.1: requests that only one version fails are 2.0% against 0.10% for 2.4.0.',
    ],
    ['distribution', 'latency', [0.64, 1.18], 'checkout 2.4.1 is slow: p99.9 1.18 s against 0.64 s for 2.4.0.'],
  ] as const)('%s', (kind, name, values, sentence) => {
    expect(said(kind, name, values)).toBe(sentence)
  })
})
