import type { Endpoint } from '../../domain/sink.ts'
import type { DeliveryRecord } from './attempt.ts'
import type { Outgoing } from './outgoing.ts'

/** A delivery that waits, with all that is needed to attempt it. */
export type Waiting = {
  readonly record: DeliveryRecord
  readonly endpoint: Endpoint
  readonly outgoing: Outgoing
  /** Unix milliseconds; 0: at once. */
  readonly dueAt: number
}

/**
 * Which of one deployment's messages to one endpoint may be attempted now. They go in the order of their writing: a later
 * one waits until those before it are delivered or dead, so that no receiver takes an old state for the new one.
 *
 * A rollback does not wait for what failed and will be tried again, since users are being harmed and the failure of an
 * earlier message may last for hours. It does wait for what is under way, half a minute at most: what that leaves behind
 * (such as the thread to reply in) is needed. What it overtook is sent after it, told apart by its time and look.
 * @param chain what waits, in the order of the writing.
 */
export function mayGo(
  chain: readonly Waiting[],
  now: number,
  isUnderway: (deliveryId: string) => boolean,
): Waiting | null {
  if (chain.some(({ record }) => isUnderway(record.id))) return null
  const rollback = chain.find(({ outgoing }) => outgoing.decision === 'rollback')
  const next = rollback !== undefined && rollback.dueAt <= now ? rollback : chain[0]
  return next !== undefined && next.dueAt <= now ? next : null
}

/** Rollbacks first, then what waits longest. */
export function byUrgency(a: Waiting, b: Waiting): number {
  const isRollback = ({ outgoing }: Waiting) => Number(outgoing.decision === 'rollback')
  return isRollback(b) - isRollback(a) || a.dueAt - b.dueAt || (a.outgoing.writtenAt < b.outgoing.writtenAt ? -1 : 1)
}
