import type { AttemptResult, EventType, Receipt } from '../../domain/sink.ts'
import { derivedId } from '../../platform/ids.ts'
import type { Outgoing } from './outgoing.ts'

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
  /** What a reader should know of a delivery, or why it was skipped. */
  readonly note: string | null
  readonly receipt: Receipt | null
  /** When the next attempt is made; null when none is. */
  readonly nextAt: string | null
  /** Of a dead letter: the fact that it tells of. */
  readonly of?: Pick<Outgoing, 'kind' | 'key'>
}

/** An attempt as it is shown. */
type AttemptView = Omit<Attempt, 'deliveryId' | 'messageId' | 'type' | 'endpoint' | 'receipt' | 'of'>

/** One message to one endpoint, with what has been tried. */
export type DeliveryRecord = {
  readonly id: string
  readonly messageId: string
  readonly type: EventType
  readonly endpoint: string
  readonly deploymentId: string
  /** `skipped`: the endpoint's format has nothing to say about it. */
  readonly state: 'pending' | 'delivered' | 'skipped' | 'failed'
  readonly attempts: readonly AttemptView[]
  readonly nextAt: string | null
}

export function deliveryId({ id, time }: Pick<Outgoing, 'id' | 'time'>, endpointId: string): string {
  return derivedId(Date.parse(time), id, endpointId)
}

/** A delivery as its attempts, in any order, make it. */
export function recordOf(outgoing: Outgoing, endpointId: string, made: readonly Attempt[]): DeliveryRecord {
  const attempts = [...made].sort((a, b) => a.attempt - b.attempt)
  const state = stateOf(attempts)
  return {
    id: deliveryId(outgoing, endpointId),
    messageId: outgoing.id,
    type: outgoing.type,
    endpoint: endpointId,
    deploymentId: outgoing.deploymentId,
    state,
    attempts: attempts.map(viewOf),
    nextAt: state === 'pending' ? (attempts.at(-1)?.nextAt ?? null) : null,
  }
}

function stateOf(attempts: readonly Attempt[]): DeliveryRecord['state'] {
  const last = attempts.at(-1)
  if (attempts.some(({ outcome }) => outcome === 'delivered')) return 'delivered'
  if (attempts.some(({ outcome }) => outcome === 'skipped')) return 'skipped'
  return last === undefined || last.nextAt !== null ? 'pending' : 'failed'
}

/** Rows of before there were notes have none. */
function viewOf({ attempt, at, outcome, status, error, note, nextAt }: Attempt): AttemptView {
  return { attempt, at, outcome, status, error, note: note ?? null, nextAt }
}
