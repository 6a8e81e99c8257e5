import { expect, test } from 'vitest'
import { Failures } from '../../src/engine/failures.ts'

test('what fails again and again is tried less and less often, at least once a minute', () => {
  const failures = new Failures()
  let now = 0
  const pauses = Array.from({ length: 8 }, () => {
    const retryAt = failures.note('a', now)
    const pause = retryAt - now
    expect([failures.isPaused('a', retryAt - 1), failures.isPaused('a', retryAt)]).toEqual([true, false])
    now = retryAt
    return pause / 1000
  })
  expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60])
  expect(failures.isPaused('b', 0)).toBe(false)
})

test('a success starts over', () => {
  const failures = new Failures()
  failures.note('a', 0)
  failures.note('a', 0)
  failures.forget('a')
  expect(failures.isPaused('a', 0)).toBe(false)
  expect(failures.note('a', 0)).toBe(1000)
})

test('a clock that was set back makes no pause longer', () => {
  const failures = new Failures()
  const retryAt = failures.note('a', 3_600_000)
  expect(failures.isPaused('a', retryAt - 60_000)).toBe(true)
  expect(failures.isPaused('a', retryAt - 60_001)).toBe(false)
})
