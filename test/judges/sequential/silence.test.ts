import { describe, expect, it } from 'vitest'
import type { ArmSlice, Slice } from '../../../src/domain/evidence.ts'
import { emptyArm } from '../../../src/domain/evidence.ts'
import type { Conclusion } from '../../../src/domain/verdict.ts'
import { openTrial } from '../../../src/judges/sequential/open-trial.ts'
import { watchSilence } from '../../../src/judges/sequential/silence.ts'
import { quickTemplate, startedAt, trialContext } from '../rollout.ts'

function arm(pods: readonly string[], requestsPerPod: number): ArmSlice {
  const counts = { requests: requestsPerPod, errors: 0 }
  const requests = pods.length * requestsPerPod
  return {
    ...emptyArm,
    requests,
    operations: { 'POST /pay': { requests, errors: 0 } },
    pods: Object.fromEntries(pods.map((pod) => [pod, counts])),
    latency: requests === 0 ? [] : [[700, requests]],
  }
}

/** The k-th slice of 10 s. */
function slice(k: number, baseline: ArmSlice, canary: ArmSlice, plannedWeight?: number): Slice {
  const from = startedAt + k * 10_000
  const to = from + 10_000
  return {
    from,
    to,
    baseline,
    canary,
    closesBlock: k % 3 === 2,
    step: 0,
    ...(plannedWeight !== undefined && { plannedWeight }),
  }
}

const pods = ['a', 'b', 'c', 'd']

/** The conclusion after every slice. */
function conclusions(slices: readonly Slice[], onSilence: 'hold' | 'rollback' = 'hold'): Conclusion[] {
  const trial = openTrial(trialContext({ template: { ...quickTemplate, onSilence } }))
  return slices.map((one) => {
    trial.observe(one)
    return trial.conclude(one.to)
  })
}

const silent = (count: number, weight?: number): Slice[] =>
  Array.from({ length: count }, (_, k) => slice(k, arm(pods, 10), emptyArm, weight))

describe('a canary that reports nothing', () => {
  it('is silent after five minutes in which traffic was announced for it', () => {
    const all = conclusions(silent(31, 0.2))
    expect(all[28]).toMatchObject({ decision: 'hold', reason: { code: 'NO_CANARY_DATA' } })
    expect(all[29]).toMatchObject({ decision: 'hold', reason: { code: 'CANARY_SILENT' } })
    expect(all[29]!.reason.summary).toContain('0 of about 300 requests')
    expect(all[29]!.reason.detail).toContain('once in 150 times')
  })

  it('is not silent when its spans stand for what was expected, or too few of them could be expected', () => {
    const sampled = (requests: number, oneIn: number): ArmSlice => ({
      ...arm(['x'], requests),
      ...(requests === 0 ? {} : { adjusted: requests * oneIn }),
    })
    const codes = (canary: (k: number) => ArmSlice, baseline = arm(pods, 10)) =>
      conclusions(Array.from({ length: 45 }, (_, k) => slice(k, baseline, canary(k), 0.2))).map(
        ({ reason }) => reason.code,
      )
    // One in ten of about ten requests a slice.
    expect(codes(() => sampled(1, 10))).not.toContain('CANARY_SILENT')
    expect(codes(() => sampled(1, 1))).toContain('CANARY_SILENT')
    // One in a hundred: for five minutes there are three spans to come.
    expect(codes((k) => sampled(k === 0 ? 1 : 0, 100))).not.toContain('CANARY_SILENT')
    // A baseline that is sampled stands for more than its spans.
    const all = conclusions(
      Array.from({ length: 31 }, (_, k) => slice(k, { ...arm(pods, 10), adjusted: 400 }, emptyArm, 0.2)),
    )
    expect(all.at(-1)!.reason.summary).toContain('0 of about 3,000 requests')
  })

  it('is rolled back where the template says so, and stays rolled back', () => {
    const speaks = slice(30, arm(pods, 10), arm(['x'], 10), 0.2)
    const all = conclusions([...silent(30, 0.2), speaks], 'rollback')
    expect(all[28]!.decision).toBe('hold')
    expect(all[29]).toMatchObject({ decision: 'rollback', score: 0, reason: { code: 'CANARY_SILENT' } })
    expect(all[30]).toEqual(all[29])
  })

  it('is no evidence where nobody announced traffic, or announced none, or all of it', () => {
    for (const weight of [undefined, 0, 1]) {
      const last = conclusions(silent(60, weight), 'rollback').at(-1)!
      expect(last).toMatchObject({ decision: 'hold', reason: { code: 'NO_CANARY_DATA' } })
    }
  })

  it('is idle, and not silent, when the baseline is idle too', () => {
    const idle = Array.from({ length: 60 }, (_, k) => slice(k, emptyArm, emptyArm, 0.2))
    expect(conclusions(idle, 'rollback').at(-1)).toMatchObject({ decision: 'hold', reason: { code: 'NO_TRAFFIC' } })
  })

  it('counts only since the weight was announced', () => {
    const later = Array.from({ length: 40 }, (_, k) => slice(k, arm(pods, 10), emptyArm, k < 20 ? 0 : 0.2))
    expect(conclusions(later, 'rollback').at(-1)!.reason.code).toBe('NO_CANARY_DATA')
  })
})

describe('silence', () => {
  function read(slices: readonly Slice[]) {
    const watch = watchSilence()
    for (const one of slices) watch.observe(one)
    return watch.read()
  }

  it('may be broken by a tenth of what is expected and no more', () => {
    const whispering = (perSlice: number): Slice[] =>
      Array.from({ length: 30 }, (_, k) => slice(k, arm(pods, 10), arm(['x'], perSlice), 0.2))
    expect(read(whispering(1))).toMatchObject({ delivered: 30, expected: 300 })
    expect(read(whispering(2))).toBeNull()
  })

  it('is not claimed where a baseline pod reports as little', () => {
    const holes = Array.from({ length: 30 }, (_, k) => slice(k, arm(k < 4 ? pods : ['a', 'b', 'c'], 3), emptyArm, 0.2))
    expect(read(holes)).toBeNull()
  })

  it('says less when baseline pods are silent too', () => {
    const all = read(silent(30, 0.2))!.eValue
    const some = read(
      Array.from({ length: 30 }, (_, k) => slice(k, arm(k < 3 ? pods : ['a', 'b', 'c'], 200), emptyArm, 0.2)),
    )!
    expect(all).toBeCloseTo(6 / 0.04, 9)
    expect(some.eValue).toBeCloseTo(6 / 1.04, 9)
  })

  it('needs as many expected requests as cannot be missing by chance', () => {
    const few = Array.from({ length: 30 }, (_, k) => slice(k, arm(['a'], 4), emptyArm, 0.2))
    expect(read(few)).toBeNull()
  })
})
