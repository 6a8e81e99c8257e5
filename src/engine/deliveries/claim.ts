import { mostAheadMs } from '../../platform/clock.ts'
import type { Facts } from '../../storage/facts.ts'
import type { DeliveryRecord } from './attempt.ts'

/** Longer than any attempt with its record: whoever has not recorded by then is gone, or as good as gone. */
const leaseMs = 90_000

/** The body of a `delivery-claim` fact. Whoever puts it first makes the attempt. */
export type Claim = {
  readonly deliveryId: string
  readonly attempt: number
  /** 1 for the first that tries this attempt; one more each time that a claim ran out without a record. */
  readonly turn: number
  /** RFC 3339, by the claimer's clock: a receiver is called twice, with the same id, if clocks are minutes apart. */
  readonly until: string
}

/**
 * When a delivery may be attempted next, Unix milliseconds; 0: at once. What is dated further ahead
 * than clocks differ holds nothing up, neither an attempt nor a claim: a wait that counts from there would be longer than it was meant to be.
 * @param last the newest claim of this delivery that is known.
 */
export function dueAt(
  { nextAt, attempts }: Pick<DeliveryRecord, 'nextAt' | 'attempts'>,
  last: Claim | null,
  now: number,
): number {
  const attempted = attempts.at(-1)
  const isAhead = (at: number) => at > now + mostAheadMs
  const mayAt = nextAt === null || attempted === undefined || isAhead(Date.parse(attempted.at)) ? 0 : Date.parse(nextAt)
  if (last === null || last.attempt <= (attempted?.attempt ?? 0)) return mayAt
  const until = Date.parse(last.until)
  return isAhead(until - leaseMs) ? mayAt : Math.max(mayAt, until)
}

/**
 * Claims the next attempt of a delivery, where other processes work on the same storage.
 * @param last the newest claim of this delivery that is known.
 * @returns the claim that stands, and whether it is this process's.
 */
export async function claim(
  facts: Facts,
  { id, deploymentId, attempts }: DeliveryRecord,
  last: Claim | null,
  now: number,
): Promise<{ readonly won: boolean; readonly claim: Claim }> {
  const attempt = (attempts.at(-1)?.attempt ?? 0) + 1
  const turn = last?.attempt === attempt ? last.turn + 1 : 1
  const mine: Claim = { deliveryId: id, attempt, turn, until: new Date(now + leaseMs).toISOString() }
  const { won, body } = await facts.putOnce('delivery-claim', `${id}/${attempt}/${turn}`, deploymentId, mine)
  return { won, claim: body }
}
