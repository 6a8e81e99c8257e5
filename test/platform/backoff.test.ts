import { expect, test } from 'vitest'
import { backoffMs, doubling } from '../../src/platform/backoff.ts'

test('delays come in order and end with the schedule', () => {
  const schedule = { delaysMs: [0, 1000, 5000], repeatsLast: false }
  expect([0, 1, 2, 3].map((attempt) => backoffMs(schedule, attempt, 0))).toEqual([0, 1000, 5000, null])
})

test('a doubling schedule repeats its longest delay without end', () => {
  const schedule = doubling(100, 1000)
  expect([0, 1, 2, 3, 4, 50].map((attempt) => backoffMs(schedule, attempt, 0))).toEqual([
    100, 200, 400, 800, 1000, 1000,
  ])
})

test('jitter only ever makes a wait longer, by at most a fifth', () => {
  const schedule = { delaysMs: [1000], repeatsLast: false }
  expect(backoffMs(schedule, 0, 0.5)).toBe(1100)
  expect(backoffMs(schedule, 0, 0.999)).toBeLessThanOrEqual(1200)
})
