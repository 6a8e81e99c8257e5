import type { ApprovalAnswer } from '../../domain/approval.ts'
import type { Opening } from '../../domain/fold-deployment.ts'
import type { EventType } from '../../domain/sink.ts'
import type { Decision, Verdict } from '../../domain/verdict.ts'
import { derivedId } from '../../platform/ids.ts'
import type { Fact, FactKind } from '../../storage/facts.ts'
import type { EndpointState } from './endpoint-facts.ts'

/** Facts that endpoints are told of. */
export const toldKinds = ['verdict', 'deployment', 'close', 'approval-answered'] as const satisfies readonly FactKind[]

/** What is kept of a message that is to be sent: all but its content, which is read when it goes out. */
export type Outgoing = {
  readonly id: string
  readonly type: EventType
  readonly time: string
  readonly deploymentId: string
  readonly service: string
  readonly environment: string
  /** null: the message is no verdict. */
  readonly decision: Decision | null
  /** The fact that it tells of. */
  readonly kind: (typeof toldKinds)[number]
  readonly key: string
  /** When the fact was written, RFC 3339. */
  readonly writtenAt: string
  /** The endpoint whose question it answers; absent: it answers none. */
  readonly answerer?: string
}

/** What a message needs of its deployment; null: it is not known. */
export type OpeningOf = (deploymentId: string) => Pick<Opening, 'service' | 'environment' | 'createdAt'> | null

/**
 * The message of a fact, with an id that is the same over all attempts and processes: of a verdict its own. null: the
 * deployment is not known.
 */
export function outgoingOf(fact: Fact<unknown>, openingOf: OpeningOf): Outgoing | null {
  const { key, at: writtenAt, subject: deploymentId } = fact
  if (fact.kind === 'verdict') {
    const { id, decidedAt: time, decision, final, service, environment } = fact.body as Verdict
    const type = decision !== 'hold' || final ? 'verdict.decided' : 'verdict.changed'
    return {
      ...{ id, type, time, deploymentId, service, environment },
      ...{ decision, kind: 'verdict', key, writtenAt },
    }
  }
  if (fact.kind === 'approval-answered') {
    const { approval, decision, verdict } = fact.body as ApprovalAnswer
    const { service, environment, decidedAt: time } = verdict
    const id = derivedId(Date.parse(approval.askedAt), key)
    const answer = { kind: fact.kind, key, writtenAt, answerer: approval.endpoint } as const
    return { id, type: 'verdict.decided', time, deploymentId, service, environment, decision, ...answer }
  }
  const kind = fact.kind as 'deployment' | 'close'
  const type = kind === 'deployment' ? 'deployment.started' : 'deployment.finished'
  const opening = kind === 'deployment' ? (fact.body as Opening) : openingOf(deploymentId)
  if (opening === null) return null
  const { service, environment, createdAt } = opening
  const id = derivedId(Date.parse(createdAt), type, deploymentId)
  return { id, type, time: writtenAt, deploymentId, service, environment, decision: null, kind, key, writtenAt }
}

/**
 * Whether an endpoint is to be told, by what it wanted when the message was written. Who wants every change of a verdict
 * wants decisions too.
 */
export function isFor(
  { id, toldSince, filters }: Pick<EndpointState, 'id' | 'toldSince' | 'filters'>,
  outgoing: Outgoing,
): boolean {
  const { type, service, environment, decision, writtenAt, answerer } = outgoing
  if (writtenAt < toldSince) return false
  if (answerer !== undefined) return id === answerer
  const filter = filters.findLast(({ since }) => since <= writtenAt)
  if (filter === undefined) return false
  const { events, services, environments, decisions } = filter
  return (
    (events.includes(type) || (decision !== null && events.includes('verdict.changed'))) &&
    passes(services, service) &&
    passes(environments, environment) &&
    (decision === null || passes(decisions, decision))
  )
}

function passes<Value>(wanted: readonly Value[], value: Value): boolean {
  return wanted.length === 0 || wanted.includes(value)
}
