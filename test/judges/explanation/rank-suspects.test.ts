import { describe, expect, test } from 'vitest'
import { type Change, rankSuspects } from '../../../src/judges/explanation/rank-suspects.ts'

const onset = Date.UTC(2026, 10, 21, 10)
const minutes = (count: number): number => onset - count * 60_000
const change = (service: string, more: Partial<Change> = {}): Change => ({
  ...{ deploymentId: service, service, strategy: 'canary', version: '2', relation: 'other', startedAt: minutes(5) },
  ...{ isHarmful: false },
  ...more,
})
const names = (changes: readonly Change[], code: Parameters<typeof rankSuspects>[1]) =>
  rankSuspects(changes, code, onset).map(({ service }) => service)

describe('who else changed', () => {
  const itself = change('checkout', { relation: 'itself', startedAt: minutes(10) })
  const callee = change('payments', { relation: 'callee', startedAt: minutes(20) })
  const flag = change('flags', { strategy: 'feature-flag', startedAt: minutes(1) })

  test('harm that only the canary has is the canary’s', () => {
    expect(names([callee, flag, itself], 'HARM_SHOWN')).toEqual(['checkout', 'payments', 'flags'])
  })

  test('an outage of both arms came from what is called rather than from here', () => {
    expect(names([itself, flag, callee], 'SHARED_OUTAGE')).toEqual(['payments', 'checkout', 'flags'])
  })

  test('what was shown to do harm goes first', () => {
    expect(names([callee, { ...flag, isHarmful: true }], 'SHARED_OUTAGE')).toEqual(['flags', 'payments'])
  })

  test('what came after the onset, or a day before, is no suspect', () => {
    const after = change('late', { startedAt: onset + 120_000 })
    const old = change('old', { startedAt: minutes(60 * 25) })
    expect(names([after, old], 'SHARED_OUTAGE')).toEqual([])
  })
})
