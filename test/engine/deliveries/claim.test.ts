import { expect, test } from 'vitest'
import type { DeliveryRecord } from '../../../src/engine/deliveries/attempt.ts'
import { dueAt } from '../../../src/engine/deliveries/claim.ts'

const now = Date.UTC(2026, 10, 21, 10)
const second = 1000
const hour = 3600 * second
const date = (ms: number) => new Date(now + ms).toISOString()

/** A delivery whose first attempt failed at `at` and may be repeated at `nextAt`, both milliseconds from now. */
function failed(at: number, nextAt: number): Pick<DeliveryRecord, 'attempts' | 'nextAt'> {
  const attempt = { attempt: 1, at: date(at), outcome: 'retry', status: 503, error: 'down', note: null } as const
  return { attempts: [{ ...attempt, nextAt: date(nextAt) }], nextAt: date(nextAt) }
}

const untried = { attempts: [], nextAt: null }
const claimOf = (attempt: number, until: number) => ({ deliveryId: 'D', attempt, turn: 1, until: date(until) })

test.each([
  { name: 'nobody tried it', delivery: untried, claim: null, due: null },
  { name: 'it failed', delivery: failed(-second, 4 * hour), claim: null, due: 4 * hour },
  { name: 'it failed by a clock a minute ahead', delivery: failed(60_000, 61_000), claim: null, due: 61_000 },
  { name: 'it failed by a clock further ahead', delivery: failed(60_001, 61_001), claim: null, due: null },
  { name: 'another process tries it', delivery: untried, claim: claimOf(1, 90_000), due: 90_000 },
  { name: 'another process tries it again', delivery: failed(-60_000, 0), claim: claimOf(2, 80_000), due: 80_000 },
  { name: 'the claim was made good', delivery: failed(-second, 5_000), claim: claimOf(1, 80_000), due: 5_000 },
  { name: 'it was claimed by a clock a minute ahead', delivery: untried, claim: claimOf(1, 150_000), due: 150_000 },
  { name: 'it was claimed by a clock further ahead', delivery: untried, claim: claimOf(1, 150_001), due: null },
])('$name: due after $due ms', ({ delivery, claim, due }) => {
  expect(dueAt(delivery, claim, now)).toBe(due === null ? 0 : now + due)
})
