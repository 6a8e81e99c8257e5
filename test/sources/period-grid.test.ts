import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SourceQuestion } from '../../src/domain/metric-source.ts'
import { endOfPeriod, inParts, periodsIn } from '../../src/sources/period-grid.ts'
import { queried, questionOf, startedAt } from './question.ts'

const question = (windows: SourceQuestion['windows'], startedMs = startedAt): SourceQuestion => {
  const { deployment, metric } = questionOf(queried('datadog', 'proportion', {}))
  return { metric, windows, deployment: { ...deployment, startedAt: new Date(startedMs).toISOString() } }
}

describe('periods in windows', () => {
  test('are each told in one window, whatever the windows, the period and the delay', () => {
    const cases = fc.record({
      start: fc.integer({ min: 0, max: 60 }),
      looks: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 30 }),
      periodMs: fc.constantFrom(10_000, 20_000, 30_000, 60_000, 120_000, 300_000),
      delayMs: fc.integer({ min: 0, max: 400 }).map((seconds) => seconds * 1000),
    })
    fc.assert(
      fc.property(cases, ({ start, looks, periodMs, delayMs }) => {
        const grid = { periodMs, delayMs }
        const startMs = startedAt + start * 10_000
        let to = startMs
        const windows = looks.map((ticks) => {
          const from = to
          to += ticks * 10_000
          return { from, to }
        })
        const begins = windows.flatMap((window) => {
          const periods = periodsIn(question([window], startMs), grid)
          const told = periods === null ? [] : inParts(periods, grid, 1).map(({ from }) => from)
          for (const begin of told) {
            const at = endOfPeriod(begin, grid) + delayMs
            expect(at).toBeGreaterThanOrEqual(window.from)
            expect(at).toBeLessThan(window.to)
          }
          return told
        })
        const all = periodsIn(question(windows, startMs), grid)
        expect(begins).toEqual(all === null ? [] : inParts(all, grid, 1).map(({ from }) => from))
        // The first one began with the deployment or after it, and the last one has ended.
        expect(begins[0] ?? startMs).toBeGreaterThanOrEqual(startMs)
        const whole = Math.floor((to - delayMs) / periodMs) - Math.ceil(startMs / periodMs)
        expect(begins).toHaveLength(Math.max(0, whole))
      }),
      { numRuns: 300 },
    )
  })

  test('of the time before the deployment are told when it is asked for', () => {
    const hour = [{ from: startedAt - 600_000, to: startedAt }]
    expect(periodsIn(question(hour), { periodMs: 60_000, delayMs: 0 })).toEqual({
      from: startedAt - 600_000,
      to: startedAt,
    })
  })
})
