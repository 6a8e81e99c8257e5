import { describe, expect, test } from 'vitest'
import { planHistory } from '../../../src/engine/calibration/plan-history.ts'
import type { HistoryRow } from '../../../src/storage/rollup-reader.ts'

const hour = 3_600_000
const now = Date.UTC(2026, 10, 21, 10, 0, 7)
const whole = Date.UTC(2026, 10, 21, 10, 0, 0)
const row = (changes: Partial<HistoryRow> = {}): HistoryRow => ({
  version: '1',
  requests: 1000,
  podsAtOnce: 6,
  firstSeen: whole - 30 * hour,
  lastSeen: whole + 60_000,
  ...changes,
})

describe('the history that is measured', () => {
  test('is a day of the version with most requests, in whole ticks, up to where telemetry is complete', () => {
    const plan = planHistory([row(), row({ version: '2', requests: 10 })], now)
    expect(plan).toEqual({ version: '1', from: whole - 24 * hour, to: whole, thin: 1, pods: 6 })
  })

  test('ends where the version ended and begins where it began', () => {
    const times = { firstSeen: whole - 9 * hour, lastSeen: whole - 2 * hour }
    expect(planHistory([row(times)], now)).toMatchObject({ from: whole - 9 * hour, to: whole - 2 * hour + 10_000 })
  })

  test('of many pods is of some of them and shorter, but never below four hours', () => {
    const plan = planHistory([row({ podsAtOnce: 420 })], now)
    expect(plan).toMatchObject({ thin: 9 })
    const { from, to, pods } = plan as Exclude<typeof plan, string>
    expect(pods).toBeLessThanOrEqual(50)
    expect(to - from).toBeGreaterThanOrEqual(4 * hour)
    expect(((to - from) / 10_000) * pods).toBeLessThanOrEqual(150_000)
  })

  test.each([
    [[], /requests that name their pod/],
    [[row({ firstSeen: whole - 3.9 * hour })], /^expected at least 4 h of history of one version, got 3.9 h of 1$/],
    [[row({ version: '', firstSeen: whole + 10_000 })], /got 0.0 h of requests without a version$/],
  ])('that is too little is a reason: %#', (rows, reason) => {
    expect(planHistory(rows, now)).toMatch(reason)
  })
})
