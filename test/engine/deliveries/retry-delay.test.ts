import fc from 'fast-check'
import { expect, test } from 'vitest'
import { retriedForMs, retryDelayMs } from '../../../src/engine/deliveries/retry-delay.ts'

/** The attempts of a message that always fails, in seconds after the first. */
function attempts(isRollback: boolean, jitter: () => number): number[] {
  const at = [0]
  for (;;) {
    const sinceFirstMs = at.at(-1)! * 1000
    const delay = retryDelayMs({ isRollback, attempts: at.length, sinceFirstMs }, jitter())
    if (delay === null) return at
    at.push((sinceFirstMs + delay) / 1000)
  }
}

test('the mean wait doubles: a rollback is tried seven times in its first minute, anything else four times', () => {
  expect(attempts(true, () => 0.5).slice(0, 8)).toEqual([0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 63.5])
  expect(attempts(false, () => 0.5).slice(0, 6)).toEqual([0, 2.5, 7.5, 17.5, 37.5, 77.5])
})

test('whatever the jitter, the last attempt is made when 24 hours are over, and each waits less than its ceiling', () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(fc.double({ min: 0.05, max: 0.999 }), { minLength: 1 }),
      (isRollback, jitters) => {
        let drawn = 0
        const at = attempts(isRollback, () => jitters[drawn++ % jitters.length]!)
        expect(at.at(-1)! * 1000).toBe(retriedForMs)
        for (const [index, time] of at.entries()) {
          if (index === 0) continue
          const ceiling = Math.min((isRollback ? 1 : 5) * 2 ** (index - 1), isRollback ? 3600 : 4 * 3600)
          expect(time - at[index - 1]!).toBeLessThanOrEqual(ceiling)
        }
      },
    ),
    { seed: 20261121, numRuns: 50 },
  )
})

test('a longer Retry-After wins, a shorter one does not, and none adds an attempt after the end', () => {
  const failure = { isRollback: false, attempts: 2, sinceFirstMs: 4000 }
  expect(retryDelayMs({ ...failure, retryAfterSeconds: 120 }, 0.5)).toBe(120_000)
  expect(retryDelayMs({ ...failure, retryAfterSeconds: 1 }, 0.5)).toBe(5000)
  expect(retryDelayMs({ ...failure, sinceFirstMs: retriedForMs, retryAfterSeconds: 60 }, 0.5)).toBeNull()
})
