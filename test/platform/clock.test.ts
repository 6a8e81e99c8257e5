import { expect, test } from 'vitest'
import { systemClock } from '../../src/platform/clock.ts'

test('a sleep ends at once when it is aborted, before or during it', async () => {
  await systemClock.sleep(3_600_000, AbortSignal.abort())
  const during = new AbortController()
  const sleeping = systemClock.sleep(3_600_000, during.signal)
  during.abort()
  await sleeping
})

test('time passes while it sleeps', async () => {
  const before = systemClock.now()
  await systemClock.sleep(20)
  expect(systemClock.now()).toBeGreaterThan(before)
})
