import type { Clock } from '../../src/platform/clock.ts'

/** A clock that stands still until told; `advance` wakes the sleepers that are due, in their order. */
export type FakeClock = Clock & {
  advance(ms: number): Promise<void>
  /** How many are sleeping. */
  sleepers(): number
}

export function createFakeClock(startMs = Date.UTC(2026, 10, 21, 10)): FakeClock {
  let now = startMs
  let sleeping: { readonly at: number; readonly wake: () => void }[] = []
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve))
  return {
    now: () => now,
    sleepers: () => sleeping.length,
    sleep(ms, signal) {
      if (signal?.aborted) return Promise.resolve()
      return new Promise((wake) => {
        const sleeper = { at: now + Math.max(0, ms), wake }
        sleeping.push(sleeper)
        signal?.addEventListener('abort', () => {
          sleeping = sleeping.filter((each) => each !== sleeper)
          wake()
        })
      })
    },
    async advance(ms) {
      const end = now + ms
      await settle()
      for (;;) {
        const next = sleeping.filter((each) => each.at <= end).sort((left, right) => left.at - right.at)[0]
        if (next === undefined) break
        now = next.at
        sleeping = sleeping.filter((each) => each !== next)
        next.wake()
        await settle()
      }
      now = end
    },
  }
}
