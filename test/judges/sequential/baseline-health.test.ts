import { describe, expect, test } from 'vitest'
import type { Counts, Slice } from '../../../src/domain/evidence.ts'
import type { Conclusion } from '../../../src/domain/verdict.ts'
import { errorRate, madeArm, madeSlices, podNames, templateWith } from '../made-slices.ts'
import { concludeAll, startedAt, trialContext } from '../rollout.ts'

const pods = { canary: podNames('b', 3), baseline: podNames('a', 3) }
const requests = 3000
const healthy = 0.005
const template = templateWith([{ ...errorRate, promoteMargin: 3 }])

type Rate = (minute: number) => number

function slicesOf(minutes: number, rates: Record<'canary' | 'baseline', Rate>): Slice[] {
  const arm = (of: 'canary' | 'baseline', minute: number) =>
    madeArm({ requests, errors: Math.round(requests * rates[of](minute)) }, pods[of])
  return madeSlices(minutes, (minute) => ({ canary: arm('canary', minute), baseline: arm('baseline', minute) }))
}

/** @param referenceCounts of the hour before the start; null: nobody knows. */
function judge(
  slices: readonly Slice[],
  referenceCounts: Counts | null = { requests: 180_000, errors: 900 },
): Conclusion[] {
  return concludeAll(slices, trialContext({ template, ...(referenceCounts === null ? {} : { referenceCounts }) }))
}

const always =
  (rate: number): Rate =>
  () =>
    rate
const between =
  (from: number, to: number, rate: number): Rate =>
  (minute) =>
    minute >= from && minute < to ? rate : healthy

function codesOf(conclusions: readonly Conclusion[]): string[] {
  return conclusions.map(({ reason }) => reason.code)
}

describe('an outage that both versions have', () => {
  // It begins in the third minute, before anything is promoted.
  const broken = { canary: between(2, 99, 0.2), baseline: between(2, 99, 0.2) }

  test('is told with the time since when, and neither promotes nor blames the canary', () => {
    const conclusions = judge(slicesOf(30, broken))
    expect(conclusions.some(({ decision }) => decision !== 'hold')).toBe(false)
    const last = conclusions.at(-1)!
    expect(last.reason).toMatchObject({
      code: 'SHARED_OUTAGE',
      summary: 'Unexplained outage of checkout since 10:02: 2.4.0 fails 20%, 2.4.1 20%.',
    })
    expect(last.reason.detail).toContain('It failed 0.50% in the hour before the start.')
    expect(conclusions[6]!.reason.summary).toContain('since 10:02')
    expect(new Date(startedAt).toISOString()).toContain('T10:00')
  })

  test('would have been promoted by the comparison alone', () => {
    expect(codesOf(judge(slicesOf(30, broken), null))).toContain('HARM_RULED_OUT')
  })

  test('ends when five minutes were healthy, and then the canary is judged again', () => {
    const codes = codesOf(judge(slicesOf(40, { canary: between(2, 12, 0.2), baseline: between(2, 12, 0.2) })))
    expect(codes.slice(6, 12)).toEqual(new Array(6).fill('SHARED_OUTAGE'))
    expect(codes.slice(17)).not.toContain('SHARED_OUTAGE')
    expect(codes.at(-1)).toBe('HARM_RULED_OUT')
  })

  test('does not save a canary that is worse still', () => {
    const conclusions = judge(slicesOf(30, { canary: between(2, 99, 0.8), baseline: between(2, 99, 0.2) }))
    expect(conclusions.at(-1)).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' } })
  })

  test('takes no promote back that was given for the step', () => {
    const late = { canary: between(15, 99, 0.2), baseline: between(15, 99, 0.2) }
    const conclusions = judge(slicesOf(30, late))
    expect(conclusions[14]!.decision).toBe('promote')
    expect(conclusions.slice(15).every(({ decision }) => decision === 'promote')).toBe(true)
    const steps = slicesOf(30, late).map((slice, minute) => ({ ...slice, step: minute < 22 ? 0 : 1 }))
    expect(judge(steps).at(-1)!.reason.code).toBe('SHARED_OUTAGE')
  })

  test('is not told where nobody knows how the baseline was before', () => {
    const few = { requests: 200, errors: 1 }
    for (const referenceCounts of [null, few]) {
      expect(codesOf(judge(slicesOf(20, broken), referenceCounts))).not.toContain('SHARED_OUTAGE')
    }
  })

  test('is none while the rates are what they always were, or for a minute', () => {
    const usual = { requests: 180_000, errors: 36_000 }
    expect(codesOf(judge(slicesOf(20, broken), usual))).not.toContain('SHARED_OUTAGE')
    const short = { canary: between(6, 7, 0.05), baseline: between(6, 7, 0.05) }
    expect(codesOf(judge(slicesOf(20, short)))).not.toContain('SHARED_OUTAGE')
  })
})

describe('a baseline that breaks alone', () => {
  test('is nothing to compare with', () => {
    const last = judge(slicesOf(30, { canary: always(healthy), baseline: between(2, 99, 0.3) })).at(-1)!
    expect(last).toMatchObject({
      decision: 'hold',
      reason: {
        code: 'BASELINE_UNHEALTHY',
        summary: '2.4.0, which checkout 2.4.1 is compared with, fails 30% of requests since 10:02.',
      },
    })
  })
})
