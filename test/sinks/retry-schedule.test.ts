import { expect, test } from 'vitest'
import { retryDelayMs } from '../../src/sinks/retry-schedule.ts'

function delays(isRollback: boolean): number[] {
  const seconds: number[] = []
  for (let attempt = 0; ; attempt++) {
    const delay = retryDelayMs(isRollback, attempt, 0)
    if (delay === null) return seconds
    seconds.push(delay / 1000)
  }
}

test('a rollback has six attempts in its first two minutes and goes on for more than half a day', () => {
  expect(delays(true).slice(0, 6)).toEqual([0, 1, 5, 15, 30, 60])
  expect(delays(true).reduce((sum, delay) => sum + delay, 0)).toBeGreaterThan(12 * 3600)
})

test('anything else is tried eight times over 17 hours and a half', () => {
  expect(delays(false)).toEqual([0, 5, 60, 300, 1800, 7200, 18000, 36000])
})

test('waits only ever grow', () => {
  for (const isRollback of [true, false])
    expect(delays(isRollback)).toEqual(delays(isRollback).toSorted((a, b) => a - b))
})

test('a longer Retry-After wins, a shorter one does not, and none adds an attempt', () => {
  expect(retryDelayMs(true, 1, 0, 120)).toBe(120_000)
  expect(retryDelayMs(false, 2, 0, 1)).toBe(60_000)
  expect(retryDelayMs(false, 8, 0, 60)).toBeNull()
})
