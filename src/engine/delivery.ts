import type { AttemptResult, Endpoint, EventType } from '../domain/sink.ts'
import type { Verdict } from '../domain/verdict.ts'
import { derivedId } from '../platform/ids.ts'
import type { Fact } from '../storage/facts.ts'

/** What is kept of a message that is to be sent: all but the verdict, which is read when it goes out. */
export type Outgoing = {
  readonly id: string
  readonly type: EventType
  readonly time: string
  readonly deploymentId: string
  /** Key of the verdict's fact. */
  readonly key: string
  /** When the fact was written, RFC 3339. */
  readonly writtenAt: string
  readonly isRollback: boolean
}

/** One attempt as it is on record. */
export type Attempt = {
  readonly deliveryId: string
  readonly messageId: string
  readonly type: EventType
  readonly endpoint: string
  /** 1 for the first. */
  readonly attempt: number
  readonly at: string
  readonly outcome: AttemptResult['outcome']
  readonly status: number | null
  readonly error: string | null
  /** When the next attempt is made; null when none is. */
  readonly nextAt: string | null
}

/** One message to one endpoint, with what has been tried. */
export type Delivery = {
  readonly id: string
  readonly messageId: string
  readonly type: EventType
  readonly endpoint: string
  readonly deploymentId: string
  readonly state: 'pending' | 'delivered' | 'failed'
  readonly attempts: readonly Omit<Attempt, 'deliveryId' | 'messageId' | 'type' | 'endpoint'>[]
  readonly nextAt: string | null
}

/** The message of a verdict's fact. Its id is the verdict's, so it is the same over all attempts and processes. */
export function outgoingOf(fact: Fact<unknown>): Outgoing {
  const verdict = fact.body as Verdict
  const isDecided = verdict.decision !== 'hold' || verdict.final
  return {
    id: verdict.id,
    type: isDecided ? 'verdict.decided' : 'verdict.changed',
    time: verdict.decidedAt,
    deploymentId: verdict.deploymentId,
    key: fact.key,
    writtenAt: fact.at,
    isRollback: verdict.decision === 'rollback',
  }
}

/** Whether an endpoint is to be told: of what came after it, and who wants every change wants decisions too. */
export function isFor(endpoint: Endpoint, { type, writtenAt }: Outgoing): boolean {
  if (writtenAt < endpoint.createdAt) return false
  return endpoint.events.includes('verdict.changed') || endpoint.events.includes(type)
}

export function deliveryId(messageId: string, time: string, endpointId: string): string {
  return derivedId(Date.parse(time), messageId, endpointId)
}

/** A delivery as its attempts, in any order, make it. */
export function deliveryOf(outgoing: Outgoing, endpointId: string, made: readonly Attempt[]): Delivery {
  const attempts = [...made].sort((a, b) => a.attempt - b.attempt)
  const last = attempts.at(-1)
  const isDelivered = attempts.some((attempt) => attempt.outcome === 'delivered')
  const isPending = !isDelivered && (last === undefined || last.nextAt !== null)
  return {
    id: deliveryId(outgoing.id, outgoing.time, endpointId),
    messageId: outgoing.id,
    type: outgoing.type,
    endpoint: endpointId,
    deploymentId: outgoing.deploymentId,
    state: isDelivered ? 'delivered' : isPending ? 'pending' : 'failed',
    attempts: attempts.map(({ attempt, at, outcome, status, error, nextAt }) => ({
      attempt,
      at,
      outcome,
      status,
      error,
      nextAt,
    })),
    nextAt: isPending ? (last?.nextAt ?? null) : null,
  }
}
