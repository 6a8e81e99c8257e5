import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ArmSlice, emptyArm, type Slice } from '../../../src/domain/evidence.ts'
import type { Template } from '../../../src/domain/template.ts'
import type { Conclusion } from '../../../src/domain/verdict.ts'
import { judges } from '../../../src/judges/index.ts'
import { openTrial } from '../../../src/judges/sequential/open-trial.ts'
import { canaryPods, concludeAll, failing, quickTemplate, rollout, shop, startedAt, trialContext } from '../rollout.ts'

const noErrors = { 'GET /': { share: 0.6, failing: 0 }, 'POST /pay': { share: 0.4, failing: 0 } }

function codes(conclusions: readonly Conclusion[]): string[] {
  return conclusions.map(({ decision, reason }) => `${decision} ${reason.code}`)
}

function template(changes: Partial<Template>): Template {
  return { ...quickTemplate, ...changes }
}

/** One metric's first judgement by name. */
function metric(conclusion: Conclusion, name: string): Conclusion['metrics'][number] {
  return conclusion.metrics.find((judgement) => judgement.name === name)!
}

describe('harm', () => {
  const conclusions = concludeAll(rollout({ seed: 3, seconds: 90, canary: { operations: failing(0.12) } }))
  const last = conclusions.at(-1)!

  test('a release that fails six times as often is rolled back, with the route in the sentence', () => {
    expect(last.decision).toBe('rollback')
    expect(last.reason.code).toBe('HARM_SHOWN')
    expect(last.reason.summary).toMatch(
      /^checkout 2\.4\.1 fails 1[0-9.]+% of requests against [12]\.\d% for 2\.4\.0, nearly all on POST \/pay\.$/,
    )
    expect(last.score).toBe(0)
    expect(last.confidence.eValue).toBeGreaterThanOrEqual(100)
    expect(last.expectedDecisionAt).toBeNull()
  })

  test('the metric names the place, and its interval lies beyond the margin', () => {
    const errors = metric(last, 'error-rate')
    expect(errors.finding).toBe('harm-shown')
    expect(errors.where[0]).toMatchObject({ attribute: 'http.route', value: 'POST /pay' })
    expect(errors.where[0]!.ratio).toBeGreaterThan(4)
    expect(errors.effect.low).toBeGreaterThan(errors.effect.margin)
    expect(errors.effect.ratio).toBeGreaterThan(errors.effect.low)
    expect(errors.effect.ratio).toBeLessThan(errors.effect.high!)
    expect(errors.canary).toMatchObject({ pods: 3 })
  })

  test('a rollback stays, whatever comes after it', () => {
    const slices = rollout({ seed: 3, seconds: 300, canary: { operations: failing(0.12) } })
    const healthy = rollout({ seed: 4, seconds: 300 })
    const changed = slices.map((slice, i) => (i < 9 ? slice : healthy[i]!))
    const all = concludeAll(changed)
    const first = all.findIndex(({ decision }) => decision === 'rollback')
    expect(first).toBeGreaterThan(0)
    for (const conclusion of all.slice(first)) expect(conclusion).toEqual(all[first])
  })

  test('a canary that is twice as slow is rolled back for its latency', () => {
    const slow = concludeAll(rollout({ seed: 5, seconds: 120, canary: { median: 0.08 } })).at(-1)!
    expect(slow.decision).toBe('rollback')
    expect(slow.reason.summary).toMatch(/^checkout 2\.4\.1 is slow: p\d+ [\d.]+ m?s against [\d.]+ m?s for 2\.4\.0\.$/)
    expect(metric(slow, 'latency').effect.low).toBeGreaterThan(1.1)
    expect(metric(slow, 'latency').effect.ratio).toBeCloseTo(2, 0)
  })

  test('one freak block alone rolls nothing back', () => {
    const conclusions = concludeAll(
      rollout({
        seed: 6,
        seconds: 180,
        change: (slice, i) => (i >= 6 && i < 9 ? { ...slice, canary: allFailing(slice.canary) } : slice),
      }),
    )
    expect(conclusions.map(({ decision }) => decision)).not.toContain('rollback')
  })

  test('a difference below the absolute floor does not roll back, however sure it is', () => {
    const rare = (share: number) => ({ 'GET /': { share: 1, failing: share } })
    const slices = rollout({
      seed: 7,
      seconds: 600,
      canary: { operations: rare(0.02), rps: 150 },
      baseline: { operations: rare(0.004), rps: 150 },
    })
    const strict = template({ metrics: quickTemplate.metrics.map((m) => ({ ...m, rollbackFloor: 0.05 })) })
    const blocked = concludeAll(slices, trialContext({ template: strict })).at(-1)!
    const open = concludeAll(slices).at(-1)!
    expect(open.decision).toBe('rollback')
    expect(blocked.decision).not.toBe('rollback')
    expect(metric(blocked, 'error-rate').eValue).toBeGreaterThan(200)
    expect(blocked.confidence.eValue).toBeLessThan(10)
  })

  test('errors under a name that only the canary has are seen', () => {
    const rename = (arm: ArmSlice): ArmSlice => {
      const { 'POST /pay': pay, ...rest } = arm.operations
      return { ...arm, operations: { ...rest, 'POST *': pay! } }
    }
    const slices = rollout({
      seed: 8,
      seconds: 120,
      canary: { operations: failing(0.12) },
      change: (slice) => ({ ...slice, canary: rename(slice.canary) }),
    })
    expect(concludeAll(slices).at(-1)!.reason.code).toBe('HARM_SHOWN')
  })

  test('errors under a name that the baseline hardly has prevent a promote', () => {
    const move = (arm: ArmSlice): ArmSlice => {
      const { 'POST /pay': pay, ...rest } = arm.operations
      return { ...arm, operations: { ...rest, 'POST *': pay! } }
    }
    const hint = (arm: ArmSlice): ArmSlice => ({
      ...arm,
      requests: arm.requests + 1,
      operations: { ...arm.operations, 'POST *': { requests: 1, errors: 0 } },
    })
    const slices = rollout({
      seed: 8,
      seconds: 240,
      canary: { operations: failing(0.12) },
      change: (slice) => ({ ...slice, canary: move(slice.canary), baseline: hint(slice.baseline) }),
    })
    expect(concludeAll(slices).map(({ decision }) => decision)).not.toContain('promote')
  })
})

function allFailing(arm: ArmSlice): ArmSlice {
  const fail = (counts: ArmSlice['operations']): ArmSlice['operations'] =>
    Object.fromEntries(Object.entries(counts).map(([name, { requests }]) => [name, { requests, errors: requests }]))
  return { ...arm, errors: arm.requests, operations: fail(arm.operations), pods: fail(arm.pods) }
}

describe('no harm', () => {
  test('a healthy release is promoted when every critical proof is there', () => {
    const conclusions = concludeAll(rollout({ seed: 11, seconds: 150 }))
    const first = conclusions.find(({ decision }) => decision === 'promote')!
    expect(first.reason).toMatchObject({
      code: 'HARM_RULED_OUT',
      summary: 'checkout 2.4.1 does no harm beyond your margins.',
    })
    expect(first.score).toBe(100)
    expect(first.confidence.promoteEValue).toBeGreaterThanOrEqual(20)
    for (const judgement of first.metrics) expect(judgement.finding).toBe('harm-ruled-out')
    for (const quantile of metric(first, 'latency').quantiles!)
      expect(quantile.promoteEValue).toBeGreaterThanOrEqual(20)
  })

  test('a release without a single error is promoted by the floor', () => {
    const arms = { operations: noErrors }
    const conclusions = concludeAll(rollout({ seed: 12, seconds: 150, canary: arms, baseline: arms }))
    const promoted = conclusions.find(({ decision }) => decision === 'promote')!
    expect(metric(promoted, 'error-rate')).toMatchObject({ promoteProof: 'floor', finding: 'harm-ruled-out' })
    expect(metric(promoted, 'error-rate').effect).toMatchObject({ ratio: null, low: 0, high: null })
  })

  test('a canary half as slow again is not promoted', () => {
    const conclusions = concludeAll(rollout({ seed: 13, seconds: 300, canary: { median: 0.06 } }))
    expect(conclusions.map(({ decision }) => decision)).not.toContain('promote')
  })

  test('nothing is promoted before the minimum', () => {
    const late = template({ minimum: { seconds: 200, requests: 1 } })
    const many = template({ minimum: { seconds: 0, requests: 15_000 } })
    const slices = rollout({ seed: 11, seconds: 240 })
    for (const [changed, looks] of [
      [late, 19],
      [many, 18],
    ] as const) {
      const early = concludeAll(slices, trialContext({ template: changed })).slice(0, looks)
      expect(new Set(codes(early))).toEqual(new Set(['hold UNDERPOWERED']))
    }
  })

  test('a template without a critical metric never promotes by proof', () => {
    const none = template({ metrics: quickTemplate.metrics.map((m) => ({ ...m, critical: false })) })
    const conclusions = concludeAll(rollout({ seed: 11, seconds: 240 }), trialContext({ template: none }))
    expect(conclusions.map(({ decision }) => decision)).not.toContain('promote')
  })

  test('a metric that is not critical may stay open', () => {
    const open = template({
      metrics: quickTemplate.metrics.map((m) => (m.kind === 'distribution' ? { ...m, critical: false } : m)),
    })
    const slices = rollout({ seed: 11, seconds: 150, change: withoutLatency })
    expect(concludeAll(slices, trialContext({ template: open })).at(-1)!.decision).toBe('promote')
    expect(concludeAll(slices).at(-1)!.decision).toBe('hold')
  })
})

function withoutLatency(slice: Slice): Slice {
  return { ...slice, canary: { ...slice.canary, latency: [] }, baseline: { ...slice.baseline, latency: [] } }
}

describe('a promote holds for its step', () => {
  test('lost data within the step does not take it back', () => {
    const slices = rollout({
      seed: 11,
      seconds: 240,
      change: (slice, i) => (i < 15 ? slice : { ...slice, late: { baseline: 0, canary: 5000 } }),
    })
    const conclusions = concludeAll(slices)
    expect(conclusions[14]!.decision).toBe('promote')
    expect(codes(conclusions.slice(15))).toEqual(Array(9).fill('promote HARM_RULED_OUT'))
  })

  test('the next step asks again, with all the evidence', () => {
    const stepped = (slice: Slice, i: number): Slice => ({ ...slice, step: i < 15 ? 0 : 1 })
    const fine = concludeAll(rollout({ seed: 11, seconds: 200, change: stepped }))
    expect(fine[15]!.decision).toBe('promote')
    const lost = concludeAll(
      rollout({
        seed: 11,
        seconds: 200,
        change: (slice, i) => ({ ...stepped(slice, i), ...(i < 15 ? {} : { late: { baseline: 0, canary: 5000 } }) }),
      }),
    )
    expect(codes(lost.slice(14, 16))).toEqual(['promote HARM_RULED_OUT', 'hold TELEMETRY_LOSS'])
  })

  test('harm that is shown later revokes it', () => {
    const bad = rollout({ seed: 14, seconds: 400, canary: { operations: failing(0.5) } })
    const slices = rollout({ seed: 11, seconds: 400, change: (slice, i) => (i < 12 ? slice : bad[i]!) })
    const conclusions = concludeAll(slices)
    expect(conclusions[11]!.decision).toBe('promote')
    expect(conclusions.at(-1)).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' } })
  })
})

describe('what cannot be judged is held', () => {
  const silent =
    (arms: readonly ('canary' | 'baseline')[], from = 0) =>
    (slice: Slice, i: number) =>
      i < from ? slice : { ...slice, ...Object.fromEntries(arms.map((arm) => [arm, emptyArm])) }

  test.each<[string, string, (slice: Slice, i: number) => Slice]>([
    ['neither arm has requests', 'NO_TRAFFIC', silent(['canary', 'baseline'])],
    ['only the baseline has requests', 'NO_CANARY_DATA', silent(['canary'])],
    ['only the canary has requests', 'NO_BASELINE_DATA', silent(['baseline'])],
    ['the canary stops for a minute', 'NO_CANARY_DATA', silent(['canary'], 3)],
    ['the baseline stops for a minute', 'NO_BASELINE_DATA', silent(['baseline'], 3)],
    ['2% of the canary came late', 'TELEMETRY_LOSS', (s) => ({ ...s, late: { baseline: 0, canary: 200 } })],
    ['2% of the baseline came late', 'TELEMETRY_LOSS', (s) => ({ ...s, late: { baseline: 200, canary: 0 } })],
    [
      'a pod reports as both',
      'COHORTS_OVERLAP',
      (s) => ({ ...s, baseline: { ...s.baseline, pods: { ...s.baseline.pods, 'b-1': { requests: 9, errors: 0 } } } }),
    ],
  ])('%s: %s', (_, code, change) => {
    const last = concludeAll(rollout({ seed: 21, seconds: 90, change })).at(-1)!
    expect(`${last.decision} ${last.reason.code}`).toBe(`hold ${code}`)
    expect(last.expectedDecisionAt).toBeNull()
  })

  test('half a minute without canary requests is not silence yet', () => {
    const slices = rollout({ seed: 21, seconds: 80, change: silent(['canary'], 3) })
    expect(codes(concludeAll(slices)).slice(5)).toEqual(['hold UNDERPOWERED', 'hold UNDERPOWERED', 'hold UNDERPOWERED'])
  })

  test('harm under lost telemetry is not called, and is called when the loss is made good', () => {
    const slices = rollout({
      seed: 3,
      seconds: 120,
      canary: { operations: failing(0.12) },
      change: (slice, i) => ({ ...slice, late: { baseline: 0, canary: i < 8 ? 1000 : 0 } }),
    })
    const conclusions = codes(concludeAll(slices))
    expect(conclusions[7]).toBe('hold TELEMETRY_LOSS')
    expect(conclusions[8]).toBe('rollback HARM_SHOWN')
  })

  test("pods without a name are in nobody's way", () => {
    const unnamed = (arm: ArmSlice): ArmSlice => ({
      ...arm,
      pods: { '': { requests: arm.requests, errors: arm.errors } },
    })
    const slices = rollout({
      seed: 21,
      seconds: 60,
      change: (slice) => ({ ...slice, canary: unnamed(slice.canary), baseline: unnamed(slice.baseline) }),
    })
    const last = concludeAll(slices).at(-1)!
    expect(last.reason.code).toBe('UNDERPOWERED')
    expect(last.metrics[0]!.canary.pods).toBe(1)
  })

  test('without a baseline there is nothing to compare with', () => {
    const last = concludeAll(rollout({ seed: 21, seconds: 90 }), trialContext({ hasBaseline: false })).at(-1)!
    expect(last).toMatchObject({ decision: 'hold', reason: { code: 'NO_BASELINE_DATA' } })
  })

  test('the warm-up is not judged, and says until when', () => {
    const warm = trialContext({ template: template({ warmUpSeconds: 60 }) })
    const bad = rollout({ seed: 22, seconds: 60, canary: { operations: failing(0.9) } })
    const slices = rollout({ seed: 11, seconds: 240, change: (slice, i) => (i < 6 ? bad[i]! : slice) })
    const conclusions = concludeAll(slices, warm)
    expect(codes(conclusions.slice(0, 6))).toEqual(Array(6).fill('hold WARMING_UP'))
    expect(conclusions[0]!.reason.summary).toBe('checkout 2.4.1 is warming up; judging starts at 10:01.')
    expect(conclusions.at(-1)!.decision).toBe('promote')
    expect(metric(conclusions.at(-1)!, 'error-rate').canary.value).toBeLessThan(0.05)
  })

  test('before the first slice it is warming up, and long after without any there is no traffic', () => {
    const trial = openTrial(trialContext())
    const early = trial.conclude(startedAt + 1000)
    expect(early).toMatchObject({ decision: 'hold', score: 50, reason: { code: 'WARMING_UP' } })
    expect(early.metrics.map(({ finding }) => finding)).toEqual(['no-data', 'no-data'])
    expect(trial.conclude(startedAt + 600_000).reason.code).toBe('NO_TRAFFIC')
  })
})

describe('time and policy', () => {
  const thin = { rps: 2 }

  test.each(['hold', 'promote', 'rollback'] as const)('at the deadline the template decides: %s', (onDeadline) => {
    const minimum = { seconds: 30, requests: 50 }
    const context = trialContext({ template: template({ deadlineSeconds: 100, onDeadline, minimum }) })
    const conclusions = concludeAll(rollout({ seed: 31, seconds: 150, canary: thin, baseline: thin }), context)
    expect(codes(conclusions)[8]).toBe('hold UNDERPOWERED')
    expect(codes(conclusions).at(-1)).toBe(`${onDeadline} DEADLINE`)
    expect(conclusions.at(-1)!.score).toBeGreaterThan(0)
    expect(conclusions.at(-1)!.score).toBeLessThan(100)
  })

  test('a deadline promotes nothing that was hardly seen, and nothing that is likely to do harm', () => {
    const policy = { deadlineSeconds: 60, onDeadline: 'promote' } as const
    const slices = rollout({ seed: 31, seconds: 150, canary: thin, baseline: thin })
    const demanding = template({ ...policy, minimum: { seconds: 30, requests: 100_000 } })
    expect(codes(concludeAll(slices, trialContext({ template: demanding }))).at(-1)).toBe('hold DEADLINE')

    const lax = template({ ...policy, alpha: 1e-12, minimum: { seconds: 10, requests: 10 } })
    const harmful = rollout({ seed: 31, seconds: 80, canary: { operations: failing(0.1) } })
    expect(codes(concludeAll(harmful, trialContext({ template: lax }))).at(-1)).toBe('hold HARM_LIKELY')
  })

  test('a deadline without data promotes nothing', () => {
    const context = trialContext({ template: template({ deadlineSeconds: 60, onDeadline: 'promote' }) })
    const slices = rollout({ seed: 31, seconds: 150, change: (slice) => ({ ...slice, canary: emptyArm }) })
    expect(codes(concludeAll(slices, context)).at(-1)).toBe('hold NO_CANARY_DATA')
  })

  test('exposure is enough where the template says so, unless there was a sign of harm', () => {
    const context = trialContext({
      template: template({ exposureMode: true, minimum: { seconds: 60, requests: 100 } }),
    })
    const quiet = codes(concludeAll(rollout({ seed: 32, seconds: 90, canary: thin, baseline: thin }), context))
    expect(quiet).toContain('promote EXPOSURE_REACHED')
    const patient = trialContext({
      template: template({ exposureMode: true, minimum: { seconds: 200, requests: 100 } }),
    })
    const scare = rollout({
      seed: 33,
      seconds: 300,
      change: (slice, i) => (i < 3 ? { ...slice, canary: allFailing(slice.canary) } : slice),
    })
    const conclusions = concludeAll(scare, patient)
    expect(Math.max(...conclusions.map(({ confidence }) => confidence.eValue))).toBeGreaterThan(10)
    expect(codes(conclusions)).not.toContain('promote EXPOSURE_REACHED')
  })

  test('later attempts have smaller budgets and need more evidence', () => {
    const third = concludeAll(rollout({ seed: 3, seconds: 30 }), trialContext({ attempt: 3 })).at(-1)!
    expect(third.confidence.falseRollbackRate).toBeCloseTo((0.01 * 6) / (Math.PI ** 2 * 4), 12)
    expect(third.confidence.falsePromoteRate).toBeCloseTo((0.05 * 6) / (Math.PI ** 2 * 4), 12)
  })

  test('while undecided, the time of the decision and the score move towards it', () => {
    const conclusions = concludeAll(rollout({ seed: 11, seconds: 60 }))
    const held = conclusions.filter(({ decision }) => decision === 'hold')
    const named = held.map(({ expectedDecisionAt }) => expectedDecisionAt).filter((value) => value !== null)
    expect(named.length).toBeGreaterThan(0)
    for (const at of named) {
      expect(at).toBeGreaterThan(startedAt)
      expect(at).toBeLessThan(startedAt + 300_000)
    }
    expect(held.at(-1)!.score).toBeGreaterThan(50)
  })

  test('a decision beyond ten deadlines is not promised', () => {
    const trickle = { rps: 0.2 }
    const last = concludeAll(rollout({ seed: 34, seconds: 300, canary: trickle, baseline: trickle })).at(-1)!
    expect(last.decision).toBe('hold')
    expect(last.expectedDecisionAt).toBeNull()
  })

  test('a template that nobody can judge does not open', () => {
    const [errors] = quickTemplate.metrics
    const strange = template({ metrics: [{ ...errors!, kind: 'histogram' as 'proportion' }] })
    expect(() => openTrial(trialContext({ template: strange }))).toThrow(
      /expected kind proportion or distribution or gauge or count or paired or signatures or edges, got histogram/,
    )
    const greedy = template({ metrics: quickTemplate.metrics.map((m) => ({ ...m, weight: 0.6 })) })
    expect(() => openTrial(trialContext({ template: greedy }))).toThrow(/at most 1 in sum, got 1\.2/)
  })
})

const arm: fc.Arbitrary<ArmSlice> = fc
  .record({
    counts: fc.dictionary(
      fc.constantFrom('GET /', 'POST /pay', '', 'constructor', '__proto__', 'GET /x'),
      fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.double({ min: 0, max: 1, noNaN: true })),
      { noNullPrototype: true },
    ),
    pods: fc.uniqueArray(fc.constantFrom('p', 'q', '', 'toString'), { minLength: 1 }),
    buckets: fc.uniqueArray(fc.integer({ min: 0, max: 1400 }), { maxLength: 12 }),
  })
  .map(({ counts, pods, buckets }) => {
    const operations = Object.fromEntries(
      Object.entries(counts).map(([name, [requests, share]]) => [
        name,
        { requests, errors: Math.floor(requests * share) },
      ]),
    )
    const sum = (key: 'requests' | 'errors'): number =>
      Object.values(operations).reduce((total, c) => total + c[key], 0)
    const requests = sum('requests')
    return {
      requests,
      errors: sum('errors'),
      operations,
      pods: Object.fromEntries(pods.map((pod) => [pod, { requests: Math.floor(requests / pods.length), errors: 0 }])),
      latency: buckets.toSorted((a, b) => a - b).map((bucket) => [bucket, 1 + (requests % 97)] as const),
    }
  })

const slices: fc.Arbitrary<Slice[]> = fc
  .array(fc.record({ canary: arm, baseline: arm, closesBlock: fc.boolean(), step: fc.constant(0) }), { maxLength: 12 })
  .map((list) => list.map((slice, i) => ({ ...slice, from: startedAt + i * 10_000, to: startedAt + (i + 1) * 10_000 })))

describe('whatever arrives', () => {
  test('conclusions survive JSON: no number is NaN, infinite or lost', () => {
    fc.assert(
      fc.property(slices, (list) => {
        for (const conclusion of concludeAll(list)) {
          expect(JSON.parse(JSON.stringify(conclusion))).toStrictEqual(conclusion)
          expect([...conclusion.reason.summary].length).toBeLessThanOrEqual(140)
          expect(conclusion.reason.summary + conclusion.reason.detail).not.toMatch(/NaN|Infinity|undefined|null/)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('the same slices give the same bytes, also when an earlier look is asked for twice', () => {
    fc.assert(
      fc.property(slices, (list) => {
        const once = concludeAll(list)
        const trial = judges.sequential!(trialContext())
        const again = list.map((slice) => {
          trial.observe(slice)
          trial.conclude(slice.to + 5000)
          return trial.conclude(slice.to + 5000)
        })
        expect(JSON.stringify(again)).toBe(JSON.stringify(once))
      }),
      { numRuns: 30 },
    )
  })
})

test('the pods of the simulated arms are disjoint', () => {
  expect(shop.pods.filter((pod) => canaryPods.includes(pod))).toEqual([])
})
